//! What state a job is in, since when and by whom; its pauses and restarts.

use super::record::Job;
use crate::pg::error::Failure;
use crate::pg::identity::{as_owner, current_role};
use crate::pg::{registry, spi};
use pgdatahub_core::job::State;

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

pub(super) fn record_state(
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
