//! The rows below the header as the settings want them.
//!
//! In this order: the end at blank rows, the footer, merged ranges, columns that
//! are one, then each cell.

use crate::crop::drain;
use crate::fail::{Failed, FailureKind, Result, failed};
use crate::merged::Filler;
use crate::row::{Content, Row};
use crate::rows::{SheetFacts, SheetRows};
use pgdatahub_core::area::Area;
use pgdatahub_core::naming;
use pgdatahub_core::protocol::{ErrorCells, SheetOptions};
use std::collections::{BTreeMap, VecDeque};

/// Rows as `options` want them.
pub struct Clean {
    inner: Box<dyn SheetRows>,
    options: SheetOptions,
    header_row: u32,
    /// Columns whose values go to another one, by index.
    coalesced: BTreeMap<u32, u32>,
    filler: Filler,
    /// The last rows read, as many as the footer has.
    footer: VecDeque<Row>,
    last_row: u32,
    ended: bool,
}

impl Clean {
    /// Wraps rows; those down to `header_row` are passed over.
    pub fn new(
        inner: Box<dyn SheetRows>,
        options: &SheetOptions,
        header_row: u32,
        coalesced: BTreeMap<u32, u32>,
        merged: Vec<Area>,
    ) -> Clean {
        Clean {
            inner,
            options: options.clone(),
            header_row,
            coalesced,
            filler: Filler::new(merged),
            footer: VecDeque::new(),
            last_row: header_row,
            ended: false,
        }
    }

    /// The next row that is not blank, up to the end that the settings give.
    fn next_data(&mut self, row: &mut Row) -> Result<bool> {
        while !self.ended && self.inner.next_row(row)? {
            if row.number <= self.header_row || row.is_blank() {
                continue;
            }
            let blank = row.number - self.last_row - 1;
            let stop = self.options.stop_at_blank;
            // Blank rows right below the header are above the data, not its end.
            if stop > 0 && blank >= stop && self.last_row > self.header_row {
                drain(self.inner.as_mut(), row)?;
                break;
            }
            self.last_row = row.number;
            return Ok(true);
        }
        self.ended = true;
        Ok(false)
    }

    fn coalesce(&self, row: &mut Row) -> Result<()> {
        for (from, to) in &self.coalesced {
            let place = |index: u32| {
                row.cells()
                    .iter()
                    .position(|cell| cell.index == index && !row.is_empty_text(cell))
            };
            let Some(at) = place(*from) else { continue };
            if place(*to).is_some() {
                return Err(two_values(row.number, *to, *from));
            }
            let cells = row.cells_mut();
            cells[at].index = *to;
            let moved = cells[at].clone();
            cells.retain(|cell| cell.index != *to && cell.index != *from);
            cells.push(moved);
            row.sort();
        }
        Ok(())
    }

    fn cells(&self, row: &mut Row) -> Result<()> {
        let nulls = &self.options.null_strings;
        if !nulls.is_empty() {
            let is_null = |cell: &crate::row::Cell| {
                row.text_of(cell)
                    .is_some_and(|text| nulls.iter().any(|null| null == naming::trim(text)))
            };
            let keep: Vec<bool> = row.cells().iter().map(|cell| !is_null(cell)).collect();
            let mut keep = keep.into_iter();
            row.cells_mut().retain(|_| keep.next().unwrap_or(true));
        }
        if self.options.error_cells != ErrorCells::Reject {
            for at in 0..row.cells().len() {
                self.error_cell(row, at)?;
            }
        }
        Ok(())
    }

    fn error_cell(&self, row: &mut Row, at: usize) -> Result<()> {
        let cell = &row.cells()[at];
        let Content::Rejected(rejected) = &cell.content else {
            return Ok(());
        };
        if !rejected.is_error_value() {
            return Ok(());
        }
        if self.options.error_cells == ErrorCells::Fail {
            let place = naming::cell(row.number, cell.index);
            return Err(Failed {
                detail: Some("The setting error_cells is fail.".into()),
                hint: Some("Mend the cell, or set error_cells to reject or text.".into()),
                ..failed(
                    FailureKind::BadData,
                    format!("cell {place} holds the error value {}", rejected.raw),
                )
            });
        }
        let raw = rejected.raw.clone();
        let start = row.arena().len() as u32;
        row.arena().push_str(&raw);
        let end = row.arena().len() as u32;
        row.cells_mut()[at].content = Content::Text { start, end };
        Ok(())
    }
}

fn two_values(row: u32, first: u32, second: u32) -> Failed {
    let (first, second) = (naming::cell(row, first), naming::cell(row, second));
    Failed {
        detail: Some("Their columns have the same name, and duplicate_columns is coalesce.".into()),
        hint: Some("With duplicate_columns: suffix each of them is a column of its own.".into()),
        ..failed(
            FailureKind::BadData,
            format!("cells {first} and {second} hold two values for one column"),
        )
    }
}

impl SheetRows for Clean {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        loop {
            if !self.next_data(row)? {
                return Ok(false);
            }
            if self.options.skip_footer == 0 {
                break;
            }
            self.footer.push_back(row.clone());
            if self.footer.len() > self.options.skip_footer as usize
                && let Some(first) = self.footer.pop_front()
            {
                *row = first;
                break;
            }
        }
        self.filler.fill(row);
        self.coalesce(row)?;
        self.cells(row)?;
        Ok(true)
    }

    fn facts(&self) -> &SheetFacts {
        self.inner.facts()
    }
}

/// Rows that were read already, and those behind them.
pub struct Chained {
    kept: VecDeque<Row>,
    rest: Box<dyn SheetRows>,
}

impl Chained {
    /// First `kept`, then `rest`.
    pub fn new(kept: VecDeque<Row>, rest: Box<dyn SheetRows>) -> Chained {
        Chained { kept, rest }
    }
}

impl SheetRows for Chained {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        match self.kept.pop_front() {
            Some(first) => {
                *row = first;
                Ok(true)
            }
            None => self.rest.next_row(row),
        }
    }

    fn facts(&self) -> &SheetFacts {
        self.rest.facts()
    }
}
