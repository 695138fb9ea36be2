//! The interface between the formats and the import: workbooks, sheets, rows.
//!
//! A format implements [`Workbook`] and [`SheetRows`]. Everything else (header,
//! types, encoding) is written against these two, so that a second reader of a
//! format can take the first one's place. [`SheetRows::sample`],
//! [`SheetRows::encode`] and [`SheetRows::join_rest`] have defaults in terms of
//! [`SheetRows::next_row`]; a reader that can encode without building rows
//! overrides them.

use crate::encode::{Encoder, StreamEnd};
use crate::fail::Result;
use crate::row::Row;
use crate::sample::{Sample, SampleBounds};
use crate::sink::Sink;
use crate::tally::RestTypes;
use pgdatahub_core::area::Area;
use pgdatahub_core::protocol::{NamedArea, SheetInfo};

/// An open workbook.
pub trait Workbook {
    /// Its sheets, in the workbook's order.
    fn sheets(&self) -> &[SheetInfo];

    /// The rows of one sheet, from its first; independent of other readers of the same workbook.
    ///
    /// # Errors
    /// BadArgument (22023) for a sheet without cells or an index out of range;
    /// Corrupt (22000), OverLimit (54000).
    fn rows(&self, sheet: usize) -> Result<Box<dyn SheetRows>>;

    /// Defined names and tables; none where this format's reader knows none.
    ///
    /// # Errors
    /// Corrupt (22000).
    fn names(&self) -> Result<Option<Vec<NamedArea>>> {
        Ok(None)
    }

    /// The merged ranges of a sheet, which may stand behind its rows.
    ///
    /// # Errors
    /// As [`Workbook::rows`] and [`SheetRows::next_row`].
    fn merged(&self, sheet: usize) -> Result<Vec<Area>> {
        let mut rows = self.rows(sheet)?;
        crate::crop::drain(rows.as_mut(), &mut Row::default())?;
        Ok(rows.facts().merged.clone())
    }
}

/// What a sheet says beside its cells. Complete once [`SheetRows::next_row`] returned false.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SheetFacts {
    /// The merged ranges.
    pub merged: Vec<Area>,
    /// Hidden columns: first and last index, from 0.
    pub hidden_columns: Vec<(u32, u32)>,
}

/// The rows of one sheet, in ascending order.
pub trait SheetRows {
    /// Puts the next row into `row`, which is cleared first. Rows may be blank,
    /// and blank ones may be left out. False at the sheet's end.
    ///
    /// # Errors
    /// Corrupt (22000), OverLimit (54000), Io (58030). No further call may follow.
    fn next_row(&mut self, row: &mut Row) -> Result<bool>;

    /// See [`SheetFacts`].
    fn facts(&self) -> &SheetFacts;

    /// Reads the first rows, keeping them.
    ///
    /// # Errors
    /// As [`SheetRows::next_row`].
    fn sample(&mut self, bounds: &mut SampleBounds) -> Result<Sample> {
        crate::sample::read(|row| self.next_row(row), bounds)
    }

    /// Encodes all further rows into `sink`, up to the first misfit or the sheet's end.
    ///
    /// # Errors
    /// As [`SheetRows::next_row`], and those of the sink.
    fn encode(&mut self, encoder: &mut Encoder, sink: &mut dyn Sink) -> Result<StreamEnd> {
        crate::encode::all(|row| self.next_row(row), encoder, sink)
    }

    /// Joins the types of all further rows into `types`.
    ///
    /// # Errors
    /// As [`SheetRows::next_row`].
    fn join_rest(&mut self, types: &mut RestTypes) -> Result<()> {
        let mut row = Row::default();
        while self.next_row(&mut row)? {
            types.join(&row)?;
        }
        Ok(())
    }
}
