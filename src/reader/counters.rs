//! What a stream counts, over all its parts since it last began at the first data row.

use crate::fail::Result;
use crate::row::{Content, Row};
use crate::rows::SheetFacts;
use crate::tally::{CellCount, Formulas, Given};
use pgdatahub_core::protocol::StreamDone;

/// Counters over the encoded rows.
#[derive(Debug, Clone)]
pub struct Counters {
    rows: u64,
    first_row: u32,
    last_row: u32,
    rejected: u64,
    rejected_rows: u64,
    replaced: u64,
    hidden_rows: u64,
    cells: CellCount,
    formulas: Formulas,
}

impl Counters {
    /// Nothing counted yet; at most `max_cells` cells.
    pub fn new(max_cells: u64) -> Counters {
        Counters {
            rows: 0,
            first_row: 0,
            last_row: 0,
            rejected: 0,
            rejected_rows: 0,
            replaced: 0,
            hidden_rows: 0,
            cells: CellCount::new(max_cells),
            formulas: Formulas::default(),
        }
    }

    /// Counts a row that was `stored`, or left out, and with it `unfit` values
    /// that its columns do not take.
    ///
    /// # Errors
    /// OverLimit (54000) above `pgdatahub.max_cells`.
    pub fn add(&mut self, row: &Row, stored: bool, unfit: u64) -> Result<()> {
        self.cells.add(row)?;
        if self.rows + self.rejected_rows == 0 {
            self.first_row = row.number;
        }
        self.rows += u64::from(stored);
        self.rejected_rows += u64::from(!stored);
        self.last_row = row.number;
        self.hidden_rows += u64::from(row.hidden);
        self.replaced += row.replaced;
        self.formulas.add(row);
        self.rejected += unfit;
        self.rejected += row
            .cells()
            .iter()
            .filter(|cell| matches!(cell.content, Content::Rejected(_)))
            .count() as u64;
        Ok(())
    }

    /// Counts a stored row without rejected cells, cell by cell: column, whether it
    /// is a formula, and what it gives. `plain`: the last column, where none is a formula.
    ///
    /// # Errors
    /// As [`Counters::add`].
    pub(crate) fn add_stored(
        &mut self,
        (number, hidden, replaced): (u32, bool, u64),
        plain: Option<u16>,
        cells: impl ExactSizeIterator<Item = (u32, bool, Given)>,
    ) -> Result<()> {
        self.cells.add_cells(cells.len())?;
        if self.rows + self.rejected_rows == 0 {
            self.first_row = number;
        }
        self.rows += 1;
        self.last_row = number;
        self.hidden_rows += u64::from(hidden);
        self.replaced += replaced;
        if plain.is_none_or(|last| self.formulas.learns_from(usize::from(last))) {
            cells.for_each(|(column, formula, given)| {
                self.formulas.add_cell(column, formula, given);
            });
        }
        Ok(())
    }

    /// The cells counted so far, to go on counting from.
    pub fn cells(&self) -> CellCount {
        self.cells.clone()
    }

    /// What is known of the formulas.
    pub fn formulas(&self) -> &Formulas {
        &self.formulas
    }

    /// The closing message of a stream whose header stands in row `header_row`.
    pub fn done(&self, facts: &SheetFacts, header_row: u32) -> StreamDone {
        let read = self.rows + self.rejected_rows;
        let span = match read {
            0 => 0,
            _ => u64::from(self.last_row - self.first_row) + 1,
        };
        let width = self.formulas.width();
        let hidden_columns = facts
            .hidden_columns
            .iter()
            .map(|&(first, last)| u64::from((last + 1).min(width).saturating_sub(first)))
            .sum();
        StreamDone {
            rows: self.rows,
            rejected_rows: self.rejected_rows,
            blank_rows: span - read,
            rejected: self.rejected,
            formulas_without_value: self.formulas.without_value(),
            formula_columns_without_value: self.formulas.columns_without_value(),
            replaced_characters: self.replaced,
            merged_ranges: facts
                .merged
                .iter()
                .filter(|area| area.last_row > header_row)
                .count() as u64,
            hidden_rows: self.hidden_rows,
            hidden_columns,
        }
    }
}
