//! How a sheet is read: the settings of a configuration that concern the reader.

use crate::area::Area;
use serde::{Deserialize, Serialize};

/// Column that stands for the sheet's row number: behind the last one a sheet has.
pub const ROW_NUMBER_COLUMN: u32 = crate::area::MAX_COLUMNS;

/// What becomes of a cell that holds an error value such as `#N/A`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCells {
    /// NULL, and a rejected cell.
    #[default]
    Reject,
    /// Its literal, as text.
    Text,
    /// The file fails (22000).
    Fail,
}

/// How a sheet is read; the default reads all of it as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SheetOptions {
    /// Cells outside of it do not exist.
    pub area: Option<Area>,
    /// So many non-blank rows at the end are no data.
    pub skip_footer: u32,
    /// The data ends where so many blank rows follow one another; 0: never.
    pub stop_at_blank: u32,
    /// All cells of a merged range have the value of its top-left one.
    pub fill_merged: bool,
    /// Header of an additional column that holds the sheet's row number.
    pub row_number: Option<String>,
    /// Texts that are no value.
    pub null_strings: Vec<String>,
    /// Text keeps the white space at its ends.
    pub keep_spaces: bool,
    /// What becomes of error cells.
    pub error_cells: ErrorCells,
    /// Columns whose headers clean to one name are one, unless a row has two values.
    pub coalesce: bool,
    /// A value in a column that the stream does not list is passed over, no misfit.
    pub ignore_unlisted: bool,
}

impl SheetOptions {
    /// Whether rows below the header come as they stand in the sheet.
    pub fn leaves_rows(&self) -> bool {
        self.skip_footer == 0
            && self.stop_at_blank == 0
            && !self.fill_merged
            && self.null_strings.is_empty()
            && self.error_cells == ErrorCells::Reject
            && !self.coalesce
    }
}
