//! The workbook part: sheets, date system, and the parts that all sheets share.

use super::names;
use super::relationships::{Relationship, of_part};
use super::sheet::XlsxRows;
use super::strings::SharedStrings;
use super::styles::Styles;
use crate::fail::{FailureKind, Result, corrupt, failed};
use crate::nul::without_nul;
use crate::package::Package;
use crate::rows::{SheetRows, Workbook};
use crate::scan::{Scanner, Token};
use crate::scan_text;
use pgdatahub_core::protocol::{NamedArea, SheetInfo, SheetVisibility};
use pgdatahub_core::serial::DateSystem;
use std::cell::OnceCell;
use std::sync::Arc;

/// What every sheet's cells refer to.
#[derive(Debug)]
pub struct Shared {
    pub(crate) strings: SharedStrings,
    pub(crate) styles: Styles,
    pub(crate) dates: DateSystem,
}

/// An open .xlsx or .xlsm workbook.
pub struct Xlsx {
    package: Package,
    part: String,
    sheets: Vec<SheetInfo>,
    /// For each sheet its part, where the relationship exists.
    parts: Vec<Option<String>>,
    relationships: Vec<Relationship>,
    dates: DateSystem,
    shared: OnceCell<Arc<Shared>>,
}

impl Xlsx {
    /// Reads the workbook part of `package`.
    ///
    /// # Errors
    /// Corrupt (22000).
    pub fn open(package: Package, part: &str) -> Result<Xlsx> {
        let relationships = of_part(&package, part)?;
        let mut workbook = Xlsx {
            sheets: Vec::new(),
            parts: Vec::new(),
            relationships,
            dates: DateSystem::Y1900,
            shared: OnceCell::new(),
            package,
            part: part.into(),
        };
        let mut scanner = Scanner::new(workbook.package.part(part)?, part)?;
        loop {
            let depth = scanner.depth();
            match scanner.next_token()? {
                Token::Eof => break,
                Token::Start {
                    name: b"workbookPr",
                    attributes,
                } if attributes.flag(b"date1904") => {
                    workbook.dates = DateSystem::Y1904;
                }
                Token::Start {
                    name: b"sheet",
                    attributes,
                } if depth == 2 => {
                    let name = attributes.text(b"name")?.unwrap_or_default().into_owned();
                    let id = attributes
                        .raw_prefixed(b"id")
                        .map(scan_text::resolve)
                        .transpose()?;
                    let visibility = match attributes.raw(b"state") {
                        Some(b"hidden") => SheetVisibility::Hidden,
                        Some(b"veryHidden") => SheetVisibility::VeryHidden,
                        _ => SheetVisibility::Visible,
                    };
                    workbook.add_sheet(name, id.as_deref().unwrap_or_default(), visibility);
                }
                _ => {}
            }
        }
        if workbook.sheets.is_empty() {
            return Err(corrupt("The workbook has no sheets."));
        }
        Ok(workbook)
    }

    fn add_sheet(&mut self, name: String, id: &str, visibility: SheetVisibility) {
        let relationship = self
            .relationships
            .iter()
            .find(|candidate| candidate.id == id);
        // Chart, dialog and macro sheets have types of their own. A sheet whose
        // part is missing is listed; reading it is what fails.
        let has_cells = relationship.is_none_or(|found| found.kind == "worksheet");
        self.parts
            .push(relationship.map(|found| found.target.clone()));
        self.sheets.push(SheetInfo {
            name: without_nul(name),
            visibility,
            has_cells,
        });
    }

    fn part_of_kind(&self, kind: &str) -> Option<&str> {
        self.relationships
            .iter()
            .find(|relationship| relationship.kind == kind)
            .map(|relationship| relationship.target.as_str())
            .filter(|part| self.package.has(part))
    }

    fn shared(&self) -> Result<Arc<Shared>> {
        if let Some(shared) = self.shared.get() {
            return Ok(Arc::clone(shared));
        }
        let strings = match self.part_of_kind("sharedStrings") {
            Some(part) => SharedStrings::read(&self.package, part)?,
            None => SharedStrings::default(),
        };
        let styles = match self.part_of_kind("styles") {
            Some(part) => Styles::read(&self.package, part)?,
            None => Styles::default(),
        };
        let shared = Arc::new(Shared {
            strings,
            styles,
            dates: self.dates,
        });
        Ok(Arc::clone(self.shared.get_or_init(|| shared)))
    }
}

impl Workbook for Xlsx {
    fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    fn rows(&self, sheet: usize) -> Result<Box<dyn SheetRows>> {
        let info = sheet_with_cells(&self.sheets, sheet)?;
        let part = self.parts[sheet]
            .as_deref()
            .ok_or_else(|| corrupt(format!("Sheet \"{}\" has no part.", info.name)))?;
        let scanner = Scanner::new(self.package.part_ahead(part)?, part)?;
        Ok(Box::new(XlsxRows::new(scanner, self.shared()?)))
    }

    fn names(&self) -> Result<Option<Vec<NamedArea>>> {
        names::read(&self.package, &self.part, &self.sheets, &self.parts).map(Some)
    }
}

/// The sheet of this index, if it can be read.
///
/// # Errors
/// BadArgument (22023).
pub fn sheet_with_cells(sheets: &[SheetInfo], sheet: usize) -> Result<&SheetInfo> {
    let bad = |message: String| failed(FailureKind::BadArgument, message);
    let info = sheets
        .get(sheet)
        .ok_or_else(|| bad(format!("there is no sheet {sheet}")))?;
    match info.has_cells {
        true => Ok(info),
        false => Err(bad(format!(
            "sheet \"{}\" is a chart or dialog sheet without cells",
            info.name
        ))),
    }
}
