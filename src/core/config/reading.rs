//! The settings about reading a workbook: one field of [`ReadingSettings`] each.

use super::settings::FolderSettings;
use crate::discover::Glob;
use crate::header_setting::HeaderSetting;
use crate::naming;
use crate::nearest::nearest;
use crate::protocol::{ErrorCells, SheetOptions};
use crate::sheet_range::{Resolved, SheetRange};

/// Most rows that a footer, or a gap that ends the data, may have.
const MAX_COUNT: u32 = 1_000;

/// How workbooks of a folder are read; none: the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadingSettings {
    /// The sheets: names, numbers or patterns.
    pub sheets: Option<Vec<String>>,
    /// Which cells.
    pub range: Option<SheetRange>,
    /// Where the headers are.
    pub header_row: Option<HeaderSetting>,
    /// So many rows at the end are no data.
    pub skip_footer: Option<u32>,
    /// The data ends at so many blank rows.
    pub stop_at_blank: Option<u32>,
    /// Merged ranges are filled.
    pub fill_merged: Option<bool>,
    /// Column that holds the sheet's row number.
    pub row_number: Option<String>,
    /// Patterns of files that are no workbooks of this import.
    pub ignore: Option<Vec<String>>,
    /// Texts that are no value.
    pub null_strings: Option<Vec<String>>,
    /// Text loses the white space at its ends.
    pub trim: Option<bool>,
    /// What becomes of error cells.
    pub error_cells: Option<ErrorCells>,
    /// What becomes of an earlier import of the same path.
    pub on_change: Option<OnChange>,
    /// How many rows a replacement must leave.
    pub replace_min_percent: Option<u32>,
    /// What becomes of headers that clean to one name.
    pub duplicate_columns: Option<DuplicateColumns>,
}

/// What becomes of the earlier import of a path whose content has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnChange {
    /// It makes way for the new one.
    #[default]
    Replace,
    /// It stays.
    Append,
    /// The file fails.
    Error,
}

/// What becomes of headers that clean to one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DuplicateColumns {
    /// Each is a column, the later ones with a suffix.
    #[default]
    Suffix,
    /// They are one column.
    Coalesce,
}

impl ReadingSettings {
    /// How the reader is to read a sheet, given what the range means in its workbook.
    pub fn options(&self, range: Option<&Resolved>) -> SheetOptions {
        SheetOptions {
            area: range.map(|range| range.area),
            skip_footer: self.skip_footer.unwrap_or(0),
            stop_at_blank: self.stop_at_blank.unwrap_or(0),
            fill_merged: self.fill_merged.unwrap_or(false),
            row_number: self.row_number.clone(),
            null_strings: self.null_strings.clone().unwrap_or_default(),
            keep_spaces: !self.trim.unwrap_or(true),
            error_cells: self.error_cells.unwrap_or_default(),
            coalesce: self.duplicate_columns == Some(DuplicateColumns::Coalesce),
            ignore_unlisted: false,
        }
    }

    /// Whether a file is left out: a pattern without `/` is held against its name,
    /// any other against its path below the imported folder.
    pub fn ignores(&self, relative: &str) -> bool {
        let name = relative.rsplit('/').next().unwrap_or(relative);
        let matches = |pattern: &String| {
            let text = if pattern.contains('/') {
                relative
            } else {
                name
            };
            Glob::parse(pattern).is_ok_and(|glob| glob.matches(text))
        };
        self.ignore.iter().flatten().any(matches)
    }
}

pub(super) fn sheets(to: &mut FolderSettings, values: &[String]) -> Result<(), String> {
    for value in values {
        if value.trim().is_empty() {
            return Err("is blank".into());
        }
        if value.contains('\0') {
            return Err("contains a NUL character".into());
        }
    }
    if values.is_empty() {
        return Err("is an empty list".into());
    }
    to.sheet = None;
    to.reading.sheets = None;
    match values {
        [one] if !crate::sheets::is_pattern(one) => to.sheet = Some(one.clone()),
        several => to.reading.sheets = Some(several.to_vec()),
    }
    Ok(())
}

/// Stores a value that was checked.
pub(super) fn put<T>(to: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    *to = Some(value?);
    Ok(())
}

pub(super) fn range(to: &mut FolderSettings, value: &str) -> Result<(), String> {
    to.reading.range = Some(SheetRange::parse(value)?);
    Ok(())
}

pub(super) fn header_row(to: &mut FolderSettings, values: &[String]) -> Result<(), String> {
    let words = values.iter().map(String::as_str);
    to.reading.header_row = Some(HeaderSetting::parse(words)?);
    Ok(())
}

pub(super) fn ignore(to: &mut FolderSettings, values: &[String]) -> Result<(), String> {
    for value in values {
        Glob::parse(value).map_err(|why| format!("is no pattern: {why}"))?;
    }
    to.reading.ignore = Some(values.to_vec());
    Ok(())
}

pub(super) fn null_strings(to: &mut FolderSettings, values: &[String]) -> Result<(), String> {
    let trimmed = values.iter().map(|value| naming::trim(value).to_owned());
    to.reading.null_strings = Some(trimmed.collect());
    Ok(())
}

pub(super) fn row_number(to: &mut FolderSettings, value: &str) -> Result<(), String> {
    if naming::clean(value).is_empty() {
        return Err("is no name of a column".into());
    }
    to.reading.row_number = Some(value.to_owned());
    Ok(())
}

/// One of a setting's words.
pub(super) fn one_of<T: Copy>(value: &str, words: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == value) {
        return Ok(*meaning);
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let near = nearest(value, known.iter().copied());
    let near = near.map_or_else(String::new, |word| {
        format!("; perhaps you meant \"{word}\"")
    });
    let shown: String = value.chars().take(60).collect();
    Err(format!(
        "is \"{shown}\", not one of {}{near}",
        known.join(", ")
    ))
}

/// YAML 1.2 §10.3.2: the core schema's booleans, in small letters.
pub(super) fn boolean(value: &str) -> Result<bool, String> {
    one_of(value, &[("true", true), ("false", false)])
}

/// A number of rows.
pub(super) fn count(value: &str) -> Result<u32, String> {
    at_most(value, MAX_COUNT)
}

pub(super) fn percent(value: &str) -> Result<u32, String> {
    at_most(value, 100)
}

fn at_most(value: &str, most: u32) -> Result<u32, String> {
    match value.trim().parse::<u32>() {
        Ok(number) if number <= most => Ok(number),
        _ => {
            let shown: String = value.chars().take(60).collect();
            Err(format!("is \"{shown}\", not a number from 0 to {most}"))
        }
    }
}

pub(super) const ERROR_CELLS: &[(&str, ErrorCells)] = &[
    ("reject", ErrorCells::Reject),
    ("text", ErrorCells::Text),
    ("fail", ErrorCells::Fail),
];

pub(super) const ON_CHANGE: &[(&str, OnChange)] = &[
    ("replace", OnChange::Replace),
    ("append", OnChange::Append),
    ("error", OnChange::Error),
];

pub(super) const DUPLICATE_COLUMNS: &[(&str, DuplicateColumns)] = &[
    ("suffix", DuplicateColumns::Suffix),
    ("coalesce", DuplicateColumns::Coalesce),
];
