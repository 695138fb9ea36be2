//! show_config(path): what holds for each folder, and who says so.

use super::targets;
use crate::pg::access::Grant;
use crate::pg::catalog;
use crate::pg::error::Failure;
use crate::pg::guc;
use pgdatahub_core::config::{Config, FolderSettings, default_of};
use pgdatahub_core::discover;
use pgdatahub_core::nearest::nearest;
use std::collections::BTreeSet;

/// One setting of one folder.
pub struct ConfigRow {
    pub folder: String,
    pub setting: String,
    pub value: Option<String>,
    pub source: String,
}

/// The settings in force for the folder and each one below it that holds
/// workbooks, then the server's settings.
///
/// # Errors
/// Access, and an invalid configuration (F0000).
pub fn show(path: Option<&str>) -> Result<Vec<ConfigRow>, Failure> {
    let path = super::options::required_path(path)?;
    let grant = Grant::new(&path)?;
    let listing = grant.list()?;
    let (config, file) = targets::configuration_file(&grant)?.unzip();
    let mut folders: BTreeSet<Vec<String>> = listing
        .workbooks
        .into_iter()
        .map(|found| found.folders)
        .collect();
    folders.insert(Vec::new());
    let root = targets::root_name(&path);
    let default_schema = catalog::current_schema()?;
    let mut rows = Vec::new();
    for relative in &folders {
        let mut settings = config
            .as_ref()
            .map(|config: &Config| config.settings_for(relative))
            .unwrap_or_default();
        let own = discover::table_name(&root, relative);
        targets::fill_folder(&mut settings, &own);
        let folder = targets::below(&path, relative);
        let file = file.as_deref().unwrap_or_default();
        rows.extend(of_folder(&folder, &settings, file, (&own, &default_schema)));
    }
    if let (Some(config), Some(file)) = (&config, &file) {
        rows.extend(without_workbooks(config, file, &path, &folders));
    }
    for setting in guc::in_force()? {
        rows.push(ConfigRow {
            folder: path.clone(),
            setting: setting.name,
            value: setting.value,
            source: setting.source,
        });
    }
    Ok(rows)
}

/// Folders that are configured and not there: most likely misspelt, or of another root.
fn without_workbooks(
    config: &Config,
    file: &str,
    path: &str,
    folders: &BTreeSet<Vec<String>>,
) -> Vec<ConfigRow> {
    let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let holds = |wanted: &[String]| {
        let begins = |folder: &&Vec<String>| {
            folder.len() >= wanted.len() && folder.iter().zip(wanted).all(|(a, b)| same(a, b))
        };
        folders.iter().any(|folder| begins(&folder))
    };
    let row = |(wanted, line): (Vec<String>, usize)| {
        let (last, parents) = wanted.split_last()?;
        // Below a folder that is not there, nothing more needs to be said.
        if holds(&wanted) || !holds(parents) {
            return None;
        }
        let beside = folders.iter().filter(|folder| {
            folder.len() > parents.len() && folder.iter().zip(parents).all(|(a, b)| same(a, b))
        });
        let meant = nearest(last, beside.map(|folder| folder[parents.len()].as_str()));
        let meant = meant.map(|name| format!("; perhaps {name} is meant"));
        Some(ConfigRow {
            folder: targets::below(path, &wanted),
            setting: "folder".into(),
            value: Some(format!("holds no workbooks{}", meant.unwrap_or_default())),
            source: format!("{file}:{line}"),
        })
    };
    config.folders().into_iter().filter_map(row).collect()
}

fn of_folder(
    folder: &str,
    settings: &FolderSettings,
    file: &str,
    (own_table, default_schema): (&str, &str),
) -> Vec<ConfigRow> {
    let row = |setting: &str, value: Option<String>, source: String| ConfigRow {
        folder: folder.to_owned(),
        setting: setting.to_owned(),
        value,
        source,
    };
    let mut names = Config::setting_names();
    // Where it goes comes first.
    names.sort_by_key(|name| (!matches!(*name, "table" | "schema"), *name));
    let given = |name: &str| {
        let given = settings.given.get(name)?;
        Some((given.values.join(", "), format!("{file}:{}", given.line)))
    };
    let of_table = settings.table.as_ref().and_then(|table| {
        let schema = table.schema.clone()?;
        given("table").map(|(_, source)| (schema, source))
    });
    let rows = names.into_iter().map(|name| match (name, given(name)) {
        ("schema", _) if of_table.is_some() => {
            let (schema, source) = of_table.clone().unzip();
            row(name, schema, source.unwrap_or_default())
        }
        ("table", Some((_, source))) => {
            let table = settings.table.as_ref().map(|table| table.name.clone());
            row(name, table, source)
        }
        ("table", None) => row(
            name,
            Some(own_table.to_owned()),
            "name of the folder".into(),
        ),
        (_, Some((value, source))) => row(name, Some(value), source),
        ("schema", None) => row(name, Some(default_schema.to_owned()), "search_path".into()),
        _ => row(name, default_of(name).map(str::to_owned), "default".into()),
    });
    rows.chain(of_columns(folder, settings, file)).collect()
}

/// What is said of single columns, a row for each; else that nothing is.
fn of_columns(folder: &str, settings: &FolderSettings, file: &str) -> Vec<ConfigRow> {
    let row = |setting: String, value: Option<String>, source: String| ConfigRow {
        folder: folder.to_owned(),
        setting,
        value,
        source,
    };
    if settings.columns.is_empty() {
        return vec![row("columns".into(), None, "default".into())];
    }
    let rows = settings.columns.iter().map(|column| {
        let said = serde_json::to_string(column).unwrap_or_default();
        let source = format!("{file}:{}", column.line);
        row(format!("columns.{}", column.header), Some(said), source)
    });
    rows.collect()
}
