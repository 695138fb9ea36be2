//! Opens a workbook of any format.

use crate::detect::{Detected, detect};
use crate::fail::Result;
use crate::ods::Ods;
use crate::rows::Workbook;
use crate::source::Source;
use crate::xls::Xls;
use crate::xlsb::Xlsb;
use crate::xlsx::Xlsx;
use pgdatahub_core::protocol::Format;

/// Opens the workbook in `source`, whatever its format.
///
/// # Errors
/// UnknownFormat or Encrypted (0A000), Corrupt (22000), OverLimit (54000), Io (58030).
pub fn open(source: &Source) -> Result<(Format, Box<dyn Workbook>)> {
    match detect(source)? {
        Detected::Package {
            format: Format::Xlsx,
            package,
            main,
        } => Ok((Format::Xlsx, Box::new(Xlsx::open(package, &main)?))),
        Detected::Package {
            format: Format::Xlsb,
            package,
            main,
        } => Ok((Format::Xlsb, Box::new(Xlsb::open(package, &main)?))),
        Detected::Package { package, main, .. } => {
            Ok((Format::Ods, Box::new(Ods::open(package, &main)?)))
        }
        Detected::Xls => Ok((Format::Xls, Box::new(Xls::open(source)?))),
    }
}
