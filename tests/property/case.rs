//! What one case is made of: workbooks, and two ways of importing them.

/// Workbooks with one sheet each, imported twice into a new table.
#[derive(Debug, Clone)]
pub struct Case {
    pub files: Vec<File>,
    pub runs: [Vec<Step>; 2],
}

/// One import.
#[derive(Debug, Clone)]
pub struct Step {
    /// Index into [`Case::files`].
    pub file: usize,
    /// `pgdatahub.chunk_size`
    pub chunk: u32,
    pub encoding: Encoding,
    /// What happens at a misfit in a table that this import did not create.
    pub widening: Widening,
    /// The header row is looked for, where only row 1 can be found.
    pub auto_header: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Encoding {
    Binary,
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Widening {
    /// The table is altered, the stream goes on at the misfit's row.
    Resume,
    /// The rows so far are dropped, the table is altered, the stream begins again.
    Again,
    /// All is rolled back, and the file opened again with the types now known.
    Reopen,
}

/// A workbook's sheet. The header is row 1.
#[derive(Debug, Clone)]
pub struct File {
    pub date1904: bool,
    /// Whether rows and cells say where they stand; else they follow one another.
    pub positions: bool,
    pub header: Vec<Cell>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Absent,
    /// A cell with a style and no value.
    Styled,
    /// Text as its author typed it; U+E000 stands for a lone surrogate.
    Text(String, Storage),
    /// A number as the file writes it.
    Number {
        digits: String,
        format: usize,
        formula: bool,
    },
    /// A moment: a serial of so many milliseconds and tenths of one.
    Serial {
        millis: i64,
        tenths: i64,
        format: usize,
        formula: bool,
    },
    /// Index into [`ISO`].
    Iso(usize),
    Boolean {
        value: bool,
        formula: bool,
    },
    Error {
        literal: &'static str,
        formula: bool,
    },
    /// A formula whose result was never computed.
    Uncomputed,
    /// A cell of this type that holds no value of its type.
    Broken(&'static str, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Storage {
    Shared,
    Inline,
    /// `t="str"` with a formula
    Formula,
    /// `t="str"` without one
    Plain,
}

/// What a number format shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shows {
    Number,
    Date,
    Time,
    Elapsed,
}

/// A number format, and what it shows for positive, negative and zero.
pub struct Format {
    /// Built-in number, where there is no code.
    pub id: u32,
    pub code: &'static str,
    pub shows: [Shows; 3],
}

const fn builtin(id: u32, shows: Shows) -> Format {
    let shows = [shows; 3];
    Format {
        id,
        code: "",
        shows,
    }
}

const fn custom(code: &'static str, shows: Shows) -> Format {
    let shows = [shows; 3];
    Format { id: 0, code, shows }
}

use Shows::{Date, Elapsed, Number, Time};

/// Number formats first, date formats from [`DATE_FORMATS`] on, then times, then elapsed times.
pub const FORMATS: &[Format] = &[
    builtin(0, Number),
    builtin(1, Number),
    builtin(4, Number),
    builtin(9, Number),
    builtin(11, Number),
    builtin(49, Number),
    custom("0.00 \"days\"", Number),
    custom("[Red]0.0;[Blue]-0.0", Number),
    custom("#,##0.00\\ [$€-407];\\-#,##0.00\\ [$€-407]", Number),
    custom("0.00E+00", Number),
    builtin(14, Date),
    builtin(17, Date),
    builtin(22, Date),
    custom("yyyy-mm-dd", Date),
    custom("dd.mm.yyyy hh:mm:ss.000", Date),
    custom("[$-409]d-mmm-yy;@", Date),
    custom("yyyy-mm-dd;;\"-\"", Date),
    custom("\"am\" d.", Date),
    Format {
        id: 0,
        code: "yyyy-mm-dd;0.00",
        shows: [Date, Number, Date],
    },
    Format {
        id: 0,
        code: "yyyy/m/d;-0;0",
        shows: [Date, Number, Number],
    },
    builtin(18, Time),
    builtin(20, Time),
    builtin(21, Time),
    builtin(45, Time),
    builtin(47, Time),
    custom("hh:mm;@", Time),
    custom("h:mm AM/PM", Time),
    custom("mm:ss.000", Time),
    builtin(46, Elapsed),
    custom("[h]:mm", Elapsed),
    custom("[mm]:ss", Elapsed),
    custom("[ss].000", Elapsed),
];

pub const DATE_FORMATS: usize = 10;
pub const TIME_FORMATS: usize = 20;
pub const ELAPSED_FORMATS: usize = 28;

/// ISO 8601 cells: what stands in the file; its day, if it has one, as year, month, day; milliseconds, if it has a clock.
/// Neither: no value can be read from it.
pub type Iso = (&'static str, Option<(i64, i64, i64)>, Option<i64>);

pub const ISO: &[Iso] = &[
    ("2024-02-29", Some((2024, 2, 29)), None),
    (
        "2024-03-31T12:30:05.678",
        Some((2024, 3, 31)),
        Some(45_005_678),
    ),
    ("1999-12-31T00:00:00", Some((1999, 12, 31)), None),
    (
        "9999-12-31T23:59:59Z",
        Some((9999, 12, 31)),
        Some(86_399_000),
    ),
    ("2024-01-01T23:59:59.9999", Some((2024, 1, 2)), None),
    ("13:45", None, Some(49_500_000)),
    ("T08:00:00.5", None, Some(28_800_500)),
    ("2023-02-29", None, None),
    ("2024-03-31T12:30:00+02:00", None, None),
    ("24:00:00", None, None),
    ("yesterday", None, None),
];
