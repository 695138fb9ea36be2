//! One cell of a worksheet: position, type, style, value (ECMA-376 §18.3.1.4).

use super::escape;
use super::position;
use super::strings::read_item;
use super::workbook::Shared;
use crate::fail::{Result, corrupt};
use crate::number;
use crate::row::{Content, MAX_COLUMNS, Rejected, Row};
use crate::scan::{Scanner, Token};
use crate::scan_text::{self, Attributes};
use pgdatahub_core::iso;
use pgdatahub_core::value::Value;
use std::io::Read;
use std::sync::Arc;

/// ST_CellType (ECMA-376 §18.18.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellType {
    Number,
    SharedString,
    FormulaString,
    InlineString,
    Boolean,
    Error,
    Date,
    Unknown,
}

/// What a cell's start tag says.
#[derive(Debug, Clone, Copy)]
pub struct CellStart {
    /// Column, from 0.
    pub index: u32,
    kind: CellType,
    style: usize,
}

/// Reads cells; keeps a buffer between them.
pub struct CellReader {
    shared: Arc<Shared>,
    value: String,
}

impl CellReader {
    pub(crate) fn new(shared: Arc<Shared>) -> CellReader {
        CellReader {
            shared,
            value: String::new(),
        }
    }

    /// Takes a cell's attributes apart. A cell without position stands at `next_column`.
    ///
    /// # Errors
    /// Corrupt (22000) for a position that is none or stands in another row.
    pub fn start(
        &self,
        attributes: Attributes<'_>,
        row: u32,
        next_column: u32,
    ) -> Result<CellStart> {
        let mut start = CellStart {
            index: next_column,
            kind: CellType::Number,
            style: 0,
        };
        for (key, value) in attributes.iter() {
            match key {
                b"r" => start.index = column_of(value, row)?,
                b"s" => {
                    start.style = scan_text::parse_digits(value).map_or(usize::MAX, |s| s as usize);
                }
                b"t" => start.kind = cell_type(value),
                _ => {}
            }
        }
        if start.index >= MAX_COLUMNS {
            return Err(corrupt(format!(
                "Row {row} has more than {MAX_COLUMNS} columns."
            )));
        }
        Ok(start)
    }

    /// Reads the rest of the cell and adds it to `row`, if it holds anything.
    ///
    /// # Errors
    /// Corrupt (22000), OverLimit (54000).
    pub fn read<R: Read>(
        &mut self,
        scanner: &mut Scanner<R>,
        start: CellStart,
        row: &mut Row,
    ) -> Result<()> {
        self.value.clear();
        let text_start = row.arena().len();
        let mut formula = false;
        let mut has_value = false;
        loop {
            match scanner.next_token()? {
                Token::Start { name: b"v", .. } => {
                    has_value = true;
                    let into = match start.kind {
                        CellType::FormulaString | CellType::InlineString => row.arena(),
                        _ => &mut self.value,
                    };
                    append_text(scanner, into)?;
                }
                Token::Start { name: b"is", .. } => {
                    has_value = true;
                    read_item(scanner, row.arena())?;
                }
                Token::Start { name: b"f", .. } => {
                    formula = true;
                    scanner.skip_element()?;
                }
                Token::Start { .. } => scanner.skip_element()?,
                Token::Text { .. } => {}
                Token::End | Token::Eof => break,
            }
        }
        let index = start.index;
        if row.arena().len() > text_start
            || (has_value && matches!(start.kind, CellType::FormulaString | CellType::InlineString))
        {
            row.replaced += escape::finish(row.arena(), text_start);
            return row.push_text(index, formula, text_start);
        }
        let value = self.value.trim_ascii();
        if value.is_empty() {
            if formula {
                row.push(index, formula, Content::FormulaWithoutValue);
            }
            return Ok(());
        }
        if start.kind == CellType::SharedString {
            return push_shared(&self.shared, value, index, formula, row);
        }
        match self.content(value, start) {
            Ok(value) => row.push(index, formula, Content::Value(value)),
            Err(rejected) => row.push_rejected(index, formula, rejected),
        }
        Ok(())
    }

    fn content(
        &self,
        value: &str,
        start: CellStart,
    ) -> std::result::Result<Value<'static>, Rejected> {
        let reject = |reason: &str, sqlstate| Rejected {
            raw: value.into(),
            reason: reason.into(),
            sqlstate,
        };
        match start.kind {
            CellType::Number => number::parse(
                value,
                self.shared.styles.get(start.style),
                self.shared.dates,
            ),
            CellType::Boolean => match value {
                "1" | "true" => Ok(Value::Boolean(true)),
                "0" | "false" => Ok(Value::Boolean(false)),
                _ => Err(reject("not a boolean", "22P02")),
            },
            CellType::Date => iso::parse_date_or_timestamp(value)
                .ok_or_else(|| reject("not an ISO 8601 date", "22007")),
            CellType::Error => Err(number::error_value(value)),
            _ => Err(reject("cell of an unknown type", "22000")),
        }
    }
}

fn cell_type(name: &[u8]) -> CellType {
    match name {
        b"n" => CellType::Number,
        b"s" => CellType::SharedString,
        b"str" => CellType::FormulaString,
        b"inlineStr" => CellType::InlineString,
        b"b" => CellType::Boolean,
        b"e" => CellType::Error,
        b"d" => CellType::Date,
        _ => CellType::Unknown,
    }
}

fn column_of(reference: &[u8], row: u32) -> Result<u32> {
    match position::parse(reference) {
        Some((column, stated)) if stated == row => Ok(column),
        other => {
            let shown = String::from_utf8_lossy(&reference[..reference.len().min(40)]);
            Err(corrupt(match other {
                Some(_) => format!("Cell {shown} stands in row {row}."),
                None => format!("Row {row} has a cell at the impossible position \"{shown}\"."),
            }))
        }
    }
}

/// A string index that the table lacks is one bad cell, not a bad sheet.
fn push_shared(
    shared: &Shared,
    value: &str,
    index: u32,
    formula: bool,
    row: &mut Row,
) -> Result<()> {
    let found = scan_text::parse_digits(value.as_bytes()).map(|number| number as usize);
    match found.and_then(|number| Some((number, shared.strings.get(number)?))) {
        Some((number, text)) => {
            let start = row.arena().len();
            row.arena().push_str(text);
            row.replaced += shared.strings.replaced(number);
            row.push_text(index, formula, start)
        }
        None => {
            let reason = "refers to a shared string that does not exist".into();
            let rejected = Rejected {
                raw: value.into(),
                reason,
                sqlstate: "22000",
            };
            row.push_rejected(index, formula, rejected);
            Ok(())
        }
    }
}

/// Appends the text of the element whose start tag was read last, up to its end tag.
fn append_text<R: Read>(scanner: &mut Scanner<R>, out: &mut String) -> Result<()> {
    let start = out.len();
    loop {
        match scanner.next_token()? {
            Token::Text { raw, cdata } => scan_text::append(out, raw, cdata)?,
            Token::Start { .. } => scanner.skip_element()?,
            Token::End | Token::Eof => return Ok(()),
        }
        if out.len() - start > scan_text::MAX_TEXT {
            return Err(scanner.broken("has a text of over 16 MB"));
        }
    }
}
