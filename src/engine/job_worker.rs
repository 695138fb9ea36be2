//! A job's worker: claims a file (or folder) at a time, imports it, commits.
//!
//! Between two files it holds nothing but the job's lock, by which others know
//! that the job has an owner. It leaves when nothing is left to do, or when the
//! job is paused by a person or an error; it stays, asleep, in pauses that pass.

use super::import_file::Call;
use super::job_unit::{self, Outcome, Unit};
use super::job_word;
use super::ledger::Ledger;
use super::options::{OnError, Options};
use super::pause;
use super::run::Run;
use super::targets::{self, Source};
use crate::pg::access::Grant;
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::jobs::{self, Job};
use crate::pg::lock::JobLock;
use crate::pg::process::EndReader;
use crate::pg::transaction::{OneRun, check_for_interrupts, nap};
use crate::pg::worker::{guarded, reload_settings, transaction};
use crate::pg::{job_settings, registry, report, worker};
use pgdatahub_core::job::{Reason, State};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How long a worker that finds every table taken waits before it looks again.
const TAKEN: Duration = Duration::from_millis(150);
/// How often a file is tried that others' transactions got in the way of.
const ATTEMPTS: u32 = 5;

/// A worker at work.
pub struct Worker {
    pub job: Job,
    pub lock: JobLock,
    pub grant: Grant,
    pub sources: BTreeMap<PathBuf, Source>,
    pub call: Call,
    pub run: Run,
    /// The table of the last file: its files are taken first.
    pub table: Option<TableName>,
    /// The files in hand, and how often they were tried.
    pub in_hand: Vec<jobs::Claimed>,
    attempts: u32,
}

/// The life of a worker. Never fails: what goes wrong is the job's state, or the log's.
pub fn work(run_id: i64) {
    worker::report_activity(Some(&format!("pgdatahub run {run_id}")));
    let Some((job, lock)) = logged(run_id, transaction(|| begin(run_id))).flatten() else {
        return;
    };
    let ready = transaction(|| job_settings::apply(&job.settings))
        .and_then(|()| guarded(OneRun::begin))
        .and_then(|one| transaction(|| prepare(&job, lock)).map(|worker| (worker, one)));
    match ready {
        Ok((mut worker, _one)) => worker.run(),
        Err(failure) if is_shutdown(&failure) => {}
        Err(failure) => give_up(&job, lock, State::Failed, &failure),
    }
}

/// Takes the job up, unless it is over, paused, or has its workers already.
fn begin(run_id: i64) -> Result<Option<(Job, JobLock)>, Failure> {
    if !jobs::exist() {
        return Ok(None);
    }
    let Some(job) = jobs::lock(run_id)? else {
        return Ok(None);
    };
    let lock = JobLock::of(run_id)?;
    if !job.state.goes_on() || lock.owners()?.len() >= job.workers as usize {
        return Ok(None);
    }
    lock.hold();
    if job.state == State::Queued {
        jobs::set_state(&job, State::Running, None)?;
    }
    Ok(Some((job, lock)))
}

/// What all files of the job share: the right to read, the configuration, the files.
fn prepare(job: &Job, lock: JobLock) -> Result<Worker, Failure> {
    let options = Options::new(
        Some(&job.path),
        job.files_glob.as_deref(),
        job.target_schema.as_deref(),
        Some("continue"),
        Some(job.reimport),
        false,
    )?;
    let grant = Grant::new(&job.path)?;
    registry::follow_renames()?;
    let plan = targets::plan(&grant, &options)?;
    let sources = plan.sources.into_iter().map(|s| (s.below.clone(), s));
    Ok(Worker {
        lock,
        sources: sources.collect(),
        grant,
        call: Call {
            run_id: job.run_id,
            reimport: job.reimport,
            explicit: false,
            ledger: Ledger::default(),
        },
        run: Run::of_job(job.run_id, job.files),
        table: None,
        in_hand: Vec::new(),
        attempts: 0,
        job: job.clone(),
    })
}

impl Worker {
    fn run(&mut self) {
        let mut reader = Some(EndReader);
        loop {
            let step = guarded(|| {
                check_for_interrupts();
                reload_settings();
                Ok(())
            })
            .and_then(|()| {
                worker::arm_timeout();
                let step = transaction(|| job_unit::next(self));
                worker::disarm_timeout();
                step
            });
            match step {
                Ok(Unit::Leave) => break,
                Ok(Unit::Taken) => self.rest(TAKEN),
                Ok(Unit::Pausing) => {
                    // A pause may last for hours: its reader process need not.
                    reader = None;
                    worker::report_activity(None);
                    self.rest(pause::LOOK);
                }
                Ok(Unit::Over(word)) => {
                    job_word::job(&word);
                    break;
                }
                Ok(Unit::Paused(word)) => job_word::job(&word),
                Ok(Unit::Done(outcome)) => {
                    reader.get_or_insert_with(|| EndReader);
                    if !self.done(outcome) {
                        break;
                    }
                }
                Err(failure) => {
                    if !self.broken_off(failure) {
                        break;
                    }
                }
            }
        }
    }

    /// A nap that a cancel ends; what it means is seen at the next step.
    fn rest(&self, time: Duration) {
        // Its error is the cancel itself.
        let _ = guarded(|| {
            nap(time);
            Ok(())
        });
    }

    /// After the commit: says what was done, and pauses the job if it must stop there.
    fn done(&mut self, outcome: Outcome) -> bool {
        self.attempts = 0;
        self.in_hand.clear();
        job_word::files(&self.job, &outcome.words);
        self.run.rows.clear();
        match outcome.stop {
            None => true,
            Some(failure) => {
                give_up(&self.job, self.lock, State::Paused(Reason::Error), &failure);
                false
            }
        }
    }

    /// A file was broken off, and nothing of it is in; whether to go on.
    fn broken_off(&mut self, failure: Failure) -> bool {
        self.call.ledger = Ledger::default();
        if is_shutdown(&failure) {
            return false;
        }
        let Ok(Some(state)) = transaction(|| self.hold_again()) else {
            report::log(&format!(
                "pgdatahub run={} worker leaves: {}",
                self.job.run_id, failure.message
            ));
            return false;
        };
        if !state.goes_on() {
            return true;
        }
        match failure.sqlstate.as_str() {
            // Others got in the way.
            "40001" | "40P01" | "55P03" if self.attempts + 1 < ATTEMPTS => {
                self.attempts += 1;
                self.rest(TAKEN * self.attempts);
                true
            }
            // Nobody cancelled the job: a time-out, or a person who cancelled this file.
            "57014" | "40001" | "40P01" | "55P03" => self.record_failed(&failure),
            _ => {
                give_up(&self.job, self.lock, State::Paused(Reason::Error), &failure);
                false
            }
        }
    }

    /// An aborted transaction has ended the session's locks.
    fn hold_again(&self) -> Result<Option<State>, Failure> {
        if !jobs::exist() {
            return Ok(None);
        }
        let job = jobs::lock(self.job.run_id)?;
        self.lock.hold();
        Ok(job.map(|job| job.state))
    }

    /// A failure that ended the transaction becomes the file's.
    fn record_failed(&mut self, failure: &Failure) -> bool {
        let recorded = transaction(|| job_unit::record_failed(self, failure));
        match recorded {
            Ok(outcome) => self.done(outcome),
            Err(again) => {
                give_up(&self.job, self.lock, State::Paused(Reason::Error), &again);
                false
            }
        }
    }
}

/// The options that matter to one file.
pub fn stops(job: &Job) -> bool {
    job.sectional || OnError::parse(&job.on_error).is_ok_and(|on_error| on_error == OnError::Stop)
}

/// The job cannot go on: says so in its state, in the log, and to those who listen.
fn give_up(job: &Job, lock: JobLock, state: State, failure: &Failure) {
    let word = transaction(|| {
        if !jobs::exist() {
            return Ok(None);
        }
        let Some(now) = jobs::lock(job.run_id)? else {
            return Ok(None);
        };
        lock.release();
        jobs::total(job.run_id)?;
        if !now.state.goes_on() {
            return Ok(None);
        }
        let message = match &failure.detail {
            Some(detail) => format!("{}\n{detail}", failure.message),
            None => failure.message.clone(),
        };
        jobs::set_state(&now, state, Some(&message))?;
        job_word::JobWord::of(&now, state, Some(&failure.message)).map(Some)
    });
    match logged(job.run_id, word) {
        Some(Some(word)) => job_word::job(&word),
        Some(None) => {}
        None => report::log(&format!(
            "pgdatahub run={} worker leaves: {}",
            job.run_id, failure.message
        )),
    }
}

fn is_shutdown(failure: &Failure) -> bool {
    failure.sqlstate.starts_with("57P")
}

/// The value, or a line in the server log.
fn logged<T>(run_id: i64, result: Result<T, Failure>) -> Option<T> {
    result
        .map_err(|failure| failure.warn(format!("pgdatahub run {run_id}: {}", failure.message)))
        .ok()
}
