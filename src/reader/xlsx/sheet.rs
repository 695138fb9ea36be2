//! A worksheet part, row by row (ECMA-376 §18.3.1).

use super::cell::CellReader;
use super::position;
use super::template::{Found, Template};
use super::template_row::TemplateRow;
use super::workbook::Shared;
use crate::ahead::Ahead;
use crate::encode::{Encoder, StreamEnd};
use crate::fail::{Result, corrupt};
use crate::row::{MAX_COLUMNS, Row};
use crate::rows::{SheetFacts, SheetRows};
use crate::scan::{Scanner, Token};
use crate::scan_text::Attributes;
use crate::sink::Sink;
use pgdatahub_core::area::Area;
use std::io::Read;
use std::sync::Arc;

/// Where in the part the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    AboveData,
    InData,
    Ended,
}

/// Most bytes that a row may have to be recognised by its template.
pub(super) const MAX_TEMPLATE_ROW: usize = 1 << 20;

/// The rows of one worksheet.
pub struct XlsxRows<R = Ahead> {
    scanner: Scanner<R>,
    template: Template,
    /// Whether rows are looked at by the template first.
    templated: bool,
    shared: Arc<Shared>,
    cells: CellReader,
    facts: SheetFacts,
    state: State,
    last_row: u32,
}

impl<R: Read> XlsxRows<R> {
    pub(crate) fn new(scanner: Scanner<R>, shared: Arc<Shared>) -> XlsxRows<R> {
        XlsxRows {
            scanner,
            template: Template::default(),
            templated: true,
            cells: CellReader::new(Arc::clone(&shared)),
            shared,
            facts: SheetFacts::default(),
            state: State::AboveData,
            last_row: 0,
        }
    }

    /// The same rows by the tokenizer alone.
    pub(crate) fn without_template(self) -> XlsxRows<R> {
        XlsxRows {
            templated: false,
            ..self
        }
    }

    /// Reads up to `sheetData`, noting hidden columns.
    fn find_data(&mut self) -> Result<()> {
        loop {
            let depth = self.scanner.depth();
            match self.scanner.next_token()? {
                Token::Start {
                    name: b"worksheet", ..
                } if depth == 0 => {}
                Token::Start {
                    name: b"sheetData", ..
                } if depth == 1 => {
                    self.state = State::InData;
                    return Ok(());
                }
                Token::Start { name: b"cols", .. } if depth == 1 => {}
                Token::Start {
                    name: b"col",
                    attributes,
                } => note_column(&mut self.facts, attributes),
                Token::Start { .. } if depth > 0 => self.scanner.skip_element()?,
                Token::Start { .. } => return Err(self.scanner.broken("is not a worksheet")),
                Token::Eof => return Err(self.scanner.broken("has no sheetData")),
                Token::End | Token::Text { .. } => {}
            }
        }
    }

    /// The length of the row ahead, if it is one that the template recognises.
    fn recognise(&mut self) -> Result<Option<usize>> {
        if self.state != State::InData || !self.templated {
            return Ok(None);
        }
        loop {
            let Some(ahead) = self.scanner.ahead() else {
                return Ok(None);
            };
            match self.template.scan(ahead, self.last_row) {
                Found::Row(length) => return Ok(Some(length)),
                Found::Incomplete if self.scanner.more(MAX_TEMPLATE_ROW)? => {}
                Found::Incomplete | Found::Other => return Ok(None),
            }
        }
    }

    /// The row that was recognised.
    fn recognised(&self) -> TemplateRow<'_> {
        TemplateRow {
            row: &self.template,
            bytes: self.scanner.ahead().unwrap_or_default(),
            shared: &self.shared,
        }
    }

    fn pass(&mut self, length: usize) {
        self.scanner.pass(length);
        self.last_row = self.template.number;
    }

    fn read_row(&mut self, number: u32, hidden: bool, row: &mut Row) -> Result<()> {
        row.clear(number);
        row.hidden = hidden;
        let mut next_column = 0;
        loop {
            let start = match self.scanner.next_token()? {
                Token::Start {
                    name: b"c",
                    attributes,
                } => Some(self.cells.start(attributes, number, next_column)?),
                Token::Start { .. } => None,
                Token::Text { .. } => continue,
                Token::End | Token::Eof => break,
            };
            match start {
                None => self.scanner.skip_element()?,
                Some(start) => {
                    next_column = start.index + 1;
                    self.cells.read(&mut self.scanner, start, row)?;
                    if row.cells().len() > MAX_COLUMNS as usize {
                        return Err(corrupt(format!("Row {number} has too many cells.")));
                    }
                }
            }
        }
        row.finish()
    }

    /// Reads what follows the rows, to the part's last byte: its checksum covers the rows.
    fn read_tail(&mut self) -> Result<()> {
        self.state = State::Ended;
        loop {
            match self.scanner.next_token()? {
                Token::Eof => return Ok(()),
                Token::Start {
                    name: b"mergeCell",
                    attributes,
                } => {
                    let text = attributes.raw(b"ref").map(String::from_utf8_lossy);
                    if let Some(Some(Ok(area))) = text.map(|text| Area::parse(&text)) {
                        self.facts.merged.push(area);
                    }
                }
                Token::Start {
                    name: b"sheetData", ..
                } => {
                    return Err(self.scanner.broken("has two sheetData elements"));
                }
                _ => {}
            }
        }
    }
}

impl<R: Read> SheetRows for XlsxRows<R> {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        if self.state == State::AboveData {
            self.find_data()?;
        }
        if let Some(length) = self.recognise()?
            && self.recognised().fill(row)?
        {
            self.pass(length);
            return Ok(true);
        }
        while self.state == State::InData {
            let (number, hidden) = match self.scanner.next_token()? {
                Token::Start {
                    name: b"row",
                    attributes,
                } => (
                    row_number(attributes, self.last_row)?,
                    attributes.flag(b"hidden"),
                ),
                Token::Start { .. } => {
                    self.scanner.skip_element()?;
                    continue;
                }
                Token::Text { .. } => continue,
                Token::End | Token::Eof => {
                    self.read_tail()?;
                    break;
                }
            };
            self.last_row = number;
            self.read_row(number, hidden, row)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn facts(&self) -> &SheetFacts {
        &self.facts
    }

    fn encode(&mut self, encoder: &mut Encoder, sink: &mut dyn Sink) -> Result<StreamEnd> {
        let mut row = Row::default();
        loop {
            if let Some(length) = self.recognise()?
                && encoder.push_template(&self.recognised(), sink)?
            {
                self.pass(length);
                continue;
            }
            if !self.next_row(&mut row)? {
                return Ok(StreamEnd::Sheet);
            }
            if let Some(at) = encoder.push(&row, sink)? {
                return Ok(StreamEnd::Misfit {
                    at,
                    row: Box::new(row),
                });
            }
        }
    }
}

/// A row's number: its `r`, or the one after the row before. Rows out of order
/// are refused, as Excel does: which of two rows 5 counts, nobody can say.
fn row_number(attributes: Attributes<'_>, last: u32) -> Result<u32> {
    let number = match attributes.raw(b"r") {
        None => Some(last + 1).filter(|number| *number <= crate::row::MAX_ROWS),
        Some(digits) => position::parse_row(digits),
    };
    let Some(number) = number else {
        let digits = attributes.raw(b"r").unwrap_or_default();
        let shown = String::from_utf8_lossy(&digits[..digits.len().min(40)]).into_owned();
        return Err(corrupt(format!(
            "After row {last} comes the impossible row \"{shown}\"."
        )));
    };
    if number <= last {
        return Err(corrupt(format!("Row {number} comes after row {last}.")));
    }
    Ok(number)
}

fn note_column(facts: &mut SheetFacts, attributes: Attributes<'_>) {
    let bound = |name| {
        attributes
            .number(name)
            .filter(|column| (1..=u64::from(MAX_COLUMNS)).contains(column))
    };
    if attributes.flag(b"hidden")
        && let (Some(first), Some(last)) = (bound(b"min"), bound(b"max"))
    {
        facts
            .hidden_columns
            .push((first as u32 - 1, last as u32 - 1));
    }
}
