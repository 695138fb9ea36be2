//! A table of the content part, row by row (ODF 1.3 part 3 §9.1).

use super::cell::CellReader;
use super::workbook::TABLE_DEPTH;
use crate::fail::{FailureKind, Result, corrupt, failed};
use crate::part::Part;
use crate::row::{Cell, MAX_COLUMNS, MAX_ROWS, Row};
use crate::rows::{SheetFacts, SheetRows};
use crate::scan::{Scanner, Token};
use crate::scan_text::{Attributes, parse_digits};
use pgdatahub_core::area::Area;

/// The rows of one table.
pub struct OdsRows {
    scanner: Scanner<Part>,
    cells: CellReader,
    facts: SheetFacts,
    /// The number of the next row, from 1.
    next_row: u64,
    next_column: u32,
    ended: bool,
    /// A row that stands for several, and how many more of them follow.
    repeated: (Row, u64),
}

impl OdsRows {
    /// Goes to the table with this index.
    pub(crate) fn open(mut scanner: Scanner<Part>, sheet: usize) -> Result<OdsRows> {
        let mut left = sheet;
        loop {
            let depth = scanner.depth();
            match scanner.next_token()? {
                Token::Start { name: b"table", .. } if depth == TABLE_DEPTH => {
                    if left == 0 {
                        break;
                    }
                    left -= 1;
                    scanner.skip_element()?;
                }
                Token::Eof => {
                    return Err(failed(FailureKind::BadArgument, "there is no such sheet"));
                }
                _ => {}
            }
        }
        Ok(OdsRows {
            scanner,
            cells: CellReader::default(),
            facts: SheetFacts::default(),
            next_row: 1,
            next_column: 0,
            ended: false,
            repeated: (Row::default(), 0),
        })
    }

    /// Reads on to the next row element that holds something. False at the table's end.
    fn read_row(&mut self, row: &mut Row) -> Result<bool> {
        while !self.ended {
            let (repeat, hidden) = match self.scanner.next_token()? {
                Token::Start {
                    name: b"table-row",
                    attributes,
                } => (
                    count(attributes, b"number-rows-repeated"),
                    is_hidden(attributes),
                ),
                Token::Start {
                    name: b"table-column",
                    attributes,
                } => {
                    note_column(&mut self.facts, &mut self.next_column, attributes);
                    continue;
                }
                // Rows and columns may be grouped; the groups are looked into.
                Token::Start {
                    name:
                        b"table-rows"
                        | b"table-header-rows"
                        | b"table-row-group"
                        | b"table-columns"
                        | b"table-header-columns"
                        | b"table-column-group",
                    ..
                } => continue,
                Token::Start { .. } => {
                    self.scanner.skip_element()?;
                    continue;
                }
                Token::Text { .. } => continue,
                Token::End | Token::Eof => {
                    if self.scanner.depth() <= TABLE_DEPTH {
                        self.read_tail()?;
                    }
                    continue;
                }
            };
            let number = self.next_row;
            self.next_row = number.saturating_add(repeat);
            row.clear(u32::try_from(number).unwrap_or(u32::MAX));
            row.hidden = hidden;
            self.read_cells(row)?;
            if row.cells().is_empty() {
                continue;
            }
            if self.next_row - 1 > u64::from(MAX_ROWS) {
                return Err(corrupt(format!("It has data below row {MAX_ROWS}.")));
            }
            if repeat > 1 {
                self.repeated = (row.clone(), repeat - 1);
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn read_cells(&mut self, row: &mut Row) -> Result<()> {
        let mut index = 0u64;
        loop {
            let start = match self.scanner.next_token()? {
                Token::Start {
                    name: b"table-cell" | b"covered-table-cell",
                    attributes,
                } => {
                    let spanned = count(attributes, b"number-rows-spanned");
                    let columns = count(attributes, b"number-columns-spanned");
                    if spanned > 1 || columns > 1 {
                        let last = |first: u64, count: u64, most: u32| {
                            first.saturating_add(count - 1).min(u64::from(most)) as u32
                        };
                        self.facts.merged.push(Area {
                            first_row: row.number,
                            last_row: last(u64::from(row.number), spanned, MAX_ROWS),
                            first_column: last(index, 1, MAX_COLUMNS - 1),
                            last_column: last(index, columns, MAX_COLUMNS - 1),
                        });
                    }
                    self.cells.start(attributes)?;
                    Some(count(attributes, b"number-columns-repeated"))
                }
                Token::Start { .. } => None,
                Token::Text { .. } => continue,
                Token::End | Token::Eof => return row.finish(),
            };
            let Some(repeat) = start else {
                self.scanner.skip_element()?;
                continue;
            };
            let column = u32::try_from(index).unwrap_or(u32::MAX);
            self.cells.read(&mut self.scanner, column, row)?;
            index = index.saturating_add(repeat);
            if row.cells().last().is_none_or(|cell| cell.index != column) {
                continue;
            }
            if index > u64::from(MAX_COLUMNS) {
                return Err(corrupt(format!("Row {} has too many columns.", row.number)));
            }
            repeat_last(row, index as u32);
        }
    }

    /// Reads to the part's last byte: its checksum covers the rows.
    fn read_tail(&mut self) -> Result<()> {
        self.ended = true;
        while !matches!(self.scanner.next_token()?, Token::Eof) {}
        Ok(())
    }
}

impl SheetRows for OdsRows {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        let (again, left) = &mut self.repeated;
        if *left == 0 {
            return self.read_row(row);
        }
        *left -= 1;
        again.number += 1;
        row.clone_from(again);
        Ok(true)
    }

    fn facts(&self) -> &SheetFacts {
        &self.facts
    }
}

fn note_column(facts: &mut SheetFacts, next_column: &mut u32, attributes: Attributes<'_>) {
    let repeat = count(attributes, b"number-columns-repeated").min(u64::from(MAX_COLUMNS));
    let first = *next_column;
    *next_column = first.saturating_add(repeat as u32);
    if is_hidden(attributes) {
        facts.hidden_columns.push((first, *next_column - 1));
    }
}

/// Repeats the row's last cell up to the column before `end`.
fn repeat_last(row: &mut Row, end: u32) {
    let Some(Cell {
        index,
        formula,
        content,
    }) = row.cells().last().cloned()
    else {
        return;
    };
    for column in index + 1..end {
        row.push(column, formula, content.clone());
    }
}

fn count(attributes: Attributes<'_>, name: &[u8]) -> u64 {
    attributes
        .raw_prefixed(name)
        .and_then(parse_digits)
        .unwrap_or(1)
        .max(1)
}

fn is_hidden(attributes: Attributes<'_>) -> bool {
    matches!(
        attributes.raw_prefixed(b"visibility"),
        Some(b"collapse" | b"filter")
    )
}
