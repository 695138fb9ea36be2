//! A row as Excel and the common writers emit it.
//!
//! Nearly every cell of nearly every workbook is written in one of a few ways
//! (`<c r="B7" s="2" t="s"><v>12</v></c>`). A row that consists of these alone is
//! taken apart here by comparing bytes; one that holds anything else, and what is
//! not well-formed, is left to the tokenizer, which alone decides what is an
//! error. So this must never read a row otherwise than the tokenizer would:
//! `tests/reader/template.rs` holds the one against the other.

use super::position;
use super::template_number::{number, small_number};
use crate::row::MAX_COLUMNS;
use crate::scan_tag::{AttributeRanges, Tag, scan_tag};
use memchr::memchr;

/// No comparison looks further ahead than this.
const LOOKAHEAD: usize = 48;

/// A cell that holds something; texts and long numbers as ranges of the bytes scanned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TemplateCell {
    pub column: u16,
    pub style: u16,
    pub formula: bool,
    pub content: TemplateContent,
}

/// What a cell holds, as far as its markup tells.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TemplateContent {
    /// At most 15 digits.
    Integer(i64),
    /// The double nearest to the digits.
    Double(f64),
    /// A number written in any other way, if it is one.
    Digits {
        start: u32,
        length: u32,
    },
    /// Index of a shared string.
    Shared(u32),
    Boolean(bool),
    /// Character data as it stands.
    Text {
        start: u32,
        length: u32,
    },
    /// A formula without a value.
    Uncomputed,
}

/// Whether a row is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A whole row of so many bytes.
    Row(usize),
    /// More input may make it one.
    Incomplete,
    /// Something else: the tokenizer's matter.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Shared,
    Text,
    InlineText,
    Boolean,
}

/// Where the bytes stopped being a row, or what was found and where it ends.
pub(super) type At<T> = Result<T, usize>;

/// Recognises rows, and keeps the last one.
#[derive(Debug, Default)]
pub(crate) struct Template {
    /// Row number, from 1.
    pub number: u32,
    /// Whether Excel hides it.
    pub hidden: bool,
    /// Its cells, by ascending column.
    pub cells: Vec<TemplateCell>,
    /// Whether one of them is a formula.
    pub formulas: bool,
    /// What follows the column's letters in a reference of this row (its digits
    /// and the quote), little-endian, and how many bits that is.
    reference: (u128, u32),
    /// The same of the letters, by column.
    letters: Vec<(u128, u32)>,
    /// What followed the number in the last start tag that was taken apart, up to
    /// its `>`, and whether that hides the row.
    tail: Vec<u8>,
    tail_hides: bool,
    attributes: AttributeRanges,
}

impl Template {
    /// Looks whether `bytes` begin with a row below `last`.
    pub fn scan(&mut self, bytes: &[u8], last: u32) -> Found {
        match self.row(bytes, last) {
            Ok(length) => Found::Row(length),
            Err(at) if at + LOOKAHEAD > bytes.len() => Found::Incomplete,
            Err(_) => Found::Other,
        }
    }

    fn row(&mut self, bytes: &[u8], last: u32) -> At<usize> {
        self.cells.clear();
        self.formulas = false;
        let at = skip_space(bytes, 0);
        let (mut at, empty) = self.row_tag(bytes, at, last)?;
        if empty {
            return Ok(at);
        }
        let mut next = 0;
        loop {
            match bytes.get(at..at + 3) {
                Some(b"<c " | b"<c>") => (at, next) = self.cell(bytes, at + 2, next)?,
                Some(b"</r") => return literal(bytes, at, b"</row>"),
                Some([b' ' | b'\n' | b'\r' | b'\t', ..]) => at = skip_space(bytes, at),
                Some(b"<c/") if next < MAX_COLUMNS => {
                    (at, next) = (literal(bytes, at, b"<c/>")?, next + 1);
                }
                _ => return Err(at),
            }
        }
    }

    /// The row's start tag; true: it is the end tag too.
    fn row_tag(&mut self, bytes: &[u8], start: usize, last: u32) -> At<(usize, bool)> {
        let mut at = literal(bytes, start, b"<row")?;
        let mut number = last + 1;
        if let Ok(digits) = literal(bytes, at, b" r=\"") {
            (number, at) = small_number(bytes, digits, 7)?;
            at = literal(bytes, at, b"\"")?;
            self.reference = packed(bytes[digits..at].iter().copied());
        } else {
            self.reference = packed(number.to_string().bytes().chain([b'"']));
        }
        let (end, empty, hidden) = if bytes.get(at) == Some(&b'>') {
            (at + 1, false, false)
        } else if !self.tail.is_empty() && bytes[at..].starts_with(&self.tail) {
            (at + self.tail.len(), false, self.tail_hides)
        } else {
            self.unknown_row_tag(bytes, start, at)?
        };
        if number <= last || number > crate::row::MAX_ROWS {
            return Err(start);
        }
        self.number = number;
        self.hidden = hidden;
        Ok((end, empty))
    }

    /// A row's start tag with attributes after `after_number`; those are remembered,
    /// as they are mostly the same in the next row.
    fn unknown_row_tag(
        &mut self,
        bytes: &[u8],
        start: usize,
        after_number: usize,
    ) -> At<(usize, bool, bool)> {
        let bytes_of_row = &bytes[start..];
        let (name, length, empty) = match scan_tag(bytes_of_row, 0, &mut self.attributes) {
            Tag::Complete {
                name,
                length,
                empty,
            } => (name, length, empty),
            Tag::Incomplete => return Err(bytes.len()),
            Tag::Malformed => return Err(start),
        };
        let mut hidden = None;
        for (position, (key, value)) in self.attributes.iter().enumerate() {
            match &bytes_of_row[key.clone()] {
                b"r" if position > 0 || start + value.end >= after_number => return Err(start),
                b"hidden" if hidden.is_none() => {
                    let value = &bytes_of_row[value.clone()];
                    hidden = Some(matches!(value, b"1" | b"true" | b"on"));
                }
                _ => {}
            }
        }
        let hidden = hidden.unwrap_or(false);
        if bytes_of_row[name] != *b"row" {
            return Err(start);
        }
        let end = start + length;
        // Without white space it would mean something else right behind the name.
        if !empty && bytes[after_number].is_ascii_whitespace() {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[after_number..end]);
            self.tail_hides = hidden;
        }
        Ok((end, empty, hidden))
    }

    /// A cell from behind its `<c`; where it ends, and the column after it.
    #[inline]
    fn cell(&mut self, bytes: &[u8], at: usize, next: u32) -> At<(usize, u32)> {
        let (mut at, mut column) = (at, next);
        if let Ok(reference) = literal(bytes, at, b" r=\"") {
            (at, column) = self.reference(bytes, reference, next)?;
        }
        if column >= MAX_COLUMNS {
            return Err(at);
        }
        let (mut style, mut kind) = (0, Kind::Number);
        loop {
            match bytes.get(at..at + 4) {
                Some(b" s=\"") => {
                    (style, at) = small_number(bytes, at + 4, 4)?;
                    at = literal(bytes, at, b"\"")?;
                }
                Some(b" t=\"") => (kind, at) = cell_type(bytes, at + 4)?,
                _ => break,
            }
        }
        match bytes.get(at) {
            Some(b'>') => at += 1,
            Some(b'/') => return Ok((literal(bytes, at, b"/>")?, column + 1)),
            _ => return Ok((literal(bytes, at, b" />")?, column + 1)),
        }
        let (content, formula, at) = content(bytes, at, kind, &mut self.attributes)?;
        if let Some(content) = content {
            self.formulas |= formula;
            self.cells.push(TemplateCell {
                column: column as u16,
                style: style as u16,
                formula,
                content,
            });
        }
        Ok((at, column + 1))
    }

    /// A reference up to its closing quote: mostly the column that comes next.
    #[inline]
    fn reference(&mut self, bytes: &[u8], at: usize, next: u32) -> At<(usize, u32)> {
        if self.letters.len() <= next as usize {
            let index = self.letters.len() as u32;
            let letters = pgdatahub_core::naming::column_letters(index);
            self.letters.push(packed(letters.bytes()));
        }
        if let (Some((letters, bits)), Some(ahead)) =
            (self.letters.get(next as usize), bytes.get(at..at + 16))
            && let Ok(ahead) = <[u8; 16]>::try_from(ahead)
        {
            let (digits, more) = self.reference;
            let expected = letters | digits << bits;
            let length = bits + more;
            if (u128::from_le_bytes(ahead) ^ expected) << (128 - length) == 0 {
                return Ok((at + (length / 8) as usize, next));
            }
        }
        let rest = &bytes[at..bytes.len().min(at + 12)];
        let length = memchr(b'"', rest).ok_or(at)?;
        match position::parse(&rest[..length]) {
            Some((column, row)) if row == self.number && column >= next => {
                Ok((at + length + 1, column))
            }
            _ => Err(at),
        }
    }
}

/// What a cell holds, whether it has a formula, and where it ends.
#[inline]
fn content(
    bytes: &[u8],
    mut at: usize,
    kind: Kind,
    attributes: &mut AttributeRanges,
) -> At<(Option<TemplateContent>, bool, usize)> {
    let mut formula = false;
    if bytes.get(at..at + 3) != Some(b"<v>") {
        if let Some(b"<f>" | b"<f " | b"<f/") = bytes.get(at..at + 3) {
            at = skip_formula(bytes, at, attributes)?;
            formula = true;
        }
        if let Some(end) = without_value(bytes, at, kind) {
            return Ok((formula.then_some(TemplateContent::Uncomputed), formula, end));
        }
        if kind == Kind::InlineText {
            let (text, at) = inline_text(bytes, at)?;
            return Ok((Some(text), formula, at));
        }
    }
    at = literal(bytes, at, b"<v>")?;
    let (content, at) = match kind {
        Kind::Shared => {
            let (index, at) = small_number(bytes, at, 9)?;
            (TemplateContent::Shared(index), at)
        }
        Kind::Number => number(bytes, at)?,
        Kind::Boolean => match bytes.get(at) {
            Some(b'0') => (TemplateContent::Boolean(false), at + 1),
            Some(b'1') => (TemplateContent::Boolean(true), at + 1),
            _ => return Err(at),
        },
        Kind::Text => text(bytes, at)?,
        Kind::InlineText => return Err(at),
    };
    Ok((Some(content), formula, literal(bytes, at, b"</v></c>")?))
}

/// Where a cell ends that has no value.
#[inline]
fn without_value(bytes: &[u8], at: usize, kind: Kind) -> Option<usize> {
    if let Ok(end) = literal(bytes, at, b"</c>") {
        return Some(end);
    }
    // In a text cell an empty value is an empty text.
    let value = matches!(kind, Kind::Number | Kind::Boolean | Kind::Shared);
    let empty = value.then(|| {
        literal(bytes, at, b"<v/></c>")
            .or_else(|_| literal(bytes, at, b"<v></v></c>"))
            .or_else(|_| literal(bytes, at, b"<v /></c>"))
    })?;
    empty.ok()
}

/// Behind the formula whose start tag is at `at`.
fn skip_formula(bytes: &[u8], at: usize, attributes: &mut AttributeRanges) -> At<usize> {
    let inside = match literal(bytes, at, b"<f>") {
        Ok(inside) => inside,
        Err(_) => match scan_tag(&bytes[at..], 0, attributes) {
            Tag::Complete {
                length,
                empty: true,
                ..
            } => return Ok(at + length),
            Tag::Complete { length, .. } => at + length,
            Tag::Incomplete => return Err(bytes.len()),
            Tag::Malformed => return Err(at),
        },
    };
    let (_, end) = text(bytes, inside)?;
    literal(bytes, end, b"</f>")
}

fn inline_text(bytes: &[u8], at: usize) -> At<(TemplateContent, usize)> {
    let inside = literal(bytes, at, b"<is><t>")
        .or_else(|_| literal(bytes, at, b"<is><t xml:space=\"preserve\">"))?;
    let (content, end) = text(bytes, inside)?;
    Ok((content, literal(bytes, end, b"</t></is></c>")?))
}

#[inline]
fn text(bytes: &[u8], at: usize) -> At<(TemplateContent, usize)> {
    let length = memchr(b'<', &bytes[at..]).ok_or(bytes.len())?;
    let content = TemplateContent::Text {
        start: at as u32,
        length: length as u32,
    };
    Ok((content, at + length))
}

/// The type from behind its opening quote to behind its closing one.
#[inline]
fn cell_type(bytes: &[u8], at: usize) -> At<(Kind, usize)> {
    match bytes.get(at..at + 4) {
        Some([b's', b'"', ..]) => Ok((Kind::Shared, at + 2)),
        Some([b'b', b'"', ..]) => Ok((Kind::Boolean, at + 2)),
        Some([b'n', b'"', ..]) => Ok((Kind::Number, at + 2)),
        Some(b"str\"") => Ok((Kind::Text, at + 4)),
        _ => Ok((Kind::InlineText, literal(bytes, at, b"inlineStr\"")?)),
    }
}

/// Behind `expected`, if the bytes at `at` are that.
#[inline]
fn literal<const N: usize>(bytes: &[u8], at: usize, expected: &[u8; N]) -> At<usize> {
    match bytes.get(at..at + N) {
        Some(found) if found == expected => Ok(at + N),
        _ => Err(at),
    }
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    at + rest.iter().take_while(|byte| space(byte)).count()
}

/// Up to 16 bytes as a little-endian number, and how many bits they are.
fn packed(bytes: impl Iterator<Item = u8>) -> (u128, u32) {
    bytes.fold((0, 0), |(packed, bits), byte| {
        (packed | u128::from(byte) << bits, bits + 8)
    })
}
