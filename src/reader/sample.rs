//! The first rows of a sheet, kept so that the stream need not parse them again.

use crate::fail::Result;
use crate::row::Row;

/// Most bytes of rows that are kept.
pub const MAX_KEPT_BYTES: usize = 32 << 20;

/// How much to read.
#[derive(Debug, Clone)]
pub struct SampleBounds {
    /// Most non-blank rows.
    pub rows: u64,
    /// Most bytes.
    pub bytes: usize,
}

/// Rows read so far: the non-blank ones.
#[derive(Debug, Default)]
pub struct Sample {
    /// In sheet order.
    pub rows: Vec<Row>,
    /// Whether the sheet ends here.
    pub complete: bool,
}

/// Reads rows until the bounds are used up or the sheet ends.
///
/// # Errors
/// Those of `next_row`.
pub fn read(
    mut next_row: impl FnMut(&mut Row) -> Result<bool>,
    bounds: &mut SampleBounds,
) -> Result<Sample> {
    let mut sample = Sample::default();
    let mut row = Row::default();
    while bounds.rows > 0 && bounds.bytes > 0 {
        if !next_row(&mut row)? {
            sample.complete = true;
            break;
        }
        if row.is_blank() {
            continue;
        }
        bounds.rows -= 1;
        bounds.bytes = bounds.bytes.saturating_sub(row.weight());
        sample.rows.push(row.clone());
    }
    Ok(sample)
}
