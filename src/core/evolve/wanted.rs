//! What the configuration wants of a column, beside what the file holds.

use super::{Change, ColumnKind, Conflict, Evolution, Found, NewColumn, TableColumn};
use super::{missing_wire, target};
use crate::protocol::Wire;
use crate::types::ColumnType;
use std::collections::HashMap;

/// A type that the configuration gives a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredType {
    /// For DDL: qualified, so that no search_path can shadow it.
    pub sql: String,
    /// As `format_type` prints it, like [`TableColumn::sql_type`].
    pub display: String,
    /// How it takes values: never [`ColumnKind::Native`], since it is not widened.
    pub kind: ColumnKind,
    /// Which of pgdatahub's own types it is, if any.
    pub native: Option<ColumnType>,
}

impl DeclaredType {
    /// How a column of this type takes values where nothing is declared.
    pub fn column_kind(&self) -> ColumnKind {
        match self.native {
            Some(native) => ColumnKind::Native(native),
            None => self.kind.clone(),
        }
    }
}

/// What the configuration says of one column of the sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `type`, or what `time_zone` implies for a new column.
    pub declared: Option<DeclaredType>,
    /// The type is only implied: an existing column keeps its own.
    pub implied: bool,
    /// `time_zone` is set.
    pub time_zone: bool,
}

/// [`Wanted`] by column of the sheet, counted from 0.
pub type WantedColumns = HashMap<u32, Wanted>;

impl NewColumn {
    /// The type for DDL.
    pub fn sql(&self) -> &str {
        match &self.declared {
            Some(declared) => &declared.sql,
            None => self.column_type.sql(),
        }
    }

    /// How it takes values once it is there.
    pub fn kind(&self) -> ColumnKind {
        match &self.declared {
            Some(declared) => declared.column_kind(),
            None => ColumnKind::Native(self.column_type),
        }
    }

    /// The type as people read it.
    pub fn display_name(&self) -> &str {
        match &self.declared {
            Some(declared) => &declared.display,
            None => self.column_type.display_name(),
        }
    }
}

/// A new column of a declared type; its values' types do not matter.
pub(super) fn new_column(
    file: &Found,
    declared: &DeclaredType,
    wanted: &Wanted,
) -> Result<(NewColumn, Wire), Conflict> {
    let wire = wire(&declared.kind, &declared.display, file, wanted)?;
    let column = NewColumn {
        name: file.column.clone(),
        header: file.header.clone(),
        column_type: declared.native.unwrap_or(ColumnType::Text),
        provisional: false,
        declared: Some(declared.clone()),
    };
    Ok((column, wire))
}

/// One file column of a declared type into the existing column of its name.
pub(super) fn fit(
    column: &TableColumn,
    file: &Found,
    declared: &DeclaredType,
    wanted: &Wanted,
    evolution: &mut Evolution,
) -> Result<(), Conflict> {
    let change = match &column.kind {
        _ if column.sql_type() == declared.display && !column.provisional => None,
        _ if file.found == ColumnType::None => {
            evolution.targets.push(target(file, missing_wire()));
            return Ok(());
        }
        ColumnKind::Native(_) if column.provisional => Some(Change::Declare {
            column: column.name.clone(),
            declared: declared.clone(),
        }),
        ColumnKind::Native(from) => match declared.native {
            Some(to) if to.holds(*from) => Some(Change::AlterType {
                column: column.name.clone(),
                from: *from,
                to,
                provisional: false,
            }),
            _ => return Err(Conflict::declared(column, file, &declared.display)),
        },
        _ => return Err(Conflict::declared(column, file, &declared.display)),
    };
    let wire = wire(&declared.kind, &declared.display, file, wanted)?;
    evolution.changes.extend(change);
    evolution.targets.push(target(file, wire));
    Ok(())
}

/// How values go into a type of the user's own.
pub(super) fn wire(
    kind: &ColumnKind,
    sql_type: &str,
    file: &Found,
    wanted: &Wanted,
) -> Result<Wire, Conflict> {
    let column = || TableColumn {
        name: file.column.clone(),
        kind: kind.clone(),
        provisional: false,
        fillable: true,
    };
    let zoned = kind.needs_time_zone();
    let empty = file.found == ColumnType::None;
    if wanted.time_zone && !zoned && !empty {
        return Err(Conflict::no_use_for_zone(file, sql_type));
    }
    match kind {
        ColumnKind::Native(native) => Ok(Wire::Native(*native)),
        ColumnKind::Refused { .. } if empty => Ok(missing_wire()),
        ColumnKind::Refused { reason, .. } => {
            Err(Conflict::refused(&column(), file, sql_type, reason))
        }
        _ if zoned && !wanted.time_zone && empty => Ok(missing_wire()),
        _ if zoned && !wanted.time_zone => Err(Conflict::needs_zone(&column(), file, sql_type)),
        ColumnKind::Typed { input, .. } => Ok(Wire::Typed(*input)),
        ColumnKind::Input { .. } => Ok(Wire::Input),
        ColumnKind::InputNumber { .. }
            if ColumnType::Numeric.holds(file.found) || file.found == ColumnType::Text =>
        {
            Ok(Wire::InputNumber)
        }
        ColumnKind::InputNumber { .. } => Err(Conflict::numbers_only(&column(), file, sql_type)),
    }
}
