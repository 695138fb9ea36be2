//! A confined process finds neither files nor network nor programs, and still computes.

use pgdatahub_reader::{preflight, sandbox};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;

const CHILD: &str = "sandbox::confined_child";

/// What a confined process tries; each must be refused.
fn attempts(port: u16, socket: &str) -> Vec<(&'static str, io::Result<()>)> {
    let done = |_| ();
    vec![
        ("open", File::open("/etc/passwd").map(drop)),
        ("create", File::create("/tmp/pgdatahub-sandbox").map(drop)),
        ("stat", fs::metadata("/etc/passwd").map(drop)),
        ("list", fs::read_dir("/").map(drop)),
        ("unlink", fs::remove_file(socket)),
        (
            "chmod",
            fs::set_permissions(socket, std::os::unix::fs::PermissionsExt::from_mode(0o777)),
        ),
        ("tcp", TcpStream::connect(("127.0.0.1", port)).map(drop)),
        ("udp", UdpSocket::bind("127.0.0.1:0").map(drop)),
        ("unix", UnixStream::connect(socket).map(drop)),
        ("exec", Command::new("/bin/true").status().map(done)),
    ]
}

/// The error of a clone3 that would start a process; it hides its flags from filters behind a pointer.
fn raw_clone3() -> i32 {
    let mut arguments = [0u64; 11];
    // exit_signal
    arguments[4] = libc::SIGCHLD as u64;
    // SAFETY: the structure lives as long as the call; a child, if there is one, ends at once.
    let result = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            arguments.as_ptr(),
            size_of_val(&arguments),
        )
    };
    started(result)
}

fn fork() -> i32 {
    // SAFETY: a child, if there is one, ends at once.
    started(i64::from(unsafe { libc::fork() }))
}

fn started(result: i64) -> i32 {
    if result == 0 {
        // SAFETY: ends the child without touching what it shares with its parent.
        unsafe { libc::_exit(0) };
    }
    match result {
        -1 => io::Error::last_os_error().raw_os_error().unwrap(),
        _ => 0,
    }
}

#[test]
#[ignore = "runs in a process of its own, see nothing_outside_is_within_reach"]
fn confined_child() {
    let (port, socket) = (
        std::env::var("PORT").unwrap().parse().unwrap(),
        std::env::var("SOCKET").unwrap(),
    );
    let mut opened = File::open(std::env::current_exe().unwrap()).unwrap();
    assert!(
        attempts(port, "/nonexistent")[0].1.is_ok(),
        "allowed before"
    );
    assert!(sandbox::enter());
    let mut bytes = [0; 4];
    opened.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"\x7fELF", "what is open can be read");
    assert!(preflight::check(&opened, u64::MAX).unwrap().size() > 4);
    let sum = std::thread::spawn(|| (0..1_000_000u64).collect::<Vec<_>>().iter().sum::<u64>());
    assert_eq!(sum.join().unwrap(), 499_999_500_000, "threads and memory");
    for (what, outcome) in attempts(port, &socket) {
        let kind = outcome.err().map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::PermissionDenied), "{what}");
    }
    assert_eq!(raw_clone3(), libc::ENOSYS, "the C library then takes clone");
    assert_eq!(fork(), libc::EPERM);
}

#[test]
fn nothing_outside_is_within_reach() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let unix = UnixListener::bind(&socket).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, "--exact", "--ignored", "--nocapture"])
        .env("PORT", tcp.local_addr().unwrap().port().to_string())
        .env("SOCKET", &socket)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout) + String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    assert!(socket.exists());
    drop(unix);
}
