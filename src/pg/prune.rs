//! Trimming the history of runs and rejected cells.

use super::error::Failure;
use super::identity::{as_owner, current_role};
use super::spi;
use pgrx::datum::Interval;

/// Rows removed from one table.
pub struct Pruned {
    pub table: &'static str,
    pub rows: i64,
}

/// # Errors
/// 42501 for anybody but the extension's owner (or a member of that role, or a superuser).
pub fn check_right() -> Result<(), Failure> {
    let may = spi::first(
        "SELECT pg_catalog.pg_has_role(e.extowner, 'USAGE') FROM pg_catalog.pg_extension e \
          WHERE e.extname OPERATOR(pg_catalog.=) 'pgdatahub'",
        &[],
        |row| row.value::<bool>(1),
    )?;
    if may.flatten() == Some(true) {
        return Ok(());
    }
    Err(
        Failure::new("42501", "permission denied to prune the history of imports").detail(format!(
            "Only the owner of extension pgdatahub may; the current role is {}.",
            current_role()
        )),
    )
}

/// Whether the interval is one that leads into the past.
///
/// # Errors
/// SPI's own.
pub fn is_positive(older_than: &Interval) -> Result<bool, Failure> {
    Ok(spi::first(
        "SELECT $1 OPERATOR(pg_catalog.>=) '0'::pg_catalog.interval",
        &[(*older_than).into()],
        |row| row.value::<bool>(1),
    )?
    .flatten()
    .unwrap_or(false))
}

/// Removes runs that ended that long ago, with their files, and rejects of imports that old.
///
/// # Errors
/// SPI's own.
pub fn prune(older_than: &Interval) -> Result<Vec<Pruned>, Failure> {
    // A run without an end may be at work in another session, unless it began before the server did;
    // a job may be resumed at any time: cancel_import ends it.
    const RUNS: &str = "(r.finished_at < now() - $1 OR (r.finished_at IS NULL AND r.kind NOT IN ('start_import', 'watch_folder') AND r.started_at < now() - $1 AND r.started_at < pg_postmaster_start_time()))";
    let removed = as_owner(|| {
        spi::first(
            &format!(
                "WITH rejects AS (DELETE FROM pgdatahub.etl_rejects j USING pgdatahub.etl_imports i \
                                   WHERE i.import_id = j.import_id AND i.imported_at < now() - $1 RETURNING 1), \
                      runs AS (DELETE FROM pgdatahub.etl_runs r WHERE {RUNS} RETURNING r.run_id), \
                      files AS (DELETE FROM pgdatahub.etl_run_files f USING runs r WHERE f.run_id = r.run_id RETURNING 1), \
                      jobs AS (DELETE FROM pgdatahub.etl_jobs j USING runs r WHERE j.run_id = r.run_id), \
                      states AS (DELETE FROM pgdatahub.etl_job_states s USING runs r WHERE s.run_id = r.run_id), \
                      job_files AS (DELETE FROM pgdatahub.etl_job_files f USING runs r WHERE f.run_id = r.run_id) \
                 SELECT (SELECT count(*) FROM rejects), (SELECT count(*) FROM files), (SELECT count(*) FROM runs)"
            ),
            &[(*older_than).into()],
            |row| [1, 2, 3].map(|ordinal| row.value::<i64>(ordinal).unwrap_or(0)),
        )
    })?
    .unwrap_or_default();
    let tables = ["etl_rejects", "etl_run_files", "etl_runs"].into_iter();
    Ok(tables
        .zip(removed)
        .map(|(table, rows)| Pruned { table, rows })
        .collect())
}
