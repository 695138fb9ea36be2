//! Binary workbooks (.xlsb), [MS-XLSB].
//!
//! calamine 0.38 leaves out formulas whose result is an error and ends a sheet
//! without an error at a row it takes for impossible, and it does not give the
//! number formats; none of which an import may do.

mod record;
mod sheet;
mod workbook;

pub use workbook::Xlsb;
