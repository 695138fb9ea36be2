//! A whole sheet, looked through once: its columns, and the statement that reads it.

use super::{Ask, Look};
use crate::engine::wanted;
use crate::pg::error::Failure;
use crate::pg::statement;
use pgdatahub_core::columns::Assigned;
use pgdatahub_core::protocol::SheetProfile;
use pgdatahub_core::types::ColumnType;
use std::collections::HashMap;

/// One column of a sheet, over all of its rows.
pub struct ColumnRow {
    pub header: Option<String>,
    pub column_name: String,
    pub data_type: String,
    pub non_null: i64,
    pub samples: Vec<String>,
    pub least: Option<String>,
    pub greatest: Option<String>,
}

/// The columns of a sheet with the types an import would give them.
///
/// # Errors
/// As [`Look::open`], and what is wrong with the rows.
pub fn columns(ask: &Ask) -> Result<Vec<ColumnRow>, Failure> {
    let (look, profile, assigned) = profiled(ask)?;
    let types = types(ask, &profile, &assigned).map_err(|failure| look.locate(failure))?;
    let rows = profile.columns.into_iter().filter_map(|column| {
        let name = assigned.iter().find(|a| a.index == column.index)?;
        Some(ColumnRow {
            header: Some(column.header).filter(|header| !header.is_empty()),
            column_name: name.column.clone(),
            data_type: types.get(&column.index).cloned().unwrap_or_default(),
            non_null: column.non_null as i64,
            samples: column.samples,
            least: column.least,
            greatest: column.greatest,
        })
    });
    Ok(rows.collect())
}

/// The statement that reads a sheet with its columns' types.
///
/// # Errors
/// As [`columns`]; 22000 for a sheet without columns.
pub fn query(ask: &Ask) -> Result<String, Failure> {
    let (look, profile, assigned) = profiled(ask)?;
    let types = types(ask, &profile, &assigned).map_err(|failure| look.locate(failure))?;
    let columns: Vec<(String, String)> = assigned
        .iter()
        .map(|a| {
            (
                a.column.clone(),
                types.get(&a.index).cloned().unwrap_or_default(),
            )
        })
        .collect();
    if columns.is_empty() {
        return Err(look.locate(Failure::new("22000", "the sheet is empty")));
    }
    Ok(statement::read_excel(
        &look.path,
        &look.sheet,
        &ask.more_arguments(),
        &columns,
    ))
}

/// The type that each column would get, by its place: the one declared, or what its values need.
fn types(
    ask: &Ask,
    profile: &SheetProfile,
    assigned: &[Assigned],
) -> Result<HashMap<u32, String>, Failure> {
    let wanted = wanted::columns(&ask.settings.columns, assigned)?;
    let of = |column: &Assigned| {
        let declared = wanted.get(&column.index).and_then(|w| w.declared.as_ref());
        let found = profile.columns.iter().find(|c| c.index == column.index);
        let found = found.map_or(ColumnType::None, |column| column.found);
        let name = declared.map_or(found.display_name(), |declared| &declared.display);
        (column.index, name.to_owned())
    };
    Ok(assigned.iter().map(of).collect())
}

fn profiled(ask: &Ask) -> Result<(Look, SheetProfile, Vec<Assigned>), Failure> {
    let mut look = Look::open(ask, false)?;
    let profile = look
        .client
        .profile()
        .map_err(|failure| look.locate(failure))?;
    look.widen(profile.columns.iter().map(|c| (c.index, c.found)))?;
    let assigned = look.assigned.clone();
    Ok((look, profile, assigned))
}
