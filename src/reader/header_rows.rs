//! Where the header is: among the first rows, in rows that were named, or nowhere.

use crate::fail::{Failed, FailureKind, Result, corrupt, failed};
use crate::row::{Cell, Content, Row};
use crate::rows::SheetRows;
use crate::sample::SampleBounds;
use pgdatahub_core::area::Area;
use pgdatahub_core::header::{self, CandidateRow};
use pgdatahub_core::protocol::HeaderChoice;
use pgdatahub_core::value::Value;
use pgdatahub_core::{naming, text_form};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// The header is looked for in this many first rows.
pub const SEARCHED_ROWS: u32 = 50;

/// Excel's bound on a cell's text, in characters.
const MAX_HEADER_CHARACTERS: usize = 32_767;

/// The header and what was read around it.
#[derive(Debug, Default)]
pub struct Search {
    /// The (last) header row, from 1; the row above the first where there is none.
    /// None for a sheet without any row.
    pub last: Option<u32>,
    /// Header texts by column.
    pub texts: BTreeMap<u32, String>,
    /// Non-blank rows above it that are no header.
    pub skipped: u32,
    /// Rows below it that were read.
    pub data: VecDeque<Row>,
    /// Whether the sheet ends there.
    pub complete: bool,
}

/// Finds the header among `rows`, the first of which may be `first_row`.
/// `merged` are the sheet's merged ranges, for headers of several rows.
///
/// # Errors
/// BadArgument (22023) for a header row that does not exist, OtherTemplate (22000).
pub fn search(
    rows: &mut dyn SheetRows,
    choice: &HeaderChoice,
    first_row: u32,
    merged: &[Area],
    bounds: &mut SampleBounds,
) -> Result<Search> {
    match choice {
        HeaderChoice::Auto { known } => auto(rows, known, first_row, bounds),
        HeaderChoice::Row(number) => given(rows, &[*number], merged),
        HeaderChoice::Rows(numbers) => given(rows, numbers, merged),
        HeaderChoice::None => none(rows, first_row, bounds),
    }
}

fn auto(
    rows: &mut dyn SheetRows,
    known: &[String],
    first_row: u32,
    bounds: &mut SampleBounds,
) -> Result<Search> {
    let sample = rows.sample(bounds)?;
    let candidates: Vec<CandidateRow<'_>> = sample
        .rows
        .iter()
        .take_while(|row| row.number - first_row < SEARCHED_ROWS)
        .map(|row| CandidateRow {
            row: row.number,
            cells: row_texts(row).collect(),
        })
        .collect();
    let chosen = header::choose(&candidates, known).map_err(|other| Failed {
        hint: Some("Set header_row if this is the right sheet, or import the file into a table of its own: pgdatahub.import_file('…', table_name => '…').".into()),
        ..failed(
            FailureKind::OtherTemplate,
            format!(
                "no row matches more than {} of {} known headers: another template?",
                other.matched, other.known
            ),
        )
    })?;
    drop(candidates);
    // Where the first 50 rows are blank, the first row that is not is the header.
    let chosen = chosen.unwrap_or(0);
    let mut data = VecDeque::from(sample.rows);
    let above = chosen.min(data.len());
    data.drain(..above);
    let header = data.pop_front();
    Ok(Search {
        last: header.as_ref().map(|row| row.number),
        texts: header.map_or_else(|| Ok(BTreeMap::new()), |row| texts(&row))?,
        skipped: above as u32,
        data,
        complete: sample.complete,
    })
}

fn none(rows: &mut dyn SheetRows, first_row: u32, bounds: &mut SampleBounds) -> Result<Search> {
    let sample = rows.sample(bounds)?;
    Ok(Search {
        last: (!sample.rows.is_empty()).then(|| first_row - 1),
        data: sample.rows.into(),
        complete: sample.complete,
        ..Search::default()
    })
}

/// The rows of these numbers, in ascending order.
fn given(rows: &mut dyn SheetRows, numbers: &[u32], merged: &[Area]) -> Result<Search> {
    let mut row = Row::default();
    let mut found = Search::default();
    let mut wanted = numbers.iter().copied();
    let mut next = wanted.next();
    let missing = |what: String| Failed {
        hint: Some(
            "header_row is a row of the sheet, counted from 1; auto finds the header.".into(),
        ),
        ..failed(FailureKind::BadArgument, what)
    };
    while let Some(number) = next {
        if !rows.next_row(&mut row)? {
            return Err(missing(format!("the sheet ends above header row {number}")));
        }
        if row.is_blank() {
            continue;
        }
        if row.number < number {
            found.skipped += 1;
            continue;
        }
        if row.number > number {
            return Err(missing(format!("header row {number} is blank")));
        }
        let mut own = texts(&row)?;
        if numbers.len() > 1 {
            spread(&mut own, number, merged);
        }
        for (index, text) in own {
            let whole = found.texts.entry(index).or_default();
            if !whole.is_empty() {
                whole.push('_');
            }
            whole.push_str(&text);
        }
        found.last = Some(number);
        next = wanted.next();
    }
    Ok(found)
}

/// A header merged over several columns heads each of them.
fn spread(texts: &mut BTreeMap<u32, String>, number: u32, merged: &[Area]) {
    for area in merged.iter().filter(|area| area.first_row == number) {
        if let Some(text) = texts.get(&area.first_column).cloned() {
            for index in area.first_column + 1..=area.last_column {
                texts.entry(index).or_insert_with(|| text.clone());
            }
        }
    }
}

fn row_texts(row: &Row) -> impl Iterator<Item = (u32, Cow<'_, str>)> {
    row.cells()
        .iter()
        .filter_map(|cell| cell_text(row, cell).map(|text| (cell.index, text)))
}

/// A header cell as the sheet shows it: an error literal too may head a column.
fn cell_text<'a>(row: &'a Row, cell: &'a Cell) -> Option<Cow<'a, str>> {
    if let Content::Rejected(rejected) = &cell.content {
        return Some(Cow::Borrowed(naming::trim(&rejected.raw)));
    }
    match row.value(cell)? {
        // A header loses the spaces at its ends also where values keep theirs.
        Value::Text(Cow::Borrowed(text)) => {
            Some(Cow::Borrowed(naming::trim(text))).filter(|text| !text.is_empty())
        }
        value => Some(Cow::Owned(text_form::render(&value))),
    }
}

fn texts(row: &Row) -> Result<BTreeMap<u32, String>> {
    let mut texts = BTreeMap::new();
    for (index, text) in row_texts(row) {
        if text.chars().nth(MAX_HEADER_CHARACTERS).is_some() {
            let cell = naming::cell(row.number, index);
            return Err(corrupt(format!(
                "The header in cell {cell} is longer than Excel allows."
            )));
        }
        texts.insert(index, text.into_owned());
    }
    Ok(texts)
}
