//! Confines this process, before it has seen a byte of any file.
//!
//! A workbook may make any parser misbehave. What it can reach from here: one
//! socket, the descriptor of the file itself, bounded memory and processor
//! time. The only module with unsafe code.

use crate::{ahead, sandbox};
use rustix::process::{Pid, Resource, Rlimit, Signal};
use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixStream;

/// Most open descriptors: socket, stdout, stderr, the file, and a few for the moment.
const MAX_DESCRIPTORS: u64 = 16;

/// Exit status on the backend's death or wish. Statuses 0 and 1 are the ones a
/// postmaster that reaps a stranger does not take for a crash.
const QUIET_EXIT: i32 = 1;

/// Confines the process: `memory` bytes of address space, `parent` as its only
/// reason to live. Returns the names of the confinements in force.
///
/// # Errors
/// Those of the system calls that must not fail.
pub fn confine(memory: Option<u64>, parent: Option<i32>) -> io::Result<Vec<String>> {
    let mut in_force = Vec::new();
    let mut note = |name: &str| in_force.push(name.to_owned());
    handle_signals();
    one_arena();
    close_inherited()?;
    note("close_range");
    if let Some(bytes) = memory {
        limit(Resource::As, bytes)?;
        note("rlimit_as");
    }
    limit(Resource::Nofile, MAX_DESCRIPTORS)?;
    note("rlimit_nofile");
    limit(Resource::Core, 0)?;
    note("rlimit_core");
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
    if let Some(parent) = parent
        && rustix::process::getppid().map(Pid::as_raw_pid) != Some(parent)
    {
        exit_now(QUIET_EXIT);
    }
    note("pdeathsig");
    rustix::thread::set_no_new_privs(true)?;
    note("no_new_privs");
    // A process may always raise its own score, but /proc may be absent.
    if std::fs::write("/proc/self/oom_score_adj", "1000").is_ok() {
        note("oom_score_adj");
    }
    ahead::several_processors();
    // Last: it forbids most of the above.
    if sandbox::enter() {
        note("seccomp");
    }
    Ok(in_force)
}

/// Descriptor 0, if it is a Unix socket. To be called once.
pub fn socket() -> Option<UnixStream> {
    let domain = rustix::net::sockopt::socket_domain(std::io::stdin()).ok()?;
    // SAFETY: descriptor 0 is open, as the call above succeeded on it, and
    // nothing else in this process reads standard input or closes it.
    (domain == rustix::net::AddressFamily::UNIX)
        .then(|| unsafe { UnixStream::from_raw_fd(libc::STDIN_FILENO) })
}

/// Gives the process `seconds` more of processor time. After that SIGXCPU ends it.
///
/// # Errors
/// Those of setrlimit(2).
pub fn allow_cpu(seconds: u64) -> io::Result<()> {
    let used = cpu_seconds_used()?;
    let Rlimit { maximum, .. } = rustix::process::getrlimit(Resource::Cpu);
    let wanted = used.saturating_add(seconds).saturating_add(1);
    let current = Some(maximum.map_or(wanted, |most| wanted.min(most)));
    Ok(rustix::process::setrlimit(
        Resource::Cpu,
        Rlimit { current, maximum },
    )?)
}

/// Ends the process without running destructors or flushing anything.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: _exit takes any status and touches no memory of this process.
    unsafe { libc::_exit(status) }
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let bound = rustix::process::getrlimit(resource)
        .maximum
        .map_or(most, |hard| hard.min(most));
    let limit = Rlimit {
        current: Some(bound),
        maximum: Some(bound),
    };
    Ok(rustix::process::setrlimit(resource, limit)?)
}

/// One arena for all threads: each further one would reserve 64 MB of the address
/// space that the limit counts, for a thread that allocates a few buffers.
fn one_arena() {
    #[cfg(target_env = "gnu")]
    // SAFETY: called before there is another thread; a refusal changes nothing.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

fn close_inherited() -> io::Result<()> {
    // SAFETY: called before this process opens anything above descriptor 2, so
    // no owner of a descriptor loses it.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
    if result == 0 {
        return Ok(());
    }
    // Kernels before 5.9 have no close_range.
    let most = rustix::process::getrlimit(Resource::Nofile)
        .current
        .unwrap_or(65_536);
    for descriptor in 3..i32::try_from(most.min(1 << 20)).unwrap_or(i32::MAX) {
        // SAFETY: as above; closing what is not open only returns EBADF.
        unsafe { libc::close(descriptor) };
    }
    Ok(())
}

extern "C" fn leave(_signal: libc::c_int) {
    exit_now(QUIET_EXIT)
}

/// SIGINT, which a cancel sends to the whole process group, is ignored; what
/// ends the backend or server ends this process with a quiet status.
fn handle_signals() {
    let leave_on = leave as extern "C" fn(libc::c_int) as libc::sighandler_t;
    for (signal, handler) in [
        (libc::SIGINT, libc::SIG_IGN),
        (libc::SIGPIPE, libc::SIG_IGN),
        (libc::SIGHUP, libc::SIG_IGN),
        (libc::SIGTERM, leave_on),
        (libc::SIGQUIT, leave_on),
    ] {
        // SAFETY: the handlers are the system's own, or one that calls nothing
        // but _exit, which is async-signal-safe.
        unsafe { libc::signal(signal, handler) };
    }
    // SAFETY: the set is initialised by sigemptyset before sigprocmask reads it.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

fn cpu_seconds_used() -> io::Result<u64> {
    // SAFETY: rusage is plain data for which zeroes are valid, and getrusage
    // writes into it only.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        if libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) != 0 {
            return Err(io::Error::last_os_error());
        }
        usage
    };
    let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
    Ok(u64::try_from(seconds).unwrap_or(0))
}
