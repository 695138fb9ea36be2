//! An import's own record: claimed before its first row, completed behind the last, marked when it is taken out.

use super::find::{Sheet, present};
use crate::pg::access::FileStat;
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::identity::{as_owner, current_role};
use crate::pg::spi;
use pgrx::datum::TimestampWithTimeZone;

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
