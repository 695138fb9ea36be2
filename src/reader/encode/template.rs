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
    /// A native type that holds what a number or boolean cell gives.
    Native(ColumnType),
    /// The sheet's row number.
    RowNumber,
    /// Through the rules of its wire.
    Ruled,
}

/// How each of these columns takes a cell.
pub(super) fn direct(columns: &[StreamColumn], text: &[TextRule]) -> Vec<Direct> {
    let plain = TextRule::default();
    let direct = |(column, rule): (&StreamColumn, &TextRule)| match column.wire {
        _ if column.index == ROW_NUMBER_COLUMN => Direct::RowNumber,
        Wire::Native(ColumnType::Text) if *rule == plain => Direct::Text,
        Wire::Native(target) => Direct::Native(target),
        _ => Direct::Ruled,
    };
    columns.iter().zip(text).map(direct).collect()
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
        self.place_template(row)?;
        let (mut values, mut cells) = (0, 0);
        copy_binary::start_row(&mut self.batch, self.columns.len() as u16 + 2);
        for position in 0..self.direct.len() {
            if self.direct[position] == Direct::RowNumber {
                let number = i64::from(row.row.number);
                copy_binary::bigint(&mut self.batch, number);
                continue;
            }
            let cell = (self.cell_at[position] as usize).checked_sub(1);
            match cell.and_then(|cell| row.row.cells.get(cell)) {
                Some(cell) => {
                    values += self.encode_cell(row, cell, position)?;
                    cells += 1;
                }
                None => copy_binary::null(&mut self.batch),
            }
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

    /// 1 for a value, 0 for none.
    #[inline]
    fn encode_cell(
        &mut self,
        row: &TemplateRow<'_>,
        cell: &TemplateCell,
        position: usize,
    ) -> Option<usize> {
        let out = &mut self.batch;
        let plain = || row.is_plain(cell);
        match (self.direct[position], cell.content) {
            (Direct::Native(ColumnType::Bigint), TemplateContent::Integer(integer)) if plain() => {
                copy_binary::bigint(out, integer);
                return Some(1);
            }
            (Direct::Native(ColumnType::Double), TemplateContent::Integer(integer)) if plain() => {
                copy_binary::double(out, integer as f64);
                return Some(1);
            }
            (Direct::Native(ColumnType::Double), TemplateContent::Double(number)) if plain() => {
                copy_binary::double(out, number);
                return Some(1);
            }
            _ => {}
        }
        let value = match row.see(cell)? {
            Seen::Value(value) => value,
            Seen::Blank | Seen::Uncomputed => {
                copy_binary::null(out);
                return Some(0);
            }
        };
        let wire = self.columns[position].wire;
        match (self.direct[position], &value) {
            (Direct::Text, Value::Text(text)) => {
                copy_binary::text(out, text);
                return Some(1);
            }
            // Only texts have rules.
            (Direct::Native(_), value) if !matches!(value, Value::Text(_)) => {
                return copy_binary::value(out, value, wire, &mut self.scratch).then_some(1);
            }
            _ => {}
        }
        let (value, wire) = input_type::enter(value, wire, &self.text[position])?;
        copy_binary::value(out, &value, wire, &mut self.scratch).then_some(1)
    }
}
