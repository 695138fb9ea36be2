//! Cell by cell against calamine, over the fixtures and over workbooks drawn at
//! random. Where the two differ, calamine is known to be wrong: see [`excused`].

use crate::support::{fixture, open};
use calamine::{DataRef, Reader};
use pgdatahub_core::iso;
use pgdatahub_core::naming;
use pgdatahub_core::value::{DAY_USECS, Value};
use pgdatahub_reader::row::{Content, Row};
use rust_xlsxwriter::{Format, Formula, Workbook};
use std::collections::BTreeMap;
use std::io::Cursor;

/// What a cell holds, as far as both readers tell.
#[derive(Debug, Clone, PartialEq)]
enum Held {
    Number(f64),
    /// Milliseconds since the workbook's epoch.
    Moment(i64),
    Text(String),
    Boolean(bool),
    /// An error literal.
    Error(String),
}

type Cells = BTreeMap<String, Held>;

/// 2000-01-01 as a serial of the 1900 and 1904 systems.
const EPOCHS: [i64; 2] = [36_526, 35_064];
const DAY_MILLIS: f64 = 86_400_000.0;

fn millis(value: &Value<'_>, epoch: i64) -> Option<i64> {
    // Before the 29th of February 1900, which never was, serials are one short.
    let short = |millis: i64| match epoch == EPOCHS[0] && millis < 61 * 86_400_000 {
        true => millis - 86_400_000,
        false => millis,
    };
    match value {
        Value::Date(days) => Some(short((i64::from(*days) + epoch) * 86_400_000)),
        Value::Timestamp(usecs) => Some(short((usecs + epoch * DAY_USECS) / 1_000)),
        Value::Time(usecs) | Value::Interval(usecs) => Some(usecs / 1_000),
        _ => None,
    }
}

fn ours(content: &[u8], sheet: usize, epoch: i64) -> Cells {
    let mut rows = open(content).unwrap().rows(sheet).unwrap();
    let (mut row, mut cells) = (Row::default(), Cells::new());
    while rows.next_row(&mut row).unwrap() {
        for cell in row.cells() {
            let held = match &cell.content {
                Content::Text { .. } => Held::Text(row.text_of(cell).unwrap().to_owned()),
                Content::Value(Value::Bigint(number)) => Held::Number(*number as f64),
                Content::Value(Value::Double(number)) => Held::Number(*number),
                Content::Value(Value::Boolean(boolean)) => Held::Boolean(*boolean),
                Content::Value(value) => Held::Moment(millis(value, epoch).unwrap()),
                // A serial that is no date: what it is, the tests of serials say.
                Content::Rejected(rejected) => match rejected.raw.parse::<f64>() {
                    Ok(serial) => Held::Moment((serial * DAY_MILLIS).round() as i64),
                    Err(_) => Held::Error(rejected.raw.clone()),
                },
                Content::FormulaWithoutValue => continue,
            };
            if held != Held::Text(String::new()) {
                cells.insert(naming::cell(row.number, cell.index), held);
            }
        }
    }
    cells
}

fn theirs(content: &[u8], sheet: usize, epoch: i64) -> Cells {
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(content)).unwrap();
    let name = book.sheet_names()[sheet].clone();
    let mut reader = book.worksheet_cells_reader(&name).unwrap();
    let mut cells = Cells::new();
    // An error literal that it does not know ends a sheet for calamine.
    while let Ok(Some(cell)) = reader.next_cell() {
        let (row, column) = cell.get_position();
        let held = match cell.get_value() {
            DataRef::Empty => continue,
            DataRef::Int(number) => Held::Number(*number as f64),
            DataRef::Float(number) => Held::Number(*number),
            DataRef::String(text) => Held::Text(text.clone()),
            DataRef::SharedString(text) => Held::Text((*text).to_owned()),
            DataRef::Bool(boolean) => Held::Boolean(*boolean),
            DataRef::DateTime(moment) => {
                Held::Moment((moment.as_f64() * DAY_MILLIS).round() as i64)
            }
            DataRef::DateTimeIso(text) => {
                let value = iso::parse_date_or_timestamp(text).unwrap();
                Held::Moment(millis(&value, epoch).unwrap())
            }
            DataRef::DurationIso(text) => Held::Text(text.clone()),
            DataRef::Error(error) => Held::Error(error.to_string()),
        };
        if held != Held::Text(String::new()) {
            cells.insert(naming::cell(row + 1, column), held);
        }
    }
    cells
}

/// Calamine's known faults, each with the rule:
///
/// - a date format's later sections hide nothing of its first (ECMA-376 part 1, §18.8.31: `yyyy-mm-dd;@` is
///   a date), and a literal in quotes or behind a backslash is no token (`0" days"` is a number): calamine
///   looks at letters;
/// - an error literal is any of an open list (§18.18.11 leaves it to the application; Excel adds some now and
///   then): calamine ends the sheet there, and what follows is missed;
/// - the text of `t="str"` and inline cells has its `_xHHHH_` escapes decoded (§22.9.2.19): calamine decodes
///   shared strings only.
fn excused(ours: Option<&Held>, theirs: Option<&Held>) -> bool {
    match (ours, theirs) {
        (Some(Held::Error(literal)), None) => literal == "#SPILL!",
        (Some(Held::Number(number)), Some(Held::Moment(millis)))
        | (Some(Held::Moment(millis)), Some(Held::Number(number))) => {
            (number * DAY_MILLIS).round() as i64 == *millis
        }
        (Some(Held::Text(decoded)), Some(Held::Text(raw))) => {
            raw.contains("_x") && !decoded.contains("_x")
        }
        _ => false,
    }
}

/// How many cells both agree in, and what they do not.
fn compare(name: &str, content: &[u8], sheet: usize, epoch: i64) -> (usize, Vec<String>) {
    let (ours, theirs) = (ours(content, sheet, epoch), theirs(content, sheet, epoch));
    let names: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let (mut agreed, mut differences) = (0, Vec::new());
    for cell in names {
        match (ours.get(cell), theirs.get(cell)) {
            (mine, other) if mine == other => agreed += 1,
            (mine, other) if excused(mine, other) => {}
            (mine, other) => {
                differences.push(format!("{name} {cell}: {mine:?}, calamine {other:?}"))
            }
        }
    }
    (agreed, differences)
}

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
            for sheet in 0..open(&content).unwrap().sheets().len() {
                let (same, other) = compare(&name, &content, sheet, epoch);
                agreed += same;
                differences.extend(other);
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(agreed > 400, "{agreed}");
}

/// Number formats of every kind that both readers tell alike.
const FORMATS: &[&str] = &[
    "General",
    "0.00",
    "#,##0",
    "0%",
    "0.00E+00",
    "yyyy-mm-dd",
    "dd/mm/yyyy hh:mm",
    "hh:mm:ss",
    "[h]:mm",
    "d mmm yy",
    "@",
    "[$-409]d mmm yyyy",
    "[Red]0.0",
];
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
        let (same, differences) = compare(&format!("seed {seed}"), &drawn(seed), 0, EPOCHS[0]);
        assert!(differences.is_empty(), "{differences:#?}");
        agreed += same;
    }
    assert!(agreed > 20_000, "{agreed}");
}
