//! The reader program as a process, and our end of its socket.

use pgdatahub_core::protocol::frame::{self, FrameKind, HEADER_LEN};
use pgdatahub_core::protocol::{
    Failed, HeadRequest, HeaderChoice, Limits, OnMisfit, OpenRequest, Request, Response,
    RowEncoding, SheetOptions, StreamColumn, StreamRequest, Wire,
};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::fs::File;
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a busy machine may take for anything; the reader's own limits are on processor time.
const PATIENCE: Duration = Duration::from_secs(300);

pub const BINARY: &str = env!("CARGO_BIN_EXE_pgdatahub-reader");

/// How the reading of a file ended.
#[derive(Debug)]
pub enum Reading {
    /// So many rows were encoded.
    Rows(u64),
    /// The reader refused the file.
    Failed(Failed),
    /// The reader is dead.
    Died,
}

/// A reader process and our end of its socket.
pub struct Reader {
    pub child: Child,
    pub socket: UnixStream,
}

impl Reader {
    pub fn start(memory: u64) -> Reader {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = Command::new(BINARY)
            .args(["--memory", &memory.to_string()])
            .args(["--parent", &std::process::id().to_string()])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        ours.set_read_timeout(Some(PATIENCE)).unwrap();
        Reader {
            child,
            socket: ours,
        }
    }

    pub fn send(&mut self, request: &Request) {
        self.socket
            .write_all(&frame::control(request).unwrap())
            .unwrap();
    }

    pub fn send_with(&mut self, request: &Request, file: &File) {
        let bytes = frame::control(request).unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let descriptors = [file.as_fd()];
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)));
        let sent = sendmsg(
            &self.socket,
            &[IoSlice::new(&bytes)],
            &mut ancillary,
            SendFlags::empty(),
        );
        assert_eq!(sent.unwrap(), bytes.len());
    }

    pub fn try_frame(&mut self) -> std::io::Result<(FrameKind, Vec<u8>)> {
        let mut header = [0; HEADER_LEN];
        self.socket.read_exact(&mut header)?;
        let (kind, length) = frame::parse_header(header).unwrap();
        let mut payload = vec![0; length];
        self.socket.read_exact(&mut payload)?;
        Ok((kind, payload))
    }

    pub fn frame(&mut self) -> (FrameKind, Vec<u8>) {
        self.try_frame().unwrap()
    }

    /// An answer of control frames only; none when the reader has ended.
    pub fn try_ask(&mut self, request: &Request) -> Option<Response> {
        self.socket
            .write_all(&frame::control(request).unwrap())
            .ok()?;
        let (kind, payload) = self.try_frame().ok()?;
        assert_eq!(kind, FrameKind::Control);
        Some(frame::parse_control(&payload).unwrap())
    }

    pub fn response(&mut self) -> Response {
        let (kind, payload) = self.frame();
        assert_eq!(kind, FrameKind::Control);
        frame::parse_control(&payload).unwrap()
    }

    pub fn ask(&mut self, request: &Request) -> Response {
        self.send(request);
        self.response()
    }

    pub fn open(&mut self, content: &[u8]) -> Response {
        self.open_within(content, 60)
    }

    /// Opens a file; none when the reader has ended.
    pub fn try_open(&mut self, content: &[u8], cpu_seconds: u64) -> Option<Response> {
        self.send_with(&open_request(cpu_seconds), &nameless(content));
        let (kind, payload) = self.try_frame().ok()?;
        assert_eq!(kind, FrameKind::Control);
        Some(frame::parse_control(&payload).unwrap())
    }

    /// Opens a file that may take so many processor seconds.
    pub fn open_within(&mut self, content: &[u8], cpu_seconds: u64) -> Response {
        self.send_with(&open_request(cpu_seconds), &nameless(content));
        self.response()
    }

    /// The first sheet of a file to its end, values as text.
    pub fn read(&mut self, content: &[u8], cpu_seconds: u64) -> Reading {
        match self.try_open(content, cpu_seconds) {
            Some(Response::Opened(_)) => {}
            other => return ended(other),
        }
        let Request::Head(mut head) = head_request() else {
            unreachable!()
        };
        // Columns without a header and without a value in the first rows are of no interest here.
        head.options.ignore_unlisted = true;
        let head = match self.try_ask(&Request::Head(head)) {
            Some(Response::Head(head)) => head,
            other => return ended(other),
        };
        let columns = head.headers.iter().map(|header| StreamColumn {
            index: header.index,
            wire: Wire::Input,
            on_misfit: OnMisfit::Misfit,
        });
        self.send(&Request::Stream(StreamRequest {
            columns: columns.collect(),
            encoding: RowEncoding::Text,
            source_file: "/a".into(),
            load_timestamp: 0,
            resume: false,
            unfillable: Vec::new(),
            only: None,
        }));
        loop {
            match self.try_frame() {
                Ok((FrameKind::Rows, _)) => {}
                Ok((FrameKind::Control, payload)) => {
                    match frame::parse_control(&payload).unwrap() {
                        Response::Rejects { .. } => {}
                        Response::Done(done) => return Reading::Rows(done.rows),
                        other => return ended(Some(other)),
                    }
                }
                Err(_) => return Reading::Died,
            }
        }
    }

    pub fn wait(&mut self) -> std::process::ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the reader did not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ended(response: Option<Response>) -> Reading {
    match response {
        None => Reading::Died,
        Some(Response::Failed(failed)) => Reading::Failed(failed),
        Some(other) => panic!("{other:?}"),
    }
}

fn open_request(cpu_seconds: u64) -> Request {
    let limits = Limits {
        max_file_bytes: 1 << 30,
        max_cells: 1_000_000,
        cpu_seconds,
    };
    Request::Open(OpenRequest {
        limits,
        names: false,
    })
}

pub fn head_request() -> Request {
    let header = HeaderChoice::Auto { known: Vec::new() };
    Request::Head(HeadRequest {
        sheet: 0,
        header,
        sample_rows: 100,
        options: SheetOptions::default(),
        text: Default::default(),
    })
}

/// A nameless file with this content.
fn nameless(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}
