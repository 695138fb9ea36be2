//! From PostgreSQL's "COPY t, line 812" back to the sheet's row.

use pgdatahub_core::protocol::rows::Run;

/// The rows handed to one COPY or INSERT, in order.
#[derive(Debug, Default)]
pub struct Rows {
    runs: Vec<Run>,
}

impl Rows {
    /// Adds a batch's rows; consecutive runs are joined.
    pub fn extend(&mut self, runs: &[Run]) {
        for run in runs {
            match self.runs.last_mut() {
                Some(last) if last.first + last.count == run.first => last.count += run.count,
                _ => self.runs.push(*run),
            }
        }
    }

    /// How many entries it takes to remember them.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// How many rows.
    pub fn count(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.count)).sum()
    }

    /// The sheet row of the `n`-th row, counted from 1.
    pub fn sheet_row(&self, n: u64) -> Option<u32> {
        let mut left = n.checked_sub(1)?;
        for run in &self.runs {
            if left < u64::from(run.count) {
                return Some(run.first + left as u32);
            }
            left -= u64::from(run.count);
        }
        None
    }

    /// The first and last sheet row.
    pub fn span(&self) -> Option<(u32, u32)> {
        let (first, last) = (self.runs.first()?, self.runs.last()?);
        Some((first.first, last.first + last.count - 1))
    }
}

/// The line number in the context that COPY's own callback gives: the first
/// number after the relation's name, in whatever language. A type's input
/// function may have put lines of its own before it, data may follow it.
pub fn copy_line(context: &str, relation: &str) -> Option<u64> {
    let digits: String = context
        .lines()
        .find_map(|line| {
            let (before, after) = line.split_once(relation)?;
            (before == "COPY " || (before.is_empty() && line.contains("COPY"))).then_some(after)
        })?
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}
