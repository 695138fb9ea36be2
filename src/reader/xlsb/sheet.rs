//! A binary worksheet part, row by row ([MS-XLSB] §2.1.7.62).

use super::record::{Fields, Records};
use crate::fail::{Result, corrupt};
use crate::number;
use crate::part::Part;
use crate::row::{Content, MAX_COLUMNS, MAX_ROWS, Rejected, Row};
use crate::rows::{SheetFacts, SheetRows};
use crate::xlsx::Shared;
use pgdatahub_core::area::Area;
use pgdatahub_core::value::Value;
use std::sync::Arc;

// Record types ([MS-XLSB] §2.3.2). The short forms of cells stand right of the
// cell before them and lack its column.
const BRT_ROW_HDR: u16 = 0;
const CELL_BLANK: u16 = 1;
const CELL_RK: u16 = 2;
const CELL_ERROR: u16 = 3;
const CELL_BOOL: u16 = 4;
const CELL_REAL: u16 = 5;
const CELL_ST: u16 = 6;
const CELL_ISST: u16 = 7;
const FMLA_STRING: u16 = 8;
const FMLA_NUM: u16 = 9;
const FMLA_BOOL: u16 = 10;
const FMLA_ERROR: u16 = 11;
const SHORT_BLANK: u16 = 12;
const SHORT_RK: u16 = 13;
const SHORT_ERROR: u16 = 14;
const SHORT_BOOL: u16 = 15;
const SHORT_REAL: u16 = 16;
const SHORT_ST: u16 = 17;
const SHORT_ISST: u16 = 18;
const BRT_COL_INFO: u16 = 60;
const SHORT_RICH_STRING: u16 = 61;
const CELL_RICH_STRING: u16 = 62;
const BRT_BEGIN_SHEET_DATA: u16 = 145;
const BRT_END_SHEET_DATA: u16 = 146;
const BRT_MERGE_CELL: u16 = 176;

/// BrtRowHdr's fDyZero, in the byte behind its 11th.
const ROW_HIDDEN: u8 = 0x10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    AboveData,
    InData,
    Ended,
}

/// The rows of one binary worksheet.
pub struct XlsbRows {
    records: Records<Part>,
    shared: Arc<Shared>,
    facts: SheetFacts,
    state: State,
    /// The row whose header was read, its cells not yet: number and hidden.
    next: Option<(u32, bool)>,
    last_row: u32,
}

impl XlsbRows {
    pub(crate) fn new(records: Records<Part>, shared: Arc<Shared>) -> XlsbRows {
        XlsbRows {
            records,
            shared,
            facts: SheetFacts::default(),
            state: State::AboveData,
            next: None,
            last_row: 0,
        }
    }

    fn find_data(&mut self) -> Result<()> {
        while let Some(kind) = self.records.next_record()? {
            match kind {
                BRT_BEGIN_SHEET_DATA => {
                    self.state = State::InData;
                    return Ok(());
                }
                BRT_COL_INFO => {
                    let mut fields = self.records.fields();
                    let (first, last) = (fields.u32()?, fields.u32()?);
                    fields.bytes(8)?;
                    if fields.u16()? & 1 == 1 && first <= last && last < MAX_COLUMNS {
                        self.facts.hidden_columns.push((first, last));
                    }
                }
                _ => {}
            }
        }
        Err(self.records.broken("holds no sheet data"))
    }

    /// Reads what follows the rows, to the part's last byte: its checksum covers the rows.
    fn read_tail(&mut self) -> Result<()> {
        self.state = State::Ended;
        while let Some(kind) = self.records.next_record()? {
            if kind == BRT_MERGE_CELL {
                let mut fields = self.records.fields();
                let (first_row, last_row) = (fields.u32()?, fields.u32()?);
                let (first_column, last_column) = (fields.u32()?, fields.u32()?);
                self.facts.merged.push(Area {
                    first_row: first_row.saturating_add(1),
                    last_row: last_row.saturating_add(1),
                    first_column,
                    last_column: last_column.min(MAX_COLUMNS - 1),
                });
            }
        }
        Ok(())
    }

    /// A row header: its number from 1, and whether the row is hidden.
    fn row_header(&mut self) -> Result<(u32, bool)> {
        let mut fields = self.records.fields();
        let index = fields.u32()?;
        let flags = fields.bytes(8)?;
        if index >= MAX_ROWS || index < self.last_row {
            return Err(corrupt(format!(
                "After row {} comes the impossible row {}.",
                self.last_row,
                u64::from(index) + 1
            )));
        }
        self.last_row = index + 1;
        Ok((index + 1, flags[7] & ROW_HIDDEN != 0))
    }

    /// Reads cells into `row` up to the next row's header or the data's end.
    fn read_cells(&mut self, row: &mut Row) -> Result<()> {
        let mut next_column = 0;
        while let Some(kind) = self.records.next_record()? {
            match kind {
                BRT_ROW_HDR => {
                    self.next = Some(self.row_header()?);
                    return row.finish();
                }
                BRT_END_SHEET_DATA => {
                    self.read_tail()?;
                    return row.finish();
                }
                CELL_BLANK..=SHORT_ISST | SHORT_RICH_STRING | CELL_RICH_STRING => {
                    next_column = self.read_cell(kind, next_column, row)? + 1;
                }
                _ => {}
            }
        }
        Err(self.records.broken("ends early"))
    }

    fn read_cell(&self, kind: u16, next_column: u32, row: &mut Row) -> Result<u32> {
        let mut fields = self.records.fields();
        let short = matches!(kind, SHORT_BLANK..=SHORT_ISST | SHORT_RICH_STRING);
        let index = if short { next_column } else { fields.u32()? };
        if index >= MAX_COLUMNS || row.cells().len() > MAX_COLUMNS as usize {
            return Err(corrupt(format!(
                "Row {} has a cell in column {index}.",
                row.number
            )));
        }
        let style = (fields.u32()? & 0x00FF_FFFF) as usize;
        let formula = matches!(kind, FMLA_STRING..=FMLA_ERROR);
        match kind {
            CELL_RK | SHORT_RK => self.push_number(fields.rk()?, style, index, formula, row),
            CELL_REAL | SHORT_REAL | FMLA_NUM => {
                self.push_number(fields.f64()?, style, index, formula, row);
            }
            CELL_BOOL | SHORT_BOOL | FMLA_BOOL => {
                let value = Value::Boolean(fields.u8()? != 0);
                row.push(index, formula, Content::Value(value));
            }
            CELL_ERROR | SHORT_ERROR | FMLA_ERROR => {
                row.push_rejected(
                    index,
                    formula,
                    number::error_value(&error_literal(fields.u8()?)),
                );
            }
            CELL_RICH_STRING | SHORT_RICH_STRING => {
                fields.u8()?;
                push_text(&mut fields, index, formula, row)?;
            }
            CELL_ST | SHORT_ST | FMLA_STRING => push_text(&mut fields, index, formula, row)?,
            CELL_ISST | SHORT_ISST => self.push_shared(fields.u32()?, index, row)?,
            _ => {}
        }
        Ok(index)
    }

    fn push_number(&self, number: f64, style: usize, index: u32, formula: bool, row: &mut Row) {
        match number::convert(number, self.shared.styles.get(style), self.shared.dates) {
            Ok(value) => row.push(index, formula, Content::Value(value)),
            Err((reason, sqlstate)) => {
                let rejected = Rejected {
                    raw: number.to_string(),
                    reason: reason.into(),
                    sqlstate,
                };
                row.push_rejected(index, formula, rejected);
            }
        }
    }

    fn push_shared(&self, number: u32, index: u32, row: &mut Row) -> Result<()> {
        let Some(text) = self.shared.strings.get(number as usize) else {
            let reason = "refers to a shared string that does not exist".into();
            let rejected = Rejected {
                raw: number.to_string(),
                reason,
                sqlstate: "22000",
            };
            row.push_rejected(index, false, rejected);
            return Ok(());
        };
        let start = row.arena().len();
        row.arena().push_str(text);
        row.replaced += self.shared.strings.replaced(number as usize);
        row.push_text(index, false, start)
    }
}

impl SheetRows for XlsbRows {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        if self.state == State::AboveData {
            self.find_data()?;
            // The first row's header, or the data's end.
            let mut nothing = Row::default();
            self.read_cells(&mut nothing)?;
            if !nothing.cells().is_empty() {
                return Err(self.records.broken("has cells above its first row"));
            }
        }
        let Some((number, hidden)) = self.next.take() else {
            return Ok(false);
        };
        row.clear(number);
        row.hidden = hidden;
        self.read_cells(row)?;
        Ok(true)
    }

    fn facts(&self) -> &SheetFacts {
        &self.facts
    }
}

fn push_text(fields: &mut Fields<'_>, index: u32, formula: bool, row: &mut Row) -> Result<()> {
    let start = row.arena().len();
    let replaced = fields.wide_string(row.arena())?;
    row.replaced += replaced;
    row.push_text(index, formula, start)
}

/// BErr ([MS-XLSB] §2.5.97.2). Codes not yet invented keep their number.
fn error_literal(code: u8) -> String {
    match code {
        0x00 => "#NULL!".into(),
        0x07 => "#DIV/0!".into(),
        0x0F => "#VALUE!".into(),
        0x17 => "#REF!".into(),
        0x1D => "#NAME?".into(),
        0x24 => "#NUM!".into(),
        0x2A => "#N/A".into(),
        0x2B => "#GETTING_DATA".into(),
        code => format!("#ERROR({code})"),
    }
}
