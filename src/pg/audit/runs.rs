//! etl_runs and etl_run_files: a run, and what became of each of its files.

use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::identity::{as_owner, current_role};
use crate::pg::spi;
use pgrx::datum::DatumWithOid;

/// Counts of a run.
#[derive(Debug, Clone, Default)]
pub struct RunTotals {
    pub files: i64,
    pub imported: i64,
    pub replaced: i64,
    pub skipped: i64,
    pub failed: i64,
    pub ignored: i64,
    pub rows: i64,
}

/// Records the start of a run.
///
/// # Errors
/// SPI's own.
pub fn start_run(kind: &str, path: &str) -> Result<i64, Failure> {
    let role = current_role();
    as_owner(|| {
        spi::first(
            "INSERT INTO pgdatahub.etl_runs (kind, path, state, started_by) VALUES ($1, $2, 'running', $3) RETURNING run_id",
            &[kind.into(), path.into(), role.as_str().into()],
            |row| row.value::<i64>(1),
        )?
        .flatten()
        .ok_or_else(|| Failure::new("XX000", "the run was not recorded"))
    })
}

/// Records the end of a run.
///
/// # Errors
/// SPI's own.
pub fn finish_run(run_id: i64, state: &str, totals: &RunTotals) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_runs SET state = $2, finished_at = clock_timestamp(), files = $3, imported = $4, replaced = $5, \
                    skipped = $6, failed = $7, ignored = $8, row_count = $9 WHERE run_id = $1",
            &[
                run_id.into(),
                state.into(),
                totals.files.into(),
                totals.imported.into(),
                totals.replaced.into(),
                totals.skipped.into(),
                totals.failed.into(),
                totals.ignored.into(),
                totals.rows.into(),
            ],
        )
        .map(|_| ())
    })
}

/// Records what became of a file's sheet: the file by its place in the run,
/// the sheet by its place in the file.
///
/// # Errors
/// SPI's own.
pub fn run_file(
    run_id: i64,
    (file_no, sheet_no): (i64, i32),
    row: &FileRow,
) -> Result<(), Failure> {
    let schema = row.table.as_ref().map(|t| t.schema.as_str());
    let table = row.table.as_ref().map(|t| t.table.as_str());
    let args: Vec<DatumWithOid<'_>> = vec![
        run_id.into(),
        file_no.into(),
        sheet_no.into(),
        row.source_file.as_str().into(),
        row.sheet_name.as_deref().into(),
        schema.into(),
        table.into(),
        row.status.into(),
        row.row_count.into(),
        row.rows_removed.into(),
        row.rejected.into(),
        row.schema_changes
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .into(),
        row.missing_columns
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .into(),
        row.seconds.into(),
        row.message.as_deref().into(),
        row.sqlstate.as_deref().into(),
        row.detail.as_deref().into(),
        row.hint.as_deref().into(),
        row.sha256.as_deref().into(),
        row.import_id.into(),
    ];
    as_owner(|| {
        spi::execute(
            "INSERT INTO pgdatahub.etl_run_files (run_id, file_no, sheet_no, source_file, sheet_name, table_schema, table_name, status, row_count, \
               rows_removed, rejected, schema_changes, missing_columns, seconds, message, sqlstate, detail, hint, file_sha256, import_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text[], $13::text[], $14, $15, $16, $17, $18, $19, $20)",
            &args,
        )
        .map(|_| ())
    })
}
