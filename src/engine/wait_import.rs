//! wait_import: waits for a job's end without a snapshot, a lock or a transaction that lasts.

use super::job_control::{check_right, no_job};
use super::start_import::may_log_in;
use crate::pg::error::Failure;
use crate::pg::jobs::{self, Job};
use crate::pg::transaction::{check_for_interrupts, commit_and_chain, nap};
use crate::pg::{clock, identity, launch, report};
use pgdatahub_core::job::{Reason, State};
use pgrx::datum::Interval;
use std::time::{Duration, Instant};

/// How often a job is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// A queued job without a worker for so long found no slot.
const NO_SLOT: Duration = Duration::from_secs(3);
/// A job that its workers left for so long is not taken up by the launcher either.
const LEFT: Duration = Duration::from_secs(20);

/// The job to wait for: the one named, else the caller's latest.
///
/// # Errors
/// 55000 for one that this very transaction has started.
pub fn which(run_id: Option<i64>) -> Result<Option<i64>, Failure> {
    let own = match run_id {
        Some(run_id) => Some(run_id).filter(|run_id| launch::is_prepared(*run_id)),
        None => launch::latest_prepared(),
    };
    match own {
        None => Ok(run_id),
        Some(run_id) => Err(Failure::new(
            "55000",
            format!("run {run_id} begins only when this transaction commits"),
        )
        .hint("COMMIT after pgdatahub.start_import, then CALL pgdatahub.wait_import.")),
    }
}

/// Waits for the end of a job, at most so many seconds.
///
/// # Errors
/// PD001 if it failed, was cancelled, had failures, is paused by an error or was
/// interrupted; 55000 if it is not over in time; 42704, 42501.
pub fn wait_import(run_id: Option<i64>, seconds: Option<f64>) -> Result<(), Failure> {
    let run_id = match run_id {
        Some(run_id) => run_id,
        None => jobs::latest_of(&identity::current_role())?.ok_or_else(|| {
            Failure::new("42704", "there is no job to wait for")
                .hint("SELECT pgdatahub.start_import('/srv/excel');")
        })?,
    };
    check_right(&loaded(run_id)?)?;
    let began = Instant::now();
    let mut alone = None;
    let mut said = false;
    loop {
        let job = loaded(run_id)?;
        let owned = jobs::is_owned(run_id)?;
        if let Some(end) = ended(&job)? {
            return end;
        }
        if owned || !(job.state.wants_owner() || job.state == State::Queued) {
            alone = None;
        } else {
            let since = alone.get_or_insert_with(Instant::now).elapsed();
            match job.state {
                State::Queued if since > NO_SLOT => {
                    start_queued(&job, &mut said)?;
                    alone = None;
                }
                State::Queued => {}
                _ if since > LEFT => return Err(interrupted(&job)),
                _ => {}
            }
        }
        if seconds.is_some_and(|limit| began.elapsed().as_secs_f64() >= limit) {
            return Err(not_over(&job, owned, seconds.unwrap_or_default()));
        }
        commit_and_chain();
        check_for_interrupts();
        nap(LOOK);
    }
}

/// A time-out in seconds.
///
/// # Errors
/// 22023 for a negative one.
pub fn seconds(timeout: Interval) -> Result<f64, Failure> {
    match clock::length(&timeout) {
        seconds if seconds >= 0.0 => Ok(seconds),
        _ => Err(Failure::new("22023", "timeout must not be negative")
            .hint("For example timeout => '10 minutes'.")),
    }
}

fn loaded(run_id: i64) -> Result<Job, Failure> {
    jobs::load(run_id)?.ok_or_else(|| no_job(run_id))
}

/// A job that found no worker slot: perhaps there is one by now.
fn start_queued(job: &Job, said: &mut bool) -> Result<(), Failure> {
    let role = may_log_in(&job.role)?;
    if !launch::now(job.run_id, role) && !*said {
        report::notice(format!(
            "run {} is queued: no background worker slot is free",
            job.run_id
        ));
        *said = true;
    }
    Ok(())
}

/// What a job that is over, or stopped until a person comes, comes to.
fn ended(job: &Job) -> Result<Option<Result<(), Failure>>, Failure> {
    let run_id = job.run_id;
    let failure = match job.state {
        State::Done => return Ok(Some(Ok(()))),
        State::DoneWithFailures => {
            let counts = jobs::counts(run_id)?;
            Failure::new(
                "PD001",
                format!("{} of {} files failed; all others are committed", counts.failed, job.files),
            )
            .hint(format!(
                "SELECT source_file, message, detail, hint FROM pgdatahub.failures WHERE run_id = {run_id}"
            ))
        }
        State::Cancelled => Failure::new("PD001", format!("run {run_id} was cancelled"))
            .hint("pgdatahub.start_import begins a new one; what is in already is skipped."),
        State::Failed => Failure::new("PD001", format!("run {run_id} failed")).hint(format!(
            "SELECT pgdatahub.resume_import({run_id}) once the cause is mended."
        )),
        State::Paused(Reason::Error) => {
            Failure::new("PD001", format!("run {run_id} is paused by an error")).hint(format!(
                "SELECT pgdatahub.resume_import({run_id}) lets it go on."
            ))
        }
        _ => return Ok(None),
    };
    Ok(Some(Err(match &job.message {
        Some(message) => failure.also(message),
        None => failure,
    })))
}

fn interrupted(job: &Job) -> Failure {
    Failure::new("PD001", format!("run {} was interrupted", job.run_id))
        .detail("None of its workers is alive.")
        .hint(format!(
            "SELECT pgdatahub.resume_import({}) finishes it; with shared_preload_libraries = 'pgdatahub' that happens by itself.",
            job.run_id
        ))
}

fn not_over(job: &Job, owned: bool, seconds: f64) -> Failure {
    Failure::new(
        "55000",
        format!(
            "run {} is {} after {seconds} s",
            job.run_id,
            job.state.shown(owned)
        ),
    )
    .detail("It goes on; only the waiting ended.")
    .hint(format!(
        "SELECT * FROM pgdatahub.progress WHERE run_id = {}",
        job.run_id
    ))
}
