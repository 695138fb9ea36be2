//! A sheet's header row, and the types of its first rows.

use crate::fail::{Failed, FailureKind, Result, corrupt, failed};
use crate::row::{Cell, Content, Row};
use crate::rows::{SheetRows, Workbook};
use crate::sample::{MAX_KEPT_BYTES, SampleBounds};
use crate::tally::{CellCount, RestTypes};
use pgdatahub_core::header::{self, CandidateRow};
use pgdatahub_core::protocol::{Head, HeadRequest, Header, HeaderChoice};
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::{naming, text_form};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// The header is looked for in this many first rows.
const SEARCHED_ROWS: u32 = 50;

/// Excel's bound on a cell's text, in characters.
const MAX_HEADER_CHARACTERS: usize = 32_767;

/// A sheet whose header is known, and its rows up to where they have been read.
pub struct SheetReading {
    /// Index of the sheet.
    pub sheet: usize,
    /// Data rows already read, not yet streamed.
    pub kept: VecDeque<Row>,
    /// The rows behind them.
    pub rest: Box<dyn SheetRows>,
    /// Header row, from 1; 0 for a sheet without any.
    pub header_row: u32,
    /// Header texts by column.
    pub headers: BTreeMap<u32, String>,
}

/// Finds header and first types.
///
/// # Errors
/// BadArgument (22023) for a sheet or header row that does not exist,
/// OtherTemplate (22000), and those of the rows.
pub fn find(
    workbook: &dyn Workbook,
    request: &HeadRequest,
    max_cells: u64,
) -> Result<(Head, SheetReading)> {
    let sheet = request.sheet as usize;
    let mut rest = workbook.rows(sheet)?;
    let mut bounds = SampleBounds {
        rows: u64::from(SEARCHED_ROWS),
        bytes: MAX_KEPT_BYTES,
    };
    let mut search = match &request.header {
        HeaderChoice::Auto { known } => search_auto(rest.as_mut(), known, &mut bounds)?,
        HeaderChoice::Row(number) => search_row(rest.as_mut(), *number)?,
    };
    let have = search.data.len() as u64;
    bounds.rows = u64::from(request.sample_rows).saturating_sub(have);
    if !search.complete {
        let more = rest.sample(&mut bounds)?;
        search.complete = more.complete;
        search.data.extend(more.rows);
    }
    let sampled = search.data.len().min(request.sample_rows as usize);
    let mut types = RestTypes::new(CellCount::new(max_cells));
    for row in search.data.iter().take(sampled) {
        types.join(row)?;
    }
    let texts = header_texts(search.header.as_ref())?;
    let head = Head {
        header_row: search.header.as_ref().map(|row| row.number),
        skipped_rows: search.skipped,
        headers: headers(&texts, &types),
        sampled_rows: sampled as u64,
        complete: search.complete && sampled == search.data.len(),
    };
    let reading = SheetReading {
        sheet,
        kept: search.data,
        rest,
        header_row: head.header_row.unwrap_or(0),
        headers: texts,
    };
    Ok((head, reading))
}

/// The header row and what was read around it.
struct Search {
    header: Option<Row>,
    skipped: u32,
    data: VecDeque<Row>,
    complete: bool,
}

fn search_auto(
    rows: &mut dyn SheetRows,
    known: &[String],
    bounds: &mut SampleBounds,
) -> Result<Search> {
    let sample = rows.sample(bounds)?;
    let candidates: Vec<CandidateRow<'_>> = sample
        .rows
        .iter()
        .take_while(|row| row.number <= SEARCHED_ROWS)
        .map(|row| CandidateRow {
            row: row.number,
            cells: row_texts(row).collect(),
        })
        .collect();
    let chosen = header::choose(&candidates, known).map_err(|other| Failed {
        hint: Some("Choose another sheet, or import the file into a table of its own: pgdatahub.import_file('…', table_name => '…').".into()),
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
    Ok(Search {
        header: data.pop_front(),
        skipped: above as u32,
        data,
        complete: sample.complete,
    })
}

fn search_row(rows: &mut dyn SheetRows, number: u32) -> Result<Search> {
    let mut row = Row::default();
    let mut skipped = 0;
    let missing = |what: String| failed(FailureKind::BadArgument, what);
    loop {
        if !rows.next_row(&mut row)? {
            return Err(missing(format!("the sheet ends above header row {number}")));
        }
        if row.is_blank() {
            continue;
        }
        if row.number >= number {
            break;
        }
        skipped += 1;
    }
    if row.number > number {
        return Err(missing(format!("header row {number} is blank")));
    }
    Ok(Search {
        header: Some(row),
        skipped,
        data: VecDeque::new(),
        complete: false,
    })
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
        pgdatahub_core::value::Value::Text(text) => Some(text),
        value => Some(Cow::Owned(text_form::render(&value))),
    }
}

fn header_texts(header: Option<&Row>) -> Result<BTreeMap<u32, String>> {
    let mut texts = BTreeMap::new();
    let Some(row) = header else { return Ok(texts) };
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

/// Columns with a header or with data, by index.
fn headers(texts: &BTreeMap<u32, String>, types: &RestTypes) -> Vec<Header> {
    let mut found: BTreeMap<u32, ColumnType> = types.columns().into_iter().collect();
    for index in texts.keys() {
        found.entry(*index).or_insert(ColumnType::None);
    }
    found
        .into_iter()
        .map(|(index, found)| {
            let text = texts.get(&index).cloned().unwrap_or_default();
            Header { index, text, found }
        })
        .collect()
}
