//! What stat(2) says: of open files, and of those on record.

use crate::pg::error::Failure;
use pgdatahub_core::discover;
use rustix::io::Errno;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What stat(2) says of an open file, for dedup without reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    pub device: i64,
    pub inode: i64,
    pub bytes: i64,
    pub mtime: i64,
    pub ctime: i64,
}

/// What stat(2) says of an open file.
///
/// # Errors
/// 58030
pub fn stat(file: &OwnedFd) -> Result<FileStat, Failure> {
    let stat = rustix::fs::fstat(file)
        .map_err(|e| Failure::new("58030", format!("could not stat an open file: {e}")))?;
    Ok(file_stat(&stat))
}

/// What stat(2) says of a recorded path; none where nothing is there or it cannot be asked.
pub fn stat_of(path: &str) -> Option<FileStat> {
    let recorded = rustix::fs::stat(path);
    let found = recorded.or_else(|_| rustix::fs::stat(discover::undisplay_path(path)));
    found.ok().as_ref().map(file_stat)
}

pub(super) fn file_stat(stat: &rustix::fs::Stat) -> FileStat {
    FileStat {
        device: stat.st_dev as i64,
        inode: stat.st_ino as i64,
        bytes: stat.st_size,
        mtime: stat.st_mtime * 1_000_000_000 + stat.st_mtime_nsec as i64,
        ctime: stat.st_ctime * 1_000_000_000 + stat.st_ctime_nsec as i64,
    }
}

/// The absolute path of an open file, symlinks resolved, as text.
///
/// # Errors
/// 58030 when /proc does not tell.
pub fn resolved_path(file: &OwnedFd) -> Result<String, Failure> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    let path = rustix::fs::readlink(link.as_str(), Vec::new()).map_err(|e| {
        Failure::new(
            "58030",
            format!("could not resolve the path of an open file: {e}"),
        )
    })?;
    let path = std::ffi::OsString::from_vec(path.into_bytes());
    Ok(discover::display_path(path.as_bytes()))
}

/// Whether a recorded file is still where it was. Errors other than "missing" count as there.
pub fn is_gone(path: &str) -> bool {
    let missing = |path: &[u8]| matches!(rustix::fs::stat(path), Err(Errno::NOENT | Errno::NOTDIR));
    missing(path.as_bytes()) && missing(&discover::undisplay_path(path))
}
