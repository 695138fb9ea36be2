//! Requests that do not wait for the answer to the one before: the next file's, and several files' hashes.

use super::{Client, FILES_PER_READER, Frame, SERVED, open_request, refused};
use crate::pg::error::Failure;
use crate::pg::next_file::{self, Asked, NextFile};
use crate::pg::process;
use pgdatahub_core::protocol::frame;
use pgdatahub_core::protocol::{Opened, Request, Response};
use std::os::fd::{AsRawFd, OwnedFd};

impl Client {
    /// The SHA-256 of files, up to the first that cannot be opened as a workbook or ends the reader,
    /// which is said at its turn: asked for all at once, so that the reader is at the next one while
    /// an answer is on its way.
    ///
    /// # Errors
    /// 58000 when the reader cannot be started.
    pub fn hashes(files: &[OwnedFd]) -> Result<Vec<String>, Failure> {
        let mut client = Client::ready()?;
        if let Some(asked) = process::take_asked() {
            client = client.without_pending(asked.answers)?;
        }
        SERVED.set(SERVED.get() + files.len() as u32);
        let request = Request::Open(open_request(false));
        for file in files {
            if client.send(&request, Some(file.as_raw_fd())).is_err() {
                break;
            }
        }
        let mut hashes = Vec::with_capacity(files.len());
        let mut all = true;
        for _ in files {
            // One of several answers leaves others under way.
            client.answering = true;
            match client.next() {
                Ok(Frame::Control(Response::Opened(opened))) if all => hashes.push(opened.sha256),
                Ok(Frame::Control(_)) => all = false,
                // The client's end is the reader's.
                Ok(Frame::Rows { .. }) | Err(_) => {
                    client.answering = true;
                    break;
                }
            }
        }
        Ok(hashes)
    }

    /// Asks for the next file's opening and head while this one's stream is on its way: the reader
    /// turns to them when it has sent the last row, and need not wait for what becomes of the rows.
    /// This client can take the stream to its end, and no more.
    ///
    /// # Errors
    /// 58000 when the reader died.
    pub fn ask_ahead(&mut self, next: NextFile) -> Result<(), Failure> {
        let NextFile {
            file,
            stat,
            names,
            head,
        } = next;
        let open = open_request(names);
        let request = Request::Head(head.clone());
        let length = frame::control(&request).map_or(usize::MAX, |frame| frame.len());
        let last = SERVED.get() + 1 >= FILES_PER_READER;
        if self.own || last || length > next_file::LARGEST_HEAD {
            return Ok(());
        }
        self.send(&Request::Open(open.clone()), Some(file.as_raw_fd()))?;
        self.send(&request, None)?;
        SERVED.set(SERVED.get() + 1);
        self.moved_on = true;
        process::ask(Asked {
            file,
            stat,
            open,
            head,
            answers: 2,
        });
        Ok(())
    }

    /// Takes the answer to the opening that was asked for ahead; the head's follows it.
    pub(super) fn take_over(&mut self, mut asked: Asked) -> Result<Opened, Failure> {
        self.answering = true;
        let answer = self.next()?;
        asked.answers = 1;
        process::ask(asked);
        match answer {
            Frame::Control(Response::Opened(opened)) => Ok(opened),
            Frame::Control(Response::Failed(failed)) => Err(refused(failed)),
            Frame::Control(other) => Err(self.unexpected(&other)),
            Frame::Rows { .. } => Err(self.rows_for_an_answer()),
        }
    }

    /// A client behind answers that nobody wants any more; with a new reader where this one ended over them.
    pub(super) fn without_pending(mut self, answers: u8) -> Result<Client, Failure> {
        for _ in 0..answers {
            self.answering = true;
            if self.next().is_err() {
                drop(self);
                process::end();
                return Client::ready();
            }
        }
        Ok(self)
    }
}
