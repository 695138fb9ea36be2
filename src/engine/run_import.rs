//! run_import: commits after each file, or each folder with sectional_commit.
//! Between files it holds no transaction, no snapshot and no lock.

use super::folder_remarks::{gone, nothing_found, say_unreadable};
use super::folder_unit::{folder_unit, not_tried};
use super::import_file::{self, Call};
use super::import_folder::folder;
use super::ledger::Ledger;
use super::options::{OnError, Options};
use super::pause::{self, Pauses};
use super::plan;
use super::progress;
use super::run::{Run, Say};
use super::targets::{self, Source};
use super::unchanged::Ahead;
use crate::pg::access::Grant;
use crate::pg::ddl::literal;
use crate::pg::error::Failure;
use crate::pg::process::EndReader;
use crate::pg::progress::Kind;
use crate::pg::transaction::{OneRun, check_for_interrupts, commit_and_chain};
use crate::pg::worker::reload_settings;
use crate::pg::{guc, registry};
use std::time::{Duration, Instant};

/// So long files that are passed over may share a transaction, and with it their table's lock.
const SHARED: Duration = Duration::from_millis(100);

/// Imports a folder, committing as it goes.
///
/// # Errors
/// What concerns the call as a whole; PD001 at the end, naming the files that failed.
pub fn run_import(options: &Options) -> Result<(), Failure> {
    if options.dry_run {
        return dry_run(options);
    }
    let _one = OneRun::begin()?;
    let _end = EndReader;
    let grant = Grant::new(&options.path)?;
    registry::follow_renames()?;
    let plan = targets::plan(&grant, options)?;
    say_unreadable(&plan);
    let mut run = Run::start(
        "run_import",
        &options.path,
        plan.sources.len(),
        plan.listing.ignored,
    )?;
    if plan.sources.is_empty() {
        nothing_found(options, &plan);
    }
    commit_and_chain();
    let _progress = progress::begin(Kind::RunImport, run.run_id, &plan.sources);
    let call = Call {
        run_id: run.run_id,
        reimport: options.reimport,
        explicit: false,
        ledger: Ledger::default(),
    };
    let mut files = Files {
        grant: &grant,
        sources: &plan.sources,
        call: &call,
        sectional: guc::SECTIONAL_COMMIT.get(),
        run: &mut run,
        pauses: Pauses::default(),
        passed: 0,
        committed: Instant::now(),
    };
    files.all(options.on_error)?;
    if options.files.is_none() {
        gone(&grant, &mut run)?;
    }
    run.finish()?;
    commit_and_chain();
    let failed = run.failed_files();
    if failed.is_empty() {
        return Ok(());
    }
    Err(
        finished_with_failures(&failed, "failed; all others are committed").hint(format!(
            "SELECT source_file, message, detail, hint FROM pgdatahub.failures WHERE run_id = {}",
            run.run_id
        )),
    )
}

/// The files of a run, committed as they go in.
struct Files<'a> {
    grant: &'a Grant,
    sources: &'a [Source],
    call: &'a Call,
    /// A folder is the unit, not a file.
    sectional: bool,
    run: &'a mut Run,
    pauses: Pauses,
    /// So many of the sources are done with.
    passed: usize,
    /// When the last transaction ended.
    committed: Instant,
}

impl Files<'_> {
    fn all(&mut self, on_error: OnError) -> Result<(), Failure> {
        let (sources, sectional) = (self.sources, self.sectional);
        let mut begun = 0;
        let mut stopped = false;
        for unit in sources.chunk_by(|a, b| sectional && a.folder == b.folder) {
            check_for_interrupts();
            begun += unit.len();
            if begun <= self.passed {
                continue;
            }
            if stopped {
                self.leave_out(unit)?;
                continue;
            }
            reload_settings();
            if pause::counts_files() {
                // A pause holds nothing.
                commit_and_chain();
            }
            self.pauses.before(unit.len());
            let failed = self.unit(unit, sources.get(begun))?;
            self.passed = begun;
            self.commit_or_share()?;
            stopped = failed && (sectional || on_error != OnError::Continue);
        }
        Ok(())
    }

    fn leave_out(&mut self, unit: &[Source]) -> Result<(), Failure> {
        for source in unit {
            self.run
                .file(&source.label, not_tried(self.grant, source))?;
        }
        commit_and_chain();
        Ok(())
    }

    /// One file or one folder, under its target's lock, and the file after it; whether it failed.
    fn unit(&mut self, unit: &[Source], next: Option<&Source>) -> Result<bool, Failure> {
        targets::lock(unit.iter().map(|source| &source.target))?;
        if self.sectional {
            let (rows, failed) = folder_unit(self.grant, unit, self.call);
            self.run.unit(unit, rows, failed.is_some())?;
            return Ok(failed.is_some());
        }
        let mut failed = false;
        for source in unit {
            let row = import_file::import(self.grant, source, self.call, next);
            failed |= row.status == "failed";
            self.run.file(&source.label, row)?;
        }
        Ok(failed)
    }

    /// Commits, unless the file was passed over and the next one may share the transaction.
    fn commit_or_share(&mut self) -> Result<(), Failure> {
        let light = !self.sectional && self.run.passed_over && !pause::counts_files();
        if light {
            let count = self.pass_over()?;
            if count > 0 {
                self.passed += count;
                self.committed = Instant::now();
            }
        }
        let goes_on = light && !same_table(self.sources, self.passed).is_empty();
        if !goes_on || self.committed.elapsed() > SHARED {
            commit_and_chain();
            self.committed = Instant::now();
        }
        Ok(())
    }

    /// Passes over the next files that are in as they are and feed the same
    /// table as the one before, which was passed over too: many in one transaction,
    /// as each leaves nothing but its row of the run. How many; their table is locked still.
    fn pass_over(&mut self) -> Result<usize, Failure> {
        let mut ahead = Ahead::default();
        let next = same_table(self.sources, self.passed);
        let mut passed = 0;
        loop {
            let rows = ahead.skipped(self.grant, &next[passed..], self.call)?;
            if rows.is_empty() {
                return Ok(passed);
            }
            let count = rows.len();
            for (source, row) in next[passed..].iter().zip(rows) {
                self.run.file(&source.label, row)?;
            }
            passed += count;
            commit_and_chain();
            check_for_interrupts();
            self.pauses.before(count);
            targets::lock(next.iter().take(1).map(|source| &source.target))?;
        }
    }
}

/// The sources from `from` on that feed the table of the one before.
fn same_table(sources: &[Source], from: usize) -> &[Source] {
    let rest = &sources[from..];
    let target = from.checked_sub(1).map(|last| &sources[last].target);
    let same = rest
        .iter()
        .take_while(|source| Some(&source.target) == target);
    &rest[..same.count()]
}

/// What it would do, in one transaction and read-only: nothing to commit, nothing to pause for.
fn dry_run(options: &Options) -> Result<(), Failure> {
    let mut options = options.clone();
    if options.on_error == OnError::Raise {
        options.on_error = OnError::Stop;
    }
    let ledger = Ledger::imagined(false);
    let run = plan::reading(|| folder("run_import", &options, ledger, Say::Files))?;
    let failed = run.failed_files();
    if failed.is_empty() {
        return Ok(());
    }
    let path = literal(&options.path);
    Err(finished_with_failures(&failed, "would fail; nothing was written")
        .hint(format!("SELECT source_file, action, reason FROM pgdatahub.plan_folder({path}) WHERE action = 'fail'")))
}

fn finished_with_failures(failed: &[String], what: &str) -> Failure {
    let shown = failed
        .iter()
        .take(10)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    let more = failed.len().saturating_sub(10);
    let more = if more > 0 {
        format!("\nand {more} more")
    } else {
        String::new()
    };
    let files = if failed.len() == 1 {
        "1 file".to_owned()
    } else {
        format!("{} files", failed.len())
    };
    Failure::new("PD001", format!("{files} {what}")).detail(format!("{shown}{more}"))
}
