//! Headers to column names, and the small words of a sheet: cells, columns, trimming.

use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

mod latin;

/// PostgreSQL's longest identifier, in bytes (NAMEDATALEN - 1).
pub const MAX_NAME_BYTES: usize = 63;

/// Bytes of `_` and 6 hex digits.
const HASH_BYTES: usize = 7;

/// Columns that every table has.
const SYSTEM_COLUMNS: [&str; 6] = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

/// What the marks that follow belong to.
#[derive(Clone, Copy, PartialEq)]
enum Base {
    /// Nothing that is kept.
    Separator,
    /// A letter that becomes ASCII, or an ASCII digit: its marks are dropped.
    Ascii,
    /// A letter of another script: its marks are kept.
    Other,
}

/// The column name that a header cleans to, of any length; empty if nothing of it
/// can stand in a name. NFKC, lower case, Latin letters as ASCII, letters (with
/// their marks) and digits of other scripts as they are, everything else one `_`
/// but none at the ends; a leading digit gets a `_` before it. Idempotent.
pub fn clean(header: &str) -> String {
    // Every cell of a sheet's first rows is cleaned, in search of the header.
    if header.is_ascii() {
        return clean_ascii(header);
    }
    clean_any(header)
}

/// [`clean`] for ASCII, which all the normal forms leave as it is.
fn clean_ascii(header: &str) -> String {
    let mut name = String::with_capacity(header.len() + 1);
    let mut separated = false;
    for letter in header.bytes() {
        if !letter.is_ascii_alphanumeric() {
            separated = true;
            continue;
        }
        if name.is_empty() {
            if letter.is_ascii_digit() {
                name.push('_');
            }
        } else if separated {
            name.push('_');
        }
        separated = false;
        name.push(char::from(letter.to_ascii_lowercase()));
    }
    name
}

fn clean_any(header: &str) -> String {
    let lower = header.nfkc().collect::<String>().to_lowercase();
    let mut name = String::with_capacity(lower.len());
    let mut base = Base::Separator;
    for letter in lower.nfd() {
        let before = base;
        base = match letter {
            _ if is_variation_selector(letter) => continue,
            _ if is_combining_mark(letter) => before,
            _ if letter.is_ascii_alphanumeric() || latin::ascii(letter).is_some() => Base::Ascii,
            _ if letter.is_alphanumeric() && !is_modifier(letter) => Base::Other,
            _ => Base::Separator,
        };
        if base == Base::Separator || (is_combining_mark(letter) && base == Base::Ascii) {
            continue;
        }
        if before == Base::Separator && !name.is_empty() {
            name.push('_');
        }
        match latin::ascii(letter) {
            Some(ascii) => name.push_str(ascii),
            None => name.push(letter),
        }
    }
    if name.starts_with(char::is_numeric) {
        name.insert(0, '_');
    }
    name.nfc().collect()
}

/// The name if it is at most 63 bytes; else cut on a character boundary, with
/// `_` and the first 6 hex digits of the SHA-256 of the whole header.
pub fn fit(name: &str, full_header: &str) -> String {
    shorten(name, full_header, MAX_NAME_BYTES)
}

/// The name with `_n` at its end, within 63 bytes.
pub fn with_suffix(name: &str, n: u32, full_header: &str) -> String {
    let suffix = format!("_{n}");
    shorten(name, full_header, MAX_NAME_BYTES - suffix.len()) + &suffix
}

fn shorten(name: &str, full_header: &str, limit: usize) -> String {
    if name.len() <= limit {
        return name.to_owned();
    }
    let hash = hash(full_header);
    // A name that was cut before does not get the same hash twice.
    let name = name.strip_suffix(&hash).unwrap_or(name);
    let cut = name.floor_char_boundary(limit - HASH_BYTES);
    name[..cut].trim_end_matches('_').to_owned() + &hash
}

fn hash(full_header: &str) -> String {
    let digest = Sha256::digest(full_header);
    format!("_{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2])
}

/// The name with a `_` after it if it is a system column's (`ctid`, `xmin`, …), else as it is.
pub fn avoid_system_columns(name: &str) -> String {
    if SYSTEM_COLUMNS.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// The letters above a sheet's column, counted from 0: `A`, `Z`, `AA`, … `XFD`.
pub fn column_letters(index: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(index) + 1;
    while rest > 0 {
        letters.push(b'A' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    letters
        .iter()
        .rev()
        .map(|letter| char::from(*letter))
        .collect()
}

/// A cell as Excel names it (`B12`), from its row counted from 1 and its column counted from 0.
pub fn cell(row: u32, index: u32) -> String {
    format!("{}{row}", column_letters(index))
}

/// The name of a column with data under a blank header, counted from 0: `column_c`.
pub fn blank_header(index: u32) -> String {
    format!("column_{}", column_letters(index).to_ascii_lowercase())
}

/// Text without Unicode white space (no-break space included) and zero-width characters at both ends.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|letter: char| {
        letter.is_whitespace()
            || matches!(letter, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
    })
}

/// Chooses a glyph, never a letter.
fn is_variation_selector(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Spacing modifier letters: apostrophes and tone marks that Unicode counts as letters.
fn is_modifier(letter: char) -> bool {
    matches!(letter, '\u{2b0}'..='\u{2ff}')
}

#[cfg(test)]
mod tests;
