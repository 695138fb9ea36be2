//! The page about a run: what pgdatahub.report_html returns.
//!
//! One HTML document without scripts or outside resources. It is pure: the same
//! figures make the same page. Its size is bounded whatever the run holds (a few hundred
//! kB, at the very most 8 MB): lists are cut at the limits here, long texts at
//! those of `parts`, and the page says so and names the view that has the rest.

mod changes;
mod chart;
mod files;
mod headline;
mod parts;
mod rejects;
mod states;

use crate::ellipsis::keep_start;
use crate::html::Html;
use parts::word;

/// Most files and sheets listed.
pub const FILES: usize = 300;
/// Most bars of the chart.
pub const BARS: usize = 20;
/// Most groups of rejects.
pub const REJECT_GROUPS: usize = 60;
/// Samples of each group.
pub const SAMPLES: usize = 3;
/// Most schema changes listed.
pub const CHANGES: usize = 150;
/// Most states of a job listed, the latest.
pub const STATES: usize = 50;

/// All that the page tells. Times are texts, in the session's time zone.
#[derive(Debug, Clone, Default)]
pub struct RunReport {
    /// The run itself.
    pub run: Run,
    /// What its files add up to.
    pub counts: Counts,
    /// What it does now, if it is at work.
    pub live: Option<Live>,
    /// Its files, those that failed first; at most [`FILES`].
    pub files: Vec<FileLine>,
    /// Those that took longest; at most [`BARS`].
    pub slowest: Vec<FileLine>,
    /// What was not stored as read; at most [`REJECT_GROUPS`].
    pub rejects: Vec<RejectGroup>,
    /// How many groups there are.
    pub reject_groups: i64,
    /// Rejects that the role may see and that stand.
    pub rejects_shown: i64,
    /// What changed in tables; at most [`CHANGES`].
    pub changes: Vec<Change>,
    /// How many changes there are.
    pub change_count: i64,
    /// The states of a job; at most [`STATES`].
    pub states: Vec<JobState>,
    /// How many states there were.
    pub state_count: i64,
    /// Where the page comes from.
    pub made: Made,
}

/// A run, as view runs shows it.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Run {
    pub run_id: i64,
    pub kind: String,
    pub path: String,
    pub state: String,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub started_by: String,
    pub started_at: String,
    pub finished_at: Option<String>,
    /// From its start to its end, or to now, in seconds.
    pub seconds: f64,
    pub files: i64,
    pub ignored: i64,
    pub workers: Option<i32>,
}

impl Run {
    /// Whether more is to come of it.
    fn is_open(&self) -> bool {
        self.finished_at.is_none()
            && matches!(
                self.state.as_str(),
                "queued" | "running" | "paused" | "interrupted"
            )
    }
}

/// What the files of a run add up to, by the rule of etl_runs: a file has failed
/// if a sheet of it has, else it was replaced, imported, or skipped.
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct Counts {
    /// Files that were done with.
    pub files: i64,
    pub imported: i64,
    pub replaced: i64,
    pub skipped: i64,
    pub failed: i64,
    pub not_tried: i64,
    /// Recorded earlier and no longer in the folder.
    pub gone: i64,
    pub row_count: i64,
    pub rejected: i64,
    /// Sizes of the files, where they are known.
    pub bytes: i64,
    /// Rows of view run_files: one per file and sheet.
    pub lines: i64,
    /// Those that took time: not skipped, not gone, tried.
    pub timed: i64,
    /// Imports whose rows were removed since.
    pub reverted: i64,
}

/// A run at work, as view progress shows it.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Live {
    pub files: i64,
    pub files_done: i64,
    pub current_file: Option<String>,
    pub row_count: i64,
    /// Time left, in seconds.
    pub eta: Option<f64>,
    /// From 0 to 1, by bytes.
    pub share: f64,
}

/// One file and sheet, as view run_files shows it.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct FileLine {
    pub source_file: String,
    pub sheet_name: Option<String>,
    /// `claims`, or `sales.claims` where its schema is not the run's usual one.
    pub table: Option<String>,
    pub status: String,
    pub row_count: Option<i64>,
    pub rows_removed: Option<i64>,
    pub rejected: Option<i64>,
    pub missing_columns: Vec<String>,
    pub seconds: Option<f64>,
    pub file_bytes: Option<i64>,
    pub message: Option<String>,
    pub sqlstate: Option<String>,
    pub detail: Option<String>,
    pub hint: Option<String>,
    pub reverted_at: Option<String>,
    pub reverted_by: Option<String>,
    pub reverted_why: Option<String>,
}

/// Rejects of one sheet that have column and reason in common.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct RejectGroup {
    pub source_file: String,
    pub sheet_name: String,
    pub column_name: Option<String>,
    pub reason: String,
    pub sqlstate: String,
    /// The row was left out; else the column is NULL there.
    pub whole_row: bool,
    pub count: i64,
    /// The first ones; at most [`SAMPLES`].
    pub samples: Vec<Sample>,
}

/// A rejected cell or row.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Sample {
    /// `B12`, or `row 12`.
    pub place: String,
    /// None where there is none, or the role may not see it.
    pub value: Option<String>,
}

/// A column or table that was changed.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Change {
    pub table: String,
    pub change_type: String,
    pub column_name: Option<String>,
    pub old_type: Option<String>,
    pub new_type: Option<String>,
    pub source_file: Option<String>,
    pub statement: String,
    /// It was undone since.
    pub reverted: bool,
}

/// A state that a job had.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct JobState {
    pub changed_at: String,
    pub changed_by: String,
    pub state: String,
    pub reason: Option<String>,
    pub message: Option<String>,
}

/// Where a page comes from.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Made {
    pub at: String,
    pub time_zone: String,
    pub role: String,
    pub database: String,
    pub version: String,
    /// A standby does not see what sessions of the primary do.
    pub on_standby: bool,
}

/// Nothing of a page may load or run anything, even if a text of a file became markup.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Longest title, in characters.
const TITLE: usize = 80;

/// The page.
pub fn html(report: &RunReport) -> String {
    let Run {
        run_id,
        kind,
        state,
        ..
    } = &report.run;
    let title = keep_start(&format!("Run {run_id}: {kind}, {state}"), TITLE);
    let mut html = Html::document();
    html.node("html", &[("lang", "en")], |html| {
        html.node("head", &[], |html| {
            html.void("meta", &[("charset", "utf-8")]);
            let policy = [
                ("http-equiv", "Content-Security-Policy"),
                ("content", POLICY),
            ];
            html.void("meta", &policy);
            let width = "width=device-width, initial-scale=1";
            html.void("meta", &[("name", "viewport"), ("content", width)]);
            html.void(
                "meta",
                &[("name", "color-scheme"), ("content", "light dark")],
            );
            html.node("title", &[], |html| html.name(&title));
            html.style(include_str!("style.css"));
        });
        html.line_break();
        html.node("body", &[], |html| {
            html.node("main", &[], |html| {
                headline::write(html, report);
                files::write(html, report);
                rejects::write(html, report);
                changes::write(html, report);
                chart::write(html, report);
                states::write(html, report);
            });
            footer(html, report);
        });
    });
    html.line_break();
    html.finish()
}

fn footer(html: &mut Html, report: &RunReport) {
    let Made {
        at,
        time_zone,
        role,
        database,
        version,
        ..
    } = &report.made;
    html.node("footer", &[], |html| {
        html.node("p", &[], |html| {
            html.text("Made at ");
            word(html, at);
            html.text(" by role ");
            word(html, role);
            html.text(" in database ");
            word(html, database);
            html.text("; times are those of time zone ");
            word(html, time_zone);
            html.text(". pgdatahub ");
            word(html, version);
        });
    });
}

#[cfg(test)]
mod tests;
