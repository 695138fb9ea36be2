//! The settings that are kept with an import.

use super::targets::Source;
use crate::pg::audit;
use crate::pg::error::Failure;
use pgdatahub_core::config::{self, FolderSettings, default_of};
use pgdatahub_core::overrides::ColumnOverride;
use serde_json::{Map, Value};

/// The settings that decide what is read, as they are kept with the import.
pub fn json(source: &Source) -> String {
    let mut settings = Map::new();
    for (name, given) in &source.settings.given {
        // A default goes unsaid, so that saying it later changes nothing.
        let is_default = default_of(name).is_some_and(|default| given.values == [default]);
        if !NOT_READING.contains(name) && !is_default {
            let value = match given.values.as_slice() {
                [one] => one.as_str().into(),
                several => several.into(),
            };
            settings.insert((*name).into(), value);
        }
    }
    if let Some((name, columns)) = kept_columns(&source.settings) {
        settings.insert(name.into(), columns);
    }
    Value::Object(settings).to_string()
}

/// Settings that decide where a file goes and whether, not what is read of it.
const NOT_READING: [&str; 5] = [
    "ignore",
    "on_change",
    "replace_min_percent",
    "schema",
    "table",
];

/// Where `columns` stands in the settings kept with an import.
const COLUMNS: &str = "columns";

/// What is said of single columns, to be kept with an import; none where nothing is.
fn kept_columns(settings: &FolderSettings) -> Option<(&'static str, Value)> {
    let columns = settings.columns.iter().map(|column| {
        let said = serde_json::to_value(column).unwrap_or_default();
        (column.header.clone(), said)
    });
    let columns: Map<String, Value> = columns.collect();
    (!columns.is_empty()).then_some((COLUMNS, Value::Object(columns)))
}

/// An earlier import's settings for a table that has changed since: what it asked
/// of the table's columns no longer counts, how its cells are read does.
pub fn for_the_table_as_it_is(mut settings: FolderSettings) -> FolderSettings {
    settings.missing_columns = None;
    for column in &mut settings.columns {
        if column.sql_type.take().is_some() {
            // A column with a type infers nothing.
            column.infer_text = Some(false);
        }
    }
    settings
}

/// The settings that an import was made with.
///
/// # Errors
/// XX000 for settings that this version did not write.
pub fn of(import_id: i64) -> Result<FolderSettings, Failure> {
    let malformed = |error| Failure::new("XX000", format!("settings of an import: {error}"));
    let json = audit::settings(import_id)?;
    let mut kept: Map<String, Value> = match json.is_empty() {
        true => Map::new(),
        false => serde_json::from_str(&json).map_err(malformed)?,
    };
    let columns = kept.remove(COLUMNS);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &Value| match value {
        Value::Array(items) => items.iter().map(text).collect(),
        value => vec![text(value)],
    };
    let kept = kept
        .iter()
        .map(|(name, value)| (name.clone(), texts(value)));
    let mut settings = config::restored(kept);
    if let Some(Value::Object(columns)) = columns {
        for (header, said) in columns {
            let column: ColumnOverride = serde_json::from_value(said).map_err(malformed)?;
            settings.columns.push(ColumnOverride { header, ..column });
        }
    }
    Ok(settings)
}
