//! Checks on the open descriptor before and after it is read.

use crate::fail::{Failed, FailureKind, Result, failed, io_failure, over_limit};
use std::fs::File;
use std::os::unix::fs::MetadataExt;

/// What must not change while a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The file's stamp now.
    ///
    /// # Errors
    /// Io (58030).
    pub fn of(file: &File) -> Result<Stamp> {
        let meta = file.metadata().map_err(|e| io_failure(&e))?;
        Ok(Stamp {
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }

    /// The file's size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Checks that the file is as it was.
    ///
    /// # Errors
    /// StillWritten (55006), Io (58030).
    pub fn check(&self, file: &File) -> Result<()> {
        if Stamp::of(file)? == *self {
            return Ok(());
        }
        Err(Failed {
            detail: Some("Its size or time stamp changed while it was read.".into()),
            hint: Some("Import it again when its writer is done.".into()),
            ..failed(FailureKind::StillWritten, "the file is still being written")
        })
    }
}

/// Checks a file that is about to be read.
///
/// # Errors
/// BadArgument (22023) for anything but a regular file, Empty (22000) for 0
/// bytes, OverLimit (54000) above `max_bytes`, Io (58030).
pub fn check(file: &File, max_bytes: u64) -> Result<Stamp> {
    let meta = file.metadata().map_err(|e| io_failure(&e))?;
    if !meta.is_file() {
        return Err(failed(FailureKind::BadArgument, "not a regular file"));
    }
    if meta.size() == 0 {
        return Err(Failed {
            hint: Some("A transfer may have been cut short.".into()),
            ..failed(FailureKind::Empty, "the file is empty (0 bytes)")
        });
    }
    if meta.size() > max_bytes {
        return Err(over_limit(
            format!(
                "the file of {} bytes is over the limit of {max_bytes} bytes",
                meta.size()
            ),
            "Raise \"pgdatahub.max_file_size\".",
        ));
    }
    Stamp::of(file)
}
