//! Office Open XML workbooks (.xlsx, .xlsm), ECMA-376 part 1.

mod cell;
mod escape;
mod names;
mod position;
mod relationships;
mod sheet;
mod strings;
mod styles;
mod workbook;

pub use relationships::{Relationship, main_part, of_part};
pub use sheet::XlsxRows;
pub use strings::SharedStrings;
pub use styles::{FormatCodes, Style, Styles};
pub use workbook::{Shared, Xlsx, sheet_with_cells};
