//! Walking a folder for its workbooks.

use super::Grant;
use super::stat::file_stat;
use crate::pg::error::Failure;
use crate::pg::transaction;
use pgdatahub_core::discover::{self, FileKind};
use rustix::fs::{AtFlags, Dir, FileType, OFlags, Stat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Directories deeper than this are not walked into.
const MAX_DEPTH: usize = 64;

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
    /// The workbooks below the granted folder, sorted by path.
    ///
    /// # Errors
    /// 58P01 when the folder is missing, 42809 when it is none.
    pub fn list(&self) -> Result<Listing, Failure> {
        let top = self.open_dir(Path::new("")).map_err(|e| match e {
            Errno::NOTDIR => Failure::new(
                "42809",
                format!("\"{}\" is not a folder", self.path.display()),
            )
            .hint("Use pgdatahub.import_file for a single workbook."),
            e => self.failure(Path::new(""), e),
        })?;
        let mut walk = Walk {
            grant: self,
            trail: Vec::new(),
            listing: Listing::default(),
        };
        walk.folder(&top, Path::new(""));
        let mut listing = walk.listing;
        listing
            .workbooks
            .sort_by(|a, b| a.relative.as_os_str().cmp(b.relative.as_os_str()));
        Ok(listing)
    }
}

struct Walk<'a> {
    grant: &'a Grant,
    /// Device and inode of the folders from the granted one down to here.
    trail: Vec<(u64, u64)>,
    listing: Listing,
}

impl Walk<'_> {
    fn folder(&mut self, dir: &OwnedFd, below: &Path) {
        transaction::check_for_interrupts();
        // A link to a folder above it would be walked for ever.
        match rustix::fs::fstat(dir) {
            Ok(stat)
                if self.trail.contains(&(stat.st_dev, stat.st_ino))
                    || self.trail.len() >= MAX_DEPTH =>
            {
                return;
            }
            Ok(stat) => self.trail.push((stat.st_dev, stat.st_ino)),
            Err(error) => return self.unreadable(below, error),
        }
        match Dir::read_from(dir) {
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        Ok(entry) => self.entry(entry.file_name().to_bytes(), dir, below),
                        Err(error) => self.unreadable(below, error),
                    }
                }
            }
            Err(error) => self.unreadable(below, error),
        }
        self.trail.pop();
    }

    fn entry(&mut self, name: &[u8], dir: &OwnedFd, below: &Path) {
        if name == b"." || name == b".." {
            return;
        }
        let relative = below.join(OsStr::from_bytes(name));
        let follow = if self.grant.beneath.is_some() {
            AtFlags::SYMLINK_NOFOLLOW
        } else {
            AtFlags::empty()
        };
        let stat = rustix::fs::statat(dir, OsStr::from_bytes(name), follow);
        let kind = stat
            .as_ref()
            .map(|stat| FileType::from_raw_mode(stat.st_mode));
        // A link below a data root may lead to a folder or a file; opening says which, or refuses.
        let is_link = matches!(kind, Ok(FileType::Symlink));
        if matches!(kind, Ok(FileType::Directory)) || is_link {
            if name.starts_with(b".") {
                self.listing.ignored += 1;
                return;
            }
            match self.grant.open_dir(&relative) {
                Ok(sub) => return self.folder(&sub, &relative),
                Err(_) if is_link => {}
                Err(error) => return self.unreadable(&relative, error),
            }
        }
        if discover::classify(name) != FileKind::Workbook {
            self.listing.ignored += 1;
            return;
        }
        // Of a link, what it leads to.
        let stat = match is_link {
            true => self
                .grant
                .open(&relative, OFlags::PATH)
                .and_then(|file| rustix::fs::fstat(&file)),
            false => stat,
        };
        self.workbook(relative, below, stat.as_ref().ok());
    }

    fn workbook(&mut self, relative: PathBuf, below: &Path, stat: Option<&Stat>) {
        let stat = stat.map(file_stat);
        let folders = below
            .components()
            .map(|part| discover::display_path(part.as_os_str().as_bytes()))
            .collect();
        self.listing.workbooks.push(Found {
            relative,
            folders,
            bytes: stat.map_or(0, |stat| stat.bytes),
            mtime: stat.map_or(0, |stat| stat.mtime),
        });
    }

    fn unreadable(&mut self, below: &Path, error: Errno) {
        self.listing
            .unreadable
            .push((self.grant.display(below), error.to_string()));
    }
}
