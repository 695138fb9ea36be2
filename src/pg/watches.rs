//! etl_watches: written as the extension's owner.

use super::error::Failure;
use super::identity::as_owner;
use super::{registry, spi};

/// A watched folder, as recorded.
#[derive(Debug, Clone)]
pub struct Watch {
    pub watch_id: i64,
    pub path: String,
    /// Seconds.
    pub every: f64,
    pub files_glob: Option<String>,
    pub target_schema: Option<String>,
    pub workers: u32,
    pub owner: String,
    pub settings: String,
    pub enabled: bool,
    /// The latest look was less than a quarter of `every` ago.
    pub just_looked: bool,
    pub failures: u32,
    pub last_error: Option<String>,
    pub run_id: Option<i64>,
    /// It was made or confirmed in this cluster.
    pub is_here: bool,
}

/// What watch_folder was asked.
pub struct NewWatch<'a> {
    pub path: &'a str,
    pub every: f64,
    pub files_glob: Option<&'a str>,
    pub target_schema: Option<&'a str>,
    pub workers: u32,
    pub owner: &'a str,
    pub settings: &'a str,
}

/// Records a watch, or confirms one that is looked at no longer; none if the role watches that
/// folder already.
///
/// # Errors
/// SPI's own.
pub fn add(watch: &NewWatch<'_>) -> Result<Option<i64>, Failure> {
    let cluster = registry::system();
    as_owner(|| {
        let watch_id = spi::first(
            "INSERT INTO pgdatahub.etl_watches AS w (path, every, files_glob, target_schema, workers, owner, settings, cluster) \
             VALUES ($1, make_interval(secs => $2), $3, $4, $5, $6, $7::jsonb, $8) \
             ON CONFLICT (owner, md5(path)) DO UPDATE SET every = excluded.every, files_glob = excluded.files_glob, \
               target_schema = excluded.target_schema, workers = excluded.workers, settings = excluded.settings, \
               created_at = excluded.created_at, enabled = true, last_look = NULL, next_look = excluded.next_look, \
               failures = 0, last_error = NULL, run_id = NULL, cluster = excluded.cluster \
             WHERE NOT w.enabled OR w.cluster <> excluded.cluster RETURNING w.watch_id",
            &[
                watch.path.into(),
                watch.every.into(),
                watch.files_glob.into(),
                watch.target_schema.into(),
                (watch.workers as i32).into(),
                watch.owner.into(),
                watch.settings.into(),
                cluster.as_str().into(),
            ],
            |row| row.value::<i64>(1),
        )?
        .flatten();
        if let Some(watch_id) = watch_id {
            // What was seen elsewhere, or before the role was gone, tells nothing.
            spi::execute(
                "DELETE FROM pgdatahub.etl_watch_files WHERE watch_id = $1",
                &[watch_id.into()],
            )?;
        }
        Ok(watch_id)
    })
}

/// The watches of a folder, with their roles.
///
/// # Errors
/// SPI's own.
pub fn of_path(path: &str) -> Result<Vec<(i64, String)>, Failure> {
    as_owner(|| {
        let found = spi::rows(
            "SELECT w.watch_id, w.owner FROM pgdatahub.etl_watches w WHERE w.path = $1 ORDER BY w.watch_id",
            &[path.into()],
            |row| row.value::<i64>(1).map(|watch_id| (watch_id, row.text(2))),
        )?;
        Ok(found.into_iter().flatten().collect())
    })
}

/// Removes a watch and what it saw; whether it was still there.
///
/// # Errors
/// SPI's own.
pub fn remove(watch_id: i64) -> Result<bool, Failure> {
    as_owner(|| {
        let removed = spi::execute(
            "DELETE FROM pgdatahub.etl_watches WHERE watch_id = $1",
            &[watch_id.into()],
        )? > 0;
        // In a statement of its own: the first one may have waited for a look that saw more.
        spi::execute(
            "DELETE FROM pgdatahub.etl_watch_files WHERE watch_id = $1",
            &[watch_id.into()],
        )?;
        Ok(removed)
    })
}

/// A tenth early rather than missed by a moment: the launcher looks again only after its nap.
const DUE: &str = "w.enabled AND w.next_look <= clock_timestamp() + w.every / 10";

/// The watches whose next look is due, the longest due first.
///
/// # Errors
/// SPI's own.
pub fn due() -> Result<Vec<i64>, Failure> {
    let due = as_owner(|| {
        spi::rows(
            &format!(
                "SELECT w.watch_id FROM pgdatahub.etl_watches w WHERE {DUE} ORDER BY w.next_look"
            ),
            &[],
            |row| row.value::<i64>(1),
        )
    })?;
    Ok(due.into_iter().flatten().collect())
}

/// A watch as it stands.
///
/// # Errors
/// SPI's own.
pub fn load(watch_id: i64) -> Result<Option<Watch>, Failure> {
    let cluster = registry::system();
    let found = as_owner(|| {
        spi::first(
            "SELECT w.path, extract(epoch FROM w.every)::float8, w.files_glob, w.target_schema, w.workers, w.owner, \
                    w.settings::text, w.enabled, coalesce(w.last_look > clock_timestamp() - w.every / 4, false), \
                    w.failures, w.last_error, w.run_id, w.cluster = $2 \
               FROM pgdatahub.etl_watches w WHERE w.watch_id = $1",
            &[watch_id.into(), cluster.as_str().into()],
            |row| {
                Some(Watch {
                    watch_id,
                    path: row.text(1),
                    every: row.value(2)?,
                    files_glob: row.value(3),
                    target_schema: row.value(4),
                    workers: row.value::<i32>(5)?.unsigned_abs(),
                    owner: row.text(6),
                    settings: row.text(7),
                    enabled: row.value(8)?,
                    just_looked: row.value(9)?,
                    failures: row.value::<i32>(10)?.unsigned_abs(),
                    last_error: row.value(11),
                    run_id: row.value(12),
                    is_here: row.value(13)?,
                })
            },
        )
    })?;
    Ok(found.flatten())
}

/// A watch, which nobody else changes before this transaction ends.
///
/// # Errors
/// SPI's own.
pub fn lock(watch_id: i64) -> Result<Option<Watch>, Failure> {
    // Two steps: what is read after the wait must be what was committed meanwhile.
    as_owner(|| {
        spi::execute(
            "SELECT FROM pgdatahub.etl_watches w WHERE w.watch_id = $1 FOR NO KEY UPDATE",
            &[watch_id.into()],
        )
    })?;
    load(watch_id)
}

/// As [`lock`], of a watch that is due and that nobody else has locked.
///
/// # Errors
/// SPI's own.
pub fn lock_due(watch_id: i64) -> Result<Option<Watch>, Failure> {
    let locked = as_owner(|| {
        spi::execute(
            &format!(
                "SELECT FROM pgdatahub.etl_watches w WHERE w.watch_id = $1 AND {DUE} FOR NO KEY UPDATE SKIP LOCKED"
            ),
            &[watch_id.into()],
        )
    })?;
    match locked {
        0 => Ok(None),
        _ => load(watch_id),
    }
}

fn update(set: &str, args: &[pgrx::datum::DatumWithOid<'_>]) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            &format!("UPDATE pgdatahub.etl_watches SET {set} WHERE watch_id = $1"),
            args,
        )
        .map(|_| ())
    })
}

/// Counts a look as failed until it is known to be none, and puts off the next one.
///
/// # Errors
/// SPI's own.
pub fn put_off(watch_id: i64, seconds: f64) -> Result<(), Failure> {
    update(
        "failures = failures + 1, next_look = clock_timestamp() + make_interval(secs => $2)",
        &[watch_id.into(), seconds.into()],
    )
}

/// A look came to its end; `error` is what a person should know nevertheless.
///
/// # Errors
/// SPI's own.
pub fn looked(watch_id: i64, error: Option<&str>) -> Result<(), Failure> {
    update(
        "failures = 0, last_look = clock_timestamp(), last_error = $2, \
         next_look = greatest(least(next_look, clock_timestamp() + every), clock_timestamp() + every / 2)",
        &[watch_id.into(), error.into()],
    )
}

/// A look failed; the next one is due in so many seconds.
///
/// # Errors
/// SPI's own.
pub fn failed(watch_id: i64, seconds: f64, error: &str) -> Result<(), Failure> {
    update(
        "last_look = clock_timestamp(), last_error = $2, next_look = clock_timestamp() + make_interval(secs => $3)",
        &[watch_id.into(), error.into(), seconds.into()],
    )
}

/// It is looked at no longer, until watch_folder confirms it.
///
/// # Errors
/// SPI's own.
pub fn disable(watch_id: i64, why: &str) -> Result<(), Failure> {
    update(
        "enabled = false, last_error = $2",
        &[watch_id.into(), why.into()],
    )
}

/// Its latest job.
///
/// # Errors
/// SPI's own.
pub fn set_run(watch_id: i64, run_id: i64) -> Result<(), Failure> {
    update("run_id = $2", &[watch_id.into(), run_id.into()])
}

/// # Errors
/// 42501 for a role from which EXECUTE on watch_folder was taken since.
pub fn check_right(role: &str) -> Result<(), Failure> {
    let may = as_owner(|| {
        spi::first(
            "SELECT has_function_privilege($1::name, p.oid, 'EXECUTE') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
              WHERE n.nspname = 'pgdatahub' AND p.proname = 'watch_folder'",
            &[role.into()],
            |row| row.value::<bool>(1),
        )
    })?;
    if may.flatten() == Some(true) {
        return Ok(());
    }
    Err(
        Failure::new("42501", "permission denied for function watch_folder")
            .detail(format!("Role \"{role}\" had it when it began to watch.")),
    )
}
