//! How far a job is, and what came of its files.

use crate::pg::error::Failure;
use crate::pg::identity::as_owner;
use crate::pg::spi;

/// Counts of a job's files.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub done: i64,
    pub failed: i64,
    pub imported: i64,
    pub skipped: i64,
    pub rows: i64,
}

/// How many of a job's files are still to be done.
///
/// # Errors
/// SPI's own.
pub fn left(run_id: i64) -> Result<i64, Failure> {
    as_owner(|| {
        Ok(spi::first(
            "SELECT count(*) FROM pgdatahub.etl_job_files f WHERE f.run_id = $1 AND f.status IS NULL",
            &[run_id.into()],
            |row| row.value::<i64>(1),
        )?
        .flatten()
        .unwrap_or(0))
    })
}

/// What became of a job's files.
///
/// # Errors
/// SPI's own.
pub fn counts(run_id: i64) -> Result<Counts, Failure> {
    let found = as_owner(|| {
        spi::first(
            "SELECT count(f.status), count(*) FILTER (WHERE f.status = 'failed'), \
                    count(*) FILTER (WHERE f.status IN ('imported', 'replaced')), count(*) FILTER (WHERE f.status = 'skipped'), \
                    (SELECT coalesce(sum(s.row_count), 0)::bigint FROM pgdatahub.etl_run_files s WHERE s.run_id = $1) \
               FROM pgdatahub.etl_job_files f WHERE f.run_id = $1",
            &[run_id.into()],
            |row| {
                Some(Counts {
                    done: row.value(1)?,
                    failed: row.value(2)?,
                    imported: row.value(3)?,
                    skipped: row.value(4)?,
                    rows: row.value(5)?,
                })
            },
        )
    })?;
    Ok(found.flatten().unwrap_or_default())
}

/// Brings the totals of etl_runs up to date with the files.
///
/// # Errors
/// SPI's own.
pub fn total(run_id: i64) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_runs r SET imported = t.imported, replaced = t.replaced, skipped = t.skipped, failed = t.failed, \
                    row_count = t.row_count \
               FROM (SELECT count(*) FILTER (WHERE w.status = 'imported') AS imported, \
                            count(*) FILTER (WHERE w.status = 'replaced') AS replaced, \
                            count(*) FILTER (WHERE w.status = 'skipped') AS skipped, \
                            count(*) FILTER (WHERE w.status = 'failed') AS failed, \
                            coalesce(sum(w.row_count), 0)::bigint AS row_count \
                       FROM (SELECT CASE WHEN bool_or(f.status IN ('failed', 'undone')) THEN 'failed' \
                                         WHEN bool_or(f.status = 'replaced') THEN 'replaced' \
                                         WHEN bool_or(f.status = 'imported') THEN 'imported' \
                                         WHEN bool_or(f.status = 'skipped') THEN 'skipped' END AS status, \
                                    sum(f.row_count) AS row_count \
                               FROM pgdatahub.etl_run_files f WHERE f.run_id = $1 GROUP BY f.file_no) w) t \
              WHERE r.run_id = $1",
            &[run_id.into()],
        )
        .map(|_| ())
    })
}
