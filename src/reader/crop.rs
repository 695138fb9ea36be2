//! The rows of a range, in which cells outside of it do not exist; and rows whose
//! texts keep their spaces.

use crate::fail::Result;
use crate::row::Row;
use crate::rows::{SheetFacts, SheetRows};
use pgdatahub_core::area::Area;

/// The rows of `inner` within `area`.
pub struct Crop {
    inner: Box<dyn SheetRows>,
    area: Area,
    keep_spaces: bool,
}

impl Crop {
    /// Wraps the rows of a whole sheet; no area: all of them.
    pub fn new(inner: Box<dyn SheetRows>, area: Option<Area>, keep_spaces: bool) -> Crop {
        Crop {
            inner,
            area: area.unwrap_or(Area::WHOLE),
            keep_spaces,
        }
    }
}

impl SheetRows for Crop {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        while self.inner.next_row(row)? {
            if row.number < self.area.first_row {
                continue;
            }
            if row.number > self.area.last_row {
                drain(self.inner.as_mut(), row)?;
                return Ok(false);
            }
            // Before anybody asks whether the row is blank.
            row.keep_spaces = self.keep_spaces;
            row.cells_mut()
                .retain(|cell| self.area.has_column(cell.index));
            return Ok(true);
        }
        Ok(false)
    }

    fn facts(&self) -> &SheetFacts {
        self.inner.facts()
    }
}

/// Reads to the sheet's end, unused: its checksum covers the rows, and what a
/// sheet says of itself may stand behind them.
pub fn drain(rows: &mut dyn SheetRows, row: &mut Row) -> Result<()> {
    while rows.next_row(row)? {}
    Ok(())
}
