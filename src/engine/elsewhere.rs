//! A file whose bytes are in already under another path.

use super::import_file::Call;
use super::replacement;
use super::schema::TargetTable;
use crate::pg::access;
use crate::pg::audit::{self, Import, Sheet};
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use pgdatahub_core::config::OnChange;
use pgdatahub_core::protocol::Opened;

/// Whether the file at the other path has other content by now. Its import replaces these rows
/// then, so the bytes must go in under this path, or it would depend on the order of the files
/// whether they are in at the end. A file that is gone keeps its rows, as ever.
///
/// # Errors
/// The audit's.
pub fn has_moved_on(import: &Import, on_change: OnChange) -> Result<bool, Failure> {
    match access::stat_of(&import.source_file) {
        Some(stat) if on_change == OnChange::Replace => audit::was_written(import.import_id, &stat),
        _ => Ok(false),
    }
}

/// The file's earlier content makes way, though nothing comes in its place: what it holds now is
/// in under the other path. `import` is that one's.
///
/// # Errors
/// Those of [`replacement::remove_earlier`] and [`replacement::check`].
pub fn make_way(
    table: &TargetTable,
    key: (Sheet<'_>, OnChange),
    opened: &Opened,
    call: &Call,
    row: &mut FileRow,
    (import, percent, say): (&Import, Option<u32>, bool),
) -> Result<(), Failure> {
    let removed = replacement::remove_earlier(table, key, opened, call, row, (None, say))?;
    if removed.is_empty() {
        return Ok(());
    }
    let rows = import.row_count;
    replacement::check(&removed, rows, percent, &table.name, &row.source_file)?;
    row.status = if call.ledger.plans() {
        "planned"
    } else {
        "replaced"
    };
    row.row_count = Some(0);
    row.rows_removed = Some(removed.iter().map(|r| r.deleted).sum());
    Ok(())
}
