//! What others see of an import while it runs.

use crate::pg::jobs::{Claimed, Counts, Job};
use crate::pg::worker;

/// A worker goes on with its job.
pub fn begin(_job: &Job, _counts: &Counts) {}

/// A worker begins a file.
pub fn file(job: &Job, file: &Claimed) {
    worker::report_activity(Some(&format!(
        "pgdatahub run {}, file {}/{}: {} → {}",
        job.run_id,
        file.file_no,
        job.files,
        file.label,
        file.target.display()
    )));
}
