//! The end of a job: files that are gone, totals, the last state.

use super::folder_remarks::gone;
use super::job_unit::Unit;
use super::job_word::JobWord;
use super::job_worker::Worker;
use crate::pg::error::Failure;
use crate::pg::jobs::{self, Kind};
use pgdatahub_core::job::State;

/// No file is left: whichever worker sees that first ends the job.
///
/// # Errors
/// SPI's own.
pub fn finish(worker: &mut Worker) -> Result<Unit, Failure> {
    let run_id = worker.job.run_id;
    let Some(job) = jobs::lock(run_id)?.filter(|job| job.state == State::Running) else {
        return Ok(Unit::Taken);
    };
    worker.lock.release();
    if job.files_glob.is_none() && job.kind == Kind::Started {
        worker.run.at(job.files + 1);
        gone(&worker.grant, &mut worker.run)?;
    }
    jobs::total(run_id)?;
    let state = if jobs::counts(run_id)?.failed > 0 {
        State::DoneWithFailures
    } else {
        State::Done
    };
    jobs::set_state(&job, state, None)?;
    Ok(Unit::Over(JobWord::of(&job, state, None)?))
}
