//! import_folder and import_file: everything in the caller's transaction.

use super::import_file::{self, Call};
use super::large;
use super::ledger::Ledger;
use super::options::{OnError, Options, required_path};
use super::plan;
use super::progress;
use super::reading::Reading;
use super::run::{Run, Say};
use super::targets::{self, Source};
use super::unchanged::Ahead;
use crate::pg::access::{self, Grant};
use crate::pg::audit;
use crate::pg::catalog::{self, TableName};
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::process::EndReader;
use crate::pg::progress::Kind;
use crate::pg::transaction::{OneRun, check_for_interrupts};
use crate::pg::{guc, registry, report, subxact};
use pgdatahub_core::config::FolderSettings;
use pgdatahub_core::sql_name;
use std::path::PathBuf;

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
    if guc::SECTIONAL_COMMIT.get() {
        by_folder(&grant, &plan.sources, &call, options, &mut run)?;
    } else {
        by_file(&grant, &plan.sources, &call, options, &mut run)?;
    }
    if options.files.is_none() {
        gone(&grant, &mut run)?;
    }
    run.finish()?;
    Ok(run)
}

/// What import_file was asked for.
pub struct FileOptions {
    pub path: Option<String>,
    pub table_name: Option<String>,
    pub target_schema: Option<String>,
    pub reimport: bool,
    pub dry_run: bool,
    pub reading: Reading,
}

/// Imports one workbook.
///
/// # Errors
/// What concerns the call as a whole; the file's own failure is its row.
pub fn import_file(options: &FileOptions) -> Result<Vec<FileRow>, Failure> {
    let one = |ledger: Ledger| {
        let _end = EndReader;
        let path = required_path(options.path.as_deref())?;
        let grant = Grant::new(&path)?;
        if !ledger.plans() {
            registry::follow_renames()?;
        }
        let source = single(&path, options)?;
        let mut run = if ledger.plans() {
            Run::imagined("import_file", 1, 0, Say::Files)
        } else {
            Run::start("import_file", &path, 1, 0)?
        };
        if !ledger.plans() {
            targets::lock(std::iter::once(&source.target))?;
        }
        let sources = std::slice::from_ref(&source);
        let _progress = progress::begin(Kind::ImportFile, run.run_id, sources);
        let call = Call {
            run_id: run.run_id,
            reimport: options.reimport,
            explicit: true,
            ledger,
        };
        let row = import_file::import(&grant, &source, &call, None);
        run.file(&source.label, row)?;
        run.finish()?;
        Ok(run.into_rows())
    };
    if options.dry_run {
        return plan::reading(|| one(Ledger::imagined(true)));
    }
    let _one = OneRun::begin()?;
    one(Ledger::default())
}

/// What the configuration says of a single file: its folder's own, or what the
/// server's says of a folder of that name.
///
/// # Errors
/// F0000 for an invalid configuration, and those of reading it.
pub fn configured(path: &str) -> Result<FolderSettings, Failure> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let config = match Grant::new(if folder.is_empty() { "/" } else { folder }) {
        Ok(grant) => targets::configuration(&grant)?,
        // The file alone may lie in data_roots; then it has no folder to be configured by.
        Err(_) => None,
    };
    let own_folder = guc::text(&guc::CONFIG_FILE).map(|_| targets::root_name(folder));
    Ok(config
        .map(|config| config.settings_for(&own_folder.into_iter().collect::<Vec<_>>()))
        .unwrap_or_default())
}

/// Where a single file goes: the table named, else the one its folder feeds or is named for.
fn single(path: &str, options: &FileOptions) -> Result<Source, Failure> {
    let table_name = options.table_name.as_deref();
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder_name = targets::root_name(folder);
    let mut settings = configured(path)?;
    options.reading.apply(&mut settings)?;
    let folder_table = pgdatahub_core::discover::table_name(&folder_name, &[]);
    targets::fill_folder(&mut settings, &folder_table);
    if table_name.is_some() {
        settings.table = None;
    }
    let schema = match targets::schema_for(options.target_schema.as_deref(), &settings) {
        Some(schema) => schema,
        None => catalog::current_schema()?,
    };
    let target = match (table_name, &settings.table) {
        (Some(text), _) => named(text, schema)?,
        (None, Some(table)) => TableName {
            schema,
            table: table.name.clone(),
        },
        (None, None) => match registry::fed_by(folder, &schema)? {
            Some(managed) => managed.name,
            None => TableName {
                schema,
                table: folder_table.clone(),
            },
        },
    };
    Ok(Source {
        below: PathBuf::new(),
        bytes: 0,
        mtime: 0,
        label: name.to_owned(),
        folder: folder.to_owned(),
        target,
        folder_table,
        settings,
    })
}

/// A table's name as SQL would parse it: `sales.claims`, `"My Table"`.
fn named(text: &str, schema: String) -> Result<TableName, Failure> {
    let (own_schema, table) = sql_name::parse_table(text).map_err(|why| {
        Failure::new("42602", format!("table_name \"{text}\" {why}"))
            .hint("For example table_name => 'claims', 'sales.claims' or '\"My Table\"'.")
    })?;
    Ok(TableName {
        schema: own_schema.unwrap_or(schema),
        table,
    })
}

fn by_file(
    grant: &Grant,
    sources: &[Source],
    call: &Call,
    options: &Options,
    run: &mut Run,
) -> Result<(), Failure> {
    let mut stopped = false;
    let mut ahead = Ahead::default();
    let mut passed = 0;
    for (n, source) in sources.iter().enumerate() {
        check_for_interrupts();
        if n < passed {
            continue;
        }
        if stopped {
            run.file(&source.label, not_tried(grant, source))?;
            continue;
        }
        let row = import_file::import(grant, source, call, sources.get(n + 1));
        let failed = row.status == "failed";
        if failed && options.on_error == OnError::Raise {
            return Err(raised(&row));
        }
        passed = n + 1;
        let skipped = row.status == "skipped";
        run.file(&source.label, row)?;
        call.ledger.commits();
        if skipped {
            passed += pass_over(grant, &sources[passed..], call, run, &mut ahead)?;
        }
        stopped = failed && options.on_error == OnError::Stop;
    }
    Ok(())
}

/// Passes over the first of `sources` that are in as they are; how many.
fn pass_over(
    grant: &Grant,
    sources: &[Source],
    call: &Call,
    run: &mut Run,
    ahead: &mut Ahead,
) -> Result<usize, Failure> {
    let mut passed = 0;
    loop {
        let rows = ahead.skipped(grant, &sources[passed..], call)?;
        if rows.is_empty() {
            return Ok(passed);
        }
        for row in rows {
            run.file(&sources[passed].label, row)?;
            passed += 1;
        }
    }
}

/// sectional_commit: a folder is one unit; its first error undoes it, and the rest is not tried.
fn by_folder(
    grant: &Grant,
    sources: &[Source],
    call: &Call,
    options: &Options,
    run: &mut Run,
) -> Result<(), Failure> {
    let mut stopped = false;
    for folder in sources.chunk_by(|a, b| a.folder == b.folder) {
        if stopped {
            for source in folder {
                run.file(&source.label, not_tried(grant, source))?;
            }
            continue;
        }
        let (rows, failed) = folder_unit(grant, folder, call);
        if let Some(at) = failed {
            if options.on_error == OnError::Raise {
                return Err(rows
                    .get(at)
                    .map_or_else(|| Failure::new("XX000", "no row"), raised));
            }
            let labels: Vec<String> = folder.iter().map(|s| s.label.clone()).collect();
            run.undone(&labels, rows)?;
            stopped = true;
        } else {
            for (source, row) in folder.iter().zip(rows) {
                run.file(&source.label, row)?;
            }
        }
        call.ledger.commits();
    }
    Ok(())
}

/// A folder's files in one subtransaction: their rows, and which one failed.
pub fn folder_unit(grant: &Grant, folder: &[Source], call: &Call) -> (Vec<FileRow>, Option<usize>) {
    let mut rows = Vec::with_capacity(folder.len());
    let saved = call.ledger.save();
    let done = subxact::attempt(|| {
        for (n, source) in folder.iter().enumerate() {
            check_for_interrupts();
            let row = import_file::import(grant, source, call, folder.get(n + 1));
            let failed = row.status == "failed";
            rows.push(row);
            if failed {
                return Ok(Err(rows.len() - 1));
            }
        }
        Ok(Ok(()))
    });
    let failed = match done {
        Ok(Ok(())) => None,
        Ok(Err(at)) => Some(at),
        // Raised outside of a file: what was in hand is the one that failed.
        Err(failure) => {
            let at = rows.len().min(folder.len().saturating_sub(1));
            rows.truncate(at);
            rows.extend(folder.get(at).map(|source| {
                let mut row = not_tried(grant, source);
                import_file::failed(&mut row, failure);
                row
            }));
            Some(at)
        }
    };
    if failed.is_some() {
        call.ledger.restore(&saved);
        rows.extend(
            folder[rows.len()..]
                .iter()
                .map(|source| not_tried(grant, source)),
        );
    }
    (rows, failed)
}

pub fn not_tried(grant: &Grant, source: &Source) -> FileRow {
    FileRow {
        source_file: grant.display(&source.below),
        table: Some(source.target.clone()),
        status: "not_tried",
        message: Some("not tried after an earlier failure".into()),
        ..FileRow::default()
    }
}

fn raised(row: &FileRow) -> Failure {
    row.failure().also(format!("File: {}", row.source_file))
}

/// Files that are recorded and no longer there: their rows stay (a lost mount is not a delete).
pub fn gone(grant: &Grant, run: &mut Run) -> Result<(), Failure> {
    let Some(root) = grant.resolved_folder() else {
        return Ok(());
    };
    for import in audit::recorded_below(&root)? {
        if access::is_gone(&import.source_file) {
            let row = FileRow {
                source_file: import.source_file.clone(),
                sheet_name: Some(import.sheet_name),
                table: Some(import.table),
                status: "gone",
                message: Some(format!(
                    "no longer in its folder; its {} rows stay",
                    import.row_count
                )),
                sha256: Some(import.sha256),
                import_id: Some(import.import_id),
                ..FileRow::default()
            };
            run.file(&import.source_file, row)?;
        }
    }
    Ok(())
}

pub fn say_unreadable(plan: &targets::Plan) {
    for (folder, reason) in &plan.listing.unreadable {
        report::warning(
            format!("folder {folder} could not be read: {reason}"),
            Some("Its workbooks, if any, are not part of this run.".into()),
            Some("Give the operating system user that runs the server access to it.".into()),
        );
    }
}

/// A run over nothing says why.
pub fn nothing_found(options: &Options, plan: &targets::Plan) {
    let all = plan.listing.workbooks.len();
    let detail = if all > 0 {
        format!("{all} workbooks lie below the folder; none matches files.")
    } else {
        format!(
            "{} other files were ignored. Workbooks end in .xlsx, .xlsm, .xlsb, .xls or .ods.",
            plan.listing.ignored
        )
    };
    report::warning(
        format!("no workbooks to import in \"{}\"", options.path),
        Some(detail),
        None,
    );
}
