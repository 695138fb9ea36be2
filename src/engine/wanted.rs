//! What the configuration says of policies and single columns, brought to the
//! table, the reader and the record of the import.

use crate::pg::error::Failure;
use crate::pg::{audit, declared};
use pgdatahub_core::columns::Assigned;
use pgdatahub_core::config::{self, FolderSettings};
use pgdatahub_core::evolve::{Wanted, WantedColumns};
use pgdatahub_core::overrides::{self, ColumnOverride};
use pgdatahub_core::text_input::TextRules;
use serde_json::{Map, Value};

/// What a new column gets whose `time_zone` is given and whose type is not.
const ZONED: &str = "pg_catalog.timestamptz";

/// The types and zones that are given to a sheet's columns.
///
/// # Errors
/// 42704 for a type that does not exist, 0A000 for one that takes no values.
pub fn columns(
    overrides: &[ColumnOverride],
    assigned: &[Assigned],
) -> Result<WantedColumns, Failure> {
    let mut wanted = WantedColumns::new();
    for column in assigned {
        let named = overrides.iter().map(|o| o.header.as_str());
        let said = overrides::matching(&column.header, named).and_then(|at| overrides.get(at));
        let Some(said) = said else { continue };
        let implied = said.sql_type.is_none() && said.time_zone.is_some();
        let sql_type = said.sql_type.as_deref().or(implied.then_some(ZONED));
        let place = || format!("Column \"{}\" under \"columns\".", said.header);
        let declared = sql_type.map(declared::resolve).transpose();
        wanted.insert(
            column.index,
            Wanted {
                declared: declared.map_err(|failure| failure.also(place()))?,
                implied,
                time_zone: said.time_zone.is_some(),
            },
        );
    }
    Ok(wanted)
}

/// How text cells are read, with every zone checked.
///
/// # Errors
/// 22023 for a zone that does not exist.
pub fn text_rules(settings: &FolderSettings) -> Result<TextRules, Failure> {
    for zone in settings
        .columns
        .iter()
        .filter_map(|c| c.time_zone.as_deref())
    {
        declared::check_time_zone(zone)?;
    }
    Ok(settings.text_rules())
}

/// Where `columns` stands in the settings kept with an import.
const COLUMNS: &str = "columns";

/// What is said of single columns, to be kept with an import; none where nothing is.
pub fn kept_columns(settings: &FolderSettings) -> Option<(&'static str, Value)> {
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
pub fn settings_of(import_id: i64) -> Result<FolderSettings, Failure> {
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
