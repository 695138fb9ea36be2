//! Recognised rows as COPY BINARY takes them, without a [`Row`] between.
//!
//! Whatever is out of the ordinary (a value that does not fit, a rejected cell, a
//! blank row, a column that is not listed) is left to [`Encoder::push`], which alone
//! decides what becomes of it.

use super::{Encoder, UNFILLABLE};
use crate::fail::Result;
use crate::sink::Sink;
use crate::tally::Given;
use crate::xlsx::{Seen, TemplateCell, TemplateContent, TemplateRow};
use pgdatahub_core::protocol::frame::MAX_ROW_BYTES;
use pgdatahub_core::protocol::rows::push_row;
use pgdatahub_core::protocol::{ROW_NUMBER_COLUMN, RowEncoding, StreamColumn, Wire};
use pgdatahub_core::text_input::TextRule;
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::value::Value;
use pgdatahub_core::{copy_binary, input_type};

/// How a column takes a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direct {
    /// Text as it stands.
    Text,
    /// boolean
    Boolean,
    /// bigint
    Bigint,
    /// double precision
    Double,
    /// date
    Date,
    /// timestamp
    Timestamp,
    /// Another native type that holds what a number cell gives.
    Native,
    /// The sheet's row number.
    RowNumber,
    /// Through the rules of its wire.
    Ruled,
}

/// The columns as rows are encoded for them.
#[derive(Debug)]
pub(super) struct Lanes {
    /// By position: the sheet's column, and how it takes a cell.
    lanes: Vec<(u32, Direct)>,
    /// Whether the sheet has them in this order: a row's cells are then met one after another.
    in_order: bool,
}

impl Lanes {
    pub fn new(columns: &[StreamColumn], text: &[TextRule]) -> Lanes {
        let plain = TextRule::default();
        let lane = |(column, rule): (&StreamColumn, &TextRule)| {
            let direct = match column.wire {
                _ if column.index == ROW_NUMBER_COLUMN => Direct::RowNumber,
                Wire::Native(ColumnType::Text) if *rule == plain => Direct::Text,
                Wire::Native(ColumnType::Boolean) => Direct::Boolean,
                Wire::Native(ColumnType::Bigint) => Direct::Bigint,
                Wire::Native(ColumnType::Double) => Direct::Double,
                Wire::Native(ColumnType::Date) => Direct::Date,
                Wire::Native(ColumnType::Timestamp) => Direct::Timestamp,
                Wire::Native(_) => Direct::Native,
                _ => Direct::Ruled,
            };
            (column.index, direct)
        };
        let lanes: Vec<_> = columns.iter().zip(text).map(lane).collect();
        let cells = || lanes.iter().filter(|lane| lane.1 != Direct::RowNumber);
        let in_order = cells().is_sorted_by(|one, next| one.0 < next.0);
        Lanes { lanes, in_order }
    }
}

impl Encoder {
    /// Encodes one row. False: nothing was done, [`Encoder::push`] has to.
    ///
    /// # Errors
    /// OverLimit (54000), and those of the sink.
    pub(crate) fn push_template(
        &mut self,
        row: &TemplateRow<'_>,
        sink: &mut dyn Sink,
    ) -> Result<bool> {
        let start = self.batch.len();
        let Some((replaced, blanks)) = self.encode_template(row, start) else {
            self.batch.truncate(start);
            return Ok(false);
        };
        // A cell in a column that is passed over was not looked at.
        let blanks = blanks || self.ignore_unlisted;
        push_row(&mut self.runs, row.row.number);
        let cells = row.row.cells.iter().map(|cell| {
            let given = match cell.content {
                TemplateContent::Uncomputed => Given::Nothing,
                TemplateContent::Shared(_) | TemplateContent::Text { .. }
                    if blanks && matches!(row.see(cell), Some(Seen::Blank)) =>
                {
                    Given::Blank
                }
                _ => Given::Value,
            };
            (u32::from(cell.column), cell.formula, given)
        });
        let plain = match row.row.formulas {
            false => row.row.cells.last().map(|cell| cell.column),
            true => None,
        };
        let about = (row.row.number, row.row.hidden, replaced);
        self.counters.add_stored(about, plain, cells)?;
        if self.batch.len() >= super::BATCH_BYTES {
            self.send_rows(sink)?;
        }
        Ok(true)
    }

    /// How many characters were replaced in the row, and whether it has cells without a value.
    fn encode_template(&mut self, row: &TemplateRow<'_>, start: usize) -> Option<(u64, bool)> {
        if self.only.is_some() || self.encoding != RowEncoding::Binary {
            return None;
        }
        let replaced = row.replaced()?;
        if !self.lanes.in_order {
            self.place_template(row)?;
        }
        copy_binary::start_row(&mut self.batch, self.columns.len() as u16 + 2);
        let mut fields = Fields {
            out: &mut self.batch,
            columns: &self.columns,
            text: &self.text,
            scratch: &mut self.scratch,
            row,
        };
        let (mut values, mut cells) = (0, 0);
        let mut rest = row.row.cells.iter();
        let may_pass = |cell: &TemplateCell| {
            self.ignore_unlisted && self.position_of[usize::from(cell.column)] != UNFILLABLE
        };
        for (position, &(column, direct)) in self.lanes.lanes.iter().enumerate() {
            if direct == Direct::RowNumber {
                copy_binary::bigint(fields.out, row.row.number.into());
                continue;
            }
            let cell = match self.lanes.in_order {
                true => {
                    let mut ahead = rest.as_slice();
                    while let [cell, after @ ..] = ahead
                        && u32::from(cell.column) < column
                    {
                        if !may_pass(cell) {
                            return None;
                        }
                        ahead = after;
                    }
                    rest = ahead.iter();
                    match ahead.first() {
                        Some(cell) if u32::from(cell.column) == column => rest.next(),
                        _ => None,
                    }
                }
                false => (self.cell_at[position] as usize)
                    .checked_sub(1)
                    .and_then(|cell| row.row.cells.get(cell)),
            };
            match cell {
                Some(cell) => {
                    values += fields.cell(cell, position, direct)?;
                    cells += 1;
                }
                None => copy_binary::null(fields.out),
            }
        }
        if self.lanes.in_order && !rest.all(may_pass) {
            return None;
        }
        self.batch.extend_from_slice(&self.last_fields);
        (values > 0 && self.batch.len() - start <= MAX_ROW_BYTES)
            .then_some((replaced, values < cells))
    }

    /// As [`Encoder::place`]. None: a cell in a column that is not listed, or takes no value.
    fn place_template(&mut self, row: &TemplateRow<'_>) -> Option<()> {
        self.cell_at.fill(0);
        for (number, cell) in (1u32..).zip(&row.row.cells) {
            match self.position_of[usize::from(cell.column)] {
                0 if self.ignore_unlisted => {}
                0 | UNFILLABLE => return None,
                position => self.cell_at[usize::from(position) - 1] = number,
            }
        }
        Some(())
    }
}

/// The fields of a row under way.
struct Fields<'a> {
    out: &'a mut Vec<u8>,
    columns: &'a [StreamColumn],
    text: &'a [TextRule],
    scratch: &'a mut String,
    row: &'a TemplateRow<'a>,
}

impl Fields<'_> {
    /// 1 for a value, 0 for none.
    #[inline(always)]
    fn cell(&mut self, cell: &TemplateCell, position: usize, direct: Direct) -> Option<usize> {
        let (row, out) = (self.row, &mut *self.out);
        let plain = || row.is_plain(cell);
        match (cell.content, direct) {
            (TemplateContent::Integer(integer), Direct::Bigint) if plain() => {
                copy_binary::bigint(out, integer);
            }
            (TemplateContent::Integer(integer), Direct::Double) if plain() => {
                copy_binary::double(out, integer as f64);
            }
            (TemplateContent::Double(number), Direct::Double) if plain() => {
                copy_binary::double(out, number);
            }
            (TemplateContent::Boolean(boolean), Direct::Boolean) => {
                copy_binary::boolean(out, boolean);
            }
            (TemplateContent::Shared(index), Direct::Text) => match row.shared_text(index)? {
                "" => {
                    copy_binary::null(out);
                    return Some(0);
                }
                text => copy_binary::text(out, text),
            },
            _ => return self.value(cell, position, direct),
        }
        Some(1)
    }

    /// As [`Fields::cell`], for what is more than its markup says.
    #[inline]
    fn value(&mut self, cell: &TemplateCell, position: usize, direct: Direct) -> Option<usize> {
        let out = &mut *self.out;
        let value = match self.row.see(cell)? {
            Seen::Value(value) => value,
            Seen::Blank | Seen::Uncomputed => {
                copy_binary::null(out);
                return Some(0);
            }
        };
        match (direct, &value) {
            (Direct::Text, Value::Text(text)) => copy_binary::text(out, text),
            (Direct::Date, Value::Date(days)) => copy_binary::date(out, *days),
            (Direct::Timestamp, Value::Timestamp(usecs)) => copy_binary::timestamp(out, *usecs),
            _ => {
                let wire = self.columns[position].wire;
                let (value, wire) = match value {
                    Value::Text(_) => input_type::enter(value, wire, &self.text[position])?,
                    // Of native types only texts have rules.
                    value if direct != Direct::Ruled => (value, wire),
                    value => input_type::enter(value, wire, &self.text[position])?,
                };
                return copy_binary::value(out, &value, wire, self.scratch).then_some(1);
            }
        }
        Some(1)
    }
}
