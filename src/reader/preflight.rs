//! Checks on the open descriptor before and after it is read.

use crate::fail::{Failed, FailureKind, Result, failed, io_failure, over_limit};
use rustix::fs::{FileType, Stat};
use std::fs::File;

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
        let stat = stat(file)?;
        Ok(Stamp {
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: (stat.st_mtime, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime, stat.st_ctime_nsec as i64),
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
    if FileType::from_raw_mode(stat(file)?.st_mode) != FileType::RegularFile {
        return Err(failed(FailureKind::BadArgument, "not a regular file"));
    }
    let stamp = Stamp::of(file)?;
    if stamp.size() == 0 {
        return Err(Failed {
            hint: Some("A transfer may have been cut short.".into()),
            ..failed(FailureKind::Empty, "the file is empty (0 bytes)")
        });
    }
    if stamp.size() > max_bytes {
        return Err(over_limit(
            format!(
                "the file of {} bytes is over the limit of {max_bytes} bytes",
                stamp.size()
            ),
            "Raise \"pgdatahub.max_file_size\".",
        ));
    }
    Ok(stamp)
}

/// By the descriptor alone: the standard library asks in a way that could also
/// name a path, which the sandbox forbids.
fn stat(file: &File) -> Result<Stat> {
    rustix::fs::fstat(file).map_err(|error| io_failure(&error.into()))
}
