//! `range`: which cells of a sheet are read, and what a name means in a workbook.

use crate::area::Area;
use crate::nearest::nearest;
use crate::protocol::{NamedArea, Opened};
use crate::report::Report;
use std::fmt;

/// A range as a user gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SheetRange {
    /// `B3:H200`, `B3:H`, `B:H`, `3:200`
    Area(Area),
    /// A defined name or an Excel table.
    Name(String),
}

/// What a range means in one workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The sheet that a name implies.
    pub sheet: Option<u32>,
    /// The cells.
    pub area: Area,
    /// Whether the first row is known to be a header; see [`NamedArea::header`].
    pub header: Option<bool>,
}

impl SheetRange {
    /// Reads a range.
    ///
    /// # Errors
    /// What is wrong, as the end of a message (22023).
    pub fn parse(text: &str) -> Result<SheetRange, String> {
        let text = text.trim();
        match Area::parse(text) {
            Some(Ok(area)) if area.is_cell() => Err(format!(
                "is the single cell {text}; write {text}:{} for a range",
                crate::naming::column_letters((area.last_column + 6).min(16_383))
            )),
            Some(Ok(area)) => Ok(SheetRange::Area(area)),
            Some(Err(why)) => Err(why),
            None if text.is_empty() => Err("is blank".into()),
            None if text.contains([':', '!', '\0']) => {
                Err("is not a range such as B3:H200 or B3:H, nor a name".into())
            }
            None => Ok(SheetRange::Name(text.to_owned())),
        }
    }

    /// Whether the workbook's names are needed to resolve it.
    pub fn is_name(&self) -> bool {
        matches!(self, SheetRange::Name(_))
    }

    /// What it means in a workbook that was opened with its names; `sheet` is
    /// the one that was asked for, if one was.
    ///
    /// # Errors
    /// 22023 for an unknown name, one that is no plain range, or one on another
    /// sheet; 0A000 for a name in a format whose names are not read.
    pub fn resolve(&self, opened: &Opened, sheet: Option<u32>) -> Result<Resolved, Report> {
        let name = match self {
            SheetRange::Area(area) => {
                return Ok(Resolved {
                    sheet: None,
                    area: *area,
                    header: None,
                });
            }
            SheetRange::Name(name) => name,
        };
        let Some(names) = &opened.names else {
            return Err(Report {
                sqlstate: "0A000",
                message: format!("range \"{name}\" is a name, and names are read from .xlsx only"),
                detail: None,
                hint: Some(
                    "Give the cells, such as range: B3:H200, or save the workbook as .xlsx.".into(),
                ),
            });
        };
        let found = find(names, name, sheet).ok_or_else(|| unknown(names, name))?;
        let (Some(on), Some(area)) = (found.sheet, found.area) else {
            let message = format!("the name \"{}\" is no plain range of cells", found.name);
            return Err(bad(message, None));
        };
        if sheet.is_some_and(|sheet| sheet != on) {
            let of = |index: u32| {
                let sheet = opened.sheets.get(index as usize);
                sheet.map(|sheet| sheet.name.clone()).unwrap_or_default()
            };
            let message = format!(
                "range \"{}\" lies on sheet \"{}\", not on \"{}\"",
                found.name,
                of(on),
                of(sheet.unwrap_or_default())
            );
            return Err(bad(
                message,
                Some("Leave sheet out; the name says it.".into()),
            ));
        }
        Ok(Resolved {
            sheet: Some(on),
            area,
            header: found.header,
        })
    }
}

impl fmt::Display for SheetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SheetRange::Area(area) => area.fmt(f),
            SheetRange::Name(name) => f.write_str(name),
        }
    }
}

/// A name of the sheet itself comes before one of the workbook, as in Excel.
fn find<'a>(names: &'a [NamedArea], name: &str, sheet: Option<u32>) -> Option<&'a NamedArea> {
    let wanted = name.to_lowercase();
    let same = |known: &&NamedArea| known.name.to_lowercase() == wanted;
    let own =
        |known: &&NamedArea| known.scope.is_some() && (sheet.is_none() || known.scope == sheet);
    names
        .iter()
        .filter(same)
        .find(own)
        .filter(|_| sheet.is_some())
        .or_else(|| {
            names
                .iter()
                .filter(same)
                .find(|known| known.scope.is_none())
        })
        .or_else(|| names.iter().filter(same).find(own))
}

fn unknown(names: &[NamedArea], name: &str) -> Report {
    let known: Vec<&str> = names.iter().map(|known| known.name.as_str()).collect();
    let near = nearest(name, known.iter().copied());
    Report {
        detail: Some(match known.len() {
            0 => "It has no named ranges and no tables.".into(),
            _ => format!("Its named ranges and tables are {}.", quoted(&known)),
        }),
        ..bad(
            format!("the workbook has no range or table named \"{name}\""),
            near.map(|name| format!("Perhaps you meant \"{name}\".")),
        )
    }
}

fn quoted(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(50)
        .map(|name| format!("\"{name}\""))
        .collect();
    let more = if names.len() > 50 { ", …" } else { "" };
    shown.join(", ") + more
}

fn bad(message: String, hint: Option<String>) -> Report {
    Report {
        sqlstate: "22023",
        message,
        detail: None,
        hint,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::protocol::{Format, SheetInfo, SheetVisibility};

    fn opened(names: Option<Vec<NamedArea>>) -> Opened {
        let sheet = |name: &str| SheetInfo {
            name: name.into(),
            visibility: SheetVisibility::Visible,
            has_cells: true,
        };
        Opened {
            sha256: String::new(),
            bytes: 0,
            format: Format::Xlsx,
            sheets: vec![sheet("One"), sheet("Two")],
            names,
        }
    }

    fn named(name: &str, sheet: u32, scope: Option<u32>, cells: &str) -> NamedArea {
        NamedArea {
            name: name.into(),
            sheet: Some(sheet),
            scope,
            area: Some(Area::parse(cells).unwrap().unwrap()),
            header: None,
        }
    }

    fn resolve(text: &str, names: Vec<NamedArea>, sheet: Option<u32>) -> Result<Resolved, Report> {
        SheetRange::parse(text)
            .unwrap()
            .resolve(&opened(Some(names)), sheet)
    }

    #[test]
    fn reads_areas_and_names() {
        assert!(matches!(
            SheetRange::parse("b3:h").unwrap(),
            SheetRange::Area(_)
        ));
        assert_eq!(SheetRange::parse(" Claims ").unwrap().to_string(), "Claims");
        for text in ["", "B3", "XFE1:XFE9", "Sheet1!A1:B2", "B3:"] {
            assert!(SheetRange::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_says_its_sheet() {
        let names = vec![named("Data", 1, None, "B2:C9")];
        assert_eq!(resolve("DATA", names.clone(), None).unwrap().sheet, Some(1));
        let error = resolve("data", names, Some(0)).unwrap_err();
        assert!(error.message.contains("lies on sheet \"Two\""), "{error:?}");
    }

    #[test]
    fn a_sheets_own_name_comes_first() {
        let names = vec![
            named("Data", 0, None, "A1:A9"),
            named("Data", 1, Some(1), "B1:B9"),
        ];
        assert_eq!(
            resolve("Data", names.clone(), Some(1))
                .unwrap()
                .area
                .first_column,
            1
        );
        assert_eq!(resolve("Data", names, None).unwrap().area.first_column, 0);
    }

    #[test]
    fn an_unknown_name_is_said() {
        let error = resolve("Dta", vec![named("Data", 0, None, "A1:A9")], None).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("Perhaps you meant \"Data\"."));
        let error = SheetRange::Name("x".into())
            .resolve(&opened(None), None)
            .unwrap_err();
        assert_eq!(error.sqlstate, "0A000");
    }
}
