//! What the cells of a row mean that was recognised by its [`Template`].

use super::escape;
use super::sheet::MAX_TEMPLATE_ROW;
use super::styles::Style;
use super::template::Template;
use super::template_cell::{TemplateCell, TemplateContent};
use super::workbook::Shared;
use crate::fail::Result;
use crate::number;
use crate::row::{Content, Row};
use crate::scan_text;
use pgdatahub_core::naming;
use pgdatahub_core::protocol::frame::MAX_ROW_BYTES;
use pgdatahub_core::serial;
use pgdatahub_core::value::Value;
use std::borrow::Cow;

/// A recognised row, the bytes it was recognised in, and what its cells refer to.
#[derive(Clone, Copy)]
pub(crate) struct TemplateRow<'a> {
    pub row: &'a Template,
    pub bytes: &'a [u8],
    pub shared: &'a Shared,
}

/// What a cell holds.
pub(crate) enum Seen<'a> {
    Value(Value<'a>),
    /// Text without anything but white space.
    Blank,
    /// A formula without a value.
    Uncomputed,
}

impl<'a> TemplateRow<'a> {
    /// The cell as [`Row::value`] gives it. None: a rejected cell, or a text that
    /// has to be decoded.
    #[inline]
    pub fn see(&self, cell: &TemplateCell) -> Option<Seen<'a>> {
        let text = match cell.content {
            TemplateContent::Uncomputed => return Some(Seen::Uncomputed),
            TemplateContent::Shared(index) => self.shared_text(index)?,
            TemplateContent::Text { start, length } => trimmed(plain(self.range(start, length))?),
            _ => return self.value(cell).map(Seen::Value),
        };
        Some(match text {
            "" => Seen::Blank,
            text => Seen::Value(Value::Text(Cow::Borrowed(text))),
        })
    }

    /// A shared string without white space at its ends, if there is one of this index.
    #[inline]
    pub fn shared_text(&self, index: u32) -> Option<&'a str> {
        self.shared.strings.get(index as usize).map(trimmed)
    }

    /// Whether the cell's style shows every number as one.
    #[inline]
    pub fn is_plain(&self, cell: &TemplateCell) -> bool {
        self.shared.styles.get(usize::from(cell.style)).is_plain()
    }

    /// The value of a cell that is no text.
    #[inline]
    pub fn value(&self, cell: &TemplateCell) -> Option<Value<'static>> {
        let (styles, dates) = (&self.shared.styles, self.shared.dates);
        let style = || styles.get(usize::from(cell.style));
        let convert = |number| match style() {
            Style::Class(class) => serial::convert(number, *class, dates).ok(),
            style => number::convert(number, style, dates).ok(),
        };
        match cell.content {
            TemplateContent::Integer(integer) if style().is_plain() => Some(Value::Bigint(integer)),
            TemplateContent::Integer(integer) => convert(integer as f64),
            TemplateContent::Double(number) => convert(number),
            TemplateContent::Digits { start, length } => {
                let digits = std::str::from_utf8(self.range(start, length)).ok()?;
                number::parse(digits, style(), dates).ok()
            }
            TemplateContent::Boolean(boolean) => Some(Value::Boolean(boolean)),
            _ => None,
        }
    }

    /// Puts the cells into `row`. False: it has a cell that only the tokenizer
    /// reads as it should be; `row` is of no use then.
    ///
    /// # Errors
    /// OverLimit (54000) as [`Row::push_text`], Corrupt (22000) for bad entities.
    pub fn fill(&self, row: &mut Row) -> Result<bool> {
        row.clear(self.row.number);
        row.hidden = self.row.hidden;
        for cell in &self.row.cells {
            let (index, formula) = (u32::from(cell.column), cell.formula);
            match cell.content {
                TemplateContent::Uncomputed => {
                    row.push(index, formula, Content::FormulaWithoutValue);
                }
                TemplateContent::Shared(number) => {
                    let strings = &self.shared.strings;
                    let Some(text) = strings.get(number as usize) else {
                        return Ok(false);
                    };
                    let start = row.arena().len();
                    row.arena().push_str(text);
                    row.replaced += strings.replaced(number as usize);
                    row.push_text(index, formula, start)?;
                }
                TemplateContent::Text { start, length } => {
                    let at = row.arena().len();
                    scan_text::append(row.arena(), self.range(start, length), false)?;
                    row.replaced += escape::finish(row.arena(), at);
                    row.push_text(index, formula, at)?;
                }
                _ => match self.value(cell) {
                    Some(value) => row.push(index, formula, Content::Value(value)),
                    None => return Ok(false),
                },
            }
        }
        Ok(true)
    }

    /// How many characters were replaced in its texts; none: they are more than a row may hold.
    pub fn replaced(&self) -> Option<u64> {
        if let Some(longest) = self.shared.strings.longest_untouched()
            && longest.saturating_mul(self.row.cells.len()) <= MAX_ROW_BYTES - MAX_TEMPLATE_ROW
        {
            return Some(0);
        }
        let (mut bytes, mut replaced) = (0, 0);
        for cell in &self.row.cells {
            match cell.content {
                TemplateContent::Shared(index) => {
                    let strings = &self.shared.strings;
                    bytes += strings.get(index as usize).map_or(0, str::len);
                    replaced += strings.replaced(index as usize);
                }
                TemplateContent::Text { length, .. } => bytes += length as usize,
                _ => {}
            }
        }
        (bytes <= MAX_ROW_BYTES).then_some(replaced)
    }

    #[inline]
    fn range(&self, start: u32, length: u32) -> &'a [u8] {
        &self.bytes[start as usize..(start + length) as usize]
    }
}

/// Character data that means what it shows.
fn plain(raw: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(raw).ok()?;
    let decoded = memchr::memchr2(b'&', b'\r', raw).is_some() || escape::is_escaped(raw);
    (!decoded).then_some(text)
}

/// [`naming::trim`], at once where the ends are letters, digits or signs of ASCII.
#[inline]
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => naming::trim(text),
    }
}
