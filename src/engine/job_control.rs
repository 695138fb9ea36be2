//! pause_import, resume_import, cancel_import: who may, what follows, and who is told.

use super::job_word::JobWord;
use super::start_import::may_log_in;
use crate::pg::error::Failure;
use crate::pg::jobs::{self, Job};
use crate::pg::lock::JobLock;
use crate::pg::transaction::OneRun;
use crate::pg::{identity, launch};
use pgdatahub_core::job::{State, Wish};

/// Lets the workers finish the file in hand and stop; the job's new state.
///
/// # Errors
/// 55000 where it is not under way, 42501, 42704 for a run that is no job.
pub fn pause(run_id: i64) -> Result<&'static str, Failure> {
    let _one = OneRun::begin()?;
    let job = controlled(run_id)?;
    let (state, owners) = after(&job, Wish::Pause)?;
    jobs::set_state(&job, state, None)?;
    JobWord::of(&job, state, None)?.say_at_commit()?;
    Ok(state.shown(!owners.is_empty()))
}

/// Lets a job go on, the latest that can where none is named; its new state.
///
/// # Errors
/// 55000 where there is nothing to resume, 42501, 42704.
pub fn resume(run_id: Option<i64>) -> Result<&'static str, Failure> {
    let _one = OneRun::begin()?;
    let run_id = match run_id {
        Some(run_id) => run_id,
        None => latest_resumable()?,
    };
    let job = controlled(run_id)?;
    let (state, owners) = after(&job, Wish::Resume)?;
    let role = may_log_in(&job.role)?;
    jobs::set_state(&job, state, None)?;
    jobs::set_restarts(run_id, 0, 0)?;
    let missing = job.workers.saturating_sub(owners.len() as u32);
    if missing > 0 {
        launch::at_commit(run_id, missing, role);
    }
    Ok(state.word())
}

/// Ends a job; the file in hand is broken off. What is in stays in.
///
/// # Errors
/// 55000 where it is over, 42501, 42704.
pub fn cancel(run_id: i64) -> Result<&'static str, Failure> {
    let _one = OneRun::begin()?;
    let job = controlled(run_id)?;
    let (state, owners) = after(&job, Wish::Cancel)?;
    jobs::set_state(&job, state, None)?;
    jobs::total(run_id)?;
    JobWord::of(&job, state, None)?.say_at_commit()?;
    launch::interrupt_at_commit(&owners);
    Ok(state.word())
}

/// The job, locked against others' wishes.
fn controlled(run_id: i64) -> Result<Job, Failure> {
    let job = jobs::lock(run_id)?.ok_or_else(|| no_job(run_id))?;
    check_right(&job)?;
    Ok(job)
}

/// # Errors
/// 42501 for a role that is not the submitter, nor a member of it, nor the extension's owner.
pub fn check_right(job: &Job) -> Result<(), Failure> {
    if jobs::may_control(&job.role)? {
        return Ok(());
    }
    Err(Failure::new(
        "42501",
        format!("permission denied for the job of run {}", job.run_id),
    )
    .detail(format!(
        "It belongs to role {}; the current role is {}.",
        job.role,
        identity::current_role()
    )))
}

/// What is said of a run that is no job.
pub fn no_job(run_id: i64) -> Failure {
    Failure::new("42704", format!("there is no job of run {run_id}"))
        .detail("Jobs are what pgdatahub.start_import and watched folders make.")
        .hint("SELECT run_id, kind, state FROM pgdatahub.runs shows the runs.")
}

fn after(job: &Job, wish: Wish) -> Result<(State, Vec<i32>), Failure> {
    let owners = JobLock::of(job.run_id)?.owners()?;
    let state = job.state.after(wish, !owners.is_empty());
    let state = state.map_err(|report| {
        Failure::from(report).also(format!("Run {}, {}.", job.run_id, job.path))
    })?;
    Ok((state, owners))
}

fn latest_resumable() -> Result<i64, Failure> {
    for job in jobs::open()? {
        let owned = jobs::is_owned(job.run_id)?;
        if job.state.after(Wish::Resume, owned).is_ok() && jobs::may_control(&job.role)? {
            return Ok(job.run_id);
        }
    }
    Err(Failure::new("55000", "there is no job to resume")
        .detail("None of this role's jobs is paused, interrupted, failed, or queued without a worker.")
        .hint("SELECT run_id, state, reason FROM pgdatahub.runs shows the jobs; pgdatahub.start_import begins one."))
}
