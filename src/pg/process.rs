//! The reader process: spawned, fed, and reaped on every way out.
//!
//! One for the imports of a backend, and one for each look into a workbook, which
//! may stand open beside an import (a cursor over it). An unreaped child that dies of a signal would make
//! a postmaster that is PID 1 restart the cluster, so whoever leaves, by Drop,
//! transaction end or process exit, kills it and waits for it.
//!
//! Here is which readers there are; [`spawn`] starts one, [`talk`] is what goes through its socket, [`reap`] its end.

mod reap;
mod spawn;
mod talk;

pub use spawn::reader_path;
pub use talk::{Received, receive, send};

use super::error::Failure;
use super::next_file::Asked;
use pgrx::pg_sys;
use reap::{reap, reap_dead};
use spawn::spawn;
use std::cell::{Cell, RefCell};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// A running reader.
pub struct Process {
    pid: libc::pid_t,
    socket: OwnedFd,
    /// What it was asked for ahead: nobody else has the answer, and its descriptor ends with it.
    asked: Option<Asked>,
}

thread_local! {
    static CURRENT: RefCell<Option<Process>> = const { RefCell::new(None) };
    static OWN: RefCell<Vec<Process>> = const { RefCell::new(Vec::new()) };
    static HOOKED: Cell<bool> = const { Cell::new(false) };
}

/// Notes what the reader of imports was asked for ahead.
pub fn ask(asked: Asked) {
    CURRENT.with_borrow_mut(|current| {
        if let Some(process) = current {
            process.asked = Some(asked);
        }
    });
}

/// Takes what the reader of imports was asked for ahead, if its answers were not taken.
pub fn take_asked() -> Option<Asked> {
    CURRENT.with_borrow_mut(|current| current.as_mut()?.asked.take())
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

/// Reaps a reader that has hung up by itself; how it ended, for the DETAIL.
pub fn end_of_dead(own: Option<RawFd>) -> String {
    let process = match own {
        Some(socket) => take_own(socket),
        None => CURRENT.with_borrow_mut(Option::take),
    };
    process.map_or_else(|| "It had ended before.".into(), reap_dead)
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

/// Kills the reader when dropped: the end of one call of an import function.
pub struct EndReader;

impl Drop for EndReader {
    fn drop(&mut self) {
        end();
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
