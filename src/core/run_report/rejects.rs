//! What was not stored as read, by file, sheet, column and reason, with the first of each.

use super::parts::{below, code, more, number, path, section, table, text, word};
use super::{RejectGroup, RunReport};
use crate::html::Html;

const HEADINGS: [&str; 5] = ["File and sheet", "Column", "Reason", "#Count", "The first"];

pub fn write(html: &mut Html, report: &RunReport) {
    if report.counts.rejected <= 0 && report.rejects.is_empty() {
        return;
    }
    section(html, "Rejects", |html| {
        if !report.rejects.is_empty() {
            table(html, "rejects", &HEADINGS, |html| {
                for group in &report.rejects {
                    row(html, group, &report.run.path);
                    html.line_break();
                }
            });
        }
        let all = format!(
            "SELECT r.* FROM pgdatahub.rejects r JOIN pgdatahub.run_files f ON f.import_id = r.import_id WHERE f.run_id = {}",
            report.run.run_id
        );
        more(
            html,
            report.rejects.len(),
            report.reject_groups,
            "more",
            &all,
        );
        // Rejects stay on record with their import: none of them is gone but by these ways.
        let absent = report.counts.rejected - report.rejects_shown;
        if absent > 0 {
            let said = format!(
                "Rejects that are not shown: {} of {}. They were brought in by retry_rejects, removed by prune, or are of tables that this role may not SELECT.",
                number(absent),
                number(report.counts.rejected)
            );
            html.leaf("p", &[("class", "hint")], &said);
        }
    });
}

fn row(html: &mut Html, group: &RejectGroup, folder: &str) {
    html.node("tr", &[], |html| {
        html.node("td", &[], |html| {
            path(html, below(&group.source_file, folder));
            html.node("small", &[], |html| word(html, &group.sheet_name));
        });
        html.node("td", &[], |html| {
            word(
                html,
                group.column_name.as_deref().unwrap_or("the whole row"),
            );
        });
        html.node("td", &[], |html| {
            text(html, &group.reason);
            let what = if group.whole_row {
                "row left out"
            } else {
                "NULL stored"
            };
            html.node("small", &[], |html| {
                html.text(what);
                html.text(", ");
                word(html, &group.sqlstate);
            });
        });
        html.leaf("td", &[("class", "n")], &number(group.count));
        html.node("td", &[], |html| {
            html.node("ul", &[], |html| {
                for sample in &group.samples {
                    html.node("li", &[], |html| {
                        html.node("b", &[], |html| word(html, &sample.place));
                        html.text(" ");
                        match &sample.value {
                            Some(value) => code(html, value),
                            None => html.leaf("i", &[], "no value to show"),
                        }
                    });
                }
            });
        });
    });
}
