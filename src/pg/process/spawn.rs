//! Starting the reader program, with one socket and nothing else of this backend.

use super::Process;
use crate::pg::error::Failure;
use crate::pg::guc;
use pgrx::pg_sys;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// The path of the reader program.
pub fn reader_path() -> String {
    guc::text(&guc::READER).unwrap_or_else(|| {
        // SAFETY: set once at start, terminated.
        let postgres = unsafe { CStr::from_ptr((&raw const pg_sys::my_exec_path).cast()) };
        let postgres = postgres.to_string_lossy().into_owned();
        let dir = postgres.rsplit_once('/').map_or("", |(dir, _)| dir);
        format!("{dir}/pgdatahub-reader-{}", env!("CARGO_PKG_VERSION"))
    })
}

/// A new reader.
///
/// # Errors
/// 53000 without a descriptor for it, 58000 when it cannot be started.
pub(super) fn spawn() -> Result<Process, Failure> {
    if !acquire_descriptor() {
        return Err(Failure::new(
            "53000",
            "too many open files to start the reader process",
        )
        .hint("Close cursors over read_excel_json, each of which has one, or raise max_files_per_process."));
    }
    let started = start();
    if started.is_err() {
        // SAFETY: gives back the count taken above.
        unsafe { pg_sys::ReleaseExternalFD() };
    }
    started
}

/// Counts a descriptor against max_files_per_process, if there is one more: waiting for the
/// reader takes it for a moment, and without it would fail with an internal error.
fn acquire_descriptor() -> bool {
    // SAFETY: only counts; what is acquired is released here or by who reaps the reader.
    unsafe {
        if !pg_sys::AcquireExternalFD() {
            return false;
        }
        let spare = pg_sys::AcquireExternalFD();
        pg_sys::ReleaseExternalFD();
        spare
    }
}

fn start() -> Result<Process, Failure> {
    let path = reader_path();
    let failed = |what: &str, error: std::io::Error| {
        Failure::new("58000", format!("could not start the reader process \"{path}\": {error}"))
            .detail(format!("{what} failed."))
            .hint("Install it with make install, or set pgdatahub.reader; SELECT * FROM pgdatahub.verify_setup() looks into it.")
    };
    let mut pair = [0; 2];
    // SAFETY: writes two descriptors, owned from here on.
    let (ours, theirs) = unsafe {
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
        if libc::socketpair(libc::AF_UNIX, kind, 0, pair.as_mut_ptr()) != 0 {
            return Err(failed("socketpair", std::io::Error::last_os_error()));
        }
        (OwnedFd::from_raw_fd(pair[0]), OwnedFd::from_raw_fd(pair[1]))
    };
    enlarge_buffers(&ours);
    enlarge_buffers(&theirs);
    // SAFETY: our own descriptor.
    unsafe { libc::fcntl(ours.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    let pid = posix_spawn(&path, theirs.as_raw_fd()).map_err(|e| failed("posix_spawn", e))?;
    Ok(Process {
        pid,
        socket: ours,
        asked: None,
    })
}

/// Room for a batch or two, so that reading and writing overlap. Best effort.
fn enlarge_buffers(socket: &OwnedFd) {
    let bytes: libc::c_int = 1 << 20;
    for option in [libc::SO_SNDBUF, libc::SO_RCVBUF] {
        // SAFETY: an int option of our own socket.
        unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw const bytes).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            );
        }
    }
}

/// posix_spawn rather than std's Command: with its hooks that forks, and a fork
/// of a backend copies a page table as large as shared_buffers.
fn posix_spawn(path: &str, socket: RawFd) -> std::io::Result<libc::pid_t> {
    let text = |s: String| CString::new(s).map_err(|_| std::io::Error::other("NUL in a path"));
    let program = text(path.to_owned())?;
    let args = [
        program.clone(),
        text("--parent".into())?,
        text(std::process::id().to_string())?,
        text("--memory".into())?,
        text((i64::from(guc::READER_MEMORY.get()) << 10).to_string())?,
    ];
    let mut argv: Vec<*mut libc::c_char> = args.iter().map(|a| a.as_ptr().cast_mut()).collect();
    argv.push(std::ptr::null_mut());
    let envp: [*mut libc::c_char; 1] = [std::ptr::null_mut()];
    // SAFETY: initialised before use and destroyed once; the arrays end with
    // NULL and outlive the call; the child starts with default signals and an
    // empty mask, its descriptors 0, 1 and 2 as set here.
    unsafe {
        let mut actions = std::mem::zeroed::<libc::posix_spawn_file_actions_t>();
        let mut attributes = std::mem::zeroed::<libc::posix_spawnattr_t>();
        libc::posix_spawn_file_actions_init(&raw mut actions);
        libc::posix_spawnattr_init(&raw mut attributes);
        libc::posix_spawn_file_actions_adddup2(&raw mut actions, socket, 0);
        for fd in [1, 2] {
            let null = c"/dev/null".as_ptr();
            libc::posix_spawn_file_actions_addopen(&raw mut actions, fd, null, libc::O_WRONLY, 0);
        }
        let mut all = std::mem::zeroed::<libc::sigset_t>();
        libc::sigfillset(&raw mut all);
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut none);
        libc::posix_spawnattr_setsigdefault(&raw mut attributes, &raw const all);
        libc::posix_spawnattr_setsigmask(&raw mut attributes, &raw const none);
        let flags = libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
        libc::posix_spawnattr_setflags(&raw mut attributes, flags as libc::c_short);
        let mut pid = 0;
        let error = libc::posix_spawn(
            &raw mut pid,
            program.as_ptr(),
            &raw const actions,
            &raw const attributes,
            argv.as_ptr(),
            envp.as_ptr(),
        );
        libc::posix_spawn_file_actions_destroy(&raw mut actions);
        libc::posix_spawnattr_destroy(&raw mut attributes);
        match error {
            0 => Ok(pid),
            error => Err(std::io::Error::from_raw_os_error(error)),
        }
    }
}
