//! Cell references: `B12` (ECMA-376 §18.18.62).

use crate::row::{MAX_COLUMNS, MAX_ROWS};

/// A cell reference's column (from 0) and row (from 1); none for anything but
/// letters and digits within Excel's bounds. Overlong ones are refused, not wrapped.
pub fn parse(reference: &[u8]) -> Option<(u32, u32)> {
    let mut column = 0u32;
    let mut letters = 0;
    for &byte in reference {
        if !byte.is_ascii_alphabetic() {
            break;
        }
        letters += 1;
        if letters > 3 {
            return None;
        }
        column = column * 26 + u32::from(byte.to_ascii_uppercase() - b'A') + 1;
    }
    let row = parse_row(&reference[letters..])?;
    (1..=MAX_COLUMNS)
        .contains(&column)
        .then(|| (column - 1, row))
}

/// A row number within Excel's bounds.
pub fn parse_row(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 7 {
        return None;
    }
    let mut row = 0u32;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        row = row * 10 + u32::from(byte - b'0');
    }
    (1..=MAX_ROWS).contains(&row).then_some(row)
}
