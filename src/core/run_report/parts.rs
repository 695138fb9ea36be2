//! What several sections of the page are made of.

use crate::count::grouped;
use crate::ellipsis::{keep_end, keep_start};
use crate::html::Html;

/// Longest path shown, in characters: its end stays.
const PATH: usize = 160;
/// Longest name of a sheet, column, table, type or role.
const NAME: usize = 64;
/// Longest sentence, value or statement.
const TEXT: usize = 300;

/// What a missing figure is shown as.
pub const NONE: &str = "–";

/// A name amid a sentence, which it cannot turn around (bdi).
pub fn word(html: &mut Html, text: &str) {
    html.node("bdi", &[], |html| html.name(&keep_start(text, NAME)));
}

/// A path, its end at least.
pub fn path(html: &mut Html, text: &str) {
    html.node("bdi", &[("class", "path")], |html| {
        html.name(&keep_end(text, PATH))
    });
}

/// A text with its lines.
pub fn text(html: &mut Html, text: &str) {
    html.node("bdi", &[("class", "text")], |html| {
        html.text(&keep_start(text, TEXT))
    });
}

/// A file's status or a run's state, with its colour.
pub fn state(html: &mut Html, class: &str, state: &str) {
    let class = format!("{class} {}", tone(state));
    html.node("span", &[("class", &class)], |html| {
        html.name(&keep_start(spoken(state), NAME));
    });
}

/// What a cell holds, or a statement.
pub fn code(html: &mut Html, text: &str) {
    html.node("code", &[], |html| html.name(&keep_start(text, TEXT)));
}

/// A number, which is never negative.
pub fn number(of: i64) -> String {
    grouped(of.max(0).unsigned_abs())
}

/// A number, or a dash.
pub fn number_or_none(of: Option<i64>) -> String {
    of.map_or_else(|| NONE.to_owned(), number)
}

/// The path of a file below the run's folder; of the run's only file its name.
pub fn below<'a>(file: &'a str, folder: &str) -> &'a str {
    match file.strip_prefix(folder.trim_end_matches('/')) {
        Some("") => file.rsplit('/').next().unwrap_or(file),
        Some(rest) if rest.len() > 1 && rest.starts_with('/') => &rest[1..],
        _ => file,
    }
}

/// A section with its heading.
pub fn section(html: &mut Html, heading: &str, content: impl FnOnce(&mut Html)) {
    html.node("section", &[], |html| {
        html.leaf("h2", &[], heading);
        content(html);
    });
    html.line_break();
}

/// Says that there is more than the page shows (`which`: more, earlier), and what has all of it.
pub fn more(html: &mut Html, shown: usize, all: i64, which: &str, statement: &str) {
    let left = all - shown as i64;
    if left <= 0 {
        return;
    }
    html.node("p", &[("class", "more")], |html| {
        html.text(&format!("… and {} {which}: ", number(left)));
        html.leaf("code", &[], statement);
    });
}

/// A table; `class` names its columns for narrow screens in the style sheet.
/// A heading that begins with `#` stands over numbers.
pub fn table(
    html: &mut Html,
    class: &'static str,
    headings: &[&str],
    rows: impl FnOnce(&mut Html),
) {
    html.node("table", &[("class", class)], |html| {
        html.node("thead", &[], |html| {
            html.node("tr", &[], |html| {
                for heading in headings {
                    let (class, text) = match heading.strip_prefix('#') {
                        Some(text) => ("n", text),
                        None => ("", *heading),
                    };
                    html.leaf("th", &[("scope", "col"), ("class", class)], text);
                }
            });
        });
        html.node("tbody", &[], rows);
    });
}

/// The class of a file's status or a run's state: its colour.
pub fn tone(state: &str) -> &'static str {
    match state {
        "imported" | "done" => "good",
        "replaced" | "running" | "queued" => "info",
        "failed" | "undone" | "interrupted" | "done with failures" => "bad",
        "paused" | "not_tried" => "warn",
        _ => "calm",
    }
}

/// A state as a person says it.
pub fn spoken(state: &str) -> &str {
    match state {
        "not_tried" => "not tried",
        other => other,
    }
}
