//! Messages for looking into a workbook before importing it.

use crate::area::Area;
use crate::types::ColumnType;
use serde::{Deserialize, Serialize};

/// What one column of a sheet holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Column of the sheet, counted from 0.
    pub index: u32,
    /// Its header; empty for a blank one.
    pub header: String,
    /// The join of its values' types.
    pub found: ColumnType,
    /// How many values it has.
    pub non_null: u64,
    /// Text forms of its first different values, at most three, each cut to 200 characters.
    pub samples: Vec<String>,
    /// Text form of its least value, text by its code points, cut to 200 characters.
    pub least: Option<String>,
    /// Text form of its greatest value, likewise.
    pub greatest: Option<String>,
}

/// What a whole sheet holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetProfile {
    /// Data rows.
    pub rows: u64,
    /// Its columns with a header or a value, by index.
    pub columns: Vec<ColumnProfile>,
}

/// A defined name or an Excel table (ListObject).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedArea {
    /// The name, which Excel compares regardless of letter case.
    pub name: String,
    /// Index of the sheet it lies on; none for a name that is no plain range.
    pub sheet: Option<u32>,
    /// Index of the only sheet where the name holds; none: in the whole workbook.
    pub scope: Option<u32>,
    /// Its cells, a table's totals left out.
    pub area: Option<Area>,
    /// Whether its first row is known to be its header (true), to be data (false), or not known.
    pub header: Option<bool>,
}
