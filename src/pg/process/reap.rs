//! Waiting for a reader that has ended or shall end.

use super::Process;
use pgrx::pg_sys;
use std::time::{Duration, Instant};

/// Kills and reaps a reader. Raises nothing.
pub(super) fn reap(process: Process) {
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

/// Reaps a reader that has hung up by itself; how it ended, for the DETAIL.
pub(super) fn reap_dead(process: Process) -> String {
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
