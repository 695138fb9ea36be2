//! One part of a zip package as a stream: inflated, its size and checksum verified at the end.

use crate::source::Source;
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};

enum Body {
    Stored(BufReader<Take<Source>>),
    Deflated(Box<DeflateDecoder<BufReader<Take<Source>>>>),
}

/// A part's content. A read error of kind `InvalidData` or `UnexpectedEof` means
/// that the content is not what the zip directory says.
pub struct Part {
    body: Body,
    checksum: crc32fast::Hasher,
    expected: u32,
    left: u64,
    ended: bool,
}

impl Part {
    pub(crate) fn open(
        mut source: Source,
        start: u64,
        compressed: u64,
        deflated: bool,
    ) -> io::Result<Part> {
        source.seek(SeekFrom::Start(start))?;
        let raw = BufReader::with_capacity(64 << 10, source.take(compressed));
        let body = if deflated {
            Body::Deflated(Box::new(DeflateDecoder::new(raw)))
        } else {
            Body::Stored(raw)
        };
        Ok(Part {
            body,
            checksum: crc32fast::Hasher::new(),
            expected: 0,
            left: 0,
            ended: false,
        })
    }

    pub(crate) fn expecting(self, size: u64, crc: u32) -> Part {
        Part {
            left: size,
            expected: crc,
            ..self
        }
    }

    fn verify_end(&mut self) -> io::Result<()> {
        self.ended = true;
        if self.left > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it ends early",
            ));
        }
        if self.checksum.clone().finalize() != self.expected {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "its checksum is wrong",
            ));
        }
        Ok(())
    }
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.ended {
            return Ok(0);
        }
        let read = match &mut self.body {
            Body::Stored(raw) => raw.read(buffer)?,
            Body::Deflated(inflater) => inflater.read(buffer)?,
        };
        if read == 0 {
            self.verify_end()?;
            return Ok(0);
        }
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "it is longer than the zip file says",
            )
        })?;
        self.checksum.update(&buffer[..read]);
        Ok(read)
    }
}
