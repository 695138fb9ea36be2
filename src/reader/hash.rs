//! The SHA-256 of a file's content: the key under which an import is never repeated.

use crate::fail::{Result, io_failure};
use crate::source::Source;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io::{ErrorKind, Read};

/// The SHA-256 of `source` from its position to its end, as 64 lower-case
/// hexadecimal digits, and how many bytes that were.
///
/// # Errors
/// Io (58030).
pub fn sha256(mut source: Source) -> Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    let mut bytes = 0;
    loop {
        match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(io_failure(&error)),
        }
    }
    let mut digits = String::with_capacity(64);
    for byte in hasher.finalize() {
        let _ = write!(digits, "{byte:02x}");
    }
    Ok((digits, bytes))
}
