//! etl_watch_files: what the looks at a watched folder saw, written as the extension's owner.

use super::error::Failure;
use super::identity::as_owner;
use super::jobs::NewFile;
use super::spi;
use pgdatahub_core::watch::{Known, Seen, State};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A file as the look before left it.
pub type KnownFile = Known;

/// A file of a job that is over.
pub struct Finished {
    pub below: PathBuf,
    pub attempts: u32,
    /// What became of it; none if the job did not come to it.
    pub status: Option<String>,
    /// Why it failed.
    pub message: Option<String>,
}

/// What is recorded of such a file.
pub struct Outcome {
    pub below: PathBuf,
    pub state: State,
    pub attempts: u32,
    /// Until its next attempt.
    pub seconds: Option<f64>,
    pub error: Option<String>,
}

/// Files recorded by one statement.
const PART: usize = 10_000;

/// A path in the form that one array of text can carry.
fn hex(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn path(row: &spi::Row<'_>, ordinal: usize) -> Option<PathBuf> {
    let bytes = row.value::<Vec<u8>>(ordinal)?;
    Some(PathBuf::from(OsStr::from_bytes(&bytes)))
}

/// All files that the look before saw.
///
/// # Errors
/// SPI's own.
pub fn all(watch_id: i64) -> Result<HashMap<PathBuf, KnownFile>, Failure> {
    let files = as_owner(|| {
        spi::rows(
            "SELECT f.below, f.file_bytes, f.file_mtime, f.state, f.attempts, coalesce(f.next_try <= clock_timestamp(), true) \
               FROM pgdatahub.etl_watch_files f WHERE f.watch_id = $1",
            &[watch_id.into()],
            |row| {
                let known = Known {
                    seen: Seen {
                        bytes: row.value(2)?,
                        mtime: row.value(3)?,
                    },
                    state: State::parse(&row.text(4)),
                    attempts: row.value::<i32>(5)?.unsigned_abs(),
                    due: row.value(6)?,
                };
                Some((path(row, 1)?, known))
            },
        )
    })?;
    Ok(files.into_iter().flatten().collect())
}

/// Remembers files that are new or changed, without attempts.
///
/// # Errors
/// SPI's own.
pub fn note(watch_id: i64, files: &[(NewFile<'_>, Seen)]) -> Result<(), Failure> {
    as_owner(|| {
        for part in files.chunks(PART) {
            let below: Vec<String> = part.iter().map(|(file, _)| hex(file.below)).collect();
            let labels: Vec<String> = part.iter().map(|(f, _)| f.label.to_owned()).collect();
            let bytes: Vec<i64> = part.iter().map(|(_, seen)| seen.bytes).collect();
            let mtimes: Vec<i64> = part.iter().map(|(_, seen)| seen.mtime).collect();
            spi::execute(
                "INSERT INTO pgdatahub.etl_watch_files (watch_id, below, label, file_bytes, file_mtime) \
                 SELECT $1, decode(f.below, 'hex'), f.label, f.file_bytes, f.file_mtime \
                   FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS f(below, label, file_bytes, file_mtime) \
                 ON CONFLICT (watch_id, md5(below)) DO UPDATE SET label = excluded.label, file_bytes = excluded.file_bytes, \
                   file_mtime = excluded.file_mtime, first_seen = excluded.first_seen, state = 'waiting', attempts = 0, \
                   next_try = NULL, last_error = NULL",
                &[
                    watch_id.into(),
                    below.into(),
                    labels.into(),
                    bytes.into(),
                    mtimes.into(),
                ],
            )?;
        }
        Ok(())
    })
}

/// Forgets files that are no longer there.
///
/// # Errors
/// SPI's own.
pub fn forget(watch_id: i64, files: &[PathBuf]) -> Result<(), Failure> {
    for_each_part(
        watch_id,
        files.iter().map(|below| hex(below)).collect(),
        "DELETE FROM pgdatahub.etl_watch_files w USING unnest($2::text[]) AS f(below) \
          WHERE w.watch_id = $1 AND md5(w.below) = md5(decode(f.below, 'hex'))",
    )
}

/// A job has these files now.
///
/// # Errors
/// SPI's own.
pub fn submitted(watch_id: i64, files: &[NewFile<'_>]) -> Result<(), Failure> {
    for_each_part(
        watch_id,
        files.iter().map(|file| hex(file.below)).collect(),
        "UPDATE pgdatahub.etl_watch_files w SET state = 'submitted', next_try = NULL FROM unnest($2::text[]) AS f(below) \
          WHERE w.watch_id = $1 AND md5(w.below) = md5(decode(f.below, 'hex'))",
    )
}

fn for_each_part(watch_id: i64, files: Vec<String>, sql: &str) -> Result<(), Failure> {
    as_owner(|| {
        for part in files.chunks(PART) {
            spi::execute(sql, &[watch_id.into(), part.to_vec().into()])?;
        }
        Ok(())
    })
}

/// Files whose job is no longer on record wait again.
///
/// # Errors
/// SPI's own.
pub fn give_back(watch_id: i64) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_watch_files SET state = 'waiting' WHERE watch_id = $1 AND state = 'submitted'",
            &[watch_id.into()],
        )
        .map(|_| ())
    })
}

/// What a job made of the files that are still as they were submitted.
///
/// # Errors
/// SPI's own.
pub fn finished(watch_id: i64, run_id: i64) -> Result<Vec<Finished>, Failure> {
    let files = as_owner(|| {
        spi::rows(
            "SELECT w.below, w.attempts, f.status, \
                    (SELECT s.message FROM pgdatahub.etl_run_files s WHERE s.run_id = f.run_id AND s.file_no = f.file_no \
                       AND s.status IN ('failed', 'not_tried') ORDER BY s.sheet_no LIMIT 1) \
               FROM pgdatahub.etl_watch_files w \
               LEFT JOIN pgdatahub.etl_job_files f ON f.run_id = $2 AND f.below = w.below \
              WHERE w.watch_id = $1 AND w.state = 'submitted'",
            &[watch_id.into(), run_id.into()],
            |row| {
                Some(Finished {
                    below: path(row, 1)?,
                    attempts: row.value::<i32>(2)?.unsigned_abs(),
                    status: row.value(3),
                    message: row.value(4),
                })
            },
        )
    })?;
    Ok(files.into_iter().flatten().collect())
}

/// Records that.
///
/// # Errors
/// SPI's own.
pub fn set_outcomes(watch_id: i64, outcomes: &[Outcome]) -> Result<(), Failure> {
    as_owner(|| {
        for part in outcomes.chunks(PART) {
            let below: Vec<String> = part.iter().map(|file| hex(&file.below)).collect();
            let states: Vec<String> = part.iter().map(|f| f.state.word().to_owned()).collect();
            let attempts: Vec<i32> = part.iter().map(|file| file.attempts as i32).collect();
            let seconds: Vec<Option<f64>> = part.iter().map(|file| file.seconds).collect();
            let errors: Vec<Option<String>> = part.iter().map(|file| file.error.clone()).collect();
            spi::execute(
                "UPDATE pgdatahub.etl_watch_files w SET state = f.state, attempts = f.attempts, last_error = f.last_error, \
                        next_try = clock_timestamp() + make_interval(secs => f.seconds) \
                   FROM unnest($2::text[], $3::text[], $4::integer[], $5::float8[], $6::text[]) \
                     AS f(below, state, attempts, seconds, last_error) \
                  WHERE w.watch_id = $1 AND md5(w.below) = md5(decode(f.below, 'hex'))",
                &[
                    watch_id.into(),
                    below.into(),
                    states.into(),
                    attempts.into(),
                    seconds.into(),
                    errors.into(),
                ],
            )?;
        }
        Ok(())
    })
}
