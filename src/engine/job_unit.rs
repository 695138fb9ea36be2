//! One step of a worker: a pause begun or ended, or a file (or folder) imported.

use super::folder_unit::folder_unit;
use super::import_file;
use super::job_finish;
use super::job_word::{FileWord, JobWord};
use super::job_worker::{Worker, stops};
use super::pause;
use super::progress;
use super::targets::{self, Source};
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::jobs::{self, Claimed, Job};
use pgdatahub_core::job::{Reason, State};
use std::ops::Bound;
use std::path::PathBuf;

/// What a step came to.
pub enum Unit {
    /// The worker is not needed any more.
    Leave,
    /// Files are left, but others work on their tables.
    Taken,
    /// The job is in a pause that passes.
    Pausing,
    /// Such a pause has begun.
    Paused(JobWord),
    /// The last file is done, and the job over.
    Over(JobWord),
    /// Files were done.
    Done(Outcome),
}

/// What became of the files in hand.
pub struct Outcome {
    pub words: Vec<FileWord>,
    /// The job stops here.
    pub stop: Option<Failure>,
}

/// Takes the next step, in a transaction of its own.
///
/// # Errors
/// What must end the file's transaction.
pub fn next(worker: &mut Worker) -> Result<Unit, Failure> {
    let run_id = worker.job.run_id;
    if !jobs::exist() {
        return Ok(Unit::Leave);
    }
    let Some(job) = jobs::load(run_id)? else {
        return Ok(Unit::Leave);
    };
    match job.state {
        State::Running => {}
        State::Queued => return take_up(worker, job.state),
        State::Paused(reason) if reason.passes() => return passing(worker, &job, reason),
        _ => return leave(worker),
    }
    // Counted only where it matters: a job may have a hundred thousand files.
    let left = match pause::counts_files() {
        true => jobs::left(run_id)?,
        false => job.files,
    };
    let done = job.files - left;
    match pause::reason(done - job.files_at_pause) {
        Some(reason) if left > 0 => begin_pause(run_id, reason, done),
        _ => import(worker),
    }
}

/// Leaves, unless the job was resumed meanwhile: whoever resumes it counts the
/// workers that are left after this.
fn leave(worker: &Worker) -> Result<Unit, Failure> {
    let job = jobs::lock(worker.job.run_id)?;
    if job.as_ref().is_some_and(|job| job.state.goes_on()) {
        return Ok(Unit::Taken);
    }
    worker.lock.release();
    if job.is_some() {
        jobs::total(worker.job.run_id)?;
    }
    Ok(Unit::Leave)
}

/// The job was resumed while this worker was still there.
fn take_up(worker: &Worker, seen: State) -> Result<Unit, Failure> {
    if let Some(job) = jobs::lock(worker.job.run_id)?
        && job.state == seen
    {
        jobs::set_state(&job, State::Running, None)?;
    }
    Ok(Unit::Taken)
}

fn begin_pause(run_id: i64, reason: Reason, done: i64) -> Result<Unit, Failure> {
    let Some(job) = jobs::lock(run_id)?.filter(|job| job.state == State::Running) else {
        return Ok(Unit::Taken);
    };
    if reason == Reason::Interval {
        jobs::set_files_at_pause(run_id, done)?;
    }
    let state = State::Paused(reason);
    jobs::set_state(&job, state, None)?;
    Ok(Unit::Paused(JobWord::of(&job, state, None)?))
}

fn passing(worker: &Worker, job: &Job, reason: Reason) -> Result<Unit, Failure> {
    let lasts = match reason {
        Reason::Window => pause::is_closed(),
        _ => !pause::is_over(job.seconds),
    };
    if lasts {
        return Ok(Unit::Pausing);
    }
    take_up(worker, job.state)
}

/// Claims files of a table that nobody else works on, and imports them.
fn import(worker: &mut Worker) -> Result<Unit, Failure> {
    // First the table of the file before, if it has more.
    if let Some(table) = worker.table.take()
        && let Some(done) = import_into(worker, table)?
    {
        return Ok(done);
    }
    let tables = jobs::tables_left(worker.job.run_id)?;
    if tables.is_empty() {
        return job_finish::finish(worker);
    }
    for table in tables {
        if let Some(done) = import_into(worker, table)? {
            return Ok(done);
        }
    }
    Ok(Unit::Taken)
}

fn import_into(worker: &mut Worker, table: TableName) -> Result<Option<Unit>, Failure> {
    if !targets::try_lock(&table)? {
        return Ok(None);
    }
    let claimed = jobs::claim(worker.job.run_id, &table, worker.job.sectional)?;
    if claimed.is_empty() {
        return Ok(None);
    }
    worker.table = Some(table);
    worker.in_hand.clone_from(&claimed);
    load(worker, &claimed).map(|outcome| Some(Unit::Done(outcome)))
}

fn load(worker: &mut Worker, claimed: &[Claimed]) -> Result<Outcome, Failure> {
    for file in claimed {
        jobs::forget_attempt(worker.job.run_id, file.file_no)?;
    }
    let _progress = progress::job_files(&worker.job, claimed);
    let sources: Vec<Option<Source>> = claimed.iter().map(|file| source(worker, file)).collect();
    let (rows, failed) = match sources.into_iter().collect::<Option<Vec<_>>>() {
        Some(sources) if worker.job.sectional => folder_unit(&worker.grant, &sources, &worker.call),
        Some(sources) => {
            let next = behind(worker, &sources[0]);
            let row = import_file::import(&worker.grant, &sources[0], &worker.call, next);
            let failed = (row.status == "failed").then_some(0);
            (vec![row], failed)
        }
        None => (
            claimed.iter().map(|file| vanished(worker, file)).collect(),
            Some(0),
        ),
    };
    // Others' transactions got in the way: the file is tried again as a whole.
    if let Some(row) = failed.and_then(|at| rows.get(at))
        && matches!(row.sqlstate.as_deref(), Some("40P01"))
    {
        return Err(row.failure());
    }
    record(worker, claimed, rows, failed)
}

/// The source of a claimed file, going where it was to go when the job was submitted.
fn source(worker: &Worker, file: &Claimed) -> Option<Source> {
    let mut source = worker.sources.get(&file.below)?.clone();
    source.target = file.target.clone();
    Some(source)
}

/// The file that comes behind this one by its path: likely the one that is claimed next.
fn behind<'a>(worker: &'a Worker, source: &Source) -> Option<&'a Source> {
    let from = (Bound::Excluded(&source.below), Bound::Unbounded);
    worker
        .sources
        .range::<PathBuf, _>(from)
        .next()
        .map(|(_, next)| next)
}

fn vanished(worker: &Worker, file: &Claimed) -> FileRow {
    let mut row = FileRow {
        source_file: worker.grant.display(&file.below),
        table: Some(file.target.clone()),
        status: "failed",
        sqlstate: Some("58P01".into()),
        message: Some("the file is no longer there".into()),
        detail: Some("It was found when the job was submitted; since then it was removed, or the configuration ignores it now.".into()),
        ..FileRow::default()
    };
    if worker.sources.contains_key(&file.below) {
        row.status = "not_tried";
        row.sqlstate = None;
        row.detail = None;
        row.message = Some("not tried: another file of its folder is no longer there".into());
    }
    row
}

/// Records what became of the files, each in its place.
fn record(
    worker: &mut Worker,
    claimed: &[Claimed],
    rows: Vec<FileRow>,
    failed: Option<usize>,
) -> Result<Outcome, Failure> {
    let stop = failed
        .filter(|_| stops(&worker.job))
        .and_then(|at| Some((claimed.get(at)?, rows.get(at)?)))
        .map(|(file, row)| stopped(&worker.job, file, row));
    let mut words = Vec::with_capacity(claimed.len());
    for (file, mut row) in claimed.iter().zip(rows) {
        if worker.job.sectional && failed.is_some() {
            row.undo();
        }
        let whole = row.whole();
        worker.run.at(file.file_no);
        worker.run.file(&file.label, row)?;
        // What stops the job is tried again when it is resumed.
        if stop.is_none() {
            jobs::mark(worker.job.run_id, file.file_no, whole.status)?;
        }
        words.push(FileWord::of(file.file_no, whole));
    }
    Ok(Outcome { words, stop })
}

/// What the job's state says of the file that stopped it.
fn stopped(job: &Job, file: &Claimed, row: &FileRow) -> Failure {
    let what = if job.sectional { "folder" } else { "file" };
    let place = if job.sectional {
        &file.folder
    } else {
        &file.label
    };
    Failure::new(
        row.sqlstate.as_deref().unwrap_or("XX000"),
        format!(
            "{what} {place} for table {} stopped the job: {}: {}",
            file.target.display(),
            row.source_file,
            row.message.as_deref().unwrap_or("failed")
        ),
    )
}

/// A failure that ended the transaction, as that of the files in hand.
///
/// # Errors
/// SPI's own.
pub fn record_failed(worker: &mut Worker, failure: &Failure) -> Result<Outcome, Failure> {
    let claimed = std::mem::take(&mut worker.in_hand);
    let mut kept = Vec::with_capacity(claimed.len());
    for file in claimed {
        if jobs::claim_again(worker.job.run_id, file.file_no)? {
            jobs::forget_attempt(worker.job.run_id, file.file_no)?;
            kept.push(file);
        }
    }
    let rows = kept.iter().enumerate().map(|(nth, file)| FileRow {
        source_file: worker.grant.display(&file.below),
        table: Some(file.target.clone()),
        status: if nth == 0 { "failed" } else { "not_tried" },
        sqlstate: (nth == 0).then(|| failure.sqlstate.clone()),
        message: Some(if nth == 0 {
            failure.message.clone()
        } else {
            "not tried after an earlier failure".into()
        }),
        detail: failure.detail.clone().filter(|_| nth == 0),
        hint: failure.hint.clone().filter(|_| nth == 0),
        ..FileRow::default()
    });
    let rows = rows.collect();
    let failed = (!kept.is_empty()).then_some(0);
    record(worker, &kept, rows, failed)
}
