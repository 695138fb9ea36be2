//! Holds the template against the tokenizer, for tests and fuzzing: whatever the
//! markup, both must read the same rows, encode the same bytes and fail alike.

use super::sheet::XlsxRows;
use super::strings::SharedStrings;
use super::styles::{FormatCodes, Styles};
use super::workbook::Shared;
use crate::counters::Counters;
use crate::encode::{Encoder, StreamEnd};
use crate::fail::{Failed, Result};
use crate::row::Row;
use crate::rows::SheetRows;
use crate::rules::ColumnRules;
use crate::scan::Scanner;
use crate::sink::Sink;
use crate::tally::{CellCount, RestTypes};
use pgdatahub_core::protocol::rows::Run;
use pgdatahub_core::protocol::{OnMisfit, Reject, RowEncoding, StreamColumn, StreamRequest, Wire};
use pgdatahub_core::serial::DateSystem;
use pgdatahub_core::types::ColumnType;
use std::rc::Rc;
use std::sync::Arc;

/// Number formats of the styles 0 to 5: plain, date, time, elapsed, sections, text.
const FORMATS: [&str; 6] = [
    "0.00",
    "yyyy-mm-dd hh:mm",
    "hh:mm",
    "[h]:mm",
    "0;d.m.yy;@",
    "@",
];
const STRINGS: [(&str, u64); 6] = [
    ("Lyon", 0),
    ("", 0),
    (" \u{a0} ", 0),
    (" Prénom ", 0),
    ("12", 0),
    ("\u{fffd}", 1),
];
const MOST_CELLS: u64 = 10_000;

/// Reads the worksheet part `sheet` in every way and compares; `flavour` chooses
/// window size, column order and types.
///
/// # Errors
/// What differs.
pub fn compare(sheet: &[u8], flavour: u8) -> std::result::Result<(), String> {
    let window = [64, 100, 1_000, 128 << 10][usize::from(flavour & 3)];
    let by_tokens = rows(sheet, window, false);
    let by_template = rows(sheet, window, true);
    if by_tokens != by_template {
        return Err(difference("rows", &by_tokens, &by_template));
    }
    let columns = columns(sheet, flavour >> 2);
    let by_tokens = encoded(sheet, window, &columns, false);
    let by_template = encoded(sheet, window, &columns, true);
    if by_tokens != by_template {
        return Err(difference("encoding", &by_tokens, &by_template));
    }
    Ok(())
}

fn difference(what: &str, by_tokens: &[String], by_template: &[String]) -> String {
    let at = by_tokens
        .iter()
        .zip(by_template)
        .take_while(|(one, other)| one == other)
        .count();
    format!(
        "{what}, step {at}: the tokenizer gives {:?}, the template {:?}",
        by_tokens.get(at),
        by_template.get(at)
    )
}

fn open(sheet: &[u8], window: usize, templated: bool) -> Result<XlsxRows<&[u8]>> {
    let mut strings = SharedStrings::default();
    for (text, replaced) in STRINGS {
        strings.push(text, replaced)?;
    }
    let mut codes = FormatCodes::default();
    let mut styles = Vec::new();
    for (id, code) in (164..).zip(FORMATS) {
        codes.define(id, code);
        styles.push(codes.style(id));
    }
    let shared = Shared {
        strings,
        styles: Styles::new(styles),
        dates: DateSystem::Y1900,
    };
    let rows = XlsxRows::new(
        Scanner::with_window(sheet, "sheet", window)?,
        Arc::new(shared),
    );
    Ok(match templated {
        true => rows,
        false => rows.without_template(),
    })
}

/// Every row, or what ended them.
fn rows(sheet: &[u8], window: usize, templated: bool) -> Vec<String> {
    let mut shown = Vec::new();
    let mut row = Row::default();
    let mut read = || -> Result<()> {
        let mut rows = open(sheet, window, templated)?;
        while rows.next_row(&mut row)? {
            shown.push(format!("{row:?}"));
        }
        shown.push(format!("{:?}", rows.facts()));
        Ok(())
    };
    let end = read();
    shown.push(format!("{end:?}"));
    shown
}

/// Columns to encode: those of the sheet's first `flavour` rows with their types,
/// in ascending or descending order, some of them as text or of another wire.
fn columns(sheet: &[u8], flavour: u8) -> Vec<StreamColumn> {
    let mut types = RestTypes::new(CellCount::new(MOST_CELLS), Rc::default());
    let mut row = Row::default();
    let most = match flavour & 1 {
        0 => usize::MAX,
        _ => 1,
    };
    if let Ok(mut rows) = open(sheet, 128 << 10, false) {
        for _ in 0..most {
            match rows.next_row(&mut row) {
                Ok(true) if types.join(&row).is_ok() => {}
                _ => break,
            }
        }
    }
    let column = |(index, found): (u32, ColumnType)| {
        let wire = match (flavour >> 1) & 3 {
            1 => Wire::Native(ColumnType::Text),
            2 => Wire::Native(found.join(ColumnType::Bigint)),
            3 if index % 2 == 0 => Wire::Exact,
            _ => Wire::Native(found),
        };
        let on_misfit = match (flavour >> 3) & 3 {
            0 | 1 => OnMisfit::Misfit,
            2 => OnMisfit::RejectCell,
            _ => OnMisfit::RejectRow,
        };
        StreamColumn {
            index,
            wire,
            on_misfit,
        }
    };
    let mut columns: Vec<StreamColumn> = types.columns().into_iter().map(column).collect();
    if flavour >> 5 & 1 == 1 {
        columns.reverse();
    }
    columns
}

/// What a stream keeps.
#[derive(Default)]
struct Kept(Vec<String>);

impl Sink for Kept {
    fn rows(&mut self, runs: &[Run], encoded: &[u8]) -> Result<()> {
        self.0.push(format!("{runs:?} {encoded:?}"));
        Ok(())
    }

    fn rejects(&mut self, rejects: Vec<Reject>) -> Result<()> {
        self.0.push(format!("{rejects:?}"));
        Ok(())
    }
}

/// Everything a stream sends and counts.
fn encoded(sheet: &[u8], window: usize, columns: &[StreamColumn], templated: bool) -> Vec<String> {
    let mut kept = Kept::default();
    let end = stream(sheet, window, columns, templated, &mut kept);
    kept.0.push(match end {
        Ok(counted) => counted,
        Err(failed) => format!("{failed:?}"),
    });
    kept.0
}

fn stream(
    sheet: &[u8],
    window: usize,
    columns: &[StreamColumn],
    templated: bool,
    kept: &mut Kept,
) -> std::result::Result<String, Failed> {
    let mut rows = open(sheet, window, templated)?;
    let request = StreamRequest {
        columns: columns.to_vec(),
        encoding: RowEncoding::Binary,
        source_file: "/file.xlsx".into(),
        load_timestamp: 1,
        resume: false,
        unfillable: Vec::new(),
        only: None,
    };
    let counters = Counters::new(MOST_CELLS);
    let mut encoder = Encoder::new(request, counters, Rc::<ColumnRules>::default())?;
    let end = rows.encode(&mut encoder, kept)?;
    encoder.flush(kept)?;
    let shown = match end {
        StreamEnd::Sheet => "end".to_owned(),
        StreamEnd::Misfit { at, row } => format!("{at:?} {row:?}"),
    };
    Ok(format!("{shown} {:?}", encoder.into_counters()))
}
