//! The payload of a row frame.
//!
//! ```text
//! u32 row count
//! u32 run count, then per run: u32 first sheet row (from 1), u32 how many rows follow one another
//! encoded rows
//! ```
//! (big-endian). The runs map the n-th row of a COPY back to its row in the
//! sheet without a number per row: blank rows, which are skipped, break a run.

use super::frame::BadFrame;

/// The last row a sheet may have, counted from 1 (ECMA-376 part 1, §18.3.1.73; LibreOffice's and BIFF12's limit too).
pub const LAST_SHEET_ROW: u32 = 1_048_576;

/// Consecutive sheet rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// First sheet row, counted from 1.
    pub first: u32,
    /// How many rows.
    pub count: u32,
}

/// Adds one sheet row to the runs.
pub fn push_row(runs: &mut Vec<Run>, row: u32) {
    match runs.last_mut() {
        Some(run) if run.first + run.count == row => run.count += 1,
        _ => runs.push(Run {
            first: row,
            count: 1,
        }),
    }
}

/// The part of a row frame's payload before the encoded rows.
pub fn prefix(runs: &[Run]) -> Vec<u8> {
    let rows: u32 = runs.iter().map(|run| run.count).sum();
    let mut out = Vec::with_capacity(8 + runs.len() * 8);
    out.extend_from_slice(&rows.to_be_bytes());
    out.extend_from_slice(&(runs.len() as u32).to_be_bytes());
    for run in runs {
        out.extend_from_slice(&run.first.to_be_bytes());
        out.extend_from_slice(&run.count.to_be_bytes());
    }
    out
}

/// A row frame taken apart: its runs and where the encoded rows begin.
///
/// # Errors
/// A payload shorter than it says; runs that are empty, lie beyond the sheet, do
/// not ascend, or do not add up to the row count.
pub fn parse(payload: &[u8]) -> Result<(Vec<Run>, usize), BadFrame> {
    let number = |at: usize| -> Result<u32, BadFrame> {
        payload
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_be_bytes)
            .ok_or_else(|| BadFrame("row frame is too short".into()))
    };
    let rows = number(0)?;
    let count = number(4)? as usize;
    if payload.len().saturating_sub(8) / 8 < count {
        return Err(BadFrame("row frame is shorter than its runs".into()));
    }
    let mut runs = Vec::with_capacity(count);
    let (mut sum, mut last) = (0u64, 0);
    for i in 0..count {
        let run = Run {
            first: number(8 + i * 8)?,
            count: number(12 + i * 8)?,
        };
        last = last_row(run, last)?;
        sum += u64::from(run.count);
        runs.push(run);
    }
    if sum != u64::from(rows) {
        return Err(BadFrame("row frame's runs do not add up".into()));
    }
    Ok((runs, 8 + count * 8))
}

/// The run's last row; it must begin below `above`.
fn last_row(run: Run, above: u32) -> Result<u32, BadFrame> {
    let last = (u64::from(run.first) + u64::from(run.count)).saturating_sub(1);
    match u32::try_from(last) {
        Ok(last) if run.first > above && run.count > 0 && last <= LAST_SHEET_ROW => Ok(last),
        _ => Err(BadFrame(format!(
            "{} rows at row {} after row {above}",
            run.count, run.first
        ))),
    }
}
