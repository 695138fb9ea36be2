//! Files of the server: who may read what, and opening without being led astray.
//!
//! A role with pg_read_server_files reads any path; symlinks are followed. Any
//! other role reads below `pgdatahub.data_roots` only, resolved beneath the
//! root by the kernel ([`beneath`]), so that no link and no race leads out of it.
//! What may be read is a [`Grant`]; it opens files, and walks folders ([`walk`]).

mod beneath;
mod stat;
mod walk;

pub use stat::{FileStat, is_gone, resolved_path, stat, stat_of};
pub use walk::{Found, Listing};

use super::error::Failure;
use super::guc;
use pgdatahub_core::discover;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// A path that the calling role may read.
pub struct Grant {
    /// The path as asked for.
    path: PathBuf,
    /// Some: resolve beneath this descriptor; None: anywhere.
    beneath: Option<(OwnedFd, PathBuf)>,
}

impl Grant {
    /// Whether the calling role may read `path` at all; nothing is looked at before that is known.
    ///
    /// # Errors
    /// 22023 for a relative path, 42501 without the right.
    pub fn new(path: &str) -> Result<Grant, Failure> {
        if !path.starts_with('/') {
            return Err(
                Failure::new("22023", format!("path \"{path}\" is not absolute"))
                    .hint("Give the path as the server sees it, from the root: '/srv/excel'."),
            );
        }
        let path = PathBuf::from(path);
        if super::setup::reads_server_files() {
            return Ok(Grant {
                path,
                beneath: None,
            });
        }
        let denied = || {
            Failure::new("42501", format!("permission denied to read \"{}\" on the server", path.display()))
                .detail("Only roles with the privileges of pg_read_server_files may read any file; others read below pgdatahub.data_roots.")
                .hint("GRANT pg_read_server_files TO the role, or add the folder to pgdatahub.data_roots.")
        };
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(denied());
        }
        for root in guc::text(&guc::DATA_ROOTS).unwrap_or_default().split(',') {
            let root = Path::new(root.trim());
            if !root.is_absolute() {
                continue;
            }
            if let Ok(below) = path.strip_prefix(root) {
                let fd = rustix::fs::open(
                    root,
                    OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
                    Mode::empty(),
                )
                .map_err(|_| denied())?;
                let below = below.to_path_buf();
                return Ok(Grant {
                    path,
                    beneath: Some((fd, below)),
                });
            }
        }
        Err(denied())
    }

    /// Opens a regular file below the granted path (or the path itself, with an empty `below`).
    ///
    /// # Errors
    /// 58P01 missing, 42501 not readable by the server, 58030 else; 42809 not a regular file.
    pub fn open_file(&self, below: &Path) -> Result<OwnedFd, Failure> {
        // O_NONBLOCK: opening a FIFO must not wait for its writer.
        let fd = self
            .open(below, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
            .map_err(|e| self.failure(below, e))?;
        let stat = rustix::fs::fstat(&fd).map_err(|e| self.failure(below, e))?;
        match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
            rustix::fs::FileType::RegularFile => Ok(fd),
            rustix::fs::FileType::Directory => Err(Failure::new(
                "42809",
                format!("\"{}\" is a directory", self.display(below)),
            )
            .hint("Use pgdatahub.import_folder for a folder.")),
            _ => Err(Failure::new(
                "42809",
                format!("\"{}\" is not a regular file", self.display(below)),
            )),
        }
    }

    fn open_dir(&self, below: &Path) -> Result<OwnedFd, Errno> {
        self.open(below, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    fn open(&self, below: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        match &self.beneath {
            None => rustix::fs::open(joined(&self.path, below), flags, Mode::empty()),
            Some((root, prefix)) => beneath::open(root, &joined(prefix, below), flags),
        }
    }

    /// The path as a person reads it.
    pub fn display(&self, below: &Path) -> String {
        let path = joined(&self.path, below);
        discover::display_path(path.as_os_str().as_bytes())
    }

    fn failure(&self, below: &Path, error: Errno) -> Failure {
        let path = self.display(below);
        match error {
            Errno::NOENT | Errno::NOTDIR => Failure::new(
                "58P01",
                format!("\"{path}\" does not exist"),
            )
            .detail(
                "The path is looked up on the server, as the operating system user that runs it.",
            ),
            Errno::ACCESS | Errno::PERM => Failure::new(
                "42501",
                format!("the server may not read \"{path}\""),
            )
            .detail("The operating system user that runs the server has no right to it.")
            .hint(format!(
                "Grant that user read access, for example: setfacl -m u:postgres:rX '{path}'"
            )),
            Errno::XDEV | Errno::LOOP if self.beneath.is_some() => Failure::new(
                "42501",
                format!("\"{path}\" leads out of pgdatahub.data_roots"),
            )
            .detail("A symbolic link on the way points elsewhere."),
            error => Failure::new("58030", format!("could not open \"{path}\": {error}")),
        }
    }

    /// The granted folder's own path with symlinks resolved.
    pub fn resolved_folder(&self) -> Option<String> {
        let fd = self.open_dir(Path::new("")).ok()?;
        resolved_path(&fd).ok()
    }
}

/// `path` and what is below it; joining nothing would end it in a slash, which no file has.
fn joined(path: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() {
        path.to_path_buf()
    } else {
        path.join(below)
    }
}

/// The whole of a small file, through the same rights as any other.
///
/// # Errors
/// As [`Grant::open_file`]; 54000 above `limit` bytes.
pub fn read_small(grant: &Grant, below: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let fd = grant.open_file(below)?;
    let mut bytes = Vec::new();
    let file = std::fs::File::from(fd);
    std::io::Read::read_to_end(&mut std::io::Read::take(file, limit as u64 + 1), &mut bytes)
        .map_err(|e| {
            Failure::new(
                "58030",
                format!("could not read \"{}\": {e}", grant.display(below)),
            )
        })?;
    if bytes.len() > limit {
        return Err(Failure::new(
            "54000",
            format!("\"{}\" is larger than {limit} bytes", grant.display(below)),
        ));
    }
    Ok(bytes)
}
