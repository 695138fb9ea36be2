//! Which files are imported, and into which table a folder goes.
//!
//! Pure rules over names; walking the file system is the backend's. One file
//! per rule: [`classify`], [`display_path`], [`table_name`],
//! [`check_distinct`], [`Glob`].

mod files;
mod glob;
mod tables;

pub use files::{FileKind, classify, display_path, undisplay_path};
pub use glob::Glob;
pub use tables::{FolderTarget, TwoFolders, check_distinct, table_name};
