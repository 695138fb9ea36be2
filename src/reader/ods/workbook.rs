//! The content part: which tables there are, and which of them are hidden.

use super::sheet::OdsRows;
use crate::fail::{Result, corrupt};
use crate::nul::without_nul;
use crate::package::Package;
use crate::rows::{SheetRows, Workbook};
use crate::scan::{Scanner, Token};
use crate::scan_text::{Attributes, resolve};
use crate::xlsx::sheet_with_cells;
use pgdatahub_core::protocol::{SheetInfo, SheetVisibility};
use std::collections::HashSet;

/// Depth of the elements within `office:spreadsheet`.
pub(super) const TABLE_DEPTH: usize = 3;

/// An open .ods workbook.
pub struct Ods {
    package: Package,
    part: String,
    sheets: Vec<SheetInfo>,
}

impl Ods {
    /// Reads the names of the tables in the content part of `package`.
    ///
    /// # Errors
    /// Corrupt (22000).
    pub fn open(package: Package, part: &str) -> Result<Ods> {
        let mut scanner = Scanner::new(package.part(part)?, part)?;
        let mut hidden_styles = HashSet::new();
        let mut style = String::new();
        let mut sheets = Vec::new();
        loop {
            let depth = scanner.depth();
            let is_table = match scanner.next_token()? {
                Token::Eof => break,
                Token::Start {
                    name: b"style",
                    attributes,
                } => {
                    style = text(attributes, b"name")?;
                    false
                }
                Token::Start {
                    name: b"table-properties",
                    attributes,
                } => {
                    if attributes.raw_prefixed(b"display") == Some(b"false") {
                        hidden_styles.insert(style.clone());
                    }
                    false
                }
                Token::Start {
                    name: b"table",
                    attributes,
                } if depth == TABLE_DEPTH => {
                    let hidden = hidden_styles.contains(&text(attributes, b"style-name")?);
                    sheets.push(SheetInfo {
                        name: without_nul(text(attributes, b"name")?),
                        visibility: match hidden {
                            true => SheetVisibility::Hidden,
                            false => SheetVisibility::Visible,
                        },
                        has_cells: true,
                    });
                    true
                }
                _ => false,
            };
            if is_table {
                scanner.skip_element()?;
            }
        }
        if sheets.is_empty() {
            return Err(corrupt("The workbook has no sheets."));
        }
        Ok(Ods {
            package,
            part: part.into(),
            sheets,
        })
    }
}

impl Workbook for Ods {
    fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    fn rows(&self, sheet: usize) -> Result<Box<dyn SheetRows>> {
        sheet_with_cells(&self.sheets, sheet)?;
        let scanner = Scanner::new(self.package.part(&self.part)?, &self.part)?;
        Ok(Box::new(OdsRows::open(scanner, sheet)?))
    }
}

fn text(attributes: Attributes<'_>, name: &[u8]) -> Result<String> {
    let raw = attributes.raw_prefixed(name).unwrap_or_default();
    Ok(resolve(raw)?.into_owned())
}
