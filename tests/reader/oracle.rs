//! Cell by cell against calamine, over the fixtures and over workbooks drawn at
//! random. Where the two differ, calamine is known to be wrong: see `excused` beside.

// Shared with the fuzz target `oracle`.
#[path = "../fuzz/drive/cells.rs"]
mod cells;

use crate::support::{fixture, open};
use cells::{EPOCHS, FORMATS, compare};
use rust_xlsxwriter::{Format, Formula, Workbook};

#[test]
fn the_fixtures_hold_what_calamine_reads() {
    let (mut agreed, mut differences) = (0, Vec::new());
    for folder in ["cells", "shapes"] {
        for entry in std::fs::read_dir(fixture(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.ends_with(".xlsx") && !name.ends_with(".xlsm") {
                continue;
            }
            let content = std::fs::read(&path).unwrap();
            let epoch = EPOCHS[usize::from(name.contains("1904"))];
            let workbook = open(&content).unwrap();
            for sheet in 0..workbook.sheets().len() {
                let (same, other) = compare((workbook.as_ref(), &content), sheet, epoch);
                agreed += same;
                differences.extend(other.into_iter().map(|cell| format!("{name} {cell}")));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(agreed > 400, "{agreed}");
}

const TEXTS: &[&str] = &[
    "plain",
    " spaced ",
    "é日本",
    "a & b < c > \"d\"",
    "line\nbreak",
    "tab\there",
    "_x0041_",
    "0012",
    "",
];

/// A workbook of random cells, as rust_xlsxwriter writes it.
fn drawn(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut below = |bound: usize| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    };
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let mut row = 0;
    for _ in 0..below(40) {
        row += 1 + below(6).saturating_sub(4) as u32;
        let mut column = 0;
        for _ in 0..below(12) {
            column += 1 + below(5).saturating_sub(3) as u16;
            let format = Format::new().set_num_format(FORMATS[below(FORMATS.len())]);
            let number = match below(5) {
                0 => below(1_000_000) as f64,
                1 => below(60_000) as f64 / 24.0,
                2 => -(below(1_000) as f64) / 7.0,
                3 => f64::from_bits(0x3FF0_0000_0000_0000 + below(1 << 30) as u64 * 0x1_0001),
                _ => 61.0 + below(40_000) as f64,
            };
            match below(7) {
                0..=2 => sheet.write_with_format(row, column, number, &format),
                3 => sheet.write(row, column, TEXTS[below(TEXTS.len())]),
                4 => sheet.write(row, column, below(2) == 1),
                5 => sheet.write(
                    row,
                    column,
                    Formula::new("=A1&B1").set_result(["12.5", "text", "TRUE", "#N/A"][below(4)]),
                ),
                _ => sheet.write_blank(row, column, &format),
            }
            .unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn drawn_workbooks_hold_what_calamine_reads() {
    let mut agreed = 0;
    for seed in 1..=300 {
        let content = drawn(seed);
        let workbook = open(&content).unwrap();
        let (same, differences) = compare((workbook.as_ref(), &content), 0, EPOCHS[0]);
        assert!(differences.is_empty(), "seed {seed}: {differences:#?}");
        agreed += same;
    }
    assert!(agreed > 20_000, "{agreed}");
}
