//! What a file's import takes out before it goes in: the earlier content of its path.

use super::file_sheets;
use super::import_file::Call;
use super::revert;
use super::schema::TargetTable;
use crate::pg::audit::{self, Import, Sheet};
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::{ddl, guc};
use pgdatahub_core::config::OnChange;
use pgdatahub_core::protocol::Opened;

/// An earlier import that made way for this one.
pub struct Removed {
    pub deleted: i64,
    /// It was of the same path, not only of the same bytes.
    of_path: bool,
}

/// Removes the earlier imports of this path (they are replaced), and that of these bytes
/// (`same`), which go in anew.
///
/// # Errors
/// 55000 where `on_change` is error; 2BP01 where a foreign key would cascade; the removal's.
pub fn remove_earlier(
    table: &TargetTable,
    (sheet, on_change): (Sheet<'_>, OnChange),
    opened: &Opened,
    call: &Call,
    row: &FileRow,
    (same, say): (Option<Import>, bool),
) -> Result<Vec<Removed>, Failure> {
    let sheets = file_sheets::names(opened);
    let mut earlier = call
        .ledger
        .at_path(&table.name, sheet, &row.source_file, &sheets)?;
    // The same bytes read by another range are the same content, never a new one.
    let changed = |import: &Import| import.sha256 != opened.sha256;
    match on_change {
        OnChange::Error if earlier.iter().any(changed) && !call.reimport => {
            return Err(changed_since(&earlier, row));
        }
        OnChange::Append if !call.reimport => earlier.retain(|import| !changed(import)),
        _ => {}
    }
    earlier.extend(same.filter(|import| earlier.iter().all(|e| e.import_id != import.import_id)));
    if !earlier.is_empty() {
        revert::no_cascade(&table.name).map_err(|failure| {
            failure.hint("Revert the earlier import with cascade => true if that is meant, then import again.")
        })?;
    }
    let mut removed = Vec::with_capacity(earlier.len());
    for import in earlier {
        let of_path = import.source_file == row.source_file;
        let why = match call.reimport || of_path {
            true if import.sha256 == opened.sha256 => "reimport",
            _ => "replaced",
        };
        let deleted = call.ledger.remove(table, &import, why, say)?;
        removed.push(Removed { deleted, of_path });
    }
    if (call.reimport || call.explicit) && !call.ledger.plans() {
        audit::lift_hold(&table.name, sheet, &opened.sha256)?;
    }
    Ok(removed)
}

fn changed_since(earlier: &[Import], row: &FileRow) -> Failure {
    let when = earlier.first().map(|import| import.imported_at.clone());
    Failure::new("55000", "the file has changed since it was imported")
        .detail(format!(
            "{} was imported on {}; on_change is error.",
            row.source_file,
            when.unwrap_or_default()
        ))
        .hint("Revert the earlier import, give reimport => true, or set on_change to replace or append.")
}

/// A re-issue that lost most of its rows is more likely a mistake than a correction.
///
/// # Errors
/// 22000.
pub fn check(
    removed: &[Removed],
    rows: i64,
    percent: Option<u32>,
    table: &TableName,
    source_file: &str,
) -> Result<(), Failure> {
    let percent = percent.map_or(guc::REPLACE_MIN_PERCENT, i64::from);
    let of_path = removed.iter().filter(|r| r.of_path);
    let before: i64 = of_path.map(|r| r.deleted).sum();
    if rows * 100 >= before * percent {
        return Ok(());
    }
    Err(Failure::new(
        "22000",
        format!("the new content has {rows} rows where the earlier import had {before}"),
    )
    .detail(format!(
        "A replacement must leave at least {percent} percent of the rows (replace_min_percent)."
    ))
    .hint(format!(
        "If that is right, take the earlier import out first: SELECT pgdatahub.revert({}, {});",
        ddl::literal(&table.display()),
        ddl::literal(source_file)
    )))
}
