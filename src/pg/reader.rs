//! The backend's side of the protocol: requests, answers, and the feed of rows.

use super::access;
use super::error::Failure;
use super::next_file::{self, Asked, NextFile};
use super::process::Received;
use super::{guc, process, transaction};
use pgdatahub_core::protocol::frame::{self, BadFrame, FrameKind};
use pgdatahub_core::protocol::rows::{self, Run};
use pgdatahub_core::protocol::{
    Failed, Head, HeadRequest, Hello, Limits, OpenRequest, Opened, PROTOCOL, Reject, Request,
    Response, SheetProfile, StreamRequest, VERSION,
};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

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
        if let Some(asked) = next_file::pending() {
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

    /// The SHA-256 of files, up to the first that cannot be opened as a workbook: asked for all
    /// at once, so that the reader is at the next one while an answer is on its way.
    ///
    /// # Errors
    /// 58000 when the reader cannot be started or died.
    pub fn hashes(files: &[OwnedFd]) -> Result<Vec<String>, Failure> {
        let mut client = Client::ready()?;
        if let Some(asked) = next_file::pending() {
            client = client.without_pending(asked.answers)?;
        }
        SERVED.set(SERVED.get() + files.len() as u32);
        let request = Request::Open(open_request(false));
        for file in files {
            client.send(&request, Some(file.as_raw_fd()))?;
        }
        let mut hashes = Vec::with_capacity(files.len());
        let mut all = true;
        for _ in files {
            // One of several answers leaves others under way.
            client.answering = true;
            match client.next()? {
                Frame::Control(Response::Opened(opened)) if all => hashes.push(opened.sha256),
                Frame::Control(_) => all = false,
                Frame::Rows { .. } => return Err(client.rows_for_an_answer()),
            }
        }
        Ok(hashes)
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

    /// Asks for the next file's opening and head while this one's stream is on its way: the reader
    /// turns to them when it has sent the last row, and need not wait for what becomes of the rows.
    /// This client can take the stream to its end, and no more.
    ///
    /// # Errors
    /// 58000 when the reader died.
    pub fn ask_ahead(&mut self, next: NextFile) -> Result<(), Failure> {
        let NextFile { file, names, head } = next;
        let stat = access::stat(&file)?;
        let open = open_request(names);
        let request = Request::Head(head.clone());
        let length = frame::control(&request).map_or(usize::MAX, |frame| frame.len());
        let last = SERVED.get() + 1 >= FILES_PER_READER;
        if self.own || last || length > next_file::LARGEST_HEAD {
            return Ok(());
        }
        self.send(&Request::Open(open.clone()), Some(file.as_raw_fd()))?;
        self.send(&request, None)?;
        SERVED.set(SERVED.get() + 1);
        self.moved_on = true;
        next_file::asked(Asked {
            file,
            stat,
            open,
            head,
            answers: 2,
        });
        Ok(())
    }

    /// Takes the answer to the opening that was asked for ahead; the head's follows it.
    fn take_over(&mut self, mut asked: Asked) -> Result<Opened, Failure> {
        self.answering = true;
        let answer = self.next()?;
        asked.answers = 1;
        next_file::asked(asked);
        match answer {
            Frame::Control(Response::Opened(opened)) => Ok(opened),
            Frame::Control(Response::Failed(failed)) => Err(refused(failed)),
            Frame::Control(other) => Err(self.unexpected(&other)),
            Frame::Rows { .. } => Err(self.rows_for_an_answer()),
        }
    }

    /// A client behind answers that nobody wants any more; with a new reader where this one ended over them.
    fn without_pending(mut self, answers: u8) -> Result<Client, Failure> {
        for _ in 0..answers {
            self.answering = true;
            if self.next().is_err() {
                drop(self);
                process::end();
                return Client::ready();
            }
        }
        Ok(self)
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
            && let Some(asked) = next_file::pending()
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

impl Client {
    fn died(&self) -> Failure {
        // A cancel or shutdown that killed the reader must not be masked by its death.
        transaction::check_for_interrupts();
        let how = process::end_of_dead(self.own.then_some(self.socket));
        Failure::new("58000", "the reader process died while it read this file")
            .detail(how)
            .hint("The server is not affected. Try the file alone; limits are pgdatahub.reader_memory and pgdatahub.reader_cpu.")
    }

    fn silent(&self, seconds: u64) -> Failure {
        self.end();
        Failure::new("58000", "the reader process did not answer")
            .detail(format!("Nothing came from it for {seconds} seconds, twice what pgdatahub.reader_cpu allows."))
            .hint("Is the file on a storage that hangs, or the machine out of memory? Raise pgdatahub.reader_cpu where it is only slow.")
    }

    fn broken(&self, error: &BadFrame) -> Failure {
        self.end();
        Failure::new(
            "58000",
            "the reader process sent something that is not of its protocol",
        )
        .detail(error.to_string())
    }

    fn unexpected(&self, response: &Response) -> Failure {
        self.end();
        let name = format!("{response:?}");
        let name = name.split(['(', ' ']).next().unwrap_or_default().to_owned();
        Failure::new("58000", "the reader process answered out of order")
            .detail(format!("It sent {name}."))
    }

    fn end(&self) {
        if self.own {
            process::end_own(self.socket);
        } else {
            process::end();
        }
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

/// It ended, or broke the protocol, before it was asked to read anything: the program is the wrong one, or cannot run.
fn unanswered(failure: Failure) -> Failure {
    if failure.sqlstate != "58000" {
        return failure;
    }
    let path = process::reader_path();
    let how = failure.detail.unwrap_or(failure.message);
    Failure::new("58000", format!("\"{path}\" does not answer as the reader of pgdatahub {VERSION}"))
        .detail(how)
        .hint("Install both from one build with make install; pgdatahub.reader is to name the program, or be empty. The server is not affected.")
}

/// What the reader refused, as a user sees it.
pub fn refused(failed: Failed) -> Failure {
    let mut failure = Failure::new(failed.kind.sqlstate(), failed.message);
    failure.detail = failed.detail;
    failure.hint = failed.hint;
    failure
}
