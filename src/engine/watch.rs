//! watch_folder and unwatch_folder: what a person may ask of a watched folder.

use super::options::{Options, required_path};
use super::start_import::{check_workers, may_log_in, refuse_dry_run};
use super::targets;
use crate::pg::access::Grant;
use crate::pg::ddl::literal;
use crate::pg::error::Failure;
use crate::pg::transaction::OneRun;
use crate::pg::watches::{self, NewWatch};
use crate::pg::{clock, guc, identity, job_settings, jobs, launcher, report};
use pgdatahub_core::watch::DAY;
use pgrx::datum::Interval;

/// Has a folder looked at from this transaction's commit on; the watch.
///
/// # Errors
/// 22023 for an unusable argument, 22004, what concerns the folder as a whole,
/// 42501 for a role that may not log in, 42710 where the role watches it already.
pub fn watch_folder(
    options: &Options,
    files_glob: Option<&str>,
    every: Option<Interval>,
    workers: Option<i32>,
) -> Result<i64, Failure> {
    let every = seconds(every)?;
    let workers = check_workers(workers)?;
    refuse_dry_run(options)?;
    let _one = OneRun::begin()?;
    let role = identity::current_role();
    may_log_in(&role)?;
    // What a look would do, so that it does not fail unseen: rights, configuration, tables.
    targets::plan(&Grant::new(&options.path)?, options)?;
    let settings = job_settings::snapshot()?;
    job_settings::warn_of_own_pauses()?;
    let watch = NewWatch {
        path: &options.path,
        every,
        files_glob,
        target_schema: options.target_schema.as_deref(),
        workers,
        owner: &role,
        settings: &settings,
    };
    let Some(watch_id) = watches::add(&watch)? else {
        return Err(Failure::new(
            "42710",
            format!("role \"{role}\" watches \"{}\" already", options.path),
        )
        .hint(format!(
            "SELECT * FROM pgdatahub.watches; pgdatahub.unwatch_folder({}) ends it.",
            literal(&options.path)
        )));
    };
    say_who_looks(every);
    Ok(watch_id)
}

/// Ends the watch of a folder, the current role's own before one that it may control; the watch.
///
/// # Errors
/// 42704 there is none, 42501 there are only others' ones.
pub fn unwatch_folder(path: Option<&str>) -> Result<i64, Failure> {
    let path = required_path(path)?;
    let _one = OneRun::begin()?;
    let role = identity::current_role();
    let found = watches::of_path(&path)?;
    let own = found.iter().find(|(_, owner)| *owner == role);
    for (watch_id, owner) in own.into_iter().chain(&found) {
        if jobs::may_control(owner)? && watches::remove(*watch_id)? {
            return Ok(*watch_id);
        }
    }
    match found.first() {
        // Whose they are is for those to know who see them.
        Some(_) => Err(Failure::new(
            "42501",
            format!("permission denied for the watch of \"{path}\""),
        )
        .detail(format!(
            "It belongs to another role; the current role is {role}."
        ))),
        None => Err(Failure::new("42704", format!("\"{path}\" is not watched"))
            .hint("SELECT path, owner FROM pgdatahub.watches shows what is.")),
    }
}

/// The time between two looks in seconds.
fn seconds(every: Option<Interval>) -> Result<f64, Failure> {
    let every = every.ok_or_else(|| {
        Failure::new("22004", "every must not be null").hint("For example every => '1 minute'.")
    })?;
    match clock::length(&every) {
        seconds if (1.0..=DAY).contains(&seconds) => Ok(seconds),
        _ => Err(
            Failure::new("22023", "every must be from 1 second to 1 day")
                .detail("It is the time from one look at the folder to the next.")
                .hint("For example every => '1 minute'."),
        ),
    }
}

/// A watch that nobody looks at would be waited for in vain.
fn say_who_looks(every: f64) {
    if !launcher::is_registered() {
        report::warning(
            "nothing will look at the folder until pgdatahub is preloaded".into(),
            Some("The watch is recorded; who looks is the launcher of shared_preload_libraries.".into()),
            Some("As a superuser, ALTER SYSTEM SET shared_preload_libraries = 'pgdatahub'; beside what it names already, and restart the server.".into()),
        );
    } else if !launcher::looks_here() {
        report::warning(
            "nothing will look at the folder until pgdatahub.databases names this database".into(),
            Some(
                "The watch is recorded; the launcher looks into the databases named there only."
                    .into(),
            ),
            Some("As a superuser, ALTER SYSTEM SET pgdatahub.databases = '…'; and SELECT pg_reload_conf();".into()),
        );
    } else if f64::from(guc::LAUNCHER_NAPTIME.get()) > every {
        report::notice(format!(
            "the folder is looked at every {} s, which is pgdatahub.launcher_naptime",
            guc::LAUNCHER_NAPTIME.get()
        ));
    }
}
