//! The input file: one open descriptor, read by position.
//!
//! Never mapped into memory: a file truncated meanwhile would be a SIGBUS.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// A cursor of its own over the shared descriptor, so that several parts of a
/// workbook can be read side by side.
#[derive(Debug, Clone)]
pub struct Source {
    file: Arc<File>,
    position: u64,
    length: u64,
}

impl Source {
    /// A cursor at the start of `file`, which is `length` bytes long.
    pub fn new(file: Arc<File>, length: u64) -> Source {
        Source {
            file,
            position: 0,
            length,
        }
    }

    /// The file's length in bytes when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Up to `bytes` bytes from the file's start.
    ///
    /// # Errors
    /// Those of pread(2).
    pub fn start(&self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut buffer = Vec::new();
        let mut cursor = Source {
            position: 0,
            ..self.clone()
        };
        (&mut cursor).take(bytes as u64).read_to_end(&mut buffer)?;
        Ok(buffer)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..wanted], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the start"))?;
        Ok(self.position)
    }
}
