//! What the run changed in tables.

use super::parts::{NONE, below, code, more, path, section, table, word};
use super::{Change, RunReport};
use crate::html::Html;

const HEADINGS: [&str; 5] = ["Table", "Change", "Column", "Type", "For the file"];

pub fn write(html: &mut Html, report: &RunReport) {
    if report.changes.is_empty() {
        return;
    }
    section(html, "Schema changes", |html| {
        table(html, "changes", &HEADINGS, |html| {
            for change in &report.changes {
                row(html, change, &report.run.path);
                html.line_break();
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
            "changes",
            &all,
        );
    });
}

fn row(html: &mut Html, change: &Change, folder: &str) {
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
                (None, None) => code(html, &change.statement),
            }
        });
        html.node("td", &[], |html| match &change.source_file {
            Some(file) => path(html, below(file, folder)),
            None => html.text(NONE),
        });
    });
}
