//! The states that a job went through.

use super::RunReport;
use super::parts::{NONE, more, section, state, table, text, word};
use crate::html::Html;

const HEADINGS: [&str; 4] = ["Since", "State", "By", "Why"];

pub fn write(html: &mut Html, report: &RunReport) {
    if report.states.is_empty() {
        return;
    }
    section(html, "The job's states", |html| {
        table(html, "states", &HEADINGS, |html| {
            for was in &report.states {
                html.node("tr", &[], |html| {
                    html.node("td", &[], |html| word(html, &was.changed_at));
                    html.node("td", &[], |html| {
                        state(html, "state", &was.state);
                    });
                    html.node("td", &[], |html| word(html, &was.changed_by));
                    html.node("td", &[], |html| match (&was.reason, &was.message) {
                        (Some(reason), None) => word(html, reason),
                        (_, Some(message)) => text(html, message),
                        (None, None) => html.text(NONE),
                    });
                });
                html.line_break();
            }
        });
        let all = format!(
            "SELECT * FROM pgdatahub.job_states WHERE run_id = {} ORDER BY changed_at",
            report.run.run_id
        );
        more(
            html,
            report.states.len(),
            report.state_count,
            "earlier",
            &all,
        );
    });
}
