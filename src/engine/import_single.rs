//! import_file: one workbook by its path, in the caller's transaction.

use super::import_file::{self, Call};
use super::ledger::Ledger;
use super::options::required_path;
use super::plan;
use super::progress;
use super::reading::Reading;
use super::run::{Run, Say};
use super::targets::{self, Source};
use crate::pg::access::Grant;
use crate::pg::catalog::{self, TableName};
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::process::EndReader;
use crate::pg::progress::Kind;
use crate::pg::transaction::OneRun;
use crate::pg::{guc, registry};
use pgdatahub_core::config::FolderSettings;
use pgdatahub_core::sql_name;
use std::path::PathBuf;

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
