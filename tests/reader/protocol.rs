//! The real binary behind a socket, as the backend starts it.

use crate::client::BINARY;
pub use crate::client::{Reader, head_request};
use crate::support::{Parts, file, fixture, zipped};
use pgdatahub_core::protocol::frame::FrameKind;
use pgdatahub_core::protocol::{
    FailureKind, Hello, Limits, OnMisfit, OpenRequest, PROTOCOL, Request, Response, RowEncoding,
    StreamColumn, StreamRequest, VERSION, Wire, rows,
};
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

fn open_request(max_file_bytes: u64) -> Request {
    let limits = Limits {
        max_file_bytes,
        max_cells: 1_000_000,
        cpu_seconds: 60,
    };
    Request::Open(OpenRequest {
        limits,
        names: false,
    })
}

fn simple() -> Vec<u8> {
    Parts::with_rows(
        "<row><c t=\"inlineStr\"><is><t>n</t></is></c></row><row><c><v>1</v></c></row>\
         <row><c t=\"e\"><v>#N/A</v></c></row><row><c><v>3</v></c></row>",
    )
    .bytes()
}

fn kind_of(response: Response) -> FailureKind {
    match response {
        Response::Failed(failed) => failed.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_whole_conversation() {
    let mut reader = Reader::start(1 << 30);
    let hello = Hello {
        protocol: PROTOCOL,
        version: VERSION.into(),
        confinement: Vec::new(),
    };
    let Response::Hello(hello) = reader.ask(&Request::Hello(hello)) else {
        panic!("no hello")
    };
    assert_eq!(
        (hello.protocol, hello.version.as_str()),
        (PROTOCOL, VERSION)
    );
    for name in [
        "close_range",
        "rlimit_as",
        "rlimit_nofile",
        "pdeathsig",
        "no_new_privs",
    ] {
        assert!(
            hello.confinement.iter().any(|found| found == name),
            "{name}"
        );
    }
    let bytes = simple();
    for _ in 0..40 {
        let Response::Opened(opened) = reader.open(&bytes) else {
            panic!("not opened")
        };
        assert_eq!((opened.bytes, opened.sheets.len()), (bytes.len() as u64, 1));
        assert_eq!(opened.sha256.len(), 64);
        let Response::Head(head) = reader.ask(&head_request()) else {
            panic!("no head")
        };
        assert_eq!(head.header_row, Some(1));
        stream(&mut reader, head.headers[0].found);
    }
    drop(std::mem::replace(
        &mut reader.socket,
        UnixStream::pair().unwrap().0,
    ));
    assert_eq!(reader.wait().code(), Some(0));
}

fn request(found: pgdatahub_core::types::ColumnType, resume: bool) -> StreamRequest {
    StreamRequest {
        columns: vec![StreamColumn {
            index: 0,
            wire: Wire::Native(found),
            on_misfit: OnMisfit::Misfit,
        }],
        encoding: RowEncoding::Binary,
        source_file: "/srv/f.xlsx".into(),
        load_timestamp: 0,
        resume,
        unfillable: Vec::new(),
        only: None,
    }
}

/// A check tells rejects and ends as the stream would, sends no rows, and a stream may follow it.
#[test]
fn a_check_counts_and_sends_no_rows() {
    use pgdatahub_core::types::ColumnType;
    let mut reader = Reader::start(1 << 30);
    reader.open(&simple());
    let Response::Head(head) = reader.ask(&head_request()) else {
        panic!("no head")
    };
    let found = head.headers[0].found;
    let narrow = Request::Check(request(ColumnType::None, false));
    let Response::Misfit(misfit) = reader.ask(&narrow) else {
        panic!("no misfit")
    };
    assert_eq!((misfit.row, misfit.rest), (2, vec![(0, found)]));
    for resume in [true, false] {
        let check = reader.ask(&Request::Check(request(found, resume)));
        let Response::Rejects { rejects } = check else {
            panic!("no rejects")
        };
        assert_eq!((rejects[0].row, rejects.len()), (3, 1));
        let Response::Done(done) = reader.response() else {
            panic!("not done")
        };
        assert_eq!((done.rows, done.rejected), (3, 1));
    }
    stream(&mut reader, found);
}

fn stream(reader: &mut Reader, found: pgdatahub_core::types::ColumnType) {
    reader.send(&Request::Stream(request(found, false)));
    let (kind, payload) = reader.frame();
    assert_eq!(kind, FrameKind::Rows);
    let (runs, start) = rows::parse(&payload).unwrap();
    assert_eq!(runs, [rows::Run { first: 2, count: 3 }]);
    assert_eq!(payload[start..start + 6], [0, 3, 0, 0, 0, 8]);
    let Response::Rejects { rejects } = reader.response() else {
        panic!("no rejects")
    };
    assert_eq!((rejects[0].row, rejects[0].raw_value.as_str()), (3, "#N/A"));
    let Response::Done(done) = reader.response() else {
        panic!("not done")
    };
    assert_eq!((done.rows, done.rejected), (3, 1));
}

#[test]
fn the_hash_is_that_of_the_content() {
    let mut reader = Reader::start(1 << 30);
    let content = std::fs::read(fixture("cells/xlsxwriter.xlsx")).unwrap();
    let Response::Opened(opened) = reader.open(&content) else {
        panic!("not opened")
    };
    let output = Command::new("sha256sum")
        .arg(fixture("cells/xlsxwriter.xlsx"))
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with(&opened.sha256)
    );
}

#[test]
fn failures_leave_the_reader_usable() {
    let mut reader = Reader::start(1 << 30);
    assert_eq!(kind_of(reader.ask(&head_request())), FailureKind::Protocol);
    assert_eq!(
        kind_of(reader.ask(&open_request(1 << 30))),
        FailureKind::Protocol
    );
    assert_eq!(kind_of(reader.open(b"")), FailureKind::Empty);
    assert_eq!(kind_of(reader.open(b"a,b\n")), FailureKind::UnknownFormat);
    assert_eq!(
        kind_of(reader.open(&zipped(&[("x", "y")]))),
        FailureKind::UnknownFormat
    );
    reader.send_with(&open_request(10), &file(b"more than ten bytes"));
    assert_eq!(kind_of(reader.response()), FailureKind::OverLimit);
    reader.send_with(&open_request(10), &File::open("/dev/null").unwrap());
    assert_eq!(kind_of(reader.response()), FailureKind::BadArgument);
    assert!(matches!(reader.open(&simple()), Response::Opened(_)));
    assert!(matches!(reader.ask(&head_request()), Response::Head(_)));
}

#[test]
fn a_file_that_grows_is_still_being_written() {
    let mut reader = Reader::start(1 << 30);
    let mut written = file(&simple());
    reader.send_with(&open_request(1 << 30), &written);
    assert!(matches!(reader.response(), Response::Opened(_)));
    written.write_all(b"more").unwrap();
    assert_eq!(
        kind_of(reader.ask(&head_request())),
        FailureKind::StillWritten
    );
}

#[test]
fn it_ignores_a_cancel_and_leaves_quietly_on_a_stop() {
    let mut reader = Reader::start(1 << 30);
    assert!(matches!(reader.open(&simple()), Response::Opened(_)));
    let pid = rustix::process::Pid::from_child(&reader.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert!(matches!(reader.ask(&head_request()), Response::Head(_)));
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = reader.wait();
    assert_eq!((status.code(), status.signal()), (Some(1), None));
}

#[test]
fn it_leaves_when_its_parent_is_another() {
    let (_ours, theirs) = UnixStream::pair().unwrap();
    let status = Command::new(BINARY)
        .args(["--parent", "1"])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn by_hand_it_says_one_sentence() {
    let output = Command::new(BINARY).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
    let output = Command::new(BINARY).arg("--version").output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim(),
        format!("pgdatahub-reader {VERSION}")
    );
}

#[test]
fn inherited_descriptors_are_closed() {
    // The shell opens descriptor 9, as a backend has its WAL segment open.
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", &format!("exec 9</dev/null; exec {BINARY}")])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .unwrap();
    let hello = Hello {
        protocol: PROTOCOL,
        version: VERSION.into(),
        confinement: Vec::new(),
    };
    let mut reader = Reader {
        child: Command::new("true").spawn().unwrap(),
        socket: ours,
    };
    assert!(matches!(
        reader.ask(&Request::Hello(hello)),
        Response::Hello(_)
    ));
    let open: Vec<_> = std::fs::read_dir(format!("/proc/{}/fd", child.id()))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        open.iter().all(|fd| ["0", "1", "2"].contains(&fd.as_str())),
        "{open:?}"
    );
}
