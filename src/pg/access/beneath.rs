//! Resolving beneath a root, never outside of it: by the kernel, or one component at a time.

use crate::pg::transaction;
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

/// Opens below `root`, never outside of it.
pub(super) fn open(root: &OwnedFd, below: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
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
