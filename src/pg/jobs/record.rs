//! A job as it is recorded, and finding it.

use crate::pg::error::Failure;
use crate::pg::identity::as_owner;
use crate::pg::lock::JobLock;
use crate::pg::{registry, spi};
use pgdatahub_core::job::State;

/// A job, as recorded.
#[derive(Debug, Clone)]
pub struct Job {
    pub run_id: i64,
    pub path: String,
    pub state: State,
    pub role: String,
    pub workers: u32,
    pub files: i64,
    pub files_glob: Option<String>,
    pub target_schema: Option<String>,
    pub on_error: String,
    pub reimport: bool,
    pub sectional: bool,
    pub settings: String,
    pub message: Option<String>,
    /// Seconds since its state changed.
    pub seconds: f64,
    pub files_at_pause: i64,
    pub restarts: i32,
    pub files_at_restart: i64,
    /// It was submitted or resumed in this cluster.
    pub is_here: bool,
    pub kind: Kind,
}

/// Who makes a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// start_import
    Started,
    /// A watch, of some of its folder's files.
    Watched,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Started => "start_import",
            Kind::Watched => "watch_folder",
        }
    }
}

/// A job as it stands.
///
/// # Errors
/// SPI's own.
pub fn load(run_id: i64) -> Result<Option<Job>, Failure> {
    let cluster = registry::system();
    let found = as_owner(|| {
        spi::first(
            "SELECT r.path, r.state, j.reason, r.started_by, j.workers, r.files, j.files_glob, j.target_schema, j.on_error, \
                        j.reimport, j.sectional, j.settings::text, j.message, \
                        extract(epoch FROM clock_timestamp() - j.changed_at)::float8, j.files_at_pause, j.restarts, \
                        j.files_at_restart, j.cluster = $2, r.kind \
                   FROM pgdatahub.etl_runs r JOIN pgdatahub.etl_jobs j ON j.run_id = r.run_id WHERE r.run_id = $1",
            &[run_id.into(), cluster.as_str().into()],
            |row| {
                Some(Job {
                    run_id,
                    path: row.text(1),
                    state: State::parse(&row.text(2), row.value::<String>(3).as_deref())?,
                    role: row.text(4),
                    workers: row.value::<i32>(5)?.unsigned_abs(),
                    files: row.value(6)?,
                    files_glob: row.value(7),
                    target_schema: row.value(8),
                    on_error: row.text(9),
                    reimport: row.value(10)?,
                    sectional: row.value(11)?,
                    settings: row.text(12),
                    message: row.value(13),
                    seconds: row.value(14)?,
                    files_at_pause: row.value(15)?,
                    restarts: row.value(16)?,
                    files_at_restart: row.value(17)?,
                    is_here: row.value(18)?,
                    kind: match row.text(19) == Kind::Watched.word() {
                        true => Kind::Watched,
                        false => Kind::Started,
                    },
                })
            },
        )
    })?;
    Ok(found.flatten())
}

/// A job, which nobody else changes before this transaction ends.
///
/// # Errors
/// SPI's own.
pub fn lock(run_id: i64) -> Result<Option<Job>, Failure> {
    // Two steps: what is read after the wait must be what was committed meanwhile.
    as_owner(|| {
        spi::execute(
            "SELECT FROM pgdatahub.etl_runs r WHERE r.run_id = $1 FOR NO KEY UPDATE",
            &[run_id.into()],
        )
    })?;
    load(run_id)
}

/// The jobs that are not over, or failed, the latest first.
///
/// # Errors
/// SPI's own.
pub fn open() -> Result<Vec<Job>, Failure> {
    let ids = as_owner(|| {
        spi::rows(
            "SELECT r.run_id FROM pgdatahub.etl_runs r JOIN pgdatahub.etl_jobs j ON j.run_id = r.run_id \
              WHERE r.state IN ('queued', 'running', 'paused', 'failed') ORDER BY r.run_id DESC",
            &[],
            |row| row.value::<i64>(1),
        )
    })?;
    let jobs = ids.into_iter().flatten().map(load);
    Ok(jobs
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// The latest job that a role submitted.
///
/// # Errors
/// SPI's own.
pub fn latest_of(role: &str) -> Result<Option<i64>, Failure> {
    as_owner(|| {
        Ok(spi::first(
            "SELECT max(r.run_id) FROM pgdatahub.etl_runs r WHERE r.kind = 'start_import' AND r.started_by = $1",
            &[role.into()],
            |row| row.value::<i64>(1),
        )?
        .flatten())
    })
}

/// Whether a living worker holds the job's lock.
///
/// # Errors
/// SPI's own.
pub fn is_owned(run_id: i64) -> Result<bool, Failure> {
    Ok(!JobLock::of(run_id)?.owners()?.is_empty())
}
