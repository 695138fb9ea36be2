//! The slowest files as bars. Lengths are shares of the width and letters keep
//! their size, so the same drawing serves a telephone and a wide screen.

use super::parts::{below, section, tone};
use super::{FileLine, RunReport};
use crate::count::{duration, plural};
use crate::ellipsis::keep_end;
use crate::html::Html;

/// Height of a bar with its label, in CSS pixels.
const STEP: usize = 34;
/// Longest label in characters: what 400 pixels have room for beside the time.
const LABEL: usize = 38;

pub fn write(html: &mut Html, report: &RunReport) {
    let files = &report.slowest;
    let Some(longest) = files
        .iter()
        .filter_map(|file| file.seconds)
        .reduce(f64::max)
    else {
        return;
    };
    let all = report.counts.timed;
    let heading = match files.len() {
        1 => "The time it took".to_owned(),
        shown if shown as i64 == all => "The slowest files first".to_owned(),
        shown => format!("The {shown} slowest files"),
    };
    section(html, &heading, |html| {
        let height = (files.len() * STEP).to_string();
        let about = [
            ("class", "times"),
            ("height", height.as_str()),
            ("role", "img"),
            ("aria-labelledby", "times-title times-desc"),
        ];
        html.node("svg", &about, |html| {
            html.leaf("title", &[("id", "times-title")], "Time taken by file");
            html.node("desc", &[("id", "times-desc")], |html| {
                html.name(&described(files, &report.run.path));
            });
            for (at, file) in files.iter().enumerate() {
                bar(html, at, file, longest, &report.run.path);
                html.line_break();
            }
        });
        let left = all - files.len() as i64;
        if left > 0 {
            let said = format!(
                "… and {} that took less.",
                plural(left.unsigned_abs(), "more file")
            );
            html.leaf("p", &[("class", "more")], &said);
        }
    });
}

fn label(file: &FileLine, folder: &str) -> String {
    keep_end(below(&file.source_file, folder), LABEL)
}

fn described(files: &[FileLine], folder: &str) -> String {
    let bars = files.iter().map(|file| {
        format!(
            "{}: {}",
            label(file, folder),
            duration(file.seconds.unwrap_or(0.0))
        )
    });
    bars.collect::<Vec<_>>().join("; ")
}

fn bar(html: &mut Html, at: usize, file: &FileLine, longest: f64, folder: &str) {
    let seconds = file.seconds.unwrap_or(0.0);
    // A bar that is there at all is seen.
    let share = if longest > 0.0 {
        seconds / longest
    } else {
        0.0
    };
    let width = format!("{:.2}%", (share * 100.0).clamp(0.4, 100.0));
    let (text_y, bar_y) = ((at * STEP + 14).to_string(), (at * STEP + 20).to_string());
    html.node("g", &[], |html| {
        html.node("title", &[], |html| {
            html.name(&keep_end(&file.source_file, 160));
            let rows = match file.row_count {
                Some(rows) => plural(rows.unsigned_abs(), "row"),
                None => "no rows".to_owned(),
            };
            html.text(&format!(": {rows} in {}", duration(seconds)));
        });
        html.node("text", &[("x", "0"), ("y", &text_y)], |html| {
            html.name(&label(file, folder))
        });
        let end = [
            ("class", "n"),
            ("x", "100%"),
            ("y", text_y.as_str()),
            ("text-anchor", "end"),
        ];
        html.leaf("text", &end, &duration(seconds));
        let track = [
            ("class", "track"),
            ("x", "0"),
            ("y", bar_y.as_str()),
            ("width", "100%"),
            ("height", "7"),
            ("rx", "3.5"),
        ];
        html.void("rect", &track);
        let bar = [
            ("class", tone(&file.status)),
            ("x", "0"),
            ("y", bar_y.as_str()),
            ("width", width.as_str()),
            ("height", "7"),
            ("rx", "3.5"),
        ];
        html.void("rect", &bar);
    });
}
