//! etl_jobs, etl_job_states, etl_job_files: written as the extension's owner.

use super::catalog::TableName;
use super::error::Failure;
use super::identity::{as_owner, current_role};
use super::lock::JobLock;
use super::{registry, spi};
use pgdatahub_core::job::State;
use pgrx::pg_sys;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A role, for as long as this transaction lasts.
pub type RoleOid = pg_sys::Oid;

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
    fn word(self) -> &'static str {
        match self {
            Kind::Started => "start_import",
            Kind::Watched => "watch_folder",
        }
    }
}

/// What start_import was asked, or a watch asks for.
pub struct NewJob<'a> {
    pub kind: Kind,
    pub path: &'a str,
    pub workers: u32,
    pub files_glob: Option<&'a str>,
    pub target_schema: Option<&'a str>,
    pub on_error: &'a str,
    pub reimport: bool,
    pub sectional: bool,
    pub settings: &'a str,
    pub ignored: i64,
}

/// A file of a job.
pub struct NewFile<'a> {
    pub below: &'a Path,
    pub label: &'a str,
    pub folder: &'a str,
    pub target: &'a TableName,
    pub bytes: i64,
}

/// A file that a worker has claimed.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub file_no: i64,
    pub below: PathBuf,
    pub label: String,
    pub folder: String,
    pub target: TableName,
}

/// Counts of a job's files.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub done: i64,
    pub failed: i64,
    pub imported: i64,
    pub skipped: i64,
    pub rows: i64,
}

/// Whether the extension is there, and if so that it stays until this transaction ends: a DROP
/// EXTENSION waits, and does so before it locks any table that an import uses in another order.
pub fn exist() -> bool {
    // SAFETY: catalog look-ups, and a lock that a DROP EXTENSION takes first; a wait is
    // interruptible.
    unsafe {
        let find = || pg_sys::get_extension_oid(c"pgdatahub".as_ptr(), true);
        let extension = find();
        if extension == pg_sys::InvalidOid {
            return false;
        }
        let mode = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        pg_sys::LockDatabaseObject(pg_sys::ExtensionRelationId, extension, 0, mode);
        find() == extension
    }
}

/// Records a job and its files.
///
/// # Errors
/// SPI's own.
pub fn submit(job: &NewJob<'_>, files: &[NewFile<'_>]) -> Result<i64, Failure> {
    let role = current_role();
    let cluster = registry::system();
    as_owner(|| {
        let run_id = spi::first(
            "INSERT INTO pgdatahub.etl_runs (kind, path, state, started_by, files, ignored) \
             VALUES ($5, $1, 'queued', $2, $3, $4) RETURNING run_id",
            &[
                job.path.into(),
                role.as_str().into(),
                (files.len() as i64).into(),
                job.ignored.into(),
                job.kind.word().into(),
            ],
            |row| row.value::<i64>(1),
        )?
        .flatten()
        .ok_or_else(|| Failure::new("XX000", "the job was not recorded"))?;
        spi::execute(
            "INSERT INTO pgdatahub.etl_jobs (run_id, workers, files_glob, target_schema, on_error, reimport, sectional, settings, \
               changed_by, cluster) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10)",
            &[
                run_id.into(),
                (job.workers as i32).into(),
                job.files_glob.into(),
                job.target_schema.into(),
                job.on_error.into(),
                job.reimport.into(),
                job.sectional.into(),
                job.settings.into(),
                role.as_str().into(),
                cluster.as_str().into(),
            ],
        )?;
        record_state(run_id, State::Queued, None, &role)?;
        for (nth, part) in files.chunks(PART).enumerate() {
            submit_files(run_id, nth * PART, part)?;
        }
        Ok(run_id)
    })
}

/// Files recorded by one statement.
const PART: usize = 10_000;

fn submit_files(run_id: i64, before: usize, files: &[NewFile<'_>]) -> Result<(), Failure> {
    let texts = |text: &dyn Fn(&NewFile<'_>) -> String| files.iter().map(text).collect::<Vec<_>>();
    let below = texts(&|file| {
        let bytes = file.below.as_os_str().as_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    });
    spi::execute(
        "INSERT INTO pgdatahub.etl_job_files (run_id, file_no, below, label, folder, target_schema, target_name, file_bytes) \
         SELECT $1, $2 + f.file_no, decode(f.below, 'hex'), f.label, f.folder, f.target_schema, f.target_name, f.file_bytes \
           FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[]) \
             WITH ORDINALITY AS f(below, label, folder, target_schema, target_name, file_bytes, file_no)",
        &[
            run_id.into(),
            (before as i64).into(),
            below.into(),
            texts(&|file| file.label.to_owned()).into(),
            texts(&|file| file.folder.to_owned()).into(),
            texts(&|file| file.target.schema.clone()).into(),
            texts(&|file| file.target.table.clone()).into(),
            files.iter().map(|file| file.bytes).collect::<Vec<_>>().into(),
        ],
    )
    .map(|_| ())
}

fn job(sql_end: &str, run_id: i64) -> Result<Option<Job>, Failure> {
    let cluster = registry::system();
    let found = as_owner(|| {
        spi::first(
            &format!(
                "SELECT r.path, r.state, j.reason, r.started_by, j.workers, r.files, j.files_glob, j.target_schema, j.on_error, \
                        j.reimport, j.sectional, j.settings::text, j.message, \
                        extract(epoch FROM clock_timestamp() - j.changed_at)::float8, j.files_at_pause, j.restarts, \
                        j.files_at_restart, j.cluster = $2, r.kind \
                   FROM pgdatahub.etl_runs r JOIN pgdatahub.etl_jobs j ON j.run_id = r.run_id WHERE r.run_id = $1 {sql_end}"
            ),
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

/// A job as it stands.
///
/// # Errors
/// SPI's own.
pub fn load(run_id: i64) -> Result<Option<Job>, Failure> {
    job("", run_id)
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

/// Changes the state of a job that this transaction has locked.
///
/// # Errors
/// SPI's own.
pub fn set_state(job: &Job, state: State, message: Option<&str>) -> Result<(), Failure> {
    let role = current_role();
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_runs SET state = $2, finished_at = CASE WHEN $3 THEN clock_timestamp() END WHERE run_id = $1",
            &[
                job.run_id.into(),
                state.word().into(),
                state.is_final().into(),
            ],
        )?;
        spi::execute(
            "UPDATE pgdatahub.etl_jobs j SET reason = $2, message = $3, changed_by = $4, changed_at = clock_timestamp(), \
                    begun_at = coalesce(j.begun_at, CASE WHEN $5 THEN clock_timestamp() END), \
                    paused_seconds = j.paused_seconds + CASE WHEN $6 THEN extract(epoch FROM clock_timestamp() - j.changed_at) ELSE 0 END \
              WHERE j.run_id = $1",
            &[
                job.run_id.into(),
                state.reason().map(|reason| reason.word()).into(),
                message.into(),
                role.as_str().into(),
                (state == State::Running).into(),
                (job.state != State::Running && job.state != State::Queued).into(),
            ],
        )?;
        record_state(job.run_id, state, message, &role)
    })
}

fn record_state(
    run_id: i64,
    state: State,
    message: Option<&str>,
    role: &str,
) -> Result<(), Failure> {
    spi::execute(
        "INSERT INTO pgdatahub.etl_job_states (run_id, changed_by, state, reason, message) VALUES ($1, $2, $3, $4, $5)",
        &[
            run_id.into(),
            role.into(),
            state.word().into(),
            state.reason().map(|reason| reason.word()).into(),
            message.into(),
        ],
    )
    .map(|_| ())
}

/// Remembers how many files were done when the job paused for `pgdatahub.pause_every`.
///
/// # Errors
/// SPI's own.
pub fn set_files_at_pause(run_id: i64, files: i64) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_jobs SET files_at_pause = $2 WHERE run_id = $1",
            &[run_id.into(), files.into()],
        )
        .map(|_| ())
    })
}

/// Remembers a start by the launcher, or (0 restarts) one by a person; and that it was here.
///
/// # Errors
/// SPI's own.
pub fn set_restarts(run_id: i64, restarts: i32, files_done: i64) -> Result<(), Failure> {
    let cluster = registry::system();
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_jobs SET restarts = $2, files_at_restart = $3, cluster = $4 WHERE run_id = $1",
            &[run_id.into(), restarts.into(), files_done.into(), cluster.as_str().into()],
        )
        .map(|_| ())
    })
}

/// The tables that files of a job are still to go to, in the order of their first file.
///
/// # Errors
/// SPI's own.
pub fn tables_left(run_id: i64) -> Result<Vec<TableName>, Failure> {
    as_owner(|| {
        spi::rows(
            "SELECT f.target_schema, f.target_name FROM pgdatahub.etl_job_files f WHERE f.run_id = $1 AND f.status IS NULL \
              GROUP BY 1, 2 ORDER BY min(f.file_no)",
            &[run_id.into()],
            |row| TableName {
                schema: row.text(1),
                table: row.text(2),
            },
        )
    })
}

/// Claims the next file for a table, or all that are left of its folder, until
/// this transaction ends. What another worker has claimed is passed over.
///
/// # Errors
/// SPI's own.
pub fn claim(run_id: i64, table: &TableName, folder: bool) -> Result<Vec<Claimed>, Failure> {
    const FILES: &str = "SELECT f.file_no, f.below, f.label, f.folder FROM pgdatahub.etl_job_files f \
          WHERE f.run_id = $1 AND f.target_schema = $2 AND f.target_name = $3 AND f.status IS NULL";
    let args = || {
        vec![
            run_id.into(),
            table.schema.as_str().into(),
            table.table.as_str().into(),
        ]
    };
    let claimed = |row: &spi::Row<'_>| {
        let below = row.value::<Vec<u8>>(2)?;
        Some(Claimed {
            file_no: row.value(1)?,
            below: PathBuf::from(std::ffi::OsStr::from_bytes(&below)),
            label: row.text(3),
            folder: row.text(4),
            target: table.clone(),
        })
    };
    as_owner(|| {
        let first = spi::first(
            &format!("{FILES} ORDER BY f.file_no LIMIT 1 FOR UPDATE SKIP LOCKED"),
            &args(),
            claimed,
        )?
        .flatten();
        let Some(first) = first else {
            return Ok(Vec::new());
        };
        if !folder {
            return Ok(vec![first]);
        }
        let mut args = args();
        args.push(first.folder.as_str().into());
        let all = spi::rows(
            &format!("{FILES} AND f.folder = $4 ORDER BY f.file_no FOR UPDATE SKIP LOCKED"),
            &args,
            claimed,
        )?;
        Ok(all.into_iter().flatten().collect())
    })
}

/// Claims one file again, to record what became of it; false if that is on record.
///
/// # Errors
/// SPI's own.
pub fn claim_again(run_id: i64, file_no: i64) -> Result<bool, Failure> {
    as_owner(|| {
        Ok(spi::execute(
            "SELECT FROM pgdatahub.etl_job_files f WHERE f.run_id = $1 AND f.file_no = $2 AND f.status IS NULL FOR UPDATE SKIP LOCKED",
            &[run_id.into(), file_no.into()],
        )? > 0)
    })
}

/// Makes room for a file's new outcome, if an earlier attempt left one.
///
/// # Errors
/// SPI's own.
pub fn forget_attempt(run_id: i64, file_no: i64) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "DELETE FROM pgdatahub.etl_run_files WHERE run_id = $1 AND file_no = $2",
            &[run_id.into(), file_no.into()],
        )
        .map(|_| ())
    })
}

/// A file is done with.
///
/// # Errors
/// SPI's own.
pub fn mark(run_id: i64, file_no: i64, status: &str) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_job_files SET status = $3 WHERE run_id = $1 AND file_no = $2",
            &[run_id.into(), file_no.into(), status.into()],
        )
        .map(|_| ())
    })
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

/// A role as a job needs it: its oid, and whether it may log in. None: there is no such role.
///
/// # Errors
/// SPI's own.
pub fn role(name: &str) -> Result<Option<(RoleOid, bool)>, Failure> {
    Ok(spi::first(
        "SELECT r.oid, r.rolcanlogin FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name",
        &[name.into()],
        |row| row.value::<pg_sys::Oid>(1).zip(row.value::<bool>(2)),
    )?
    .flatten())
}

/// Whether the current role may control a job of that role: a member of it, or of the extension's owner.
///
/// # Errors
/// SPI's own.
pub fn may_control(role: &str) -> Result<bool, Failure> {
    Ok(spi::first(
        "SELECT pg_catalog.pg_has_role(r.oid, 'USAGE') FROM pg_catalog.pg_roles r \
          WHERE r.rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name \
             OR r.oid OPERATOR(pg_catalog.=) (SELECT e.extowner FROM pg_catalog.pg_extension e \
                  WHERE e.extname OPERATOR(pg_catalog.=) 'pgdatahub') ORDER BY 1 DESC LIMIT 1",
        &[role.into()],
        |row| row.value::<bool>(1),
    )?
    .flatten()
    .unwrap_or(false))
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

/// Sends a NOTIFY pgdatahub at this transaction's commit.
///
/// # Errors
/// SPI's own.
pub fn notify_at_commit(payload: &str) -> Result<(), Failure> {
    spi::execute(
        "SELECT pg_catalog.pg_notify('pgdatahub', $1)",
        &[payload.into()],
    )
    .map(|_| ())
}

/// As [`notify_at_commit`], in a transaction that does nothing else.
///
/// # Errors
/// SPI's own.
pub fn notify(payload: &str) -> Result<(), Failure> {
    // A word that a crash loses is told by the tables: it need not wait for the disk.
    spi::execute(
        "SELECT pg_catalog.set_config('synchronous_commit', 'off', true), pg_catalog.pg_notify('pgdatahub', $1)",
        &[payload.into()],
    )
    .map(|_| ())
}
