//! A sheet cell by cell as this reader and as calamine have it. Where the two differ, calamine is known
//! to be wrong: see [`excused`].

use calamine::{DataRef, Reader};
use pgdatahub_core::iso;
use pgdatahub_core::naming;
use pgdatahub_core::value::{DAY_USECS, Value};
use pgdatahub_reader::row::{Content, Row};
use pgdatahub_reader::rows::Workbook;
use std::collections::{BTreeMap, BTreeSet};
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
pub const EPOCHS: [i64; 2] = [36_526, 35_064];
/// Number formats of every kind that both readers class alike; [`excused`] has those that calamine does not.
pub const FORMATS: &[&str] = &[
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

fn ours(workbook: &dyn Workbook, sheet: usize, epoch: i64) -> Cells {
    let mut rows = workbook.rows(sheet).unwrap();
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

/// How many cells of a sheet both agree in, and where they differ.
pub fn compare(
    (workbook, content): (&dyn Workbook, &[u8]),
    sheet: usize,
    epoch: i64,
) -> (usize, Vec<String>) {
    let (ours, theirs) = (ours(workbook, sheet, epoch), theirs(content, sheet, epoch));
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let (mut agreed, mut differences) = (0, Vec::new());
    for cell in names {
        match (ours.get(cell), theirs.get(cell)) {
            (mine, other) if mine == other => agreed += 1,
            (mine, other) if excused(mine, other) => {}
            (mine, other) => differences.push(format!("{cell}: {mine:?}, calamine {other:?}")),
        }
    }
    (agreed, differences)
}
