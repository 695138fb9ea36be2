//! What the run changed in tables. A new table is one row, with its columns.

use super::parts::{NONE, below, more, path, section, table, text, word};
use super::{Change, RunReport};
use crate::html::Html;

const HEADINGS: [&str; 5] = ["Table", "Change", "Column", "Type", "For the file"];

pub fn write(html: &mut Html, report: &RunReport) {
    if report.changes.is_empty() {
        return;
    }
    section(html, "Schema changes", |html| {
        table(html, "changes", &HEADINGS, |html| {
            for changes in report.changes.chunk_by(is_same) {
                if let [change, columns @ ..] = changes {
                    row(html, change, columns, &report.run.path);
                    html.line_break();
                }
            }
        });
        let all = format!(
            "SELECT s.* FROM pgdatahub.schema_changes s JOIN pgdatahub.run_files f ON f.import_id = s.import_id WHERE f.run_id = {}",
            report.run.run_id
        );
        more(
            html,
            report.changes.len(),
            report.change_count,
            "more",
            &all,
        );
    });
}

/// Whether a change is a column of the new table before it.
fn is_same(before: &Change, after: &Change) -> bool {
    before.statement.starts_with("CREATE ")
        && after.change_type == "ADD COLUMN"
        && (&before.table, &before.statement) == (&after.table, &after.statement)
}

fn row(html: &mut Html, change: &Change, columns: &[Change], folder: &str) {
    html.node("tr", &[], |html| {
        html.node("td", &[], |html| word(html, &change.table));
        html.node("td", &[], |html| {
            word(html, &change.change_type);
            if change.reverted {
                html.leaf("small", &[], "undone since");
            }
        });
        html.node("td", &[], |html| {
            word(html, change.column_name.as_deref().unwrap_or(NONE))
        });
        html.node("td", &[], |html| {
            match (&change.old_type, &change.new_type) {
                (Some(old), Some(new)) => {
                    word(html, old);
                    html.text(" → ");
                    word(html, new);
                }
                (None, Some(new)) => word(html, new),
                (Some(old), None) => word(html, old),
                (None, None) => text(html, &described(columns)),
            }
        });
        html.node("td", &[], |html| match &change.source_file {
            Some(file) => path(html, below(file, folder)),
            None => html.text(NONE),
        });
    });
}

/// Columns with their types.
fn described(columns: &[Change]) -> String {
    let pairs = columns.iter().map(|column| {
        let name = column.column_name.as_deref().unwrap_or(NONE);
        let kind = column.new_type.as_deref().unwrap_or(NONE);
        format!("{name} {kind}")
    });
    pairs.collect::<Vec<_>>().join(", ")
}
