//! The NOTICE about a file that went in: one line of a terminal where that can be.

use super::run::{grouped, plural};
use crate::pg::file_row::FileRow;
use crate::pg::report;
use pgdatahub_core::ellipsis::keep_end;

/// What fits beside psql's "NOTICE:  " in 100 columns.
const WIDTH: usize = 91;
/// A path is not cut shorter than this.
const LEAST_LABEL: usize = 30;

/// A line, and what does not fit on it.
pub struct Line {
    line: String,
    detail: Option<String>,
}

impl Line {
    /// `[3/40] claims/April.xlsx → claims: 12,481 rows, +1 column (0.41 s); remarks`.
    /// Where that is too long, remarks become the DETAIL, and the path keeps its end.
    pub fn of(place: &str, label: &str, goes_to: &str, row: &FileRow) -> Line {
        let counted = counts(row);
        let remarks = remarks(row);
        let line = |label: &str| format!("{place}{label} {goes_to} {counted}");
        let whole = match &remarks {
            Some(remarks) => format!("{}; {remarks}", line(label)),
            None => line(label),
        };
        if whole.chars().count() <= WIDTH {
            return Line {
                line: whole,
                detail: None,
            };
        }
        let others = line("").chars().count();
        let room = WIDTH.saturating_sub(others).max(LEAST_LABEL);
        Line {
            line: line(&keep_end(label, room)),
            detail: remarks.map(|remarks| capitalised(&remarks) + "."),
        }
    }

    /// Says it.
    pub fn say(self) {
        report::notice_with(self.line, self.detail);
    }
}

fn counts(row: &FileRow) -> String {
    let table = row.table.as_ref().map(|table| table.table.as_str());
    let mut parts = vec![plural(row.row_count.unwrap_or(0).unsigned_abs(), "row")];
    if let Some(removed) = row.rows_removed {
        parts.push(format!("{} removed", grouped(removed.unsigned_abs())));
    }
    let changes = |matching: fn(&str) -> bool| {
        let found = row.schema_changes.iter().filter(|change| matching(change));
        found.count() as u64
    };
    let added = changes(|change| change.starts_with("+ "));
    let retyped = changes(|change| change.contains(" → "));
    if added > 0 {
        parts.push(format!("+{}", plural(added, "column")));
    }
    if retyped > 0 {
        parts.push(format!("{} widened", plural(retyped, "column")));
    }
    if let Some(rejected) = row.rejected.filter(|number| *number > 0) {
        parts.push(format!("{} rejected", grouped(rejected.unsigned_abs())));
    }
    format!(
        "{}: {} ({:.2} s)",
        table.unwrap_or_default(),
        parts.join(", "),
        row.seconds
    )
}

fn remarks(row: &FileRow) -> Option<String> {
    let missing = match row.missing_columns.as_slice() {
        [] => None,
        missing => Some(format!("without {}", missing.join(", "))),
    };
    let remarks = missing.iter().chain(&row.message).chain(&row.plan.notes);
    let remarks: Vec<&str> = remarks.map(String::as_str).collect();
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
