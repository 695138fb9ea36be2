//! OpenDocument spreadsheets (.ods), OASIS ODF 1.3 part 3.
//!
//! calamine 0.38 gives error cells as text and holds the whole workbook in
//! memory; here they are errors, and rows are streamed.

mod cell;
mod sheet;
mod workbook;

pub use workbook::Ods;
