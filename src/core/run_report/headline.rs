//! The top of the page: what the run was, and what came of it.

use super::parts::{number, path, section, spoken, state, text, tone, word};
use super::{Counts, Live, Run, RunReport};
use crate::count::{bytes, duration, plural};
use crate::html::Html;

pub fn write(html: &mut Html, report: &RunReport) {
    let run = &report.run;
    html.node("header", &[], |html| {
        html.node("h1", &[], |html| {
            html.text(&format!("Run {} ", run.run_id));
            state(html, "badge", &run.state);
        });
        html.node("p", &[("class", "where")], |html| {
            word(html, &run.kind);
            html.text(" ");
            path(html, &run.path);
        });
        facts(html, report);
    });
    html.line_break();
    remarks(html, report);
    if let Some(live) = &report.live {
        now(html, run, live);
    }
    tiles(html, report);
    outcome(html, report);
}

fn facts(html: &mut Html, report: &RunReport) {
    let run = &report.run;
    let ended = match &run.finished_at {
        Some(at) => at,
        None => "not yet",
    };
    let workers = run.workers.map(|workers| workers.to_string());
    let facts = [
        ("Started", Some(run.started_at.as_str())),
        ("by", Some(run.started_by.as_str())),
        ("Ended", Some(ended)),
        ("Workers asked for", workers.as_deref()),
        ("Reason", run.reason.as_deref()),
    ];
    html.node("dl", &[], |html| {
        for (name, value) in facts {
            let Some(value) = value else { continue };
            // One that does not fit goes to the next line as a whole.
            html.node("div", &[], |html| {
                html.leaf("dt", &[], name);
                html.text(" ");
                html.node("dd", &[], |html| word(html, value));
            });
        }
    });
}

/// What one must know to read the figures right.
fn remarks(html: &mut Html, report: &RunReport) {
    let (run, counts) = (&report.run, &report.counts);
    let mut remark = |class: &str, said: &str| html.leaf("p", &[("class", class)], said);
    if report.made.on_standby && run.is_open() {
        remark(
            "remark",
            "This is a standby: it does not see the sessions and workers of its primary, so a run that goes on there may look interrupted here.",
        );
    } else if run.state == "running" && report.live.is_none() {
        remark(
            "remark warn",
            "No session is at work on this run now: it was broken off, by a crash or by the end of its session. What is listed is in.",
        );
    }
    if run.finished_at.is_some() && run.files == 0 && counts.lines == 0 {
        remark("remark", "No workbook was found there.");
    } else if counts.lines == 0 && !run.is_open() {
        remark("remark", "No file was begun.");
    }
    if counts.reverted > 0 {
        let said = format!(
            "The rows of {} of this run were removed since, by a revert or by a newer import.",
            plural(counts.reverted.unsigned_abs(), "import")
        );
        remark("remark warn", &said);
    }
    if let Some(message) = &run.message {
        html.node("p", &[("class", "remark bad")], |html| text(html, message));
    }
    html.line_break();
}

fn now(html: &mut Html, run: &Run, live: &Live) {
    section(html, "Now", |html| {
        let share = format!("{:.3}", live.share.clamp(0.0, 1.0));
        let label = [
            ("max", "1"),
            ("value", share.as_str()),
            ("aria-label", "share of the bytes that are done"),
        ];
        html.node("progress", &label, |html| html.text(&share));
        html.node("p", &[], |html| {
            let files = number(live.files.max(run.files));
            html.text(&format!(
                "{} of {files} files done, {} so far",
                number(live.files_done),
                plural(live.row_count.max(0).unsigned_abs(), "row")
            ));
            if let Some(eta) = live.eta {
                html.text(&format!(", about {} left", roughly(eta)));
            }
            if let Some(file) = &live.current_file {
                html.text("; in hand: ");
                path(html, file);
            }
        });
    });
}

/// An estimate, which has no fractions of a second.
fn roughly(seconds: f64) -> String {
    match seconds {
        few if few < 59.5 => format!("{:.0} s", few.max(1.0)),
        many => duration(many),
    }
}

fn tiles(html: &mut Html, report: &RunReport) {
    let (run, counts) = (&report.run, &report.counts);
    let files = match run
        .files
        .max(report.live.as_ref().map_or(0, |live| live.files))
    {
        all if run.is_open() && all > counts.files => {
            format!("{} of {}", number(counts.files), number(all))
        }
        all => number(all.max(counts.files)),
    };
    let so_far = if run.is_open() { "so far" } else { "took" };
    let alarming = |of: i64| if of > 0 { "bad" } else { "" };
    let figures = [
        ("files", files, ""),
        ("rows loaded", number(counts.row_count), ""),
        (
            "files failed",
            number(counts.failed),
            alarming(counts.failed),
        ),
        (
            "rejects",
            number(counts.rejected),
            if counts.rejected > 0 { "warn" } else { "" },
        ),
        ("schema changes", number(report.change_count), ""),
        (so_far, duration(run.seconds), ""),
        ("read", bytes(counts.bytes.max(0).unsigned_abs()), ""),
    ];
    html.node("ul", &[("class", "tiles")], |html| {
        for (what, figure, class) in &figures {
            html.node("li", &[("class", class)], |html| {
                html.leaf("b", &[], figure);
                html.text(" ");
                html.leaf("span", &[], what);
            });
        }
    });
    html.line_break();
}

/// The parts of the outcome, as a bar and in words.
fn outcome(html: &mut Html, report: &RunReport) {
    let Counts {
        imported,
        replaced,
        skipped,
        failed,
        not_tried,
        gone,
        ..
    } = report.counts;
    let parts = [
        ("imported", imported),
        ("replaced", replaced),
        ("skipped", skipped),
        ("failed", failed),
        ("not_tried", not_tried),
    ];
    let ignored = report.run.ignored;
    let all: i64 = parts.iter().map(|(_, count)| count).sum();
    if all > 0 {
        bar(html, &parts, all);
    }
    html.node("ul", &[("class", "legend")], |html| {
        for (status, count) in parts.iter().filter(|(_, count)| *count > 0) {
            html.node("li", &[("class", tone(status))], |html| {
                html.text(&format!("{} {}", number(*count), spoken(status)));
            });
        }
        let others = [
            (gone, format!("{} gone since", number(gone))),
            (
                ignored,
                format!("{} ignored", plural(ignored.unsigned_abs(), "other file")),
            ),
        ];
        for (count, said) in &others {
            if *count > 0 {
                html.leaf("li", &[("class", "calm")], said);
            }
        }
    });
    html.line_break();
}

fn bar(html: &mut Html, parts: &[(&str, i64)], all: i64) {
    let percent = |count: i64| 100.0 * count as f64 / all as f64;
    let said: Vec<String> = parts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| format!("{} {}", number(*count), spoken(status)))
        .collect();
    let about = [
        ("class", "outcome"),
        ("role", "img"),
        ("aria-labelledby", "outcome-title outcome-desc"),
    ];
    html.node("svg", &about, |html| {
        html.leaf(
            "title",
            &[("id", "outcome-title")],
            "What became of the files",
        );
        html.leaf("desc", &[("id", "outcome-desc")], &said.join(", "));
        let mut at = 0.0;
        for (status, count) in parts.iter().filter(|(_, count)| *count > 0) {
            let (x, width) = (format!("{at:.2}%"), format!("{:.2}%", percent(*count)));
            let place = [
                ("class", tone(status)),
                ("x", x.as_str()),
                ("y", "0"),
                ("width", width.as_str()),
                ("height", "100%"),
            ];
            html.void("rect", &place);
            at += percent(*count);
        }
    });
}
