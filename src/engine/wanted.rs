//! What the configuration says of policies and single columns, brought to the
//! table and the reader.

use crate::pg::declared;
use crate::pg::error::Failure;
use pgdatahub_core::columns::Assigned;
use pgdatahub_core::config::FolderSettings;
use pgdatahub_core::evolve::{Wanted, WantedColumns};
use pgdatahub_core::overrides::{self, ColumnOverride};
use pgdatahub_core::text_input::TextRules;

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
