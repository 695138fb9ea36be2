//! What a table must become to hold a file.
//!
//! Every native column ends as the join of its values' types, so the final
//! table does not depend on the order of files, nor on where a file was cut.
//! A column without a value so far is `text` and flagged provisional: its first
//! value decides its type, and since it holds nothing, nothing is converted.

mod apply;
mod conflict;
mod describe;
mod policy;
mod rename;
mod table;
mod wanted;
mod width;

pub use apply::apply;
pub use conflict::{Conflict, MAX_COLUMNS, check_column_limit};
pub use describe::describe;
pub use policy::SchemaPolicy;
pub use rename::{LikelyRename, likely_renames};
pub use table::{ColumnKind, TableColumn};
pub use wanted::{DeclaredType, Wanted, WantedColumns};
pub use width::check_row_width;

use crate::columns::RESERVED;
use crate::protocol::Wire;
use crate::types::ColumnType;
use std::collections::{HashMap, HashSet};

/// What a file holds in one column, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Column of the sheet, counted from 0.
    pub index: u32,
    /// The header's text.
    pub header: String,
    /// The table's column.
    pub column: String,
    /// The join of the values' types; [`ColumnType::None`] without a value.
    pub found: ColumnType,
}

/// A column to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// The header it is made for.
    pub header: String,
    /// Its type; text where there is no value yet.
    pub column_type: ColumnType,
    /// It is text only for want of a value.
    pub provisional: bool,
    /// The type that the configuration gives it instead.
    pub declared: Option<DeclaredType>,
}

/// One change of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There is no table yet.
    CreateTable {
        /// Its columns in the file's order, without the reserved ones.
        columns: Vec<NewColumn>,
    },
    /// A new header.
    AddColumn(NewColumn),
    /// A column must become wider. Bigint to double precision is exact only
    /// while the column's values are within ±2^53: where it holds a larger one
    /// (no workbook brings it, a user may) call [`evolve`] again with
    /// [`ColumnType::Numeric`] found in that column.
    AlterType {
        /// Its name.
        column: String,
        /// What it is.
        from: ColumnType,
        /// What it becomes.
        to: ColumnType,
        /// It held no value: nothing is converted, and the flag is cleared.
        provisional: bool,
    },
    /// A provisional column gets its first value and the type that the configuration gives it.
    Declare {
        /// Its name.
        column: String,
        /// What it becomes.
        declared: DeclaredType,
    },
    /// A provisional column got text: the flag is cleared, no DDL.
    SettleProvisional {
        /// Its name.
        column: String,
    },
}

/// How one of the file's columns is encoded for the changed table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Column of the sheet, counted from 0.
    pub index: u32,
    /// The table's column.
    pub column: String,
    /// How the reader encodes it.
    pub wire: Wire,
}

/// What an import changes and how it then encodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evolution {
    /// What to change, in this order.
    pub changes: Vec<Change>,
    /// One per file column, in file order; a column that cannot be filled and
    /// for which the file has no value has none.
    pub targets: Vec<Target>,
    /// Table columns that could be filled and that the file lacks, in the table's order.
    pub missing: Vec<String>,
}

/// What the table must become to hold the file.
///
/// `table` is `None` where there is no table yet, else all its columns (the
/// reserved ones may be among them). A file narrower than a column changes
/// nothing, and a column without values changes no existing column.
///
/// # Errors
/// [`Conflict`]: 42804 a user-made type cannot take what the file holds, 428C9
/// a generated column, 54011 too many columns.
pub fn evolve(table: Option<&[TableColumn]>, found: &[Found]) -> Result<Evolution, Conflict> {
    evolve_wanted(table, found, &WantedColumns::new())
}

/// As [`evolve`], where the configuration says something of some columns.
///
/// # Errors
/// As [`evolve`]; 42804 too where a column is of another type than declared.
pub fn evolve_wanted(
    table: Option<&[TableColumn]>,
    found: &[Found],
    wanted: &WantedColumns,
) -> Result<Evolution, Conflict> {
    let nothing = Wanted::default();
    let wanted = |file: &Found| wanted.get(&file.index).unwrap_or(&nothing);
    let Some(table) = table else {
        check_column_limit(RESERVED.len(), found.len())?;
        let mut columns = Vec::with_capacity(found.len());
        let mut targets = Vec::with_capacity(found.len());
        for file in found {
            let (column, wire) = new_column(file, wanted(file))?;
            columns.push(column);
            targets.push(target(file, wire));
        }
        let changes = vec![Change::CreateTable { columns }];
        return Ok(Evolution {
            changes,
            targets,
            missing: Vec::new(),
        });
    };
    let by_name: HashMap<&str, &TableColumn> = table
        .iter()
        .map(|column| (column.name.as_str(), column))
        .collect();
    let mut evolution = Evolution {
        missing: missing(table, found),
        ..Evolution::default()
    };
    for file in found {
        match by_name.get(file.column.as_str()) {
            Some(column) => fit(column, file, wanted(file), &mut evolution)?,
            None => {
                let (column, wire) = new_column(file, wanted(file))?;
                evolution.changes.push(Change::AddColumn(column));
                evolution.targets.push(target(file, wire));
            }
        }
    }
    let added = found
        .iter()
        .filter(|file| !by_name.contains_key(file.column.as_str()))
        .count();
    let reserved = RESERVED
        .iter()
        .filter(|name| !by_name.contains_key(**name))
        .count();
    if added > 0 {
        check_column_limit(table.len() + reserved, added)?;
    }
    Ok(evolution)
}

/// One file column into the existing column of its name.
fn fit(
    column: &TableColumn,
    file: &Found,
    wanted: &Wanted,
    evolution: &mut Evolution,
) -> Result<(), Conflict> {
    let empty = file.found == ColumnType::None;
    if !column.fillable {
        return if empty {
            Ok(())
        } else {
            Err(Conflict::generated(column, file))
        };
    }
    if let Some(declared) = &wanted.declared
        && (!wanted.implied || column.provisional)
    {
        return wanted::fit(column, file, declared, wanted, evolution);
    }
    let wire = match &column.kind {
        ColumnKind::Native(_) if wanted.time_zone && !empty => {
            return Err(Conflict::no_use_for_zone(file, column.sql_type()));
        }
        ColumnKind::Native(_) if column.provisional => {
            evolution.changes.extend(first_value(file));
            Wire::Native(file.found)
        }
        ColumnKind::Native(from) => {
            let to = from.join(file.found);
            if to != *from {
                let (column, from) = (column.name.clone(), *from);
                evolution.changes.push(Change::AlterType {
                    column,
                    from,
                    to,
                    provisional: false,
                });
            }
            Wire::Native(to)
        }
        kind => wanted::wire(kind, column.sql_type(), file, wanted)?,
    };
    evolution.targets.push(target(file, wire));
    Ok(())
}

/// What a provisional column becomes by the file's values, if there are any.
fn first_value(file: &Found) -> Option<Change> {
    let column = file.column.clone();
    match file.found {
        ColumnType::None => None,
        ColumnType::Text => Some(Change::SettleProvisional { column }),
        to => Some(Change::AlterType {
            column,
            from: ColumnType::Text,
            to,
            provisional: true,
        }),
    }
}

fn new_column(file: &Found, wanted: &Wanted) -> Result<(NewColumn, Wire), Conflict> {
    match &wanted.declared {
        Some(declared) => wanted::new_column(file, declared, wanted),
        None => Ok((plain_column(file), Wire::Native(file.found))),
    }
}

/// The wire of a column in which the file has no value so far: the first one is a misfit.
fn missing_wire() -> Wire {
    Wire::Native(ColumnType::None)
}

fn plain_column(file: &Found) -> NewColumn {
    let provisional = file.found == ColumnType::None;
    NewColumn {
        name: file.column.clone(),
        header: file.header.clone(),
        column_type: if provisional {
            ColumnType::Text
        } else {
            file.found
        },
        provisional,
        declared: None,
    }
}

fn target(file: &Found, wire: Wire) -> Target {
    Target {
        index: file.index,
        column: file.column.clone(),
        wire,
    }
}

fn missing(table: &[TableColumn], found: &[Found]) -> Vec<String> {
    let in_file: HashSet<&str> = found.iter().map(|file| file.column.as_str()).collect();
    table
        .iter()
        .filter(|column| column.fillable && !RESERVED.contains(&column.name.as_str()))
        .filter(|column| !in_file.contains(column.name.as_str()))
        .map(|column| column.name.clone())
        .collect()
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wanted_tests;
