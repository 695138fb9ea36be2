//! The workbook part and the parts that all sheets share.

use super::record::Records;
use super::sheet::XlsbRows;
use crate::fail::{Result, corrupt};
use crate::package::Package;
use crate::rows::{SheetRows, Workbook};
use crate::xlsx::{
    FormatCodes, Relationship, Shared, SharedStrings, Styles, of_part, sheet_with_cells,
};
use pgdatahub_core::protocol::{SheetInfo, SheetVisibility};
use pgdatahub_core::serial::DateSystem;
use std::cell::OnceCell;
use std::sync::Arc;

// Record types ([MS-XLSB] §2.3.2).
const BRT_SST_ITEM: u16 = 19;
const BRT_FMT: u16 = 44;
const BRT_XF: u16 = 47;
const BRT_WB_PROP: u16 = 153;
const BRT_BUNDLE_SH: u16 = 156;
const BRT_BEGIN_SST: u16 = 159;
const BRT_BEGIN_FMTS: u16 = 615;
const BRT_END_FMTS: u16 = 616;
const BRT_BEGIN_CELL_XFS: u16 = 617;
const BRT_END_CELL_XFS: u16 = 618;

/// The smallest BrtSSTItem, in bytes: type, length, flags, string length.
const SMALLEST_ITEM: u64 = 5;

/// An open .xlsb workbook.
pub struct Xlsb {
    package: Package,
    sheets: Vec<SheetInfo>,
    parts: Vec<Option<String>>,
    relationships: Vec<Relationship>,
    dates: DateSystem,
    shared: OnceCell<Arc<Shared>>,
}

impl Xlsb {
    /// Reads the workbook part of `package`.
    ///
    /// # Errors
    /// Corrupt (22000).
    pub fn open(package: Package, part: &str) -> Result<Xlsb> {
        let relationships = of_part(&package, part)?;
        let mut records = Records::new(package.part(part)?, part);
        let (mut sheets, mut parts, mut dates) = (Vec::new(), Vec::new(), DateSystem::Y1900);
        while let Some(kind) = records.next_record()? {
            let mut fields = records.fields();
            match kind {
                BRT_WB_PROP if fields.u32()? & 1 == 1 => dates = DateSystem::Y1904,
                BRT_BUNDLE_SH => {
                    let visibility = match fields.u32()? {
                        1 => SheetVisibility::Hidden,
                        2 => SheetVisibility::VeryHidden,
                        _ => SheetVisibility::Visible,
                    };
                    fields.u32()?;
                    let (id, name) = (fields.text()?, fields.text()?);
                    let found = relationships.iter().find(|candidate| candidate.id == id);
                    let has_cells = found.is_none_or(|found| found.kind == "worksheet");
                    parts.push(found.map(|found| found.target.clone()));
                    sheets.push(SheetInfo {
                        name,
                        visibility,
                        has_cells,
                    });
                }
                _ => {}
            }
        }
        if sheets.is_empty() {
            return Err(corrupt("The workbook has no sheets."));
        }
        Ok(Xlsb {
            package,
            sheets,
            parts,
            relationships,
            dates,
            shared: OnceCell::new(),
        })
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
            Some(part) => read_strings(&self.package, part)?,
            None => SharedStrings::default(),
        };
        let styles = match self.part_of_kind("styles") {
            Some(part) => read_styles(&self.package, part)?,
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

impl Workbook for Xlsb {
    fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    fn rows(&self, sheet: usize) -> Result<Box<dyn SheetRows>> {
        let info = sheet_with_cells(&self.sheets, sheet)?;
        let part = self.parts[sheet]
            .as_deref()
            .ok_or_else(|| corrupt(format!("Sheet \"{}\" has no part.", info.name)))?;
        let records = Records::new(self.package.part(part)?, part);
        Ok(Box::new(XlsbRows::new(records, self.shared()?)))
    }
}

fn read_strings(package: &Package, part: &str) -> Result<SharedStrings> {
    let possible = package.size(part).unwrap_or(0) / SMALLEST_ITEM;
    let mut records = Records::new(package.part(part)?, part);
    let mut strings = SharedStrings::default();
    let mut text = String::new();
    while let Some(kind) = records.next_record()? {
        let mut fields = records.fields();
        match kind {
            BRT_BEGIN_SST => {
                fields.u32()?;
                if u64::from(fields.u32()?) > possible {
                    return Err(records.broken("claims more strings than it can hold"));
                }
            }
            BRT_SST_ITEM => {
                fields.u8()?;
                text.clear();
                let replaced = fields.wide_string(&mut text)?;
                strings.push(&text, replaced)?;
            }
            _ => {}
        }
    }
    Ok(strings)
}

fn read_styles(package: &Package, part: &str) -> Result<Styles> {
    let mut records = Records::new(package.part(part)?, part);
    let mut codes = FormatCodes::default();
    let mut ids = Vec::new();
    let mut within = 0;
    while let Some(kind) = records.next_record()? {
        let mut fields = records.fields();
        match kind {
            BRT_BEGIN_FMTS | BRT_BEGIN_CELL_XFS => within = kind,
            BRT_END_FMTS | BRT_END_CELL_XFS => within = 0,
            BRT_FMT if within == BRT_BEGIN_FMTS => {
                let id = u32::from(fields.u16()?);
                codes.define(id, &fields.text()?);
            }
            BRT_XF if within == BRT_BEGIN_CELL_XFS => {
                fields.u16()?;
                ids.push(u32::from(fields.u16()?));
            }
            _ => {}
        }
    }
    Ok(Styles::new(
        ids.into_iter().map(|id| codes.style(id)).collect(),
    ))
}
