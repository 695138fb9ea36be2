//! A run: its record, its counts, and what a person at psql reads meanwhile.

use super::file_line;
use super::targets::Source;
use crate::pg::audit::{self, RunTotals};
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::report;
pub use pgdatahub_core::count::{grouped, plural};
use std::collections::BTreeSet;
use std::time::Instant;

/// What a dry run says meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    /// A NOTICE per file, as an import.
    Files,
    /// Nothing: the rows say it all.
    Nothing,
}

/// A run under way.
pub struct Run {
    /// 0 where nothing is recorded.
    pub run_id: i64,
    /// A dry run, and what it says.
    imagined: Option<Say>,
    planned: u64,
    kind: &'static str,
    started: Instant,
    totals: RunTotals,
    tables: BTreeSet<String>,
    gone: u64,
    not_tried: u64,
    file_no: i64,
    /// Whether the file recorded last was passed over, every sheet of it.
    pub passed_over: bool,
    /// Result rows, in order.
    pub rows: Vec<FileRow>,
}

impl Run {
    /// Records the start.
    ///
    /// # Errors
    /// The audit's.
    pub fn start(
        kind: &'static str,
        path: &str,
        files: usize,
        ignored: u64,
    ) -> Result<Run, Failure> {
        let run_id = audit::start_run(kind, path)?;
        Ok(Run::new(run_id, kind, files, ignored, None))
    }

    /// A run that leaves no record.
    pub fn imagined(kind: &'static str, files: usize, ignored: u64, say: Say) -> Run {
        Run::new(0, kind, files, ignored, Some(say))
    }

    /// A part of a job that is on record already.
    pub fn of_job(run_id: i64, files: i64) -> Run {
        Run::new(run_id, "start_import", files as usize, 0, None)
    }

    /// The next file is the one at this place, from 1.
    pub fn at(&mut self, file_no: i64) {
        self.file_no = file_no - 1;
    }

    fn new(
        run_id: i64,
        kind: &'static str,
        files: usize,
        ignored: u64,
        imagined: Option<Say>,
    ) -> Run {
        let totals = RunTotals {
            files: files as i64,
            ignored: ignored as i64,
            ..RunTotals::default()
        };
        Run {
            run_id,
            imagined,
            planned: 0,
            kind,
            started: Instant::now(),
            totals,
            tables: BTreeSet::new(),
            gone: 0,
            not_tried: 0,
            file_no: 0,
            passed_over: false,
            rows: Vec::new(),
        }
    }

    /// The result rows.
    pub fn into_rows(self) -> Vec<FileRow> {
        self.rows
    }

    /// Records what became of a file and says it.
    ///
    /// # Errors
    /// The audit's.
    pub fn file(&mut self, label: &str, mut row: FileRow) -> Result<(), Failure> {
        self.file_no += 1;
        self.count(&row.whole());
        let others = std::mem::take(&mut row.other_sheets);
        self.passed_over = std::iter::once(&row)
            .chain(&others)
            .all(|sheet| sheet.status == "skipped");
        let several = !others.is_empty();
        for (sheet_no, sheet) in (1..).zip(std::iter::once(row).chain(others)) {
            if self.imagined.is_none() {
                audit::run_file(self.run_id, (self.file_no, sheet_no), &sheet)?;
            }
            self.count_rows(&sheet);
            if self.imagined != Some(Say::Nothing) {
                match &sheet.sheet_name {
                    Some(name) if several => self.say(&format!("{label} \"{name}\""), &sheet),
                    _ => self.say(label, &sheet),
                }
            }
            self.rows.push(sheet.for_client());
        }
        Ok(())
    }

    fn count(&mut self, row: &FileRow) {
        match row.status {
            "planned" => self.planned += 1,
            "imported" => self.totals.imported += 1,
            "replaced" => self.totals.replaced += 1,
            "skipped" => self.totals.skipped += 1,
            "failed" | "undone" => self.totals.failed += 1,
            "not_tried" => self.not_tried += 1,
            _ => self.gone += 1,
        }
    }

    fn count_rows(&mut self, row: &FileRow) {
        if let (Some(rows), Some(table)) = (row.row_count, &row.table) {
            self.totals.rows += rows;
            self.tables.insert(table.display());
        }
    }

    fn say(&self, label: &str, row: &FileRow) {
        let place = if self.totals.files > 1 {
            format!("[{}/{}] ", self.file_no, self.totals.files)
        } else {
            String::new()
        };
        match row.status {
            "imported" | "replaced" => file_line::Line::of(&place, label, "→", row).say(),
            "planned" => file_line::Line::of(&place, label, "would go to", row).say(),
            "failed" => {
                let failure = row.failure();
                failure.warn(format!("{place}{label}: {}", failure.message));
            }
            _ => {}
        }
    }

    /// The rows of a folder that is one unit; where it was undone, what was loaded is not in.
    ///
    /// # Errors
    /// The audit's.
    pub fn unit(
        &mut self,
        unit: &[Source],
        rows: Vec<FileRow>,
        undone: bool,
    ) -> Result<(), Failure> {
        for (source, mut row) in unit.iter().zip(rows) {
            if undone {
                row.undo();
            }
            self.file(&source.label, row)?;
        }
        Ok(())
    }

    /// Records the end and sums up in a NOTICE.
    ///
    /// # Errors
    /// The audit's.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let state = if self.totals.failed > 0 || self.not_tried > 0 {
            "done with failures"
        } else {
            "done"
        };
        if self.imagined.is_none() {
            audit::finish_run(self.run_id, state, &self.totals)?;
        }
        if self.imagined != Some(Say::Nothing) {
            report::notice(self.summary());
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let mut parts = Vec::new();
        for (number, what) in [
            (self.planned as i64, "planned"),
            (self.totals.imported, "imported"),
            (self.totals.replaced, "replaced"),
            (self.totals.skipped, "skipped"),
            (self.totals.failed, "failed"),
            (self.not_tried as i64, "not tried"),
            (self.gone as i64, "gone"),
        ] {
            if number > 0 {
                parts.push(format!("{} {what}", grouped(number.unsigned_abs())));
            }
        }
        if parts.is_empty() {
            parts.push("nothing to do".into());
        }
        let rows = match self.totals.rows.unsigned_abs() {
            0 => String::new(),
            rows => format!(
                "; {} into {}",
                plural(rows, "row"),
                plural(self.tables.len() as u64, "table")
            ),
        };
        format!(
            "{}{}: {}{rows} ({:.2} s)",
            self.kind,
            if self.imagined.is_some() {
                ", dry run"
            } else {
                ""
            },
            parts.join(", "),
            self.started.elapsed().as_secs_f64()
        )
    }

    /// Files that failed, by name.
    pub fn failed_files(&self) -> Vec<String> {
        let failed = self
            .rows
            .iter()
            .filter(|row| matches!(row.status, "failed" | "undone"));
        let mut names: Vec<String> = failed.map(|row| row.source_file.clone()).collect();
        // A file has a row for each of its sheets.
        names.dedup();
        names
    }
}

/// Seconds since `started`, to the millisecond: more would only look precise.
pub fn seconds_since(started: Instant) -> f64 {
    started.elapsed().as_millis() as f64 / 1000.0
}
