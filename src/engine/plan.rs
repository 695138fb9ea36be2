//! plan_folder: what an import would do, by the import's own code on an imagined ledger.

use super::import_folder::folder;
use super::ledger::Ledger;
use super::options::Options;
use super::run::{Say, plural};
use crate::pg::catalog::TableName;
use crate::pg::ddl::Executed;
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::spi;
use crate::pg::transaction::OneRun;

/// One action.
#[derive(Debug, Default)]
pub struct PlanRow {
    pub source_file: String,
    pub sheet_name: Option<String>,
    pub table: Option<TableName>,
    pub header_row: Option<i32>,
    pub action: String,
    pub ddl: Option<String>,
    pub rewrites: Option<i64>,
    pub blocked_by: Option<Vec<String>>,
    pub reason: Option<String>,
}

/// Runs `body`, which writes nothing: PostgreSQL sees to it.
///
/// # Errors
/// Those of `body`; 55000 inside an import.
pub fn reading<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let _one = OneRun::reading()?;
    spi::reading(body)
}

/// What import_folder with these arguments would do now.
///
/// # Errors
/// What concerns the call as a whole; a file's failure is its row.
pub fn plan_folder(options: &Options) -> Result<Vec<PlanRow>, Failure> {
    let run = reading(|| folder("plan_folder", options, Ledger::imagined(true), Say::Nothing))?;
    Ok(run.into_rows().into_iter().flat_map(actions).collect())
}

/// A file's actions, in the order in which the import would take them.
fn actions(row: FileRow) -> Vec<PlanRow> {
    let mut rows: Vec<PlanRow> = Vec::new();
    if row.status == "planned" {
        let created = row.plan.changes.iter().find(|c| c.creates_table());
        let changes = row.plan.changes.iter().filter(|change| {
            // The columns of a new table are in its own statement.
            change.creates_table() || created.is_none_or(|c| c.statement != change.statement)
        });
        rows.extend(changes.map(|change| ddl(&row, change)));
    }
    rows.push(outcome(&row));
    rows
}

fn place(row: &FileRow) -> PlanRow {
    PlanRow {
        source_file: row.source_file.clone(),
        sheet_name: row.sheet_name.clone(),
        table: row.table.clone(),
        header_row: row.plan.header_row.map(|number| number as i32),
        ..PlanRow::default()
    }
}

fn ddl(row: &FileRow, change: &Executed) -> PlanRow {
    let column = change.column_name.as_deref().unwrap_or_default();
    let new_type = change.new_type.as_deref().unwrap_or_default();
    let columns = row
        .plan
        .changes
        .iter()
        .filter(|c| c.column_name.is_some() && c.statement == change.statement);
    let mut reason = match &change.old_type {
        Some(old_type) => format!("{column} {old_type} → {new_type}"),
        None if change.column_name.is_some() => format!("new column {column} {new_type}"),
        None => format!(
            "new table with {}",
            plural(columns.count() as u64, "column")
        ),
    };
    let rewrite = row.plan.rewrite.as_ref();
    let rewrite = rewrite.filter(|_| change.old_type.is_some());
    if let Some(rewrite) = rewrite.filter(|r| r.bytes > 0) {
        reason.push_str(&format!("; rewrites {}", rewrite.size));
    }
    PlanRow {
        action: change.change_type.to_lowercase(),
        ddl: Some(change.statement.clone()),
        rewrites: rewrite.map(|r| r.bytes),
        reason: Some(reason),
        ..place(row)
    }
}

/// What becomes of the file itself.
fn outcome(row: &FileRow) -> PlanRow {
    let action = match (row.status, row.rows_removed) {
        ("planned", Some(_)) => "replace",
        ("planned", None) => "import",
        ("skipped", _) => "skip",
        ("failed", _) => "fail",
        (other, _) => other,
    };
    let blocked = row.plan.blocked.as_ref();
    let objects = blocked.map(|b| b.objects.clone()).unwrap_or_default();
    PlanRow {
        action: action.into(),
        ddl: blocked.map(|b| b.statement.clone()),
        rewrites: blocked.and_then(|b| b.rewrite.as_ref()).map(|r| r.bytes),
        blocked_by: (!objects.is_empty()).then_some(objects),
        reason: Some(reason(row)),
        ..place(row)
    }
}

fn reason(row: &FileRow) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(rows) = row.row_count {
        parts.push(plural(rows.unsigned_abs(), "row"));
    }
    if let Some(removed) = row.rows_removed {
        parts.push(format!(
            "{} of the earlier import removed",
            plural(removed.unsigned_abs(), "row")
        ));
    }
    if let Some(rejected) = row.rejected.filter(|n| *n > 0) {
        parts.push(format!(
            "{} rejected",
            plural(rejected.unsigned_abs(), "cell")
        ));
    }
    if !row.missing_columns.is_empty() {
        parts.push(format!("without {}", row.missing_columns.join(", ")));
    }
    parts.extend(row.message.clone());
    parts.extend(row.plan.notes.iter().cloned());
    let mut reason = parts.join("; ");
    if let Some(sqlstate) = &row.sqlstate {
        reason.push_str(&format!(" ({sqlstate})"));
    }
    for (what, text) in [("", &row.detail), ("HINT: ", &row.hint)] {
        if let Some(text) = text {
            reason.push_str(&format!("\n{what}{text}"));
        }
    }
    reason
}
