//! What the world hears of a job: NOTIFY pgdatahub and a line in the server
//! log, at the end of each file and at each end and pause of the job. A worker
//! says it after its commit, in a transaction of its own; a person's wish is
//! told with their own transaction.

use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::jobs::{self, Counts, Job};
use crate::pg::report;
use crate::pg::worker::transaction;
use pgdatahub_core::job::State;
use pgdatahub_core::progress::{FileEvent, JobEvent, log_line};

/// What is said of a file.
pub struct FileWord {
    file_no: i64,
    row: FileRow,
}

/// What is said of a job.
pub struct JobWord {
    run_id: i64,
    path: String,
    state: State,
    files: i64,
    counts: Counts,
    message: Option<String>,
}

impl FileWord {
    /// `row`: of the file as a whole.
    pub fn of(file_no: i64, row: FileRow) -> FileWord {
        FileWord { file_no, row }
    }

    /// The NOTIFY's payload.
    pub fn payload(&self, run_id: i64, files: i64) -> String {
        let table = self.row.table.as_ref();
        FileEvent {
            run_id,
            file_no: self.file_no,
            files,
            status: self.row.status,
            table_schema: table.map_or("", |table| &table.schema),
            table_name: table.map_or("", |table| &table.table),
            row_count: self.row.row_count,
            sqlstate: self.row.sqlstate.as_deref(),
            source_file: &self.row.source_file,
        }
        .payload()
    }

    /// The server log's line.
    pub fn line(&self, run_id: i64, files: i64) -> String {
        let row = &self.row;
        let mut pairs = vec![
            ("run", run_id.to_string()),
            ("file", format!("{}/{files}", self.file_no)),
            ("status", row.status.to_owned()),
            (
                "table",
                row.table.as_ref().map(|t| t.display()).unwrap_or_default(),
            ),
        ];
        let counts = [
            ("rows", row.row_count),
            ("removed", row.rows_removed),
            ("rejected", row.rejected),
        ];
        for (key, count) in counts {
            pairs.extend(count.map(|count| (key, count.to_string())));
        }
        pairs.push(("seconds", format!("{:.3}", row.seconds)));
        pairs.extend(row.sqlstate.clone().map(|sqlstate| ("sqlstate", sqlstate)));
        pairs.push(("source_file", row.source_file.clone()));
        log_line(&pairs)
    }
}

impl JobWord {
    /// # Errors
    /// SPI's own.
    pub fn of(job: &Job, state: State, message: Option<&str>) -> Result<JobWord, Failure> {
        Ok(JobWord {
            run_id: job.run_id,
            path: job.path.clone(),
            state,
            files: job.files,
            counts: jobs::counts(job.run_id)?,
            message: message.map(str::to_owned),
        })
    }

    /// Tells it with the caller's transaction, whose rollback takes the NOTIFY back. The
    /// log's line is written at once: it says what was asked for.
    ///
    /// # Errors
    /// 54000, at the commit, when the server's queue of notifications is full.
    pub fn say_at_commit(&self) -> Result<(), Failure> {
        report::log(&self.line());
        jobs::notify_at_commit(&self.payload())
    }

    fn payload(&self) -> String {
        JobEvent {
            run_id: self.run_id,
            state: self.state.word(),
            reason: self.state.reason().map(|reason| reason.word()),
            files: self.files,
            imported: self.counts.imported,
            skipped: self.counts.skipped,
            failed: self.counts.failed,
            row_count: self.counts.rows,
        }
        .payload()
    }

    fn line(&self) -> String {
        let mut pairs = vec![
            ("run", self.run_id.to_string()),
            ("state", self.state.word().to_owned()),
        ];
        let reason = self.state.reason();
        pairs.extend(reason.map(|reason| ("reason", reason.word().to_owned())));
        for (key, count) in [
            ("files", self.files),
            ("imported", self.counts.imported),
            ("skipped", self.counts.skipped),
            ("failed", self.counts.failed),
            ("rows", self.counts.rows),
        ] {
            pairs.push((key, count.to_string()));
        }
        pairs.push(("path", self.path.clone()));
        pairs.extend(self.message.clone().map(|message| ("message", message)));
        log_line(&pairs)
    }
}

/// Says what became of files.
pub fn files(job: &Job, words: &[FileWord]) {
    for word in words {
        report::log(&word.line(job.run_id, job.files));
    }
    let payloads = words.iter().map(|word| word.payload(job.run_id, job.files));
    send(job.run_id, payloads.collect());
}

/// Says what became of a job.
pub fn job(word: &JobWord) {
    report::log(&word.line());
    send(word.run_id, vec![word.payload()]);
}

/// A NOTIFY that cannot be sent (the queue is full) is no reason to fail an import.
fn send(run_id: i64, payloads: Vec<String>) {
    let sent = transaction(|| {
        payloads
            .iter()
            .try_for_each(|payload| jobs::notify(payload))
    });
    if let Err(failure) = sent {
        failure.warn(format!(
            "pgdatahub run {run_id}: no notification was sent: {}",
            failure.message
        ));
    }
}
