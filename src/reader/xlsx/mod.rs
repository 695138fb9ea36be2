//! Office Open XML workbooks (.xlsx, .xlsm), ECMA-376 part 1.

mod cell;
pub mod differential;
mod escape;
mod names;
mod position;
mod relationships;
mod sheet;
mod strings;
mod styles;
mod template;
mod template_cell;
mod template_dialect;
mod template_number;
mod template_row;
mod template_shape;
mod workbook;

pub use relationships::{Relationship, main_part, of_part};
pub use sheet::XlsxRows;
pub use strings::SharedStrings;
pub use styles::{FormatCodes, Style, Styles};
pub(crate) use template_cell::{TemplateCell, TemplateContent};
pub(crate) use template_row::{Seen, TemplateRow};
pub use workbook::{Shared, Xlsx, sheet_with_cells};
