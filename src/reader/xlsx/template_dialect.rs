//! Rows whose tags have a prefix or whose attributes stand in single quotes.
//!
//! Whatever a writer's habits, it has them in every row: what its tags are called
//! is learnt from the row's own, the rest by taking one cell of each shape apart.

use super::position;
use super::template::Template;
use super::template_cell::{At, Kind, Spelling, TemplateCell, skip_space};
use super::template_shape::{Packed, Shape};
use crate::row::MAX_COLUMNS;
use crate::scan_tag::{AttributeRanges, Tag, scan_tag};
use crate::scan_text;

/// The last tags of a row and its cells, as one writer spells them.
#[derive(Debug, Default)]
pub(super) struct Dialect {
    /// With its colon; empty: none.
    prefix: Vec<u8>,
    /// What attributes stand in.
    quote: u8,
    row_end: Vec<u8>,
    /// Up to the reference.
    cell: Vec<u8>,
    value: Vec<u8>,
    close: Vec<u8>,
    open_inline: Vec<u8>,
    close_inline: Vec<u8>,
}

impl Dialect {
    fn new(prefix: &[u8], quote: u8) -> Dialect {
        let tags = |template: &str| {
            let mut tags = Vec::new();
            for byte in template.bytes() {
                match byte {
                    b':' => tags.extend_from_slice(prefix),
                    b'"' => tags.push(quote),
                    byte => tags.push(byte),
                }
            }
            tags
        };
        Dialect {
            prefix: prefix.into(),
            quote,
            row_end: tags("</:row>"),
            cell: tags("<:c r=\""),
            value: tags("<:v>"),
            close: tags("</:v></:c>"),
            open_inline: tags("<:is><:t>"),
            close_inline: tags("</:t></:is></:c>"),
        }
    }

    pub fn has_prefix(&self) -> bool {
        !self.prefix.is_empty()
    }
}

impl Spelling for Dialect {
    #[inline]
    fn close(&self, bytes: &[u8], at: usize) -> At<usize> {
        behind(bytes, at, &self.close)
    }

    fn open_inline(&self, bytes: &[u8], at: usize) -> At<usize> {
        behind(bytes, at, &self.open_inline)
    }

    fn close_inline(&self, bytes: &[u8], at: usize) -> At<usize> {
        behind(bytes, at, &self.close_inline)
    }
}

/// A cell taken apart.
struct Learnt {
    end: usize,
    column: u32,
    cell: Option<TemplateCell>,
}

impl Template {
    /// As [`Template::row`], for a row in a dialect.
    pub(super) fn dialect_row(&mut self, bytes: &[u8], last: u32) -> At<usize> {
        self.cells.clear();
        self.formulas = false;
        let start = skip_space(bytes, 0);
        let (mut at, empty) = self.dialect_row_tag(bytes, start, last)?;
        if empty {
            return Ok(at);
        }
        let mut next = 0;
        loop {
            at = skip_space(bytes, at);
            if let Some((shape, inside)) = self.shapes.find(bytes, at, next, self.reference)
                && let Ok((content, end)) = shape.content(bytes, inside, &self.dialect)
            {
                let (column, style) = (shape.column, shape.style);
                self.cells.extend(content.map(|content| TemplateCell {
                    column,
                    style,
                    formula: false,
                    content,
                }));
                (at, next) = (end, u32::from(column) + 1);
                continue;
            }
            if let Ok(end) = behind(bytes, at, &self.dialect.row_end) {
                return Ok(end);
            }
            let learnt = self.learn(bytes, at, next)?;
            self.cells.extend(learnt.cell);
            (at, next) = (learnt.end, learnt.column + 1);
        }
    }

    /// The row's start tag; true: it is the end tag too.
    fn dialect_row_tag(&mut self, bytes: &[u8], start: usize, last: u32) -> At<(usize, bool)> {
        let (name, length, empty) = start_tag(bytes, start, &mut self.attributes)?;
        let prefix = name.strip_suffix(b"row").ok_or(start)?;
        match prefix {
            [] => {}
            [before @ .., b':'] if !before.contains(&b':') => {}
            _ => return Err(start),
        }
        let (mut number, mut hidden) = (None, None);
        for (key, value) in &self.attributes {
            let text = &bytes[value.clone()];
            match &bytes[key.clone()] {
                b"r" if number.is_none() => number = Some((position::parse_row(text), value)),
                b"r" => return Err(start),
                b"hidden" if hidden.is_none() => {
                    hidden = Some(matches!(text, b"1" | b"true" | b"on"));
                }
                _ => {}
            }
        }
        let Some((Some(number), digits)) = number.filter(|(number, _)| *number > Some(last)) else {
            return Err(start);
        };
        let quote = bytes[digits.end];
        if self.dialect.quote != quote || self.dialect.prefix != prefix {
            self.dialect = Dialect::new(prefix, quote);
            self.shapes.clear();
        }
        self.reference = Packed::new(&bytes[digits.start..=digits.end]).ok_or(start)?;
        self.number = number;
        self.hidden = hidden.unwrap_or(false);
        Ok((start + length, empty))
    }

    /// A cell of no known shape, which is remembered.
    fn learn(&mut self, bytes: &[u8], start: usize, next: u32) -> At<Learnt> {
        let (name, length, empty) = start_tag(bytes, start, &mut self.attributes)?;
        if name.strip_prefix(&*self.dialect.prefix) != Some(b"c") {
            return Err(start);
        }
        let (mut reference, mut style, mut kind) = (None, None, None);
        for (key, value) in &self.attributes {
            let text = &bytes[value.clone()];
            match &bytes[key.clone()] {
                b"r" if reference.is_none() => reference = Some((position::parse(text), value)),
                b"s" if style.is_none() && text.len() <= 4 => {
                    style = Some(scan_text::parse_digits(text).ok_or(start)?);
                }
                b"t" if kind.is_none() => kind = Some(kind_of(text).ok_or(start)?),
                b"r" | b"s" | b"t" => return Err(start),
                _ => {}
            }
        }
        let (column, reference) = match reference {
            Some((Some((column, row)), value)) if row == self.number && column >= next => {
                (column, value.clone())
            }
            _ => return Err(start),
        };
        if column >= MAX_COLUMNS {
            return Err(start);
        }
        let mut shape = Shape::new(column as u16, style.unwrap_or(0) as u16);
        let (tag_end, kind) = (start + length, kind.unwrap_or_default());
        let (inside, content, end) = if empty {
            (tag_end, None, tag_end)
        } else {
            shape.kind = Some(kind);
            let inside = match kind {
                Kind::InlineText => tag_end,
                _ => behind(bytes, tag_end, &self.dialect.value)?,
            };
            let (content, end) = shape.content(bytes, inside, &self.dialect)?;
            (inside, content, end)
        };
        if bytes[start..reference.start] == *self.dialect.cell {
            let tail = &bytes[reference.end + 1..inside];
            self.shapes.remember(next, shape, &self.dialect.cell, tail);
        }
        let cell = content.map(|content| TemplateCell {
            column: shape.column,
            style: shape.style,
            formula: false,
            content,
        });
        Ok(Learnt { end, column, cell })
    }
}

/// The start tag at `start`: its name, length, and whether it is the end tag too.
fn start_tag<'a>(
    bytes: &'a [u8],
    start: usize,
    attributes: &mut AttributeRanges,
) -> At<(&'a [u8], usize, bool)> {
    let tag = bytes.get(start..).ok_or(start)?;
    if !matches!(tag, [b'<', second, ..] if !matches!(second, b'!' | b'?' | b'/')) {
        return Err(start);
    }
    match scan_tag(tag, start, attributes) {
        Tag::Complete {
            name,
            length,
            empty,
        } => Ok((&bytes[name], length, empty)),
        Tag::Incomplete => Err(bytes.len()),
        Tag::Malformed => Err(start),
    }
}

fn kind_of(name: &[u8]) -> Option<Kind> {
    match name {
        b"n" => Some(Kind::Number),
        b"s" => Some(Kind::Shared),
        b"str" => Some(Kind::Text),
        b"inlineStr" => Some(Kind::InlineText),
        b"b" => Some(Kind::Boolean),
        _ => None,
    }
}

/// Behind `expected`, if the bytes at `at` are that.
fn behind(bytes: &[u8], at: usize, expected: &[u8]) -> At<usize> {
    match bytes
        .get(at..)
        .is_some_and(|bytes| bytes.starts_with(expected))
    {
        true => Ok(at + expected.len()),
        false => Err(at),
    }
}
