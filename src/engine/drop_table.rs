//! drop_table: a managed table goes with all its imports, and what it was stays on record.

use super::{check_table, managed};
use crate::pg::audit;
use crate::pg::catalog::{self, TableName};
use crate::pg::error::Failure;
use crate::pg::transaction::{self, OneRun};
use crate::pg::{ddl, dependants, import_rows, registry, undo};
use pgdatahub_core::undo::Undo;

/// One thing that is or would be done.
#[derive(Debug, Clone)]
pub struct DropRow {
    pub action: &'static str,
    pub import_id: Option<i64>,
    pub source_file: Option<String>,
    pub rows_removed: i64,
    pub statement: Option<String>,
    pub outcome: &'static str,
}

/// Reverts all imports of a table and drops it, without CASCADE.
///
/// # Errors
/// 42P01 not managed, 42501 for anybody but the owner, 42809 a view or foreign table, 2BP01 for
/// what depends on it, 55000 for rows that no import brought, 55P03 when it stays in use.
pub fn drop_table(name: &TableName, dry_run: bool) -> Result<Vec<DropRow>, Failure> {
    let _one = OneRun::begin()?;
    managed::own(name)?;
    if !dry_run {
        transaction::require_read_committed("drop_table")?;
    }
    let oid = catalog::find(name)?.ok_or_else(|| Failure::new("42P01", "the table is gone"))?;
    undo::check_is_table(oid, name)?;
    dependants::check_all_rows_visible(oid, name)?;
    check_dependants(name, &dependants::of_table(oid)?)?;
    if !dry_run {
        undo::lock_out_all(name)?;
    }
    let imports = audit::in_table(name)?;
    let checked = check_table::compare(&imports, import_rows::groups(name)?);
    let (known, strangers): (Vec<_>, Vec<_>) =
        checked.into_iter().partition(|row| row.row_count.is_some());
    check_strangers(name, strangers.iter().map(|row| row.rows_found).sum())?;
    let outcome = if dry_run { "would be done" } else { "done" };
    let mut rows: Vec<DropRow> = known
        .into_iter()
        .map(|row| DropRow {
            action: "revert",
            import_id: row.import_id,
            source_file: row.source_file,
            rows_removed: row.rows_found,
            statement: None,
            outcome,
        })
        .collect();
    rows.push(DropRow {
        action: "drop",
        import_id: None,
        source_file: None,
        rows_removed: 0,
        statement: Some(undo::statement(name, &Undo::DropTable)),
        outcome,
    });
    if !dry_run {
        dropped(name)?;
    }
    Ok(rows)
}

/// Drops the table and marks its history.
///
/// # Errors
/// 2BP01 for dependants, 55P03 when it stays in use.
pub fn dropped(name: &TableName) -> Result<(), Failure> {
    let executed = undo::drop_table(name)?;
    registry::mark_dropped(name)?;
    audit::schema_changes(name, None, &[executed])
}

fn check_dependants(name: &TableName, found: &[String]) -> Result<(), Failure> {
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        "2BP01",
        format!("table {} is needed by other objects", name.display()),
    )
    .detail(format!("{}.", found.join(", ")))
    .hint("Drop them first: they are never dropped along."))
}

fn check_strangers(name: &TableName, rows: i64) -> Result<(), Failure> {
    if rows == 0 {
        return Ok(());
    }
    Err(Failure::new(
        "55000",
        format!(
            "table {} holds {} that no import brought",
            name.display(),
            undo::counted(rows, "row")
        ),
    )
    .detail("They would be lost: only imported rows can be had again.")
    .hint(format!(
        "Look with SELECT * FROM pgdatahub.check_table({0}), remove them if they are not wanted, or run DROP TABLE {1}; yourself.",
        ddl::literal(&name.display()),
        name.sql()
    )))
}
