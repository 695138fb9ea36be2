//! What others see of an import while it runs.

use super::targets::Source;
use crate::pg::jobs::{Claimed, Job};
use crate::pg::progress::{self, Kind, Showing, Shown};
use crate::pg::{clock, worker};

/// A call of this session begins.
pub fn begin(kind: Kind, run_id: i64, sources: &[Source]) -> Showing {
    progress::show(Shown {
        run_id,
        files: sources.len() as i64,
        bytes: sources.iter().map(|source| source.bytes).sum(),
        kind,
        began: clock::now(),
        ..Shown::default()
    })
}

/// A file of it begins.
pub fn file(source: &Source) {
    progress::update(|shown| {
        shown.rows = 0;
        progress_name(shown.files_done + 1, shown.files, &source.label);
    });
}

/// It is done; so many of its rows are in.
pub fn file_done(source: &Source, rows: Option<i64>) {
    progress::update(|shown| {
        shown.files_done += 1;
        shown.bytes_done += source.bytes;
        shown.rows_done += rows.unwrap_or(0);
        shown.rows = 0;
    });
}

/// An attempt at a file begins: its rows so far were rolled back.
pub fn attempt() {
    progress::update(|shown| shown.rows = 0);
}

fn progress_name(file_no: i64, files: i64, label: &str) {
    progress::name(&format!("pgdatahub [{file_no}/{files}] {label}"));
}

/// A worker begins files of its job.
pub fn job_files(job: &Job, claimed: &[Claimed]) -> Showing {
    let showing = progress::show(Shown {
        run_id: job.run_id,
        files: job.files,
        files_done: claimed.first().map_or(0, |file| file.file_no - 1),
        kind: Kind::Job,
        began: clock::now(),
        ..Shown::default()
    });
    if let Some(file) = claimed.first() {
        progress_name(file.file_no, job.files, &file.label);
        worker::report_activity(Some(&format!(
            "pgdatahub run {}, file {}/{}: {} → {}",
            job.run_id,
            file.file_no,
            job.files,
            file.label,
            file.target.display()
        )));
    }
    showing
}
