//! Defined names (ECMA-376 §18.2.5) and tables (§18.5.1.2) of a workbook.

use super::relationships::of_part;
use crate::fail::Result;
use crate::nul::without_nul;
use crate::package::Package;
use crate::scan::{Scanner, Token};
use crate::scan_text;
use pgdatahub_core::area::Area;
use pgdatahub_core::protocol::{NamedArea, SheetInfo};

/// The workbook's names, then the tables of its sheets.
///
/// # Errors
/// Corrupt (22000).
pub fn read(
    package: &Package,
    workbook: &str,
    sheets: &[SheetInfo],
    parts: &[Option<String>],
) -> Result<Vec<NamedArea>> {
    let mut names = defined(package, workbook, sheets)?;
    for (index, part) in (0u32..).zip(parts) {
        let Some(part) = part.as_deref().filter(|part| package.has(part)) else {
            continue;
        };
        for relationship in of_part(package, part)? {
            if relationship.kind == "table" && package.has(&relationship.target) {
                names.extend(table(package, &relationship.target, index)?);
            }
        }
    }
    Ok(names)
}

fn defined(package: &Package, workbook: &str, sheets: &[SheetInfo]) -> Result<Vec<NamedArea>> {
    let mut scanner = Scanner::new(package.part(workbook)?, workbook)?;
    let mut names = Vec::new();
    // A name under way and the text of its formula so far.
    let mut open: Option<(String, Option<u32>, String)> = None;
    loop {
        match scanner.next_token()? {
            Token::Eof => return Ok(names),
            Token::Start {
                name: b"definedName",
                attributes,
            } => {
                let name = attributes.text(b"name")?.unwrap_or_default().into_owned();
                let scope = attributes.number(b"localSheetId").map(|id| id as u32);
                open = Some((name, scope, String::new()));
            }
            Token::Text { raw, cdata } => {
                if let Some((_, _, formula)) = &mut open {
                    scan_text::append(formula, raw, cdata)?;
                }
            }
            Token::End => {
                // Names such as _xlnm.Print_Area are Excel's own.
                let ended = open.take().filter(|(name, ..)| !name.starts_with("_xlnm."));
                if let Some((name, scope, formula)) = ended {
                    let target = target(&formula, sheets);
                    names.push(NamedArea {
                        name: without_nul(name),
                        sheet: target.map(|(sheet, _)| sheet),
                        scope,
                        area: target.map(|(_, area)| area),
                        header: None,
                    });
                }
            }
            Token::Start { .. } => {}
        }
    }
}

/// `Sheet1!$A$1:$B$9` or `'My ''Sheet'''!$A$1`; none for anything else.
fn target(formula: &str, sheets: &[SheetInfo]) -> Option<(u32, Area)> {
    let (sheet, cells) = formula.trim().rsplit_once('!')?;
    let sheet = match sheet.strip_prefix('\'') {
        Some(quoted) => quoted.strip_suffix('\'')?.replace("''", "'"),
        None => sheet.to_owned(),
    };
    let wanted = sheet.to_lowercase();
    let index = sheets
        .iter()
        .position(|known| known.name.to_lowercase() == wanted)?;
    Some((u32::try_from(index).ok()?, Area::parse(cells)?.ok()?))
}

fn table(package: &Package, part: &str, sheet: u32) -> Result<Option<NamedArea>> {
    let mut scanner = Scanner::new(package.part(part)?, part)?;
    let mut found = None;
    loop {
        match scanner.next_token()? {
            Token::Eof => return Ok(found),
            Token::Start {
                name: b"table",
                attributes,
            } if found.is_none() => {
                let name = match attributes.text(b"displayName")? {
                    Some(name) => name.into_owned(),
                    None => attributes.text(b"name")?.unwrap_or_default().into_owned(),
                };
                let range = attributes.text(b"ref")?.unwrap_or_default();
                let totals = attributes.number(b"totalsRowCount").unwrap_or(0) as u32;
                let area = Area::parse(&range).and_then(std::result::Result::ok);
                found = area.map(|area| NamedArea {
                    name: without_nul(name),
                    sheet: Some(sheet),
                    scope: None,
                    area: Some(Area {
                        last_row: area.last_row.saturating_sub(totals).max(area.first_row),
                        ..area
                    }),
                    header: Some(attributes.number(b"headerRowCount") != Some(0)),
                });
            }
            _ => {}
        }
    }
}
