//! A look at a watched folder, connected as the role that watches it: what became
//! of the files of its latest job, what is new, and a job of what is settled.

use super::options::Options;
use super::start_import::may_log_in;
use super::targets::{self, Plan, Source};
use crate::pg::access::Grant;
use crate::pg::error::Failure;
use crate::pg::jobs::{self, Kind, NewFile, NewJob};
use crate::pg::lock::JobLock;
use crate::pg::transaction::OneRun;
use crate::pg::watch_files::{self, KnownFile, Outcome};
use crate::pg::watches::{self, Watch};
use crate::pg::worker::{self, transaction};
use crate::pg::{job_settings, launch, registry, report};
use pgdatahub_core::job::{Reason, State};
use pgdatahub_core::progress::log_line;
use pgdatahub_core::watch::{self, Seen, Step, back_off};
use std::collections::HashMap;
use std::path::PathBuf;

/// The life of a worker that looks once. Never fails: what goes wrong is the watch's `last_error`.
pub fn work(watch_id: i64) {
    worker::report_activity(Some(&format!("pgdatahub watch {watch_id}")));
    let result = transaction(|| begin(watch_id)).and_then(|watch| {
        let Some(watch) = watch else {
            return Ok(None);
        };
        transaction(|| job_settings::apply(&watch.settings))?;
        worker::arm_timeout();
        let looked = transaction(|| look(watch_id));
        worker::disarm_timeout();
        looked
    });
    match result {
        Ok(Some(line)) => report::log(&line),
        Ok(None) => {}
        // Shutdown, or somebody's pg_terminate_backend.
        Err(failure) if failure.sqlstate.starts_with("57P") => {}
        Err(failure) => record(watch_id, &failure),
    }
}

fn begin(watch_id: i64) -> Result<Option<Watch>, Failure> {
    if jobs::exist() {
        watches::load(watch_id)
    } else {
        Ok(None)
    }
}

/// Looks, in one transaction; what the log says of it, if anything.
fn look(watch_id: i64) -> Result<Option<String>, Failure> {
    if !jobs::exist() {
        return Ok(None);
    }
    // Two looks in a row must be some time apart to tell anything.
    let Some(watch) = watches::lock(watch_id)?.filter(|watch| watch.enabled && !watch.just_looked)
    else {
        return Ok(None);
    };
    let _one = OneRun::begin()?;
    watches::check_right(&watch.owner)?;
    let grant = Grant::new(&watch.path)?;
    registry::follow_renames()?;
    let options = Options::new(
        Some(&watch.path),
        watch.files_glob.as_deref(),
        watch.target_schema.as_deref(),
        None,
        None,
        false,
    )?;
    let plan = targets::plan(&grant, &options)?;
    let job = job_of(&watch)?;
    let settled = compare(&watch, &plan)?;
    let mut line = None;
    if job.is_over && !settled.is_empty() {
        line = Some(submit(&watch, &plan, &settled)?);
    }
    let unreadable = plan.listing.unreadable.first();
    let unreadable = unreadable.map(|(folder, why)| format!("{folder} cannot be read: {why}"));
    let error = job.why.or(unreadable);
    watches::looked(watch_id, error.as_deref())?;
    match error.filter(|error| watch.last_error.as_ref() != Some(error)) {
        Some(error) if line.is_none() => Ok(Some(error_line(&watch, &error))),
        _ => Ok(line),
    }
}

/// What the watch's latest job means for the next one.
struct Latest {
    is_over: bool,
    /// Why it is not, where a person should know.
    why: Option<String>,
}

fn job_of(watch: &Watch) -> Result<Latest, Failure> {
    let over = Latest {
        is_over: true,
        why: None,
    };
    let Some(run_id) = watch.run_id else {
        return Ok(over);
    };
    let Some(job) = jobs::lock(run_id)? else {
        // Pruned: what it had is submitted anew, and skipped if it is in.
        watch_files::give_back(watch.watch_id)?;
        return Ok(over);
    };
    let message = job.message.as_deref().unwrap_or_default();
    let mut state = job.state;
    // Nobody need be there to resume it: its files back off instead.
    if state == State::Paused(Reason::Error) && JobLock::of(run_id)?.owners()?.is_empty() {
        state = State::Cancelled;
        jobs::total(run_id)?;
        jobs::set_state(&job, state, job.message.as_deref())?;
    }
    if state.is_final() {
        harvest(watch, run_id, message)?;
        return Ok(over);
    }
    let why = (state == State::Paused(Reason::User)).then(|| {
        format!("run {run_id} is paused; SELECT pgdatahub.resume_import({run_id}) lets it go on")
    });
    Ok(Latest {
        is_over: false,
        why,
    })
}

/// Records what a job that is over made of its files.
fn harvest(watch: &Watch, run_id: i64, message: &str) -> Result<(), Failure> {
    let outcomes: Vec<Outcome> = watch_files::finished(watch.watch_id, run_id)?
        .into_iter()
        .map(|file| {
            let state = watch::State::after(file.status.as_deref());
            let failed = state == watch::State::Failed;
            let attempts = if failed { file.attempts + 1 } else { 0 };
            let why = match file.message {
                Some(why) => why,
                None if message.is_empty() => format!("not tried in run {run_id}"),
                None => format!("not tried in run {run_id}: {message}"),
            };
            Outcome {
                below: file.below,
                state,
                attempts,
                seconds: failed.then(|| back_off(watch.every, attempts)),
                error: failed.then_some(why),
            }
        })
        .collect();
    watch_files::set_outcomes(watch.watch_id, &outcomes)
}

/// Holds the folder against the look before; what is settled, fresh files first.
fn compare<'a>(watch: &Watch, plan: &'a Plan) -> Result<Vec<&'a Source>, Failure> {
    let mut known: HashMap<PathBuf, KnownFile> = watch_files::all(watch.watch_id)?;
    let mut noted = Vec::new();
    let mut settled = Vec::new();
    for source in &plan.sources {
        let now = Seen {
            bytes: source.bytes,
            mtime: source.mtime,
        };
        let before = known.remove(&source.below);
        match watch::step(before.as_ref(), now) {
            Step::Note => noted.push((source.as_job_file(), now)),
            Step::Submit => settled.push((before.map_or(0, |known| known.attempts), source)),
            Step::Rest => {}
        }
    }
    watch_files::note(watch.watch_id, &noted)?;
    // A folder that cannot be read just now does not make its files new.
    if plan.listing.unreadable.is_empty() {
        let gone: Vec<PathBuf> = known.into_keys().collect();
        watch_files::forget(watch.watch_id, &gone)?;
    }
    settled.sort_by_key(|(attempts, _)| *attempts);
    Ok(settled.into_iter().map(|(_, source)| source).collect())
}

/// Queues a job of exactly these files; the log's line.
fn submit(watch: &Watch, plan: &Plan, settled: &[&Source]) -> Result<String, Failure> {
    let role = may_log_in(&watch.owner)?;
    let files: Vec<NewFile<'_>> = settled.iter().map(|source| source.as_job_file()).collect();
    let job = NewJob {
        kind: Kind::Watched,
        path: &watch.path,
        workers: watch.workers,
        files_glob: watch.files_glob.as_deref(),
        target_schema: watch.target_schema.as_deref(),
        on_error: "continue",
        reimport: false,
        // One file that stays broken would keep its folder's others out for ever.
        sectional: false,
        settings: &watch.settings,
        ignored: plan.listing.ignored as i64,
    };
    let run_id = jobs::submit(&job, &files)?;
    watch_files::submitted(watch.watch_id, &files)?;
    watches::set_run(watch.watch_id, run_id)?;
    launch::at_commit(run_id, watch.workers, role);
    Ok(log_line(&[
        ("watch", watch.watch_id.to_string()),
        ("run", run_id.to_string()),
        ("files", files.len().to_string()),
        ("path", watch.path.clone()),
    ]))
}

fn error_line(watch: &Watch, error: &str) -> String {
    log_line(&[
        ("watch", watch.watch_id.to_string()),
        ("path", watch.path.clone()),
        ("error", error.to_owned()),
    ])
}

/// A look that failed: said once in the log, not again at each look.
fn record(watch_id: i64, failure: &Failure) {
    let message = match &failure.detail {
        Some(detail) => format!("{}\n{detail}", failure.message),
        None => failure.message.clone(),
    };
    let recorded = transaction(|| {
        let Some(watch) = begin(watch_id)? else {
            return Ok(None);
        };
        // The scout has counted this look already.
        let seconds = back_off(watch.every, watch.failures.saturating_sub(1));
        watches::failed(watch_id, seconds, &message)?;
        let is_new = watch.last_error.as_ref() != Some(&message);
        Ok(is_new.then(|| error_line(&watch, &message)))
    });
    match recorded {
        Ok(line) => line.iter().for_each(|line| report::log(line)),
        Err(again) => again.warn(format!("pgdatahub watch {watch_id}: {}", again.message)),
    }
}
