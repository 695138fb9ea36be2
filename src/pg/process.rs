//! The reader process: spawned, fed, and reaped on every way out.
//!
//! One for the imports of a backend, and one for each look into a workbook, which
//! may stand open beside an import (a cursor over it). An unreaped child that dies of a signal would make
//! a postmaster that is PID 1 restart the cluster, so whoever leaves, by Drop,
//! transaction end or process exit, kills it and waits for it.

use super::error::Failure;
use super::guc;
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

/// A running reader.
pub struct Process {
    /// Counted from 1 in each backend.
    number: u64,
    pid: libc::pid_t,
    socket: OwnedFd,
}

thread_local! {
    static CURRENT: RefCell<Option<Process>> = const { RefCell::new(None) };
    static OWN: RefCell<Vec<Process>> = const { RefCell::new(Vec::new()) };
    static HOOKED: Cell<bool> = const { Cell::new(false) };
    static STARTED: Cell<u64> = const { Cell::new(0) };
}

/// Which of this backend's readers serves imports now, if one runs: what was asked of another has no answer any more.
pub fn current() -> Option<u64> {
    CURRENT.with_borrow(|current| current.as_ref().map(|process| process.number))
}

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

/// The socket to the reader, and whether it was started just now (and wants its handshake).
///
/// # Errors
/// 58000 when it cannot be started.
pub fn socket() -> Result<(RawFd, bool), Failure> {
    hook();
    if let Some(fd) = CURRENT.with_borrow(|current| current.as_ref().map(|p| p.socket.as_raw_fd()))
    {
        return Ok((fd, false));
    }
    let process = spawn()?;
    let fd = process.socket.as_raw_fd();
    CURRENT.set(Some(process));
    Ok((fd, true))
}

/// A reader that nobody else uses; ends with [`end_own`].
///
/// # Errors
/// 58000 when it cannot be started.
pub fn own_socket() -> Result<RawFd, Failure> {
    hook();
    let process = spawn()?;
    let fd = process.socket.as_raw_fd();
    OWN.with_borrow_mut(|own| own.push(process));
    Ok(fd)
}

/// Kills and reaps the reader behind a socket of [`own_socket`], if it still runs. Raises nothing.
pub fn end_own(socket: RawFd) {
    if let Some(process) = take_own(socket) {
        reap(process);
    }
}

fn take_own(socket: RawFd) -> Option<Process> {
    // try_with, try_borrow: called from exit callbacks, where a panic would abort.
    let taken = OWN.try_with(|own| {
        let mut own = own.try_borrow_mut().ok()?;
        let at = own.iter().position(|p| p.socket.as_raw_fd() == socket)?;
        Some(own.swap_remove(at))
    });
    taken.ok().flatten()
}

fn end_all() {
    end();
    let all = OWN.try_with(|own| {
        own.try_borrow_mut()
            .map(|mut own| std::mem::take(&mut *own))
    });
    if let Ok(Ok(all)) = all {
        all.into_iter().for_each(reap);
    }
}

/// Kills and reaps the reader of this backend's imports, if there is one. Raises nothing.
pub fn end() {
    // try_with, try_borrow: called from exit callbacks, where a panic would abort.
    let process =
        CURRENT.try_with(|current| current.try_borrow_mut().ok().and_then(|mut c| c.take()));
    if let Ok(Some(process)) = process {
        reap(process);
    }
}

/// Reaps a reader that has hung up by itself; how it ended, for the DETAIL.
pub fn end_of_dead(own: Option<RawFd>) -> String {
    let process = match own {
        Some(socket) => take_own(socket),
        None => CURRENT.with_borrow_mut(Option::take),
    };
    let Some(process) = process else {
        return "It had ended before.".into();
    };
    let mut status = 0;
    let waited = Instant::now();
    loop {
        // SAFETY: our own child.
        match unsafe { libc::waitpid(process.pid, &raw mut status, libc::WNOHANG) } {
            0 if waited.elapsed().as_millis() < 500 => {
                std::thread::sleep(Duration::from_millis(2));
            }
            pid if pid == process.pid => break,
            _ => {
                reap(process);
                return "It closed its socket.".into();
            }
        }
    }
    // SAFETY: releases the count taken at the spawn; the child is reaped.
    unsafe { pg_sys::ReleaseExternalFD() };
    match libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)) {
        Some(libc::SIGXCPU) => {
            "It used more processor time than pgdatahub.reader_cpu allows.".into()
        }
        Some(libc::SIGABRT) => {
            "It ran out of memory (pgdatahub.reader_memory) or met an internal error.".into()
        }
        Some(libc::SIGKILL) => {
            "It was killed (signal 9), by a person or for lack of memory.".into()
        }
        Some(signal) => format!("It was terminated by signal {signal}."),
        None => format!("It exited with status {}.", libc::WEXITSTATUS(status)),
    }
}

fn reap(process: Process) {
    // SAFETY: our own child, not yet waited for, so the pid is still its.
    unsafe {
        libc::kill(process.pid, libc::SIGKILL);
        let mut status = 0;
        while libc::waitpid(process.pid, &raw mut status, 0) < 0
            && *libc::__errno_location() == libc::EINTR
        {}
        pg_sys::ReleaseExternalFD();
    }
}

/// Registers the ways out, once per backend and before the first spawn.
fn hook() {
    if HOOKED.replace(true) {
        return;
    }
    // SAFETY: both callbacks only kill and wait; neither raises.
    unsafe {
        pg_sys::before_shmem_exit(Some(at_exit), pg_sys::Datum::from(0));
        pg_sys::RegisterXactCallback(Some(at_xact), std::ptr::null_mut());
    }
}

unsafe extern "C-unwind" fn at_exit(_code: std::ffi::c_int, _arg: pg_sys::Datum) {
    end_all();
}

unsafe extern "C-unwind" fn at_xact(event: pg_sys::XactEvent::Type, _arg: *mut std::ffi::c_void) {
    if event == pg_sys::XactEvent::XACT_EVENT_ABORT {
        end_all();
    }
}

fn spawn() -> Result<Process, Failure> {
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
    STARTED.set(STARTED.get() + 1);
    Ok(Process {
        number: STARTED.get(),
        pid,
        socket: ours,
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

/// Sends `bytes`, with `descriptor` riding on the first of them. Waits for the
/// socket while the reader is busy; cancellable.
///
/// # Errors
/// `Ok(false)` when the reader has hung up.
pub fn send(socket: RawFd, mut bytes: &[u8], mut descriptor: Option<RawFd>) -> bool {
    while !bytes.is_empty() {
        let sent = send_some(socket, bytes, descriptor);
        if sent > 0 {
            bytes = &bytes[sent as usize..];
            descriptor = None;
            continue;
        }
        match std::io::Error::last_os_error().kind() {
            std::io::ErrorKind::WouldBlock => wait(socket, pg_sys::WL_SOCKET_WRITEABLE),
            std::io::ErrorKind::Interrupted => super::transaction::check_for_interrupts(),
            _ => return false,
        }
    }
    true
}

fn send_some(socket: RawFd, bytes: &[u8], descriptor: Option<RawFd>) -> isize {
    // SAFETY: the buffers outlive the call; the control buffer is as large as
    // one descriptor's message and aligned by its u64s.
    unsafe {
        let mut part = libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        let mut control = [0u64; 4];
        let mut message = std::mem::zeroed::<libc::msghdr>();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        if let Some(fd) = descriptor {
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = libc::CMSG_SPACE(size_of::<RawFd>() as u32) as usize;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size_of::<RawFd>() as u32) as usize;
            libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(fd);
        }
        libc::sendmsg(socket, &raw const message, libc::MSG_NOSIGNAL)
    }
}

/// What came from the reader.
pub enum Received {
    /// So many bytes.
    Bytes(usize),
    /// It has closed its end.
    HungUp,
    /// Nothing for so many seconds, see [`patience`].
    Silence(u64),
}

/// A reader may use `pgdatahub.reader_cpu` seconds of processor time for a file,
/// and the machine may be busy; one that says nothing for longer than twice that
/// hangs. Never under 20 seconds: waiting for a slow disk is no processor time.
fn patience() -> Duration {
    Duration::from_secs((2 * u64::from(guc::READER_CPU.get().unsigned_abs())).max(20))
}

/// Receives into `buffer`. Waits; cancellable.
pub fn receive(socket: RawFd, buffer: &mut [u8]) -> Received {
    let mut began = None;
    loop {
        // SAFETY: writes at most the buffer's length.
        let got = unsafe { libc::recv(socket, buffer.as_mut_ptr().cast(), buffer.len(), 0) };
        match got {
            0 => return Received::HungUp,
            1.. => return Received::Bytes(got as usize),
            _ => {}
        }
        match std::io::Error::last_os_error().kind() {
            std::io::ErrorKind::WouldBlock => {
                if began.get_or_insert_with(Instant::now).elapsed() > patience() {
                    return Received::Silence(patience().as_secs());
                }
                wait(socket, pg_sys::WL_SOCKET_READABLE);
            }
            std::io::ErrorKind::Interrupted => super::transaction::check_for_interrupts(),
            _ => return Received::HungUp,
        }
    }
}

/// Waits for the socket, the latch or the postmaster's death, for at most a
/// second. Never a bare poll: that would outlive the postmaster and sleep
/// through a cancel.
fn wait(socket: RawFd, event: u32) {
    let events = event | pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: this backend's latch and socket.
    unsafe {
        let got = pg_sys::WaitLatchOrSocket(
            pg_sys::MyLatch,
            events as i32,
            socket,
            1_000,
            pg_sys::PG_WAIT_EXTENSION,
        );
        if got as u32 & pg_sys::WL_LATCH_SET != 0 {
            pg_sys::ResetLatch(pg_sys::MyLatch);
        }
    }
    super::transaction::check_for_interrupts();
}

/// Kills the reader when dropped: the end of one call of an import function.
pub struct EndReader;

impl Drop for EndReader {
    fn drop(&mut self) {
        end();
    }
}
