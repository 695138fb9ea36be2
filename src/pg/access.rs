//! Files of the server: who may read what, and opening without being led astray.
//!
//! A role with pg_read_server_files reads any path; symlinks are followed. Any
//! other role reads below `pgdatahub.data_roots` only, resolved beneath the
//! root by the kernel (openat2), so that no link and no race leads out of it.

use super::error::Failure;
use super::{guc, transaction};
use pgdatahub_core::discover::{self, FileKind};
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// Directories deeper than this are not walked into.
const MAX_DEPTH: usize = 64;

/// A path that the calling role may read.
pub struct Grant {
    /// The path as asked for.
    path: PathBuf,
    /// Some: resolve beneath this descriptor; None: anywhere.
    beneath: Option<(OwnedFd, PathBuf)>,
}

/// What stat(2) says of an open file, for dedup without reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    pub device: i64,
    pub inode: i64,
    pub bytes: i64,
    pub mtime: i64,
    pub ctime: i64,
}

/// A workbook found in a folder.
#[derive(Debug, Clone)]
pub struct Found {
    /// Path below the imported folder.
    pub relative: PathBuf,
    /// Folders between the imported one and the file, as text.
    pub folders: Vec<String>,
    /// Size in bytes.
    pub bytes: i64,
    /// Time of the last change, in nanoseconds since 1970.
    pub mtime: i64,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Listing {
    pub workbooks: Vec<Found>,
    /// Files that are no workbooks, lock files, dotfiles.
    pub ignored: u64,
    /// Directories that could not be read, with the reason.
    pub unreadable: Vec<(String, String)>,
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

    /// The workbooks below the granted folder, sorted by path.
    ///
    /// # Errors
    /// 58P01 when the folder is missing, 42809 when it is none.
    pub fn list(&self) -> Result<Listing, Failure> {
        let mut listing = Listing::default();
        let mut trail = Vec::new();
        let top = self.open_dir(Path::new("")).map_err(|e| match e {
            Errno::NOTDIR => Failure::new(
                "42809",
                format!("\"{}\" is not a folder", self.path.display()),
            )
            .hint("Use pgdatahub.import_file for a single workbook."),
            e => self.failure(Path::new(""), e),
        })?;
        self.walk(&top, Path::new(""), &mut trail, &mut listing);
        listing
            .workbooks
            .sort_by(|a, b| a.relative.as_os_str().cmp(b.relative.as_os_str()));
        Ok(listing)
    }

    fn walk(
        &self,
        dir: &OwnedFd,
        below: &Path,
        trail: &mut Vec<(u64, u64)>,
        listing: &mut Listing,
    ) {
        transaction::check_for_interrupts();
        let failed = |listing: &mut Listing, error: Errno| {
            listing
                .unreadable
                .push((self.display(below), error.to_string()));
        };
        // A link to a folder above it would be walked for ever.
        match rustix::fs::fstat(dir) {
            Ok(stat) if trail.contains(&(stat.st_dev, stat.st_ino)) || trail.len() >= MAX_DEPTH => {
                return;
            }
            Ok(stat) => trail.push((stat.st_dev, stat.st_ino)),
            Err(error) => return failed(listing, error),
        }
        match rustix::fs::Dir::read_from(dir) {
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        Ok(entry) => {
                            self.visit(entry.file_name().to_bytes(), dir, below, trail, listing)
                        }
                        Err(error) => failed(listing, error),
                    }
                }
            }
            Err(error) => failed(listing, error),
        }
        trail.pop();
    }

    fn visit(
        &self,
        name: &[u8],
        dir: &OwnedFd,
        below: &Path,
        trail: &mut Vec<(u64, u64)>,
        listing: &mut Listing,
    ) {
        if name == b"." || name == b".." {
            return;
        }
        let relative = below.join(OsStr::from_bytes(name));
        let follow = if self.beneath.is_some() {
            AtFlags::SYMLINK_NOFOLLOW
        } else {
            AtFlags::empty()
        };
        let stat = rustix::fs::statat(dir, OsStr::from_bytes(name), follow);
        let kind = stat
            .as_ref()
            .map(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode));
        // A link below a data root may lead to a folder or a file; opening says which, or refuses.
        let is_link = matches!(kind, Ok(rustix::fs::FileType::Symlink));
        if matches!(kind, Ok(rustix::fs::FileType::Directory)) || is_link {
            if name.starts_with(b".") {
                listing.ignored += 1;
                return;
            }
            match self.open_dir(&relative) {
                Ok(sub) => return self.walk(&sub, &relative, trail, listing),
                Err(_) if is_link => {}
                Err(error) => {
                    listing
                        .unreadable
                        .push((self.display(&relative), error.to_string()));
                    return;
                }
            }
        }
        if discover::classify(name) == FileKind::Workbook {
            // Of a link, what it leads to.
            let stat = match is_link {
                true => self
                    .open(&relative, OFlags::PATH)
                    .and_then(|file| rustix::fs::fstat(&file)),
                false => stat,
            };
            let stat = stat.as_ref().ok().map(file_stat);
            let folders = below
                .components()
                .map(|part| discover::display_path(part.as_os_str().as_bytes()))
                .collect();
            listing.workbooks.push(Found {
                relative,
                folders,
                bytes: stat.map_or(0, |stat| stat.bytes),
                mtime: stat.map_or(0, |stat| stat.mtime),
            });
        } else {
            listing.ignored += 1;
        }
    }

    fn open_dir(&self, below: &Path) -> Result<OwnedFd, Errno> {
        self.open(below, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    fn open(&self, below: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        match &self.beneath {
            None => rustix::fs::open(joined(&self.path, below), flags, Mode::empty()),
            Some((root, prefix)) => beneath(root, &joined(prefix, below), flags),
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
}

/// `path` and what is below it; joining nothing would end it in a slash, which no file has.
fn joined(path: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() {
        path.to_path_buf()
    } else {
        path.join(below)
    }
}

/// Opens below `root`, never outside of it.
fn beneath(root: &OwnedFd, below: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let below = if below.as_os_str().is_empty() {
        Path::new(".")
    } else {
        below
    };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..32 {
        match rustix::fs::openat2(root, below, flags, Mode::empty(), resolve) {
            // The kernel saw a rename on the way and cannot vouch for the result.
            Err(Errno::AGAIN) => transaction::check_for_interrupts(),
            Err(Errno::NOSYS | Errno::PERM) => return component_wise(root, below, flags),
            other => return other,
        }
    }
    Err(Errno::AGAIN)
}

/// Where openat2 is missing: one component at a time, no links at all.
fn component_wise(root: &OwnedFd, below: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let parts: Vec<&OsStr> = below
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(Ok(name)),
            Component::CurDir => None,
            _ => Some(Err(Errno::XDEV)),
        })
        .collect::<Result<_, _>>()?;
    let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut dir = rustix::fs::openat(root, ".", step, Mode::empty())?;
    let Some((last, folders)) = parts.split_last() else {
        return rustix::fs::openat(root, ".", flags, Mode::empty());
    };
    for part in folders {
        dir = rustix::fs::openat(&dir, *part, step, Mode::empty())?;
    }
    rustix::fs::openat(&dir, *last, flags | OFlags::NOFOLLOW, Mode::empty())
}

/// The absolute path of an open file, symlinks resolved, as text.
///
/// # Errors
/// 58030 when /proc does not tell.
pub fn resolved_path(file: &OwnedFd) -> Result<String, Failure> {
    use std::os::fd::AsRawFd;
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

fn file_stat(stat: &rustix::fs::Stat) -> FileStat {
    FileStat {
        device: stat.st_dev as i64,
        inode: stat.st_ino as i64,
        bytes: stat.st_size,
        mtime: stat.st_mtime * 1_000_000_000 + stat.st_mtime_nsec as i64,
        ctime: stat.st_ctime * 1_000_000_000 + stat.st_ctime_nsec as i64,
    }
}

/// Whether a recorded file is still where it was. Errors other than "missing" count as there.
pub fn is_gone(path: &str) -> bool {
    let missing = |path: &[u8]| matches!(rustix::fs::stat(path), Err(Errno::NOENT | Errno::NOTDIR));
    missing(path.as_bytes()) && missing(&discover::undisplay_path(path))
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

impl Grant {
    /// The granted folder's own path with symlinks resolved.
    pub fn resolved_folder(&self) -> Option<String> {
        let fd = self.open_dir(Path::new("")).ok()?;
        resolved_path(&fd).ok()
    }
}
