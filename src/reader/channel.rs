//! Frames over the socket to the backend; the input's descriptor comes with one (SCM_RIGHTS).

use crate::fail::{FailureKind, Result, failed, over_limit};
use crate::sink::Sink;
use pgdatahub_core::protocol::frame::{self, FrameKind, HEADER_LEN};
use pgdatahub_core::protocol::rows::{Run, prefix};
use pgdatahub_core::protocol::{Reject, Request, Response};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::fs::File;
use std::io::{self, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// A payload is received in pieces of this many bytes: its length is a claim.
const PIECE: usize = 64 << 10;

/// The reader's end of the socket.
pub struct Channel {
    socket: UnixStream,
    descriptor: Option<OwnedFd>,
}

impl Channel {
    /// A channel over `socket`.
    pub fn new(socket: UnixStream) -> Channel {
        Channel {
            socket,
            descriptor: None,
        }
    }

    /// The next request, with the file that came with it. None when the backend
    /// closed its end.
    ///
    /// # Errors
    /// A broken socket or a frame that is none; nothing more can be received then.
    pub fn receive(&mut self) -> io::Result<Option<(Request, Option<File>)>> {
        let mut header = [0; HEADER_LEN];
        if !self.fill(&mut header)? {
            return Ok(None);
        }
        let (kind, length) = frame::parse_header(header).map_err(io::Error::other)?;
        if kind != FrameKind::Control {
            return Err(io::Error::other("the backend sent rows"));
        }
        let mut payload = Vec::new();
        while payload.len() < length {
            let start = payload.len();
            payload.resize(length.min(start + PIECE), 0);
            if !self.fill(&mut payload[start..])? {
                return Ok(None);
            }
        }
        let request = frame::parse_control(&payload).map_err(io::Error::other)?;
        Ok(Some((request, self.descriptor.take().map(File::from))))
    }

    /// Sends a response.
    ///
    /// # Errors
    /// A broken socket; OverLimit (54000) for a response over the frame's bound.
    pub fn send(&mut self, response: &Response) -> Result<()> {
        let frame = frame::control(response).map_err(|_| {
            over_limit(
                "the sheet's headers are too large",
                "Shorten the header texts.",
            )
        })?;
        self.write(&frame)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.socket.write_all(bytes).map_err(|e| {
            failed(
                FailureKind::Io,
                format!("could not write to the backend: {e}"),
            )
        })
    }

    /// Fills `buffer`; false at the end of the stream.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.receive_some(&mut buffer[filled..]) {
                Ok(0) => return Ok(false),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn receive_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(
            &self.socket,
            &mut [IoSliceMut::new(buffer)],
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        )?;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                // The last one counts; the others are closed by being dropped.
                self.descriptor = descriptors.last().or(self.descriptor.take());
            }
        }
        Ok(received.bytes)
    }
}

impl Sink for Channel {
    fn rows(&mut self, runs: &[Run], encoded: &[u8]) -> Result<()> {
        let prefix = prefix(runs);
        let mut start = Vec::with_capacity(HEADER_LEN + prefix.len());
        start.extend_from_slice(&frame::header(
            FrameKind::Rows,
            prefix.len() + encoded.len(),
        ));
        start.extend_from_slice(&prefix);
        self.write(&start)?;
        self.write(encoded)
    }

    fn rejects(&mut self, rejects: Vec<Reject>) -> Result<()> {
        self.send(&Response::Rejects { rejects })
    }
}
