//! The files: one row for each and sheet, failures with all that was said of them.

use super::parts::{
    NONE, below, more, number, number_or_none, path, section, state, table, text, word,
};
use super::{FileLine, RunReport};
use crate::count::{bytes, duration, plural};
use crate::ellipsis::keep_start;
use crate::html::Html;

const HEADINGS: [&str; 8] = [
    "File", "Sheet", "Table", "State", "#Rows", "#Rejects", "#Size", "#Time",
];
/// Most columns named of those that a file lacks.
const COLUMNS: usize = 5;

pub fn write(html: &mut Html, report: &RunReport) {
    if report.files.is_empty() {
        return;
    }
    section(html, "Files", |html| {
        if report.counts.failed > 0 {
            html.leaf("p", &[("class", "hint")], "Those that failed come first.");
        }
        table(html, "files", &HEADINGS, |html| {
            for file in &report.files {
                row(html, file, &report.run.path);
                if file.sqlstate.is_some() {
                    why(html, file);
                }
                html.line_break();
            }
        });
        let all = format!(
            "SELECT * FROM pgdatahub.run_files WHERE run_id = {} ORDER BY file_no, sheet_no",
            report.run.run_id
        );
        more(html, report.files.len(), report.counts.lines, "more", &all);
    });
}

fn row(html: &mut Html, file: &FileLine, folder: &str) {
    html.node("tr", &[], |html| {
        html.node("td", &[], |html| {
            path(html, below(&file.source_file, folder));
            note(html, file);
        });
        for name in [&file.sheet_name, &file.table] {
            html.node("td", &[], |html| {
                word(html, name.as_deref().unwrap_or(NONE))
            });
        }
        html.node("td", &[], |html| {
            state(html, "state", &file.status);
        });
        let size = file
            .file_bytes
            .map(|size| bytes(size.max(0).unsigned_abs()));
        let time = file.seconds.map(duration);
        for figure in [
            number_or_none(file.row_count),
            number_or_none(file.rejected),
            size.unwrap_or_else(|| NONE.to_owned()),
            time.unwrap_or_else(|| NONE.to_owned()),
        ] {
            html.leaf("td", &[("class", "n")], &figure);
        }
    });
}

/// What else is to be said of a file that did not fail.
fn note(html: &mut Html, file: &FileLine) {
    let mut said = Vec::new();
    if let Some(message) = file.message.as_ref().filter(|_| file.sqlstate.is_none()) {
        said.push(message.clone());
    }
    if let Some(removed) = file.rows_removed.filter(|removed| *removed > 0) {
        said.push(format!(
            "{} of earlier content removed",
            plural(removed.unsigned_abs(), "row")
        ));
    }
    if !file.missing_columns.is_empty() {
        said.push(missing(&file.missing_columns));
    }
    if let Some(at) = &file.reverted_at {
        let why = file.reverted_why.as_deref().unwrap_or("revert");
        let by = file.reverted_by.as_deref().unwrap_or(NONE);
        said.push(format!("its rows were removed at {at} by {by} ({why})"));
    }
    if !said.is_empty() {
        html.node("small", &[], |html| text(html, &said.join("; ")));
    }
}

fn missing(columns: &[String]) -> String {
    let named: Vec<String> = columns
        .iter()
        .take(COLUMNS)
        .map(|name| keep_start(name, 40))
        .collect();
    let others = columns.len().saturating_sub(COLUMNS);
    let and = if others > 0 {
        format!(" and {} more", number(others as i64))
    } else {
        String::new()
    };
    format!("lacks {}{and}", named.join(", "))
}

/// The error of a file that failed.
fn why(html: &mut Html, file: &FileLine) {
    html.node("tr", &[("class", "why")], |html| {
        html.node("td", &[("colspan", "8")], |html| {
            html.node("p", &[], |html| {
                html.leaf("b", &[], "ERROR ");
                word(html, file.sqlstate.as_deref().unwrap_or_default());
                html.text(": ");
                text(html, file.message.as_deref().unwrap_or(NONE));
            });
            for (name, said) in [("DETAIL", &file.detail), ("HINT", &file.hint)] {
                if let Some(said) = said {
                    html.node("p", &[], |html| {
                        html.leaf("b", &[], name);
                        html.text(": ");
                        text(html, said);
                    });
                }
            }
        });
    });
}
