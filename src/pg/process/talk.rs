//! Bytes to and from the reader, with waits that can be cancelled.

use crate::pg::{guc, transaction};
use pgrx::pg_sys;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

/// Sends `bytes`, with `descriptor` riding on the first of them. Waits for the
/// socket while the reader is busy; cancellable. False when the reader has hung up.
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
            std::io::ErrorKind::Interrupted => transaction::check_for_interrupts(),
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
            std::io::ErrorKind::Interrupted => transaction::check_for_interrupts(),
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
    transaction::check_for_interrupts();
}
