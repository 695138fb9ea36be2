//! A part that a thread of its own inflates while what came before is being scanned.
//!
//! Inflating is a third of the work of reading a large sheet, and nothing in it
//! depends on what the rest finds. The thread is a few pieces ahead at most.

use crate::part::Part;
use std::io::{self, Read};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Below this inflated size, in bytes, a thread costs more than it gains.
const WORTH_A_THREAD: u64 = 1 << 20;

/// Bytes in a piece.
const PIECE: usize = 128 << 10;

/// Most pieces inflated and not yet taken.
const PIECES: usize = 4;

/// The thread calls the inflater and the checksum, which are shallow.
const STACK: usize = 256 << 10;

/// Whether this process may run on several processors. On one a thread gains nothing, and costs
/// a copy of all that it inflates.
static SEVERAL: OnceLock<bool> = OnceLock::new();

/// Looks how many processors there are; to be called before a confinement in which that may not be asked.
pub fn several_processors() -> bool {
    *SEVERAL.get_or_init(|| {
        rustix::thread::sched_getaffinity(None).map_or(true, |processors| processors.count() > 1)
    })
}

/// A part's content, inflated here or ahead.
pub enum Ahead {
    /// By whoever reads.
    Here(Part),
    /// By a thread, which ends when this is dropped.
    Thread(Pieces),
}

/// The reader's end of the thread.
pub struct Pieces {
    full: Receiver<io::Result<Vec<u8>>>,
    empty: Sender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Ahead {
    /// The content of `part`, which says that it inflates to `size` bytes.
    pub fn new(part: Part, size: u64) -> Ahead {
        if size < WORTH_A_THREAD || !several_processors() {
            return Ahead::Here(part);
        }
        let (full, pieces) = sync_channel(PIECES);
        let (empty, used) = channel();
        let (to_thread, parts) = channel();
        // The part comes after the thread, so that it is still here if there is none to be had.
        let thread = std::thread::Builder::new().stack_size(STACK);
        let started = thread.spawn(move || {
            if let Ok(part) = parts.recv() {
                inflate(part, &full, &used);
            }
        });
        let sent = match started {
            Ok(_) => to_thread.send(part).map_err(|unsent| unsent.0),
            Err(_) => Err(part),
        };
        match sent {
            Ok(()) => Ahead::Thread(Pieces {
                full: pieces,
                empty,
                piece: Vec::new(),
                at: 0,
                ended: false,
            }),
            Err(part) => Ahead::Here(part),
        }
    }
}

/// Sends the part piece by piece; an empty piece or an error is the last one.
fn inflate(mut part: Part, full: &SyncSender<io::Result<Vec<u8>>>, used: &Receiver<Vec<u8>>) {
    loop {
        let mut piece = used.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let (length, error) = fill(&mut part, &mut piece);
        piece.truncate(length);
        let last = length == 0;
        // What came before an error is scanned before the error is told.
        if (error.is_none() || length > 0) && full.send(Ok(piece)).is_err() {
            return;
        }
        if let Some(error) = error {
            let _ = full.send(Err(error));
            return;
        }
        if last {
            return;
        }
    }
}

/// Fills `piece` as far as the part goes: how far, and what ended it if that was an error.
fn fill(part: &mut Part, piece: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut filled = 0;
    while filled < piece.len() {
        match part.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(error)),
        }
    }
    (filled, None)
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Ahead::Here(part) => part.read(buffer),
            Ahead::Thread(pieces) => pieces.read(buffer),
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.ended {
            return Ok(0);
        }
        if self.at == self.piece.len() {
            let used = std::mem::take(&mut self.piece);
            // The thread may have ended already and need no more room.
            let _ = self.empty.send(used);
            let next = self.full.recv().unwrap_or_else(|_| {
                Err(io::Error::other(
                    "inflating it ran into a case that is not handled",
                ))
            });
            self.ended = !matches!(&next, Ok(piece) if !piece.is_empty());
            (self.piece, self.at) = (next?, 0);
        }
        let rest = &self.piece[self.at..];
        let take = rest.len().min(buffer.len());
        buffer[..take].copy_from_slice(&rest[..take]);
        self.at += take;
        Ok(take)
    }
}
