//! Which table and sheet each workbook goes to: configuration, folder names, arguments.

use super::options::Options;
use crate::pg::access::{self, Found, Grant, Listing};
use crate::pg::catalog::{self, TableName};
use crate::pg::error::Failure;
use crate::pg::jobs::NewFile;
use crate::pg::lock::{TargetKey, lock_targets, try_lock_target};
use crate::pg::{guc, registry};
use pgdatahub_core::config::{self, Config, FolderSettings, Origin};
use pgdatahub_core::discover::{self, FolderTarget};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// Name of the configuration that may lie in an imported folder.
pub const CONFIG_NAME: &str = "etl_config.yaml";

/// One workbook and where it goes.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path below the granted one; empty for import_file.
    pub below: PathBuf,
    /// Its size when it was found.
    pub bytes: i64,
    /// When it was changed last, in nanoseconds since 1970; 0 for import_file.
    pub mtime: i64,
    /// What NOTICEs call it.
    pub label: String,
    /// The folder it lies in, as recorded with the table.
    pub folder: String,
    pub target: TableName,
    /// The table that the folder's name gives, for `table: '{folder}_{sheet}'`.
    pub folder_table: String,
    pub settings: FolderSettings,
}

impl Source {
    /// As a job records it.
    pub fn as_job_file(&self) -> NewFile<'_> {
        NewFile {
            below: &self.below,
            label: &self.label,
            folder: &self.folder,
            target: &self.target,
            bytes: self.bytes,
        }
    }
}

/// The workbooks of a folder, with their targets, in the order of their paths.
pub struct Plan {
    pub sources: Vec<Source>,
    pub listing: Listing,
}

/// The configuration in force: `pgdatahub.config_file`, or the folder's own, or none.
///
/// # Errors
/// F0000 for an invalid one; 58P01 and others for one that cannot be read.
pub fn configuration(folder: &Grant) -> Result<Option<Config>, Failure> {
    Ok(configuration_file(folder)?.map(|(config, _)| config))
}

/// The configuration in force, and the file that it is in.
///
/// # Errors
/// As [`configuration`].
pub fn configuration_file(folder: &Grant) -> Result<Option<(Config, String)>, Failure> {
    let (bytes, origin, name) = if let Some(path) = guc::text(&guc::CONFIG_FILE) {
        let grant = Grant::new(&path)?;
        let bytes =
            access::read_small(&grant, Path::new(""), config::MAX_BYTES).map_err(|failure| {
                failure.hint(
                    "The path is pgdatahub.config_file; RESET pgdatahub.config_file goes without.",
                )
            })?;
        (bytes, Origin::Server, path)
    } else {
        let own = Path::new(CONFIG_NAME);
        match access::read_small(folder, own, config::MAX_BYTES) {
            Ok(bytes) => (bytes, Origin::ImportedFolder, folder.display(own)),
            Err(failure) if failure.sqlstate == "58P01" => return Ok(None),
            Err(failure) => return Err(failure),
        }
    };
    config::parse(&bytes, origin)
        .map(|config| Some((config, name.clone())))
        .map_err(|error| Failure::from(error.report()).also(format!("File: {name}")))
}

/// The workbooks below a folder and where they go.
///
/// # Errors
/// Access, configuration, or two folders that give one table name (42P07).
pub fn plan(grant: &Grant, options: &Options) -> Result<Plan, Failure> {
    let mut listing = grant.list()?;
    let mut ignored = 0;
    let config = configuration(grant)?;
    let mut default_schema = None;
    let root = root_name(&options.path);
    let mut folders: Vec<FolderTarget> = Vec::new();
    let mut seen = HashSet::new();
    let mut sources = Vec::with_capacity(listing.workbooks.len());
    for found in &listing.workbooks {
        let mut settings = config
            .as_ref()
            .map(|c| c.settings_for(&found.folders))
            .unwrap_or_default();
        if settings.reading.ignores(&label(&found.relative)) {
            ignored += 1;
            continue;
        }
        let folder_table = discover::table_name(&root, &found.folders);
        fill_folder(&mut settings, &folder_table);
        let table = match &settings.table {
            Some(table) => table.name.clone(),
            None => folder_table.clone(),
        };
        let folder = folder_path(&options.path, found);
        let schema = match schema_for(options.target_schema.as_deref(), &settings) {
            Some(schema) => schema,
            None => match &default_schema {
                Some(schema) => String::clone(schema),
                None => default_schema.insert(catalog::current_schema()?).clone(),
            },
        };
        if seen.insert(folder.clone()) {
            folders.push(FolderTarget {
                folder: folder.clone(),
                schema: Some(schema.clone()),
                table: table.clone(),
                explicit: settings.table.is_some(),
            });
        }
        sources.push(Source {
            label: label(&found.relative),
            below: found.relative.clone(),
            bytes: found.bytes,
            mtime: found.mtime,
            folder,
            target: TableName { schema, table },
            folder_table,
            settings,
        });
    }
    listing.ignored += ignored;
    discover::check_distinct(&folders).map_err(|clash| Failure::from(clash.report()))?;
    // The glob comes last, so that a partial run keeps the same tables.
    if let Some(glob) = &options.files {
        sources.retain(|source| glob.matches(&source.label));
    }
    Ok(Plan { sources, listing })
}

/// Puts the folder's table name into a `table: '{folder}_…'`.
pub fn fill_folder(settings: &mut FolderSettings, folder_table: &str) {
    if let Some(table) = &mut settings.table
        && let Some(template) = &table.template
    {
        (table.schema, table.name) = template.for_folder(folder_table);
    }
}

/// Takes the locks of tables, each once and in one order.
///
/// # Errors
/// SPI's own.
pub fn lock<'a>(targets: impl Iterator<Item = &'a TableName>) -> Result<(), Failure> {
    let targets: BTreeSet<&TableName> = targets.collect();
    let keys: Result<Vec<TargetKey>, Failure> = targets.into_iter().map(key).collect();
    lock_targets(&keys?)
}

/// Takes the lock of a table unless somebody has it; whether it was free.
///
/// # Errors
/// SPI's own.
pub fn try_lock(target: &TableName) -> Result<bool, Failure> {
    try_lock_target(key(target)?)
}

/// A renamed table is known by its folder's name and by its own: both take the lock of its own.
fn key(target: &TableName) -> Result<TargetKey, Failure> {
    let managed = registry::lookup(target)?.map(|managed| managed.name);
    let name = managed.as_ref().unwrap_or(target);
    Ok(TargetKey::of(&name.schema, &name.table))
}

/// The schema that the call names, else the table's own of `table:`, else `schema:`.
pub fn schema_for(argument: Option<&str>, settings: &FolderSettings) -> Option<String> {
    let table = settings.table.as_ref();
    argument
        .map(str::to_owned)
        .or_else(|| table.and_then(|table| table.schema.clone()))
        .or_else(|| settings.schema.clone())
}

fn label(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    discover::display_path(path.as_os_str().as_bytes())
}

/// The last part of a path, for tables fed from the folder itself.
pub fn root_name(path: &str) -> String {
    path.rsplit('/')
        .find(|part| !part.is_empty())
        .unwrap_or("root")
        .to_owned()
}

fn folder_path(root: &str, found: &Found) -> String {
    below(root, &found.folders)
}

/// A folder below a root, as recorded with its table.
pub fn below(root: &str, folders: &[String]) -> String {
    std::iter::once(root.trim_end_matches('/'))
        .chain(folders.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join("/")
}
