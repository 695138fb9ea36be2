//! etl_runs, etl_run_files, etl_imports, etl_schema_changes, etl_rejects: written as
//! the extension's owner, in the transaction of what they record.

use super::access::FileStat;
use super::catalog::TableName;
use super::ddl::Executed;
use super::error::Failure;
use super::file_row::FileRow;
use super::identity::{as_owner, current_role};
use super::spi;
use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};

/// A sheet as the dedup key knows it.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    pub name: &'a str,
    /// The range that is read; empty for the whole sheet.
    pub range: &'a str,
}

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

/// An import as recorded.
#[derive(Debug, Clone)]
pub struct Import {
    pub import_id: i64,
    pub table: TableName,
    pub source_file: String,
    pub sheet_name: String,
    pub sheet_range: String,
    pub sha256: String,
    pub row_count: i64,
    pub load_timestamp: TimestampWithTimeZone,
    pub imported_at: String,
    pub reverted_at: Option<String>,
    pub reverted_by: Option<String>,
}

/// A new import, before its first row.
pub struct Claim<'a> {
    pub table: &'a TableName,
    pub source_file: &'a str,
    pub sheet: Sheet<'a>,
    pub sha256: &'a str,
    pub format: &'a str,
    pub stat: FileStat,
    pub run_id: i64,
    pub settings: &'a str,
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

const IMPORT: &str = "SELECT i.import_id, i.table_schema, i.table_name, i.source_file, i.sheet_name, i.file_sha256, i.row_count, \
     i.load_timestamp, to_char(i.imported_at, 'YYYY-MM-DD HH24:MI'), to_char(i.reverted_at, 'YYYY-MM-DD HH24:MI'), i.reverted_by, \
     i.sheet_range FROM pgdatahub.etl_imports i";

pub(super) fn imports(condition: &str, args: &[DatumWithOid<'_>]) -> Result<Vec<Import>, Failure> {
    let found = as_owner(|| {
        spi::rows(&format!("{IMPORT} WHERE {condition}"), args, |row| {
            Some(Import {
                import_id: row.value(1)?,
                table: TableName {
                    schema: row.text(2),
                    table: row.text(3),
                },
                source_file: row.text(4),
                sheet_name: row.text(5),
                sha256: row.text(6),
                row_count: row.value(7)?,
                load_timestamp: row.value(8)?,
                imported_at: row.text(9),
                reverted_at: row.value(10),
                reverted_by: row.value(11),
                sheet_range: row.text(12),
            })
        })
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// An import into the table $1.$2. A path or a file's bytes were imported a few times, a table's imports
/// are thousands: this is written so that no index of the tables fits it, as the planner would take
/// that one as long as it has no statistics, which in a first import is to its end.
pub(super) const INTO_TABLE: &str =
    "i.table_schema IS NOT DISTINCT FROM $1 AND i.table_name IS NOT DISTINCT FROM $2";

/// An import of the bytes $4 and the sheet $3 (range $5).
const SAME_SHEET: &str = "i.file_sha256 = $4 AND i.sheet_name = $3 AND i.sheet_range = $5";

/// The import of these bytes and this sheet that is in the table now.
///
/// # Errors
/// SPI's own.
pub fn present(
    table: &TableName,
    sheet: Sheet<'_>,
    sha256: &str,
) -> Result<Option<Import>, Failure> {
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        sheet.name.into(),
        sha256.into(),
        sheet.range.into(),
    ];
    let sql = format!("{SAME_SHEET} AND {INTO_TABLE} AND i.reverted_at IS NULL");
    Ok(imports(&sql, &args)?.into_iter().next())
}

/// An import of these bytes that was reverted on purpose and is held.
///
/// # Errors
/// SPI's own.
pub fn held(table: &TableName, sheet: Sheet<'_>, sha256: &str) -> Result<Option<Import>, Failure> {
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        sheet.name.into(),
        sha256.into(),
        sheet.range.into(),
    ];
    let sql = format!(
        "{SAME_SHEET} AND {INTO_TABLE} AND i.held AND i.reverted_at IS NOT NULL ORDER BY i.reverted_at DESC LIMIT 1"
    );
    Ok(imports(&sql, &args)?.into_iter().next())
}

/// The imports of this path that are in the table now: of this sheet, and of
/// sheets that the workbook, whose sheets are `sheets`, has no more.
///
/// # Errors
/// SPI's own.
pub fn at_path(
    table: &TableName,
    sheet: Sheet<'_>,
    source_file: &str,
    sheets: &[&str],
) -> Result<Vec<Import>, Failure> {
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        sheet.name.into(),
        source_file.into(),
        sheets.to_vec().into(),
    ];
    let sql = format!(
        "md5(i.source_file) = md5($4) AND i.source_file = $4 AND {INTO_TABLE} \
         AND (i.sheet_name = $3 OR i.sheet_name <> ALL ($5::text[])) AND i.reverted_at IS NULL ORDER BY i.import_id"
    );
    imports(&sql, &args)
}

/// The imports of this path, whatever their table, whose sheet is none of `sheets`.
///
/// # Errors
/// SPI's own.
pub fn of_lost_sheets(source_file: &str, sheets: &[&str]) -> Result<Vec<Import>, Failure> {
    imports(
        "md5(i.source_file) = md5($1) AND i.source_file = $1 AND i.sheet_name <> ALL ($2::text[]) AND i.reverted_at IS NULL \
         ORDER BY i.import_id",
        &[source_file.into(), sheets.to_vec().into()],
    )
}

/// Now, as a load_timestamp is.
///
/// # Errors
/// SPI's own.
pub fn now() -> Result<TimestampWithTimeZone, Failure> {
    spi::first("SELECT pg_catalog.clock_timestamp()", &[], |row| {
        row.value::<TimestampWithTimeZone>(1)
    })?
    .flatten()
    .ok_or_else(|| Failure::new("XX000", "the clock gave no time"))
}

/// Kept with an import, but no reason to load it anew: they say whether a file
/// may come in, not what of it.
const NO_READING: &str = "'{schema_policy,missing_columns,max_rejects,max_reject_percent}'::text[]";

/// Whether an import was read with these settings, as SQL.
pub(super) fn same_reading(settings: &str) -> String {
    format!("i.settings - {NO_READING} = {settings}::jsonb - {NO_READING}")
}

/// The import of a file whose stat is as it was then: it need not be read to know it is in.
///
/// # Errors
/// SPI's own.
pub fn unchanged(
    table: &TableName,
    source_file: &str,
    stat: &FileStat,
    settings: &str,
) -> Result<Vec<Import>, Failure> {
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        source_file.into(),
        stat.device.into(),
        stat.inode.into(),
        stat.bytes.into(),
        stat.mtime.into(),
        stat.ctime.into(),
        settings.into(),
    ];
    let sql = format!(
        "md5(i.source_file) = md5($3) AND i.source_file = $3 AND {INTO_TABLE} AND i.reverted_at IS NULL \
         AND i.file_device = $4 AND i.file_inode = $5 AND i.file_bytes = $6 AND i.file_mtime = $7 AND i.file_ctime = $8 AND {}",
        same_reading("$9")
    );
    imports(&sql, &args)
}

/// Whether a file was written since its import, by size and time of its last change: device,
/// inode and ctime change without that (a mount, a restore, a chmod).
///
/// # Errors
/// SPI's own.
pub fn was_written(import_id: i64, stat: &FileStat) -> Result<bool, Failure> {
    as_owner(|| {
        let changed = spi::first(
            "SELECT (i.file_bytes, i.file_mtime) IS DISTINCT FROM ($2, $3) FROM pgdatahub.etl_imports i WHERE i.import_id = $1",
            &[import_id.into(), stat.bytes.into(), stat.mtime.into()],
            |row| row.value::<bool>(1),
        )?;
        Ok(changed.flatten().unwrap_or(false))
    })
}

/// Whether an import was made with other settings than these.
///
/// # Errors
/// SPI's own.
pub fn settings_differ(import_id: i64, settings: &str) -> Result<bool, Failure> {
    as_owner(|| {
        Ok(spi::first(
            &format!(
                "SELECT NOT ({}) FROM pgdatahub.etl_imports i WHERE i.import_id = $1",
                same_reading("$2")
            ),
            &[import_id.into(), settings.into()],
            |row| row.value::<bool>(1),
        )?
        .flatten()
        .unwrap_or(false))
    })
}

/// The settings that an import was made with, as JSON.
///
/// # Errors
/// SPI's own.
pub fn settings(import_id: i64) -> Result<String, Failure> {
    as_owner(|| {
        Ok(spi::first(
            "SELECT i.settings::text FROM pgdatahub.etl_imports i WHERE i.import_id = $1",
            &[import_id.into()],
            |row| row.text(1),
        )?
        .unwrap_or_default())
    })
}

/// All imports that are in a table now.
///
/// # Errors
/// SPI's own.
pub fn in_table(table: &TableName) -> Result<Vec<Import>, Failure> {
    let args = [table.schema.as_str().into(), table.table.as_str().into()];
    imports(
        "i.table_schema = $1 AND i.table_name = $2 AND i.reverted_at IS NULL ORDER BY i.import_id",
        &args,
    )
}

/// All imports that are or were in a table.
///
/// # Errors
/// SPI's own.
pub fn ever_in_table(table: &TableName) -> Result<Vec<Import>, Failure> {
    let args = [table.schema.as_str().into(), table.table.as_str().into()];
    imports(
        "i.table_schema = $1 AND i.table_name = $2 ORDER BY i.import_id",
        &args,
    )
}

/// The imports of a table that were taken out again, the latest first.
///
/// # Errors
/// SPI's own.
pub fn reverted_from(table: &TableName) -> Result<Vec<Import>, Failure> {
    let args = [table.schema.as_str().into(), table.table.as_str().into()];
    imports(
        "i.table_schema = $1 AND i.table_name = $2 AND i.reverted_at IS NOT NULL ORDER BY i.reverted_at DESC",
        &args,
    )
}

/// One import by its id, whatever its state.
///
/// # Errors
/// SPI's own.
pub fn by_id(import_id: i64) -> Result<Option<Import>, Failure> {
    Ok(imports("i.import_id = $1", &[import_id.into()])?
        .into_iter()
        .next())
}

/// Paths recorded below a folder and still in some table.
///
/// # Errors
/// SPI's own.
pub fn recorded_below(folder: &str) -> Result<Vec<Import>, Failure> {
    let prefix = format!("{}/", folder.trim_end_matches('/'));
    imports(
        "starts_with(i.source_file, $1) AND i.reverted_at IS NULL ORDER BY i.source_file",
        &[prefix.as_str().into()],
    )
}

/// Claims the dedup key and the load timestamp: before the first row, so that a
/// concurrent import of the same bytes waits here and then finds them in.
///
/// # Errors
/// SPI's own; `Ok(None)` when somebody has the key.
pub fn claim(claim: &Claim<'_>) -> Result<Option<(i64, TimestampWithTimeZone)>, Failure> {
    let role = current_role();
    for microseconds in 0..1_000_i64 {
        let claimed = as_owner(|| {
            spi::first(
                "INSERT INTO pgdatahub.etl_imports (table_schema, table_name, source_file, sheet_name, file_sha256, load_timestamp, \
                   imported_by, run_id, format, file_bytes, file_device, file_inode, file_mtime, file_ctime, settings, sheet_range) \
                 VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6 * '1 microsecond'::interval, $7, $8, $9, $10, $11, $12, $13, $14, $15::jsonb, $16) \
                 ON CONFLICT DO NOTHING RETURNING import_id, load_timestamp",
                &[
                    claim.table.schema.as_str().into(),
                    claim.table.table.as_str().into(),
                    claim.source_file.into(),
                    claim.sheet.name.into(),
                    claim.sha256.into(),
                    (microseconds as f64).into(),
                    role.as_str().into(),
                    claim.run_id.into(),
                    claim.format.into(),
                    claim.stat.bytes.into(),
                    claim.stat.device.into(),
                    claim.stat.inode.into(),
                    claim.stat.mtime.into(),
                    claim.stat.ctime.into(),
                    claim.settings.into(),
                    claim.sheet.range.into(),
                ],
                |row| row.value::<i64>(1).zip(row.value::<TimestampWithTimeZone>(2)),
            )
        })?
        .flatten();
        if claimed.is_some() {
            return Ok(claimed);
        }
        if present(claim.table, claim.sheet, claim.sha256)?.is_some() {
            return Ok(None);
        }
    }
    Err(Failure::new(
        "55000",
        "no unique load_timestamp could be found for this import",
    ))
}

/// Takes a claim back: there was nothing to import.
///
/// # Errors
/// SPI's own.
pub fn withdraw(import_id: i64) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "DELETE FROM pgdatahub.etl_imports WHERE import_id = $1",
            &[import_id.into()],
        )
        .map(|_| ())
    })
}

/// Completes an import's record.
///
/// # Errors
/// SPI's own.
pub fn complete(
    import_id: i64,
    rows: i64,
    rejected: i64,
    seconds: f64,
    lane: &str,
    header_row: Option<i32>,
) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_imports SET row_count = $2, rejected = $3, seconds = $4, lane = $5, header_row = $6 WHERE import_id = $1",
            &[import_id.into(), rows.into(), rejected.into(), seconds.into(), lane.into(), header_row.into()],
        )
        .map(|_| ())
    })
}

/// Records the schema changes of an import (or of adopt_table, without one).
///
/// # Errors
/// SPI's own.
pub fn schema_changes(
    table: &TableName,
    import: Option<(i64, &str)>,
    changes: &[Executed],
) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let role = current_role();
    as_owner(|| {
        for change in changes {
            spi::execute(
                "INSERT INTO pgdatahub.etl_schema_changes (table_schema, table_name, change_type, column_name, old_type, new_type, \
                   changed_by, source_file, import_id, statement) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &[
                    table.schema.as_str().into(),
                    table.table.as_str().into(),
                    change.change_type.into(),
                    change.column_name.as_deref().into(),
                    change.old_type.as_deref().into(),
                    change.new_type.as_deref().into(),
                    role.as_str().into(),
                    import.map(|(_, source)| source).into(),
                    import.map(|(id, _)| id).into(),
                    change.statement.as_str().into(),
                ],
            )?;
        }
        Ok(())
    })
}

/// Marks an import reverted; it stays on record.
///
/// # Errors
/// SPI's own.
pub fn mark_reverted(import_id: i64, why: &str, hold: bool) -> Result<(), Failure> {
    let role = current_role();
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_imports SET reverted_at = clock_timestamp(), reverted_by = $2, reverted_why = $3, held = $4 \
              WHERE import_id = $1",
            &[import_id.into(), role.as_str().into(), why.into(), hold.into()],
        )
        .map(|_| ())
    })
}

/// Lifts the hold on bytes: they were loaded again on purpose.
///
/// # Errors
/// SPI's own.
pub fn lift_hold(table: &TableName, sheet: Sheet<'_>, sha256: &str) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_imports SET held = false \
              WHERE table_schema = $1 AND table_name = $2 AND sheet_name = $3 AND file_sha256 = $4 AND sheet_range = $5 AND held",
            &[table.schema.as_str().into(), table.table.as_str().into(), sheet.name.into(), sha256.into(), sheet.range.into()],
        )
        .map(|_| ())
    })
}
