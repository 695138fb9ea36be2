//! sheets(path): what is in a workbook.

use crate::pg::access::Grant;
use crate::pg::error::Failure;
use crate::pg::reader::Client;
use pgdatahub_core::protocol::SheetVisibility;
use std::path::Path;

/// One sheet.
pub struct SheetRow {
    pub sheet_no: i32,
    pub sheet_name: String,
    pub visibility: &'static str,
    pub importable: bool,
}

/// The sheets of a workbook, in its order.
///
/// # Errors
/// The file's own.
pub fn sheets(path: Option<&str>) -> Result<Vec<SheetRow>, Failure> {
    let path = super::options::required_path(path)?;
    let file = Grant::new(&path)?.open_file(Path::new(""))?;
    let (_client, opened) =
        Client::open_own(&file, false).map_err(|failure| failure.also(format!("File: {path}")))?;
    Ok(opened
        .sheets
        .into_iter()
        .zip(1..)
        .map(|(sheet, sheet_no)| SheetRow {
            sheet_no,
            sheet_name: sheet.name,
            visibility: match sheet.visibility {
                SheetVisibility::Visible => "visible",
                SheetVisibility::Hidden => "hidden",
                SheetVisibility::VeryHidden => "very hidden",
            },
            importable: sheet.has_cells,
        })
        .collect())
}
