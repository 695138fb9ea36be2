//! Choosing the header row of a sheet.
//!
//! A managed table knows its headers, so the row that has most of them is the
//! header, wherever titles stand above it. A new table knows none: its header is
//! the first row about as wide as the data, and a title line is not.

use crate::naming;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// Rows of a sheet among which the header is looked for.
pub const SEARCHED_ROWS: u32 = 50;

/// A row that may be the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateRow<'a> {
    /// Sheet row counted from 1.
    pub row: u32,
    /// Its non-empty cells: column counted from 0, and trimmed text form.
    pub cells: Vec<(u32, Cow<'a, str>)>,
}

/// No row looks like the table's own header: the file is likely of another template (22000).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherTemplate {
    /// The sheet row that matches most, counted from 1.
    pub row: u32,
    /// Known headers that it has.
    pub matched: usize,
    /// Known headers in all.
    pub known: usize,
}

impl fmt::Display for OtherTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} known headers: another template?",
            self.matched, self.known
        )
    }
}

impl std::error::Error for OtherTemplate {}

/// Index of the header among `rows`, the non-blank ones of the sheet's first
/// [`SEARCHED_ROWS`]; none if there are none. `known` are a managed table's
/// headers and column names; those that clean to one name count once.
///
/// # Errors
/// [`OtherTemplate`] if the best row has neither half of the known headers, nor
/// are half of its own cells known.
pub fn choose(rows: &[CandidateRow<'_>], known: &[String]) -> Result<Option<usize>, OtherTemplate> {
    let known: HashSet<String> = known
        .iter()
        .map(|header| key(header))
        .filter(|key| !key.is_empty())
        .collect();
    if known.is_empty() {
        let widest = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        return Ok(rows.iter().position(|row| row.cells.len() * 2 >= widest));
    }
    let mut best: Option<(usize, Match)> = None;
    for (at, row) in rows.iter().enumerate() {
        let found = Match::of(row, &known);
        if best.is_none_or(|(_, before)| found.headers > before.headers) {
            best = Some((at, found));
        }
    }
    let Some((at, found)) = best else {
        return Ok(None);
    };
    if found.headers * 2 >= known.len() || found.known_cells * 2 >= found.cells {
        return Ok(Some(at));
    }
    Err(OtherTemplate {
        row: rows[at].row,
        matched: found.headers,
        known: known.len(),
    })
}

/// How much of a row is known.
#[derive(Clone, Copy)]
struct Match {
    /// Different known headers it has.
    headers: usize,
    /// Cells that are known headers.
    known_cells: usize,
    cells: usize,
}

impl Match {
    fn of(row: &CandidateRow<'_>, known: &HashSet<String>) -> Match {
        let keys: Vec<String> = row
            .cells
            .iter()
            .map(|(_, text)| key(text))
            .filter(|key| known.contains(key))
            .collect();
        let known_cells = keys.len();
        Match {
            headers: keys.into_iter().collect::<HashSet<_>>().len(),
            known_cells,
            cells: row.cells.len(),
        }
    }
}

/// What a header and the name of its column have in common: the cleaned name,
/// cut as a column's is; for a header of signs only, the header itself.
fn key(header: &str) -> String {
    let name = naming::clean(header);
    if name.is_empty() {
        naming::trim(header).to_owned()
    } else {
        naming::fit(&name, header)
    }
}

#[cfg(test)]
mod tests;
