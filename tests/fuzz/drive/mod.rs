//! What is fuzzed: one function of bytes for each place where bytes of a stranger come in.
//!
//! libFuzzer drives them (`../targets`), and so does a test of the normal suite, over seeds and mutations
//! (`../smoke`). Each panics where a promise is broken; that an input fails is none.

pub mod bundle;
mod cells;
mod checked_sink;
mod child;
mod conversation;
mod differential;
pub mod raw_zip;
mod rules;
pub mod seeds;

use std::sync::OnceLock;

/// A fuzz target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("package", conversation::read),
    ("xls", conversation::read),
    ("xlsx", bundled),
    ("xlsb", bundled),
    ("ods", bundled),
    ("sheet", sheet),
    ("strings", strings),
    ("template", differential::template),
    ("oracle", differential::oracle),
    ("frames", child::frames),
    ("control", child::control),
    ("rows", child::row_frame),
    ("config", rules::config),
    ("text", rules::text),
];

/// Runs the target of this name; false where there is none.
pub fn run(name: &str, input: &[u8]) -> bool {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.map(|(_, run)| run(input)).is_some()
}

fn bundled(input: &[u8]) {
    conversation::read(&bundle::to_zip(input));
}

/// A workbook whose sheet is the input.
fn sheet(input: &[u8]) {
    within(input, "xl/worksheets/sheet1.xml");
}

/// A workbook whose shared strings are the input.
fn strings(input: &[u8]) {
    within(input, "xl/sharedStrings.xml");
}

fn within(input: &[u8], part: &str) {
    static WORKBOOK: OnceLock<Vec<u8>> = OnceLock::new();
    let workbook = WORKBOOK.get_or_init(seeds::plain_bundle);
    bundled(&bundle::with_part(workbook, part, input));
}
