//! The COPY lane: core's COPY engine, fed from the reader by a callback.
//!
//! For relations known to be plain heaps. It makes the checks that DoCopy makes
//! for SQL's COPY. COPY BINARY decodes text from client_encoding, so another
//! one, like any type of the user's own, goes through COPY's text format,
//! where the encoding can be said.

use super::catalog::{Table, TableName};
use super::compat;
use super::error::{Failure, observed};
use super::location::{Rows, copy_line};
use super::reader::{Client, Frame};
use super::rejects::Rejected;
use pgdatahub_core::copy_binary;
use pgdatahub_core::protocol::{Response, RowEncoding};
use pgrx::pg_sys::PgTryBuilder;
use pgrx::{pg_guard, pg_sys};
use std::panic::AssertUnwindSafe;
use std::ptr;

/// COPY buffers up to 1,000 whole rows whatever their size: with rows larger
/// than this on average it is ended early, so that they are written out.
const FAT_ROW_BYTES: u64 = 32 << 10;
const BUFFERED_BYTES: u64 = 32 << 20;
/// Rejects and row runs held in memory before they are handed on.
pub const HELD_REJECTS: usize = 10_000;
const HELD_RUNS: usize = 65_536;

/// Why a COPY came to its end.
#[derive(Default)]
pub struct Part {
    /// Rows handed over.
    pub sent: u64,
    /// Rows stored.
    pub stored: u64,
    /// What was rejected meanwhile.
    pub rejects: Vec<Rejected>,
    /// The reader's last word; none if there is more to come.
    pub end: Option<Response>,
}

/// A table and how rows are copied into it.
#[derive(Clone, Copy)]
pub struct CopyInto<'a> {
    pub name: &'a TableName,
    pub table: &'a Table,
    pub columns: &'a [String],
    pub encoding: RowEncoding,
}

/// What the callback works on.
struct Feed<'a> {
    /// None: the buffer holds all there is.
    client: Option<&'a mut Client>,
    binary: bool,
    buffer: Vec<u8>,
    at: usize,
    started: bool,
    finished: bool,
    /// What follows the buffer, where there is no client.
    rest: Vec<u8>,
    rows: Rows,
    sent: u64,
    bytes: u64,
    rejects: Vec<Rejected>,
    end: Option<Response>,
    /// The reader failed, not the table.
    reader_failed: bool,
}

/// The feed of the COPY under way. Static because COPY's callback takes no
/// argument; a nested import is refused (`OneRun`), and whoever leaves, by
/// error too, resets it.
static mut FEED: *mut std::ffi::c_void = ptr::null_mut();

struct ResetFeed;

impl Drop for ResetFeed {
    fn drop(&mut self) {
        // SAFETY: this backend's only thread.
        unsafe { FEED = ptr::null_mut() };
    }
}

/// How rows for these columns must be encoded for this session's COPY.
pub fn encoding(all_native: bool) -> RowEncoding {
    // SAFETY: reads this session's encoding.
    let utf8 = unsafe { pg_sys::pg_get_client_encoding() } == pg_sys::pg_enc::PG_UTF8 as i32;
    if all_native && utf8 {
        RowEncoding::Binary
    } else {
        RowEncoding::Text
    }
}

impl CopyInto<'_> {
    /// Copies rows from `client` until the stream ends or memory asks for a break.
    ///
    /// # Errors
    /// The reader's failure, and whatever PostgreSQL has against a row: with the
    /// sheet's row in the DETAIL.
    pub fn part(&self, client: &mut Client) -> Result<Part, Failure> {
        let mut feed = Feed::new(self.encoding);
        feed.client = Some(client);
        match self.run(&mut feed) {
            Ok(stored) => Ok(Part {
                sent: feed.sent,
                stored,
                rejects: feed.rejects,
                end: feed.end,
            }),
            Err(mut failure) => {
                failure.while_storing = !feed.reader_failed && failure.concerns_row();
                Err(located(failure, self.name, &feed.rows))
            }
        }
    }

    /// Copies these encoded rows; how many arrived.
    ///
    /// # Errors
    /// Whatever PostgreSQL has against a row, named in the CONTEXT.
    pub fn rows(&self, encoded: Vec<u8>, count: u64) -> Result<u64, Failure> {
        let mut feed = Feed::new(self.encoding);
        feed.rest = encoded;
        feed.sent = count;
        self.run(&mut feed)
    }

    fn run(&self, feed: &mut Feed<'_>) -> Result<u64, Failure> {
        let stored = {
            let _reset = ResetFeed;
            // SAFETY: `feed` outlives the COPY; _reset takes the pointer back on every way out.
            unsafe { FEED = (&raw mut *feed).cast() };
            observed(|| {
                PgTryBuilder::new(AssertUnwindSafe(|| {
                    Ok(copy_from(self.table, self.columns, self.encoding))
                }))
                .catch_others(|error| Err(Failure::from(error)))
                .execute()
            })
        }?;
        if stored != feed.sent && !self.table.may_drop_rows {
            return Err(not_as_sent(self.name, feed.sent, stored));
        }
        Ok(stored)
    }
}

/// Rows that were announced and did not come, or came unannounced; or a table
/// that is less plain than its catalog entry says.
pub fn not_as_sent(name: &TableName, sent: u64, stored: u64) -> Failure {
    let into = name.display();
    Failure::new(
        "58000",
        format!("{sent} rows were sent to {into}, {stored} arrived"),
    )
    .detail("The rows from the reader process were malformed, or something else keeps rows from the table.")
    .hint("Try SET pgdatahub.lane = spi.")
}

/// The failure with the sheet's row, or rows, in its DETAIL.
fn located(failure: Failure, name: &TableName, rows: &Rows) -> Failure {
    let row = failure
        .context
        .as_deref()
        .and_then(|context| copy_line(context, &name.table))
        .and_then(|line| rows.sheet_row(line));
    match row {
        Some(row) => failure.also(format!("Sheet row {row}.")),
        None => failure,
    }
}

/// BeginCopyFrom, CopyFrom, EndCopyFrom, as DoCopy surrounds them.
fn copy_from(table: &Table, columns: &[String], encoding: RowEncoding) -> u64 {
    // SAFETY: the sequence of DoCopy: the relation stays open and locked until
    // the transaction ends; lists and parse state live in the current context,
    // which the caller resets per file.
    unsafe {
        pg_sys::CommandCounterIncrement();
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let relation = pg_sys::table_open(table.oid, pg_sys::RowExclusiveLock as i32);
        let state = pg_sys::make_parsestate(ptr::null_mut());
        let mut names: *mut pg_sys::List = ptr::null_mut();
        let mut attnums = Vec::with_capacity(columns.len());
        for column in columns {
            let name = pg_string(column);
            attnums.push(pg_sys::get_attnum(table.oid, name));
            names = pg_sys::lappend(names, pg_sys::makeString(name).cast());
        }
        compat::prepare_insert(state, relation, &attnums);
        let copy = pg_sys::BeginCopyFrom(
            state,
            relation,
            ptr::null_mut(),
            ptr::null(),
            false,
            Some(fill),
            names,
            options(encoding),
        );
        let stored = pg_sys::CopyFrom(copy);
        pg_sys::EndCopyFrom(copy);
        pg_sys::free_parsestate(state);
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        pg_sys::PopActiveSnapshot();
        pg_sys::CommandCounterIncrement();
        stored
    }
}

/// A palloc'd copy, terminated. Names come from the catalogs: they hold no NUL.
fn pg_string(text: &str) -> *mut std::ffi::c_char {
    // SAFETY: pnstrdup reads exactly the bytes given.
    unsafe { pg_sys::pnstrdup(text.as_ptr().cast(), text.len()) }
}

unsafe fn options(encoding: RowEncoding) -> *mut pg_sys::List {
    let option = |name: &str, value: &str| {
        // SAFETY: makeDefElem takes palloc'd strings and nodes.
        unsafe {
            pg_sys::makeDefElem(
                pg_string(name),
                pg_sys::makeString(pg_string(value)).cast(),
                -1,
            )
        }
    };
    let list = match encoding {
        RowEncoding::Binary => vec![option("format", "binary")],
        RowEncoding::Text => vec![option("format", "text"), option("encoding", "UTF8")],
    };
    list.into_iter().fold(ptr::null_mut(), |list, option| {
        // SAFETY: appends a node to a list of nodes.
        unsafe { pg_sys::lappend(list, option.cast()) }
    })
}

/// COPY's data source: at least one byte, or 0 at the end.
#[pg_guard]
unsafe extern "C-unwind" fn fill(
    out: *mut std::ffi::c_void,
    _minread: std::ffi::c_int,
    maxread: std::ffi::c_int,
) -> std::ffi::c_int {
    // SAFETY: set by copy_part for the duration of its COPY.
    let feed = unsafe { FEED.cast::<Feed<'_>>().as_mut() };
    let Some(feed) = feed else {
        Failure::new("55000", "a COPY of pgdatahub was fed outside of its import").raise();
    };
    let max = usize::try_from(maxread).unwrap_or(0);
    while feed.at == feed.buffer.len() && !feed.finished {
        if let Err(failure) = feed.refill() {
            failure.raise();
        }
    }
    let rest = &feed.buffer[feed.at..];
    let take = rest.len().min(max);
    // SAFETY: COPY gives room for maxread bytes.
    unsafe { ptr::copy_nonoverlapping(rest.as_ptr(), out.cast::<u8>(), take) };
    feed.at += take;
    take as std::ffi::c_int
}

impl Feed<'_> {
    fn new(encoding: RowEncoding) -> Feed<'static> {
        Feed {
            client: None,
            binary: encoding == RowEncoding::Binary,
            buffer: Vec::new(),
            at: 0,
            started: false,
            finished: false,
            rest: Vec::new(),
            rows: Rows::default(),
            sent: 0,
            bytes: 0,
            rejects: Vec::new(),
            end: None,
            reader_failed: false,
        }
    }

    /// Puts the next bytes into the buffer, or finishes.
    fn refill(&mut self) -> Result<(), Failure> {
        if !self.started {
            self.started = true;
            if self.binary {
                self.put(copy_binary::HEADER.to_vec(), 0);
                return Ok(());
            }
        }
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            self.put(rest, 0);
            return Ok(());
        }
        if self.client.is_none() || self.end.is_some() || self.wants_break() {
            self.finished = true;
            if self.binary {
                self.put(copy_binary::TRAILER.to_vec(), 0);
            }
            return Ok(());
        }
        let taken = self.take_frame();
        self.reader_failed = taken.is_err();
        taken
    }

    fn take_frame(&mut self) -> Result<(), Failure> {
        let Some(client) = &mut self.client else {
            return Ok(());
        };
        match client.next()? {
            Frame::Rows { runs, payload, at } => {
                self.rows.extend(&runs);
                let count = runs.iter().map(|run| u64::from(run.count)).sum::<u64>();
                self.sent += count;
                super::progress::rows(count);
                self.bytes += (payload.len() - at) as u64;
                self.put(payload, at);
            }
            Frame::Control(Response::Rejects { rejects }) => {
                self.rejects.extend(rejects.into_iter().map(Rejected::from))
            }
            Frame::Control(Response::Failed(failed)) => return Err(super::reader::refused(failed)),
            Frame::Control(other) => self.end = Some(other),
        }
        Ok(())
    }

    fn put(&mut self, bytes: Vec<u8>, at: usize) {
        self.buffer = bytes;
        self.at = at;
    }

    /// Memory: fat rows that COPY still buffers, rejects and runs that we do.
    fn wants_break(&self) -> bool {
        let fat =
            self.sent > 0 && self.bytes / self.sent > FAT_ROW_BYTES && self.bytes > BUFFERED_BYTES;
        fat || self.rejects.len() >= HELD_REJECTS || self.rows.len() >= HELD_RUNS
    }
}
