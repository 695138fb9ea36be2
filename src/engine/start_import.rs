//! start_import: looks for the files, queues the job, and has its workers
//! started once the caller's transaction has committed.

use super::folder_remarks::{nothing_found, say_unreadable};
use super::options::{OnError, Options};
use super::targets::{self, Source};
use crate::pg::access::Grant;
use crate::pg::catalog::column_sql;
use crate::pg::ddl::literal;
use crate::pg::error::Failure;
use crate::pg::jobs::{Kind, NewFile, NewJob, RoleOid};
use crate::pg::transaction::OneRun;
use crate::pg::{guc, identity, job_settings, jobs, launch, registry};

/// More workers than this help nobody: they wait for the same disks.
const MAX_WORKERS: i32 = 64;

/// Queues an import and returns its run.
///
/// # Errors
/// 22023 for an unusable argument, what concerns the folder as a whole, 42501
/// for a role that may not log in.
pub fn start_import(
    options: &Options,
    files_glob: Option<&str>,
    workers: Option<i32>,
) -> Result<i64, Failure> {
    let workers = check_workers(workers)?;
    refuse_dry_run(options)?;
    if options.on_error == OnError::Raise {
        return Err(
            Failure::new("22023", "on_error cannot be \"raise\" for a job")
                .detail("Each file of a job commits by itself, so there is nothing to undo.")
                .hint("on_error => 'stop' pauses the job at the first failed file; SET pgdatahub.sectional_commit = on undoes its folder."),
        );
    }
    let _one = OneRun::begin()?;
    let role = identity::current_role();
    let oid = may_log_in(&role)?;
    let grant = Grant::new(&options.path)?;
    registry::follow_renames()?;
    let plan = targets::plan(&grant, options)?;
    say_unreadable(&plan);
    if plan.sources.is_empty() {
        nothing_found(options, &plan);
    }
    let settings = job_settings::snapshot()?;
    job_settings::warn_of_own_pauses()?;
    let job = NewJob {
        kind: Kind::Started,
        path: &options.path,
        workers,
        files_glob,
        target_schema: options.target_schema.as_deref(),
        on_error: match options.on_error {
            OnError::Stop => "stop",
            _ => "continue",
        },
        reimport: options.reimport,
        sectional: guc::SECTIONAL_COMMIT.get(),
        settings: &settings,
        ignored: plan.listing.ignored as i64,
    };
    let files: Vec<NewFile<'_>> = plan.sources.iter().map(Source::as_job_file).collect();
    let run_id = jobs::submit(&job, &files)?;
    launch::at_commit(run_id, workers, oid);
    Ok(run_id)
}

/// # Errors
/// 22023 for a number out of range.
pub fn check_workers(workers: Option<i32>) -> Result<u32, Failure> {
    match workers.unwrap_or(1) {
        number @ 1..=MAX_WORKERS => Ok(number.unsigned_abs()),
        other => Err(
            Failure::new("22023", format!("workers cannot be {other}")).hint(format!(
                "From 1 to {MAX_WORKERS}; they work side by side on different tables, and max_worker_processes limits them."
            )),
        ),
    }
}

/// # Errors
/// 55000 while `pgdatahub.dry_run` is on.
pub fn refuse_dry_run(options: &Options) -> Result<(), Failure> {
    if !options.dry_run {
        return Ok(());
    }
    Err(Failure::new(
        "55000",
        "a job cannot be started while pgdatahub.dry_run is on",
    )
    .hint(format!(
        "pgdatahub.plan_folder({}) says what it would do; RESET pgdatahub.dry_run to start it.",
        literal(&options.path)
    )))
}

/// The oid of a role that a worker can connect as.
///
/// # Errors
/// 42704 there is none of that name, 42501 it may not log in.
pub fn may_log_in(role: &str) -> Result<RoleOid, Failure> {
    match jobs::role(role)? {
        Some((oid, true)) => Ok(oid),
        Some((_, false)) => Err(
            Failure::new("42501", format!("role \"{role}\" cannot own a job"))
                .detail("Its workers connect as that role, and it is not permitted to log in.")
                .hint(format!(
                    "Submit it as a role with LOGIN, or ALTER ROLE {} LOGIN.",
                    column_sql(role)
                )),
        ),
        None => Err(
            Failure::new("42704", format!("role \"{role}\" does not exist"))
                .detail("The job's workers connect as the role that submitted it.")
                .hint("Cancel the job, and start it anew as another role."),
        ),
    }
}
