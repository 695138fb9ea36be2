//! A rectangle of cells, and how it is written: `B3:H200`, `B3:H`, `B:H`, `3:200`.

use crate::naming::column_letters;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most rows of a sheet (Excel's own bound).
pub const MAX_ROWS: u32 = 1_048_576;

/// Most columns of a sheet (Excel's own bound).
pub const MAX_COLUMNS: u32 = 16_384;

/// A rectangle of cells, its edges included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Area {
    /// From 1.
    pub first_row: u32,
    /// [`MAX_ROWS`] where it is open below.
    pub last_row: u32,
    /// From 0 (A = 0).
    pub first_column: u32,
    /// [`MAX_COLUMNS`] - 1 where it is open to the right.
    pub last_column: u32,
}

impl Area {
    /// All cells of a sheet.
    pub const WHOLE: Area = Area {
        first_row: 1,
        last_row: MAX_ROWS,
        first_column: 0,
        last_column: MAX_COLUMNS - 1,
    };

    /// The area that a text means in Excel's A1 notation, `$` allowed: a range
    /// such as `B3:H200`, whole columns `B:H`, whole rows `3:200`, one open below
    /// `B3:H`, or a single cell. None if it is not written like one: then it is a name.
    ///
    /// # Errors
    /// A cell beyond the last row or column, as the end of a message.
    pub fn parse(text: &str) -> Option<Result<Area, String>> {
        let (first, last) = match text.split_once(':') {
            Some((first, last)) => (corner(first)?, corner(last)?),
            None => {
                let cell = corner(text)?;
                if cell.0.is_none() || cell.1.is_none() {
                    return None;
                }
                (cell, cell)
            }
        };
        if (first.0.is_none() != last.0.is_none()) || (first.1.is_none() && last.1.is_some()) {
            return None;
        }
        Some(Area::between(first, last).ok_or_else(|| "goes beyond XFD1048576".into()))
    }

    fn between(first: Corner, last: Corner) -> Option<Area> {
        let columns = (
            first.0.unwrap_or(1),
            last.0.unwrap_or(u64::from(MAX_COLUMNS)),
        );
        let rows = (first.1.unwrap_or(1), last.1.unwrap_or(u64::from(MAX_ROWS)));
        let within = |(a, b): (u64, u64), most: u32| {
            let bounds = 1..=u64::from(most);
            (bounds.contains(&a) && bounds.contains(&b)).then(|| (a.min(b) as u32, a.max(b) as u32))
        };
        let (first_column, last_column) = within(columns, MAX_COLUMNS)?;
        let (first_row, last_row) = within(rows, MAX_ROWS)?;
        Some(Area {
            first_row,
            last_row,
            first_column: first_column - 1,
            last_column: last_column - 1,
        })
    }

    /// Whether it is one cell.
    pub fn is_cell(self) -> bool {
        self.first_row == self.last_row && self.first_column == self.last_column
    }

    /// Whether a column, from 0, is in it.
    pub fn has_column(self, index: u32) -> bool {
        (self.first_column..=self.last_column).contains(&index)
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (
            column_letters(self.first_column),
            column_letters(self.last_column),
        );
        let all_columns = self.first_column == 0 && self.last_column == MAX_COLUMNS - 1;
        match (self.first_row, self.last_row) {
            (1, MAX_ROWS) => write!(f, "{first}:{last}"),
            (from, to) if all_columns => write!(f, "{from}:{to}"),
            (from, MAX_ROWS) => write!(f, "{first}{from}:{last}"),
            (from, to) => write!(f, "{first}{from}:{last}{to}"),
        }
    }
}

/// Column and row as written, both from 1 and not yet bounded.
type Corner = (Option<u64>, Option<u64>);

fn corner(text: &str) -> Option<Corner> {
    let text = text.trim();
    let text = text.strip_prefix('$').unwrap_or(text);
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (column, row) = text.split_at(letters);
    // The dollar of a column is gone; the one of a row stands before its digits.
    let row = row.strip_prefix('$').unwrap_or(row);
    if column.len() > 3 || row.len() > 9 || !row.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if column.is_empty() && row.is_empty() {
        return None;
    }
    let number = |letters: &str| {
        letters.bytes().fold(0u64, |sum, byte| {
            sum * 26 + u64::from(byte.to_ascii_uppercase() - b'A') + 1
        })
    };
    let column = (!column.is_empty()).then(|| number(column));
    let row = (!row.is_empty()).then(|| row.parse().ok()).flatten();
    Some((column, row))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(text: &str) -> String {
        Area::parse(text).unwrap().unwrap().to_string()
    }

    #[test]
    fn reads_what_excel_writes() {
        for text in ["B3:H200", "B3:H", "B:H", "3:200", "A1:XFD1048575"] {
            let same = if text == "A1:XFD1048575" {
                "1:1048575"
            } else {
                text
            };
            assert_eq!(shown(text), same);
        }
        assert_eq!(shown("$b$3:$h$200"), "B3:H200");
        assert_eq!(shown("H200:B3"), "B3:H200", "in any order");
        assert!(Area::parse("C7").unwrap().unwrap().is_cell());
    }

    #[test]
    fn tells_names_from_areas() {
        for name in [
            "Claims", "Q1_2024", "B3:", "Data:H3", "B:3", "3:H", "", "ABCD1", "7",
        ] {
            assert_eq!(Area::parse(name), None, "{name}");
        }
    }

    #[test]
    fn stays_within_a_sheet() {
        for text in ["XFE1:XFE2", "A0:B2", "A1:B1048577"] {
            assert!(Area::parse(text).unwrap().is_err(), "{text}");
        }
    }
}
