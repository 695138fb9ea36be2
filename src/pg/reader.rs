//! The backend's side of the protocol: requests, answers, and the feed of rows.
//!
//! One request is answered before the next is sent, but for those of [`ahead`]; what
//! goes wrong is said in [`failures`].

mod ahead;
mod failures;

use self::failures::unanswered;
use super::access;
use super::error::Failure;
use super::process::Received;
use super::{guc, process};
use pgdatahub_core::protocol::frame::{self, BadFrame, FrameKind};
use pgdatahub_core::protocol::rows::{self, Run};
use pgdatahub_core::protocol::{
    Head, HeadRequest, Hello, Limits, OpenRequest, Opened, PROTOCOL, Reject, Request, Response,
    SheetProfile, StreamRequest, VERSION,
};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

pub use failures::refused;

/// How many files one reader process serves before a new one takes over.
const FILES_PER_READER: u32 = 200;

/// A workbook open in the reader.
pub struct Client {
    socket: RawFd,
    answering: bool,
    /// The reader is this client's alone and ends with it.
    own: bool,
    /// The last sheet row that came: rows come once and in order.
    last_row: u32,
    /// How many rows came since the stream began.
    rows: u64,
    /// Rows are counted over there and do not come.
    checks: bool,
    /// The next file was asked for: this one can be read to its end, and no more.
    moved_on: bool,
}

/// What the reader sent next.
pub enum Frame {
    /// A control message.
    Control(Response),
    /// A row frame: which rows, and its payload with the encoded rows from `at` on.
    Rows {
        runs: Vec<Run>,
        payload: Vec<u8>,
        at: usize,
    },
}

thread_local! {
    static SERVED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

impl Client {
    /// Starts the reader of imports if it does not run, and has it open `file`;
    /// `names`: tell its defined names and tables.
    ///
    /// # Errors
    /// 58000 when the reader cannot be started or died; else what it found wrong with the file.
    pub fn open(file: &OwnedFd, names: bool) -> Result<(Client, Opened), Failure> {
        let request = open_request(names);
        let stat = access::stat(file)?;
        let mut client = Client::ready()?;
        if let Some(asked) = process::take_asked() {
            if asked.is_for(&stat, &request) {
                let opened = client.take_over(asked)?;
                return Ok((client, opened));
            }
            client = client.without_pending(asked.answers)?;
        }
        SERVED.set(SERVED.get() + 1);
        let opened = client.open_file(file, request)?;
        Ok((client, opened))
    }

    /// The reader of imports, started if it does not run or has served long enough.
    fn ready() -> Result<Client, Failure> {
        if SERVED.get() >= FILES_PER_READER {
            process::end();
        }
        let (socket, fresh) = process::socket()?;
        let mut client = Client::on(socket, false);
        if fresh {
            SERVED.set(0);
            client.greet()?;
        }
        client.answering = false;
        Ok(client)
    }

    /// Has a reader of its own open `file`; it may be used beside imports and
    /// other such readers, and ends when the client is dropped.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub fn open_own(file: &OwnedFd, names: bool) -> Result<(Client, Opened), Failure> {
        let mut client = Client::on(process::own_socket()?, true);
        client.greet()?;
        let opened = client.open_file(file, open_request(names))?;
        Ok((client, opened))
    }

    fn open_file(&mut self, file: &OwnedFd, request: OpenRequest) -> Result<Opened, Failure> {
        self.send(&Request::Open(request), Some(file.as_raw_fd()))?;
        match self.answer()? {
            Response::Opened(opened) => Ok(opened),
            other => Err(self.unexpected(&other)),
        }
    }

    fn on(socket: RawFd, own: bool) -> Client {
        Client {
            socket,
            answering: true,
            own,
            last_row: 0,
            rows: 0,
            checks: false,
            moved_on: false,
        }
    }

    fn greet(&mut self) -> Result<Vec<String>, Failure> {
        let hello = Hello {
            protocol: PROTOCOL,
            version: VERSION.into(),
            confinement: Vec::new(),
        };
        self.send(&Request::Hello(hello), None)
            .map_err(unanswered)?;
        match self.answer().map_err(unanswered)? {
            Response::Hello(hello) if hello.protocol == PROTOCOL && hello.version == VERSION => {
                self.answering = false;
                Ok(hello.confinement)
            }
            Response::Hello(hello) => Err(Failure::new(
                "58000",
                format!(
                    "the reader program is of version {}, the extension of version {VERSION}",
                    hello.version
                ),
            )
            .detail(format!("Reader: {}", process::reader_path()))
            .hint("Install both from one build with make install, and reconnect.")),
            other => Err(self.unexpected(&other)),
        }
    }

    /// The header and first types of a sheet.
    ///
    /// # Errors
    /// What the reader found wrong.
    pub fn head(&mut self, request: HeadRequest) -> Result<Head, Failure> {
        if !self.own
            && !self.moved_on
            && let Some(asked) = process::take_asked()
        {
            self.answering = true;
            match self.next()? {
                Frame::Control(Response::Head(head)) if asked.head == request => return Ok(head),
                Frame::Control(Response::Failed(failed)) if asked.head == request => {
                    return Err(refused(failed));
                }
                // Another sheet's failure may have closed the file.
                Frame::Control(Response::Failed(_)) => {
                    self.open_file(&asked.file, asked.open)?;
                }
                Frame::Control(_) => {}
                Frame::Rows { .. } => return Err(self.rows_for_an_answer()),
            }
        }
        self.send(&Request::Head(request), None)?;
        match self.answer()? {
            Response::Head(head) => Ok(head),
            other => Err(self.unexpected(&other)),
        }
    }

    /// What each column of the sheet holds; its head was asked for before.
    ///
    /// # Errors
    /// What the reader found wrong.
    pub fn profile(&mut self) -> Result<SheetProfile, Failure> {
        self.send(&Request::Profile, None)?;
        match self.answer()? {
            Response::Profile(profile) => Ok(profile),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Begins the stream of rows; take them with [`Client::next`].
    ///
    /// # Errors
    /// 58000 when the reader died.
    pub fn stream(&mut self, request: StreamRequest) -> Result<(), Failure> {
        if !request.resume {
            (self.last_row, self.rows) = (0, 0);
        }
        self.checks = false;
        self.send(&Request::Stream(request), None)
    }

    /// As [`Client::stream`], but the rows are only counted: how the stream would end.
    /// What it would reject goes to `rejects`.
    ///
    /// # Errors
    /// What the reader found wrong; those of `rejects`.
    pub fn check(
        &mut self,
        request: StreamRequest,
        mut rejects: impl FnMut(Vec<Reject>) -> Result<(), Failure>,
    ) -> Result<Response, Failure> {
        self.checks = true;
        self.send(&Request::Check(request), None)?;
        loop {
            match self.answer()? {
                Response::Rejects { rejects: found } => rejects(found)?,
                end @ (Response::Done(_) | Response::Misfit(_)) => return Ok(end),
                other => return Err(self.unexpected(&other)),
            }
        }
    }

    /// The next frame of a stream.
    ///
    /// # Errors
    /// 58000 when the reader died or broke the protocol.
    pub fn next(&mut self) -> Result<Frame, Failure> {
        let mut head = [0; frame::HEADER_LEN];
        self.fill(&mut head)?;
        let (kind, len) = frame::parse_header(head).map_err(|e| self.broken(&e))?;
        let payload = self.payload(len)?;
        match kind {
            FrameKind::Rows => self.rows(payload),
            FrameKind::Control => {
                let response = frame::parse_control(&payload).map_err(|e| self.broken(&e))?;
                if !matches!(response, Response::Rejects { .. }) {
                    self.answering = false;
                }
                match &response {
                    Response::Done(done) if !self.checks && done.rows != self.rows => Err(self
                        .broken(&BadFrame(format!(
                            "{} rows came, {} were announced",
                            self.rows, done.rows
                        )))),
                    _ => Ok(Frame::Control(response)),
                }
            }
        }
    }

    fn rows(&mut self, payload: Vec<u8>) -> Result<Frame, Failure> {
        let (runs, at) = rows::parse(&payload).map_err(|e| self.broken(&e))?;
        if let (Some(first), Some(last)) = (runs.first(), runs.last()) {
            if first.first <= self.last_row {
                return Err(self.broken(&BadFrame(format!(
                    "row {} after row {}",
                    first.first, self.last_row
                ))));
            }
            self.last_row = last.first + (last.count - 1);
        }
        self.rows += runs.iter().map(|run| u64::from(run.count)).sum::<u64>();
        Ok(Frame::Rows { runs, payload, at })
    }

    /// One control message, as the answer to a request.
    fn answer(&mut self) -> Result<Response, Failure> {
        match self.next()? {
            Frame::Control(Response::Failed(failed)) => Err(refused(failed)),
            Frame::Control(response) => Ok(response),
            Frame::Rows { .. } => Err(self.rows_for_an_answer()),
        }
    }

    fn rows_for_an_answer(&self) -> Failure {
        self.broken(&BadFrame("rows where an answer was due".into()))
    }

    fn send(&mut self, request: &Request, descriptor: Option<RawFd>) -> Result<(), Failure> {
        if self.moved_on {
            return Err(Failure::new(
                "XX000",
                "the reader process has gone on to the next file",
            ));
        }
        let bytes = frame::control(request).map_err(|e| self.broken(&e))?;
        self.answering = true;
        if process::send(self.socket, &bytes, descriptor) {
            Ok(())
        } else {
            Err(self.died())
        }
    }

    /// A payload, grown as it arrives: its length is the reader's claim.
    fn payload(&mut self, len: usize) -> Result<Vec<u8>, Failure> {
        let mut payload = Vec::new();
        while payload.len() < len {
            let have = payload.len();
            let step = (len - have).min(1 << 20);
            payload.try_reserve_exact(step).map_err(|_| {
                Failure::new("53200", "out of memory").detail(format!("A frame of {len} bytes."))
            })?;
            payload.resize(have + step, 0);
            self.fill(&mut payload[have..])?;
        }
        Ok(payload)
    }

    fn fill(&mut self, mut buffer: &mut [u8]) -> Result<(), Failure> {
        while !buffer.is_empty() {
            match process::receive(self.socket, buffer) {
                Received::Bytes(got) => buffer = &mut buffer[got..],
                Received::HungUp => return Err(self.died()),
                Received::Silence(seconds) => return Err(self.silent(seconds)),
            }
        }
        Ok(())
    }
}

impl Drop for Client {
    /// A reader with an answer under way cannot take another request.
    fn drop(&mut self) {
        if self.own || self.answering {
            self.end();
        }
    }
}

/// The limits in force, as the reader is told them.
fn open_request(names: bool) -> OpenRequest {
    let limits = Limits {
        max_file_bytes: u64::from(guc::MAX_FILE_SIZE.get().unsigned_abs()) << 10,
        max_cells: u64::from(guc::MAX_CELLS.get().unsigned_abs()),
        cpu_seconds: u64::from(guc::READER_CPU.get().unsigned_abs()),
    };
    OpenRequest { limits, names }
}

/// Starts a reader and shakes hands; the confinements it reports.
///
/// # Errors
/// 58000 when it cannot be started or is of another version.
pub fn probe() -> Result<Vec<String>, Failure> {
    process::end();
    let (socket, _) = process::socket()?;
    Client::on(socket, false).greet()
}
