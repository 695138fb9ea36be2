//! The file itself: opened, unless its stat says that it is in already.

use super::Call;
use super::skipping::skipped;
use crate::engine::targets::Source;
use crate::engine::{file_sheets, kept_settings};
use crate::pg::access::{self, FileStat, Grant};
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::guc::{self, Rehash};
use crate::pg::{audit, next_file, registry};
use std::os::fd::OwnedFd;

/// An open workbook, not yet read.
pub struct File<'a> {
    pub fd: OwnedFd,
    pub stat: FileStat,
    /// As the record of imports keeps them, in JSON.
    pub settings: String,
    /// The file after it, which the reader may turn to ahead of its turn.
    pub behind: Option<(&'a Grant, &'a Source)>,
}

/// Whether a file is of the same table and settings, and small enough to be read ahead of its turn.
pub fn likely_alike(source: &Source, next: &Source) -> bool {
    next.folder == source.folder && next.target == source.target && next_file::is_small(next.bytes)
}

/// Opens the file, unless its stat says that it is in already.
pub fn open<'a>(
    grant: &Grant,
    source: &Source,
    call: &Call,
    row: &mut FileRow,
) -> Result<Option<File<'a>>, Failure> {
    let fd = grant.open_file(&source.below)?;
    row.source_file = access::resolved_path(&fd)?;
    let stat = access::stat(&fd)?;
    let settings = kept_settings::json(source);
    if guc::REHASH.get() == Rehash::Changed && !call.reimport && !file_sheets::must_open(source) {
        let table = registry::lookup(&source.target)?;
        if let Some(table) = table.filter(|t| t.oid.is_some()) {
            let unchanged = audit::unchanged(&table.recorded, &row.source_file, &stat, &settings)?;
            // No earlier file of a plan can have replaced it: it has the same path.
            if let Some(import) = unchanged.first() {
                row.table = Some(table.name);
                skipped(row, import, None);
                return Ok(None);
            }
        }
    }
    Ok(Some(File {
        fd,
        stat,
        settings,
        behind: None,
    }))
}
