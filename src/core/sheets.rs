//! Which sheet of a workbook is imported.
//!
//! A sheet that is asked for (`sheet:`, `sheet =>`) is taken by its name: as it
//! stands, then regardless of letter case and outer blanks; a number that is no
//! sheet's name counts the sheets from 1. Where none is asked for, the only
//! sheet with cells is taken whatever its name; among several the one named by
//! `default_sheet`. Everything else is an error that lists the sheets: a sheet
//! is never guessed and a workbook never skipped. Hidden sheets count like any
//! other.

use crate::discover::Glob;
use crate::nearest::nearest;
use crate::protocol::{SheetInfo, SheetVisibility};
use crate::report::Report;

/// The sheet, as an index into the workbook's sheets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SheetChoice {
    /// As named or numbered, or the only one.
    Exact(usize),
    /// Found only regardless of letter case and outer blanks: worth a word to the user.
    Loose(usize),
}

impl SheetChoice {
    /// The index.
    pub fn index(self) -> usize {
        match self {
            SheetChoice::Exact(index) | SheetChoice::Loose(index) => index,
        }
    }
}

/// No sheet could be chosen; see [`SheetError::report`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetError(Report);

impl SheetError {
    /// The error (22023); its detail lists the sheets, its hint the nearest name.
    pub fn report(&self) -> Report {
        self.0.clone()
    }
}

/// Chooses the sheet; the module's head has the rule.
///
/// # Errors
/// [`SheetError`]: no such sheet, a sheet without cells (a chart), a workbook
/// without any sheet, or several sheets and none named.
pub fn choose(
    sheets: &[SheetInfo],
    wanted: Option<&str>,
    default_sheet: Option<&str>,
) -> Result<SheetChoice, SheetError> {
    if let Some(wanted) = wanted {
        return match named(sheets, wanted).or_else(|| numbered(sheets, wanted)) {
            Some(choice) if sheets[choice.index()].has_cells => Ok(choice),
            Some(choice) => Err(without_cells(sheets, choice.index())),
            None => Err(missing(sheets, wanted)),
        };
    }
    let mut with_cells = (0..sheets.len()).filter(|index| sheets[*index].has_cells);
    match (with_cells.next(), with_cells.next()) {
        (None, _) => Err(error(
            sheets,
            "the workbook has no sheet with cells".into(),
            None,
        )),
        (Some(only), None) => Ok(SheetChoice::Exact(only)),
        _ => default_sheet
            .and_then(|name| named(sheets, name))
            .filter(|choice| sheets[choice.index()].has_cells)
            .ok_or_else(|| several(sheets, default_sheet)),
    }
}

/// Whether a wanted sheet is a pattern: no sheet's name in Excel holds these characters.
pub fn is_pattern(wanted: &str) -> bool {
    wanted.contains(['*', '?', '['])
}

/// A chosen sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picked {
    /// Which one, and whether its name was exact.
    pub choice: SheetChoice,
    /// It was found by a pattern: one without cells is no mistake.
    pub by_pattern: bool,
}

/// Chooses several sheets by names, numbers and patterns (`*` and `?`, letter
/// case does not count), each once, in the order of the workbook. A pattern
/// passes over sheets without cells such as charts.
///
/// # Errors
/// [`SheetError`] for a name without a sheet and a pattern that matches none.
pub fn choose_all(sheets: &[SheetInfo], wanted: &[String]) -> Result<Vec<Picked>, SheetError> {
    let mut picked: Vec<Picked> = Vec::new();
    for wanted in wanted {
        let found = match (named(sheets, wanted), is_pattern(wanted)) {
            (None, true) => matching(sheets, wanted)?,
            _ => vec![Picked {
                choice: choose(sheets, Some(wanted), None)?,
                by_pattern: false,
            }],
        };
        for one in found {
            match picked
                .iter_mut()
                .find(|known| known.choice.index() == one.choice.index())
            {
                Some(known) => known.by_pattern &= one.by_pattern,
                None => picked.push(one),
            }
        }
    }
    picked.sort_by_key(|picked| picked.choice.index());
    Ok(picked)
}

fn matching(sheets: &[SheetInfo], pattern: &str) -> Result<Vec<Picked>, SheetError> {
    let fold = |text: &str| text.trim().to_lowercase().replace('/', "\u{2215}");
    let glob = Glob::parse(&fold(pattern)).map_err(|why| {
        error(
            sheets,
            format!("the sheet pattern \"{pattern}\" is none: {why}"),
            None,
        )
    })?;
    let found: Vec<Picked> = (0..sheets.len())
        .filter(|index| sheets[*index].has_cells && glob.matches(&fold(&sheets[*index].name)))
        .map(|index| Picked {
            choice: SheetChoice::Exact(index),
            by_pattern: true,
        })
        .collect();
    if found.is_empty() {
        let message = format!("the workbook has no sheet that matches \"{pattern}\"");
        return Err(error(sheets, message, None));
    }
    Ok(found)
}

/// The sheet of that name, else the only one that differs in case and outer blanks alone.
fn named(sheets: &[SheetInfo], name: &str) -> Option<SheetChoice> {
    if let Some(index) = sheets.iter().position(|sheet| sheet.name == name) {
        return Some(SheetChoice::Exact(index));
    }
    let fold = |text: &str| text.trim().to_lowercase();
    let wanted = fold(name);
    let mut loose = (0..sheets.len()).filter(|index| fold(&sheets[*index].name) == wanted);
    let first = loose.next()?;
    loose.next().is_none().then_some(SheetChoice::Loose(first))
}

fn numbered(sheets: &[SheetInfo], number: &str) -> Option<SheetChoice> {
    let number: usize = number.trim().parse().ok()?;
    (1..=sheets.len())
        .contains(&number)
        .then(|| SheetChoice::Exact(number - 1))
}

fn missing(sheets: &[SheetInfo], wanted: &str) -> SheetError {
    let hint = nearest(wanted, sheets.iter().map(|sheet| sheet.name.as_str()))
        .map(|name| format!("Perhaps you meant the sheet \"{name}\"."));
    error(
        sheets,
        format!("the workbook has no sheet \"{wanted}\""),
        hint,
    )
}

fn without_cells(sheets: &[SheetInfo], index: usize) -> SheetError {
    let message = format!(
        "sheet \"{}\" is a chart or dialog and has no cells",
        sheets[index].name
    );
    error(sheets, message, None)
}

fn several(sheets: &[SheetInfo], default_sheet: Option<&str>) -> SheetError {
    let count = sheets.iter().filter(|sheet| sheet.has_cells).count();
    let message = match default_sheet {
        Some(name) => {
            format!("the workbook has {count} sheets and none is the default_sheet \"{name}\"")
        }
        None => format!("the workbook has {count} sheets and none is chosen"),
    };
    let near = default_sheet
        .and_then(|name| nearest(name, sheets.iter().map(|sheet| sheet.name.as_str())))
        .map(|name| format!("Perhaps you meant the sheet \"{name}\". "));
    let hint = "Name one with sheet => '…', or with sheet: or default_sheet: in the configuration.";
    error(sheets, message, Some(near.unwrap_or_default() + hint))
}

fn error(sheets: &[SheetInfo], message: String, hint: Option<String>) -> SheetError {
    let listed: Vec<String> = sheets.iter().map(describe).collect();
    let detail = (!listed.is_empty()).then(|| format!("Its sheets are {}.", listed.join(", ")));
    SheetError(Report {
        sqlstate: "22023",
        message,
        detail,
        hint,
    })
}

/// `"Claims"`, `"Rates" (hidden)`, `"Chart1" (no cells)`.
fn describe(sheet: &SheetInfo) -> String {
    let note = match sheet.visibility {
        _ if !sheet.has_cells => " (no cells)",
        SheetVisibility::Visible => "",
        SheetVisibility::Hidden => " (hidden)",
        SheetVisibility::VeryHidden => " (very hidden)",
    };
    format!("\"{}\"{note}", sheet.name)
}

#[cfg(test)]
mod tests;
