//! import_folder: every workbook of a folder in the caller's transaction.

use super::folder_remarks::{gone, nothing_found, say_unreadable};
use super::folder_unit::{folder_unit, not_tried};
use super::import_file::{self, Call};
use super::large;
use super::ledger::Ledger;
use super::options::{OnError, Options};
use super::plan;
use super::progress;
use super::run::{Run, Say};
use super::targets::{self, Source};
use super::unchanged::Ahead;
use crate::pg::access::Grant;
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::process::EndReader;
use crate::pg::progress::Kind;
use crate::pg::transaction::{OneRun, check_for_interrupts};
use crate::pg::{guc, registry};

/// Imports a folder in the caller's transaction, each file in a subtransaction.
///
/// # Errors
/// What concerns the call as a whole, before the first file; with
/// `on_error => 'raise'` the first file's failure.
pub fn import_folder(options: &Options) -> Result<Vec<FileRow>, Failure> {
    if options.dry_run {
        let ledger = Ledger::imagined(true);
        return plan::reading(|| {
            folder("import_folder", options, ledger, Say::Files).map(Run::into_rows)
        });
    }
    let _one = OneRun::begin()?;
    folder("import_folder", options, Ledger::default(), Say::Files).map(Run::into_rows)
}

/// All files of a folder in this transaction, done or, as `ledger` has it, imagined.
///
/// # Errors
/// As [`import_folder`].
pub fn folder(
    kind: &'static str,
    options: &Options,
    ledger: Ledger,
    say: Say,
) -> Result<Run, Failure> {
    let _end = EndReader;
    let grant = Grant::new(&options.path)?;
    if !ledger.plans() {
        registry::follow_renames()?;
    }
    let plan = targets::plan(&grant, options)?;
    say_unreadable(&plan);
    if kind == "import_folder" {
        large::warn(&options.path, &plan.sources);
    }
    let (files, ignored) = (plan.sources.len(), plan.listing.ignored);
    let mut run = if ledger.plans() {
        Run::imagined(kind, files, ignored, say)
    } else {
        Run::start(kind, &options.path, files, ignored)?
    };
    if plan.sources.is_empty() {
        nothing_found(options, &plan);
    }
    if !ledger.plans() {
        targets::lock(plan.sources.iter().map(|source| &source.target))?;
    }
    let _progress = progress::begin(Kind::ImportFolder, run.run_id, &plan.sources);
    let call = Call {
        run_id: run.run_id,
        reimport: options.reimport,
        explicit: false,
        ledger,
    };
    let mut files = Files {
        grant: &grant,
        sources: &plan.sources,
        call: &call,
        on_error: options.on_error,
        run: &mut run,
    };
    if guc::SECTIONAL_COMMIT.get() {
        files.by_folder()?;
    } else {
        files.one_by_one()?;
    }
    if options.files.is_none() {
        gone(&grant, &mut run)?;
    }
    run.finish()?;
    Ok(run)
}

/// The files of a run, on their way into it.
struct Files<'a> {
    grant: &'a Grant,
    sources: &'a [Source],
    call: &'a Call,
    on_error: OnError,
    run: &'a mut Run,
}

impl Files<'_> {
    fn one_by_one(&mut self) -> Result<(), Failure> {
        let mut stopped = false;
        let mut ahead = Ahead::default();
        let mut passed = 0;
        for (n, source) in self.sources.iter().enumerate() {
            check_for_interrupts();
            if n < passed {
                continue;
            }
            if stopped {
                self.run
                    .file(&source.label, not_tried(self.grant, source))?;
                continue;
            }
            let row = import_file::import(self.grant, source, self.call, self.sources.get(n + 1));
            let failed = row.status == "failed";
            if failed && self.on_error == OnError::Raise {
                return Err(raised(&row));
            }
            passed = n + 1;
            let skipped = row.status == "skipped";
            self.run.file(&source.label, row)?;
            self.call.ledger.commits();
            if skipped {
                passed += self.pass_over(passed, &mut ahead)?;
            }
            stopped = failed && self.on_error == OnError::Stop;
        }
        Ok(())
    }

    /// Passes over the files from `from` on that are in as they are; how many.
    fn pass_over(&mut self, from: usize, ahead: &mut Ahead) -> Result<usize, Failure> {
        let sources = &self.sources[from..];
        let mut passed = 0;
        loop {
            let rows = ahead.skipped(self.grant, &sources[passed..], self.call)?;
            if rows.is_empty() {
                return Ok(passed);
            }
            for row in rows {
                self.run.file(&sources[passed].label, row)?;
                passed += 1;
            }
        }
    }

    /// sectional_commit: a folder is one unit; its first error undoes it, and the rest is not tried.
    fn by_folder(&mut self) -> Result<(), Failure> {
        let mut stopped = false;
        for folder in self.sources.chunk_by(|a, b| a.folder == b.folder) {
            if stopped {
                for source in folder {
                    self.run
                        .file(&source.label, not_tried(self.grant, source))?;
                }
                continue;
            }
            let (rows, failed) = folder_unit(self.grant, folder, self.call);
            if let (Some(at), OnError::Raise) = (failed, self.on_error) {
                return Err(rows
                    .get(at)
                    .map_or_else(|| Failure::new("XX000", "no row"), raised));
            }
            stopped = failed.is_some();
            self.run.unit(folder, rows, stopped)?;
            self.call.ledger.commits();
        }
        Ok(())
    }
}

fn raised(row: &FileRow) -> Failure {
    row.failure().also(format!("File: {}", row.source_file))
}
