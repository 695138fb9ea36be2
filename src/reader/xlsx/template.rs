//! A row as Excel and the common writers emit it.
//!
//! Nearly every cell of nearly every workbook is written in one of a few ways
//! (`<c r="B7" s="2" t="s"><v>12</v></c>`). A row that consists of these alone is
//! taken apart here by comparing bytes; one that holds anything else, and what is
//! not well-formed, is left to the tokenizer, which alone decides what is an
//! error. So this must never read a row otherwise than the tokenizer would:
//! `tests/reader/template.rs` holds the one against the other.

use super::position;
use super::template_cell::{
    At, Kind, Plain, TemplateCell, cell_type, content, literal, skip_space,
};
use super::template_dialect::Dialect;
use super::template_number::small_number;
use super::template_shape::{Packed, Shape, Shapes};
use crate::row::MAX_COLUMNS;
use crate::scan_tag::{AttributeRanges, Tag, scan_tag};
use memchr::memchr;

/// No comparison looks further ahead than this.
const LOOKAHEAD: usize = 48;

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
    /// What follows the column's letters in a reference of this row: its digits and the quote.
    pub(super) reference: Packed,
    /// The letters, by column.
    letters: Vec<Packed>,
    /// How the cells above were written.
    pub(super) shapes: Shapes,
    /// How the last row was spelt that was not as most are.
    pub(super) dialect: Dialect,
    /// What followed the number in the last start tag that was taken apart, up to
    /// its `>`, and whether that hides the row.
    tail: Vec<u8>,
    tail_hides: bool,
    pub(super) attributes: AttributeRanges,
}

impl Template {
    /// Looks whether `bytes` begin with a row below `last`.
    pub fn scan(&mut self, bytes: &[u8], last: u32) -> Found {
        let row = &bytes[skip_space(bytes, 0)..];
        let plain = row.starts_with(b"<row r=\"") || row.starts_with(b"<row>");
        if !plain && row.len() >= LOOKAHEAD {
            match self.dialect_row(bytes, last) {
                Ok(length) => return Found::Row(length),
                Err(at) if at + LOOKAHEAD > bytes.len() => return Found::Incomplete,
                Err(_) => {}
            }
        }
        match self.row(bytes, last) {
            Ok(length) => Found::Row(length),
            Err(at) if at + LOOKAHEAD > bytes.len() => Found::Incomplete,
            Err(_) => Found::Other,
        }
    }

    fn row(&mut self, bytes: &[u8], last: u32) -> At<usize> {
        self.cells.clear();
        self.formulas = false;
        if self.dialect.has_prefix() {
            self.dialect = Dialect::default();
            self.shapes.clear();
        }
        let at = skip_space(bytes, 0);
        let (mut at, empty) = self.row_tag(bytes, at, last)?;
        if empty {
            return Ok(at);
        }
        let mut next = 0;
        loop {
            if let Some((shape, inside)) = self.shapes.find(bytes, at, next, self.reference)
                && let Ok((content, end)) = shape.content(bytes, inside, &Plain)
            {
                if let Some(content) = content {
                    self.cells.push(TemplateCell {
                        column: shape.column,
                        style: shape.style,
                        formula: false,
                        content,
                    });
                }
                (at, next) = (end, u32::from(shape.column) + 1);
                continue;
            }
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
            self.reference = Packed::new(&bytes[digits..at]).ok_or(start)?;
        } else {
            let digits = format!("{number}\"");
            self.reference = Packed::new(digits.as_bytes()).ok_or(start)?;
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
    #[inline(never)]
    fn cell(&mut self, bytes: &[u8], at: usize, next: u32) -> At<(usize, u32)> {
        let (mut at, mut column) = (at, next);
        let referenced = literal(bytes, at, b" r=\"");
        if let Ok(reference) = referenced {
            (at, column) = self.reference(bytes, reference, next)?;
        }
        if column >= MAX_COLUMNS {
            return Err(at);
        }
        let tail = at;
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
        let mut shape = Shape::new(column as u16, style as u16);
        let value = match bytes.get(at) {
            Some(b'>') => {
                let inside = at + 1;
                let (content, formula, end) = content(bytes, inside, kind, &mut self.attributes)?;
                at = end;
                if let Some(content) = content {
                    self.formulas |= formula;
                    self.cells.push(TemplateCell {
                        column: shape.column,
                        style: shape.style,
                        formula,
                        content,
                    });
                }
                shape.kind = Some(kind);
                match literal(bytes, inside, b"<v>") {
                    Ok(value) => content.map(|_| value),
                    Err(_) if kind == Kind::InlineText && !formula => content.map(|_| inside),
                    Err(_) => None,
                }
            }
            Some(b'/') => {
                at = literal(bytes, at, b"/>")?;
                Some(at)
            }
            _ => {
                at = literal(bytes, at, b" />")?;
                Some(at)
            }
        };
        if let (Ok(_), Some(value)) = (referenced, value) {
            self.shapes
                .remember(next, shape, b"<c r=\"", &bytes[tail..value]);
        }
        Ok((at, column + 1))
    }

    /// A reference up to its closing quote: mostly the column that comes next.
    #[inline]
    fn reference(&mut self, bytes: &[u8], at: usize, next: u32) -> At<(usize, u32)> {
        if self.letters.len() <= next as usize {
            let index = self.letters.len() as u32;
            let letters = pgdatahub_core::naming::column_letters(index);
            self.letters
                .push(Packed::new(letters.as_bytes()).unwrap_or_default());
        }
        if let Some(letters) = self.letters.get(next as usize)
            && let Some(digits) = letters.behind(bytes, at)
            && let Some(end) = self.reference.behind(bytes, digits)
        {
            return Ok((end, next));
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
