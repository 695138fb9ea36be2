//! Draws cases: months of one template, each with its own slips.

use crate::case::{
    Case, Cell, DATE_FORMATS, ELAPSED_FORMATS, Encoding, FORMATS, File, ISO, Step, Storage,
    TIME_FORMATS, Widening,
};
use crate::model::names::{FOREIGN, LONG_FOREIGN};
use crate::pools::{BLANK_TEXTS, BROKEN, ERRORS, HEADERS, NOT_FINITE, NUMBERS, TEXTS};
use crate::rng::Rng;

/// What a column is about.
#[derive(Clone, Copy, PartialEq)]
enum Topic {
    Nothing,
    Integer,
    Number,
    Date,
    Timestamp,
    Time,
    Elapsed,
    Boolean,
    Text,
    Anything,
}

use Topic::*;

const TOPICS: &[Topic] = &[
    Nothing, Integer, Integer, Number, Date, Date, Timestamp, Time, Elapsed, Boolean, Text,
    Anything,
];

#[derive(Clone)]
struct Column {
    /// Line of [`HEADERS`].
    family: usize,
    header: Cell,
    topic: Topic,
}

pub fn case(seed: u64) -> Case {
    let rng = &mut Rng::new(seed);
    let template: Vec<Column> = (0..rng.between(1, 6)).map(|_| column(rng)).collect();
    let count = rng.pick(&[1, 2, 2, 3, 3, 4]);
    let files: Vec<File> = (0..count).map(|_| file(rng, &template)).collect();
    let runs = [steps(rng, count), steps(rng, count)];
    Case { files, runs }
}

/// Every file once, in some order.
fn steps(rng: &mut Rng, count: usize) -> Vec<Step> {
    let order = rng.shuffled(count);
    let step = |file| Step {
        file,
        chunk: rng.pick(&[1, 1, 2, 3, 5, 10, 49, 50, 51, 60, 1000]),
        encoding: rng.pick(&[Encoding::Binary, Encoding::Text]),
        widening: rng.pick(&[
            Widening::Resume,
            Widening::Resume,
            Widening::Again,
            Widening::Reopen,
        ]),
        auto_header: rng.percent(50),
    };
    order.into_iter().map(step).collect()
}

fn column(rng: &mut Rng) -> Column {
    let family = rng.below(HEADERS.len() + 2);
    let topic = rng.pick(TOPICS);
    Column {
        family,
        header: header(rng, family),
        topic,
    }
}

fn header(rng: &mut Rng, family: usize) -> Cell {
    let shared = |text: &str| Cell::Text(text.into(), Storage::Shared);
    match (family, rng.below(100)) {
        (_, 0..4) => Cell::Absent,
        (_, 4..6) => shared(rng.pick(BLANK_TEXTS)),
        (_, 6) => Cell::Uncomputed,
        (_, 7) => Cell::Error {
            literal: rng.pick(ERRORS),
            formula: false,
        },
        (_, 8) => Cell::Number {
            digits: rng.pick(&["2019", "2020", "1.5"]).to_string(),
            format: 0,
            formula: false,
        },
        (_, 9) => Cell::Serial {
            millis: 45_292 * 86_400_000,
            tenths: 0,
            format: DATE_FORMATS,
            formula: false,
        },
        (_, 10) => shared(rng.pick(FOREIGN).0),
        (at, _) => match HEADERS.get(at) {
            Some(line) => Cell::Text(
                rng.pick(line).into(),
                rng.pick(&[Storage::Shared, Storage::Inline]),
            ),
            None if at == HEADERS.len() => shared(rng.pick(&[LONG_FOREIGN, "Prénom", "日期"])),
            None => shared(rng.pick(FOREIGN).0),
        },
    }
}

/// One month: the template with headers renamed, dropped, added, repeated and moved.
fn file(rng: &mut Rng, template: &[Column]) -> File {
    let mut columns: Vec<Column> = template.to_vec();
    for column in &mut columns {
        if rng.percent(25) {
            column.header = header(rng, column.family);
        }
        if rng.percent(15) {
            column.topic = rng.pick(TOPICS);
        }
    }
    if rng.percent(20) {
        columns.remove(rng.below(columns.len()));
    }
    if rng.percent(20) {
        columns.insert(rng.below(columns.len() + 1), column(rng));
    }
    if rng.percent(15) && !columns.is_empty() {
        let twin = columns[rng.below(columns.len())].clone();
        columns.insert(rng.below(columns.len() + 1), twin);
    }
    if rng.percent(30) {
        columns = rng
            .shuffled(columns.len())
            .into_iter()
            .map(|at| columns[at].clone())
            .collect();
    }
    let plain = if rng.percent(8) {
        rng.between(20, 110)
    } else {
        0
    };
    let mut rows: Vec<Vec<Cell>> = (0..plain).map(|_| row(rng, &columns, true)).collect();
    for _ in 0..rng.between(0, 7) {
        rows.push(row(rng, &columns, false));
    }
    let header = columns.iter().map(|column| column.header.clone()).collect();
    File {
        date1904: rng.percent(10),
        positions: rng.percent(80),
        header,
        rows,
    }
}

fn row(rng: &mut Rng, columns: &[Column], plain: bool) -> Vec<Cell> {
    let mut cells: Vec<Cell> = match rng.below(if plain { 400 } else { 20 }) {
        0 => Vec::new(),
        1 => columns.iter().map(|_| nothing(rng)).collect(),
        _ => columns
            .iter()
            .map(|column| cell(rng, column.topic, plain))
            .collect(),
    };
    // A value beside the headers.
    if !plain && rng.percent(4) {
        cells.resize(columns.len() + rng.below(3), Cell::Absent);
        cells.push(cell(rng, Anything, false));
    }
    cells
}

fn nothing(rng: &mut Rng) -> Cell {
    match rng.below(4) {
        0 | 1 => Cell::Absent,
        2 => Cell::Styled,
        _ => Cell::Text(rng.pick(BLANK_TEXTS).into(), storage(rng)),
    }
}

fn storage(rng: &mut Rng) -> Storage {
    rng.pick(&[
        Storage::Shared,
        Storage::Shared,
        Storage::Inline,
        Storage::Formula,
        Storage::Plain,
    ])
}

fn cell(rng: &mut Rng, topic: Topic, plain: bool) -> Cell {
    if !plain {
        match rng.below(100) {
            0..6 => return nothing(rng),
            6..9 => {
                return Cell::Error {
                    literal: rng.pick(ERRORS),
                    formula: rng.percent(50),
                };
            }
            9 | 10 => return Cell::Uncomputed,
            11 => {
                let (kind, raw) = rng.pick(BROKEN);
                return Cell::Broken(kind, raw);
            }
            12 => return number(rng, NOT_FINITE),
            13..19 => return cell(rng, Anything, true),
            _ => {}
        }
    }
    match topic {
        Nothing => nothing(rng),
        Integer => {
            let digits = rng.between(-1000, 1000).to_string();
            Cell::Number {
                digits,
                format: rng.below(DATE_FORMATS),
                formula: rng.percent(10),
            }
        }
        Number => number(rng, NUMBERS),
        Date => serial(rng, DATE_FORMATS, TIME_FORMATS, true),
        Timestamp if rng.percent(15) => Cell::Iso(rng.below(ISO.len())),
        Timestamp => serial(rng, DATE_FORMATS, TIME_FORMATS, false),
        Time => serial(rng, TIME_FORMATS, ELAPSED_FORMATS, false),
        Elapsed => serial(rng, ELAPSED_FORMATS, FORMATS.len(), false),
        Boolean => Cell::Boolean {
            value: rng.percent(50),
            formula: rng.percent(20),
        },
        Text => Cell::Text(rng.pick(TEXTS).into(), storage(rng)),
        Anything => {
            let topic = rng.pick(TOPICS);
            cell(rng, if topic == Anything { Number } else { topic }, plain)
        }
    }
}

fn number(rng: &mut Rng, from: &[&str]) -> Cell {
    let digits = match rng.percent(25) {
        true if from.len() > 5 => (rng.between(-999_999, 999_999) as f64 / 7.0).to_string(),
        _ => rng.pick(from).to_string(),
    };
    Cell::Number {
        digits,
        format: rng.below(DATE_FORMATS),
        formula: rng.percent(10),
    }
}

/// A moment in one of the formats `from..to`, near the edges of what dates and times there are, or anywhere.
fn serial(rng: &mut Rng, from: usize, to: usize, whole: bool) -> Cell {
    let day = match rng.below(10) {
        0 => rng.pick(&[
            0, 1, 2, 58, 59, 60, 61, 62, -1, 2_957_003, 2_957_004, 2_958_465, 2_958_466, 3_000_000,
        ]),
        _ if from == TIME_FORMATS && rng.percent(85) => 0,
        _ if from == ELAPSED_FORMATS => rng.between(0, 40),
        _ => rng.between(36_000, 46_000),
    };
    let clock = match (whole, rng.below(10)) {
        (true, 0..9) => 0,
        (_, 0) => rng.pick(&[0, 1, 500, 43_200_000, 86_399_999]),
        (_, 1..5) => rng.between(0, 86_399) * 1000,
        _ => rng.between(0, 86_399_999),
    };
    let tenths = if rng.percent(20) {
        rng.between(-3, 3)
    } else {
        0
    };
    Cell::Serial {
        millis: day * 86_400_000 + clock,
        tenths,
        format: from + rng.below(to - from),
        formula: rng.percent(10),
    }
}
