//! A sheet's header, and the types of its first rows.

use crate::clean::{Chained, Clean};
use crate::crop::Crop;
use crate::fail::{Failed, FailureKind, Result, failed};
use crate::header_rows::{self, SEARCHED_ROWS};
use crate::row::Row;
use crate::rows::{SheetRows, Workbook};
use crate::rules::ColumnRules;
use crate::sample::{MAX_KEPT_BYTES, SampleBounds};
use crate::tally::{CellCount, RestTypes};
use pgdatahub_core::area::{Area, MAX_COLUMNS, MAX_ROWS};
use pgdatahub_core::naming;
use pgdatahub_core::protocol::{
    Head, HeadRequest, Header, HeaderChoice, ROW_NUMBER_COLUMN, SheetOptions,
};
use pgdatahub_core::types::ColumnType;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

/// A sheet whose header is known, and its rows up to where they have been read.
pub struct SheetReading {
    /// Index of the sheet.
    pub sheet: usize,
    /// Data rows already read, not yet streamed.
    pub kept: VecDeque<Row>,
    /// The rows behind them.
    pub rest: Box<dyn SheetRows>,
    /// Header row, from 1; the row above the first one for a sheet without a header.
    pub header_row: u32,
    /// Header texts by column.
    pub headers: BTreeMap<u32, String>,
    /// How the sheet is read.
    pub options: SheetOptions,
    /// What text cells become.
    pub rules: Rc<ColumnRules>,
    merged: Vec<Area>,
    coalesced: BTreeMap<u32, u32>,
}

impl SheetReading {
    /// The sheet's rows from its start once more, cleaned; those down to the header may be among them.
    ///
    /// # Errors
    /// Those of the rows.
    pub fn reopen(&self, workbook: &dyn Workbook) -> Result<Box<dyn SheetRows>> {
        let rows = cropped(workbook, self.sheet, &self.options)?;
        Ok(self.cleaned(rows))
    }

    fn cleaned(&self, rows: Box<dyn SheetRows>) -> Box<dyn SheetRows> {
        if self.options.leaves_rows() {
            return rows;
        }
        Box::new(Clean::new(
            rows,
            &self.options,
            self.header_row,
            self.coalesced.clone(),
            self.merged.clone(),
        ))
    }
}

/// Finds header and first types.
///
/// # Errors
/// BadArgument (22023) for a sheet, range or header row that does not exist,
/// OtherTemplate (22000), and those of the rows.
pub fn find(
    workbook: &dyn Workbook,
    request: &HeadRequest,
    max_cells: u64,
) -> Result<(Head, SheetReading)> {
    let sheet = request.sheet as usize;
    let options = &request.options;
    let several = matches!(&request.header, HeaderChoice::Rows(rows) if rows.len() > 1);
    let merged = match options.fill_merged || several {
        true => workbook.merged(sheet)?,
        false => Vec::new(),
    };
    let mut rest = cropped(workbook, sheet, options)?;
    let mut bounds = SampleBounds {
        rows: u64::from(SEARCHED_ROWS),
        bytes: MAX_KEPT_BYTES,
    };
    let first_row = options.area.map_or(1, |area| area.first_row);
    let mut search = header_rows::search(
        rest.as_mut(),
        &request.header,
        first_row,
        &merged,
        &mut bounds,
    )?;
    if let (None, Some(area)) = (search.last, options.area) {
        return Err(outside(workbook, sheet, area)?);
    }
    let coalesced = match options.coalesce {
        true => coalesced(&mut search.texts),
        false => BTreeMap::new(),
    };
    let rules = Rc::new(ColumnRules::new(&request.text, &search.texts));
    let mut reading = SheetReading {
        sheet,
        kept: search.data,
        rest,
        header_row: search.last.unwrap_or(0),
        headers: search.texts,
        options: options.clone(),
        rules,
        merged,
        coalesced,
    };
    let mut complete = search.complete;
    if !options.leaves_rows() {
        let kept = std::mem::take(&mut reading.kept);
        let rest = std::mem::replace(&mut reading.rest, Box::new(Nothing::default()));
        reading.rest = reading.cleaned(Box::new(Chained::new(kept, rest)));
        complete = false;
    }
    let have = reading.kept.len() as u64;
    bounds.rows = u64::from(request.sample_rows).saturating_sub(have);
    if !complete {
        let more = reading.rest.sample(&mut bounds)?;
        complete = more.complete;
        reading.kept.extend(more.rows);
    }
    let sampled = reading.kept.len().min(request.sample_rows as usize);
    let mut types = RestTypes::new(CellCount::new(max_cells), Rc::clone(&reading.rules));
    let mut widest_row = 0;
    for row in reading.kept.iter().take(sampled) {
        types.join(row)?;
        let values = |row: &Row| {
            row.cells()
                .iter()
                .filter(|c| row.value(c).is_some())
                .count()
        };
        widest_row = widest_row.max(values(row));
    }
    let no_header = request.header == HeaderChoice::None;
    let head = Head {
        header_row: search.last.map(|row| if no_header { 0 } else { row }),
        skipped_rows: search.skipped,
        headers: headers(&reading.headers, &types, options)?,
        sampled_rows: sampled as u64,
        widest_row: widest_row as u32,
        complete: complete && sampled == reading.kept.len(),
    };
    Ok((head, reading))
}

fn cropped(
    workbook: &dyn Workbook,
    sheet: usize,
    options: &SheetOptions,
) -> Result<Box<dyn SheetRows>> {
    let rows = workbook.rows(sheet)?;
    Ok(match (options.area, options.keep_spaces) {
        (None, false) => rows,
        (area, keep_spaces) => Box::new(Crop::new(rows, area, keep_spaces)),
    })
}

/// A range without a single value (22023), with where the sheet's cells are.
fn outside(workbook: &dyn Workbook, sheet: usize, area: Area) -> Result<Failed> {
    let mut used: Option<Area> = None;
    let mut rows = workbook.rows(sheet)?;
    let mut row = Row::default();
    while rows.next_row(&mut row)? {
        let (Some(first), Some(last)) = (row.cells().first(), row.cells().last()) else {
            continue;
        };
        let so_far = used.get_or_insert(Area {
            first_row: row.number,
            last_row: row.number,
            first_column: first.index,
            last_column: last.index,
        });
        so_far.last_row = row.number;
        so_far.first_column = so_far.first_column.min(first.index);
        so_far.last_column = so_far.last_column.max(last.index);
    }
    let name = &workbook.sheets()[sheet].name;
    Ok(Failed {
        detail: Some(match used {
            Some(used) => format!("Sheet \"{name}\" has its cells in {used}."),
            None => format!("Sheet \"{name}\" is empty."),
        }),
        hint: Some("Mend range, or leave it out to read the whole sheet.".into()),
        ..failed(
            FailureKind::BadArgument,
            format!("range {area} lies outside the sheet's cells"),
        )
    })
}

/// Columns whose headers clean to the name of one further left, whose header alone remains.
fn coalesced(texts: &mut BTreeMap<u32, String>) -> BTreeMap<u32, u32> {
    let mut first = HashMap::new();
    let mut onto = BTreeMap::new();
    for (index, text) in texts.iter() {
        let name = naming::clean(text);
        if name.is_empty() {
            continue;
        }
        match first.get(&name) {
            Some(before) => {
                onto.insert(*index, *before);
            }
            None => {
                first.insert(name, *index);
            }
        }
    }
    texts.retain(|index, _| !onto.contains_key(index));
    onto
}

/// Columns with a header or with data, by index; the sheet's row number as the last.
fn headers(
    texts: &BTreeMap<u32, String>,
    types: &RestTypes,
    options: &SheetOptions,
) -> Result<Vec<Header>> {
    let mut found: BTreeMap<u32, ColumnType> = types.columns().into_iter().collect();
    for index in texts.keys() {
        found.entry(*index).or_insert(ColumnType::None);
    }
    let mut headers: Vec<Header> = found
        .into_iter()
        .map(|(index, found)| {
            let text = texts.get(&index).cloned().unwrap_or_default();
            Header { index, text, found }
        })
        .collect();
    if let Some(name) = &options.row_number {
        let clean = naming::clean(name);
        if let Some(own) = headers.iter().find(|h| naming::clean(&h.text) == clean) {
            let cell = naming::column_letters(own.index);
            return Err(Failed {
                detail: Some(format!(
                    "Its column {cell} has the header \"{}\".",
                    own.text
                )),
                hint: Some("Give row_number another name.".into()),
                ..failed(
                    FailureKind::BadArgument,
                    format!("the sheet has a column \"{clean}\" of its own"),
                )
            });
        }
        headers.push(Header {
            index: ROW_NUMBER_COLUMN,
            text: name.clone(),
            found: ColumnType::Bigint,
        });
    }
    Ok(headers)
}

/// A sheet without rows.
#[derive(Default)]
struct Nothing(crate::rows::SheetFacts);

impl SheetRows for Nothing {
    fn next_row(&mut self, _row: &mut Row) -> Result<bool> {
        Ok(false)
    }

    fn facts(&self) -> &crate::rows::SheetFacts {
        &self.0
    }
}

const _: () = assert!(MAX_ROWS == crate::row::MAX_ROWS && MAX_COLUMNS == crate::row::MAX_COLUMNS);
