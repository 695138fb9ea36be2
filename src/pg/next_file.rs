//! The file behind the one under way, asked for before its turn.
//!
//! Of many small files each keeps the reader busy for as long as the database; asked for one
//! by one, each waits for the other. So the reader is told of the next file when it is given
//! the last request of this one. Whether it is the next file is found out at its turn: what
//! was asked for is used if path and settings lead to the same file and the same question,
//! and thrown away otherwise.

use super::access::FileStat;
use pgdatahub_core::protocol::{HeadRequest, OpenRequest};
use std::os::fd::OwnedFd;

/// A request larger than this is not made ahead: it must fit into the socket, whose other
/// direction may be full of rows that nobody takes before it is sent. In bytes.
pub const LARGEST_HEAD: usize = 64 << 10;

/// A larger file is not asked for ahead: it may not be wanted, and reading it gains little.
const LARGEST_FILE: i64 = 4 << 20;

/// A file that is likely to be read next, and how.
pub struct NextFile {
    pub file: OwnedFd,
    pub stat: FileStat,
    /// Whether its defined names are wanted.
    pub names: bool,
    pub head: HeadRequest,
}

/// What was asked for ahead.
pub struct Asked {
    pub file: OwnedFd,
    pub stat: FileStat,
    pub open: OpenRequest,
    pub head: HeadRequest,
    /// Answers that are still to come: of two the first is the opening's, the last the head's.
    pub answers: u8,
}

impl Asked {
    /// Whether it is what would be asked for a file of this stat now.
    pub fn is_for(&self, stat: &FileStat, open: &OpenRequest) -> bool {
        self.answers == 2 && self.stat == *stat && self.open == *open
    }
}

/// Whether a file is worth it by its size in bytes.
pub fn is_small(bytes: i64) -> bool {
    bytes <= LARGEST_FILE
}
