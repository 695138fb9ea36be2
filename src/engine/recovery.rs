//! What the launcher's scout does in a database: interrupted jobs go on, and
//! queued ones that found no worker slot begin.

use super::job_word::{self, JobWord};
use super::start_import::may_log_in;
use super::watch_due;
use crate::pg::error::Failure;
use crate::pg::jobs::{self, Job};
use crate::pg::lock::JobLock;
use crate::pg::worker::transaction;
use crate::pg::{launch, launcher};
use pgdatahub_core::job::State;

/// A queued job's own workers have this long to begin, in seconds.
const BEGINNING: f64 = 3.0;
/// A job that was started so often without a file done since is what brings its workers down.
const MAX_RESTARTS: i32 = 3;

/// Looks once. Never fails: what goes wrong is in the log.
pub fn recover() {
    let open = transaction(|| {
        if jobs::exist() && crate::pg::transaction::writable() {
            jobs::open()
        } else {
            Ok(Vec::new())
        }
    });
    match open {
        Ok(open) => {
            // The oldest first.
            for job in open.iter().rev() {
                match transaction(|| take_up(job.run_id)) {
                    Ok(None) => {}
                    Ok(Some(word)) => job_word::job(&word),
                    Err(failure) => launcher::warn(&failure),
                }
            }
        }
        Err(failure) => launcher::warn(&failure),
    }
    watch_due::look();
}

/// Starts the workers of a job that should have some and has none; what is to be said of it.
fn take_up(run_id: i64) -> Result<Option<JobWord>, Failure> {
    let Some(job) = jobs::lock(run_id)? else {
        return Ok(None);
    };
    let waits = job.state == State::Queued && job.seconds > BEGINNING;
    if !(job.state.wants_owner() || waits) || !job.is_here {
        return Ok(None);
    }
    if !JobLock::of(run_id)?.owners()?.is_empty() {
        return Ok(None);
    }
    let role = match may_log_in(&job.role) {
        Ok(role) => role,
        Err(failure) => return fail(&job, &failure.message),
    };
    if job.state == State::Queued {
        // No slot, again: it stays queued, silently.
        let free = (0..job.workers).take_while(|_| launch::now(run_id, role));
        free.count();
        return Ok(None);
    }
    let done = jobs::counts(run_id)?.done;
    let restarts = match done > job.files_at_restart {
        true => 1,
        false => job.restarts + 1,
    };
    if restarts > MAX_RESTARTS {
        return fail(
            &job,
            &format!("given up after {MAX_RESTARTS} restarts without a file done"),
        );
    }
    jobs::set_restarts(run_id, restarts, done)?;
    jobs::set_state(
        &job,
        State::Queued,
        Some("interrupted; started again by the launcher"),
    )?;
    launch::at_commit(run_id, job.workers, role);
    Ok(None)
}

fn fail(job: &Job, message: &str) -> Result<Option<JobWord>, Failure> {
    jobs::total(job.run_id)?;
    jobs::set_state(job, State::Failed, Some(message))?;
    JobWord::of(job, State::Failed, Some(message)).map(Some)
}
