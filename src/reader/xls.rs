//! .xls workbooks ([MS-XLS]), through calamine.
//!
//! calamine holds the whole workbook in memory: here, under this process's
//! limits only. It does not say which tokens a date format has (the class is
//! unknown, see `pgdatahub_core::serial`), nor which rows and columns are hidden.

use crate::fail::{FailureKind, Result, corrupt, failed};
use crate::nul::without_nul;
use crate::number;
use crate::package::encrypted;
use crate::row::{Content, MAX_COLUMNS, Rejected, Row};
use crate::rows::{SheetFacts, SheetRows, Workbook};
use crate::source::Source;
use crate::xlsx::{Style, sheet_with_cells};
use calamine::{Data, Range, Reader, SheetType, SheetVisible, XlsError};
use pgdatahub_core::area::Area;
use pgdatahub_core::number_format::FormatClass;
use pgdatahub_core::protocol::{SheetInfo, SheetVisibility};
use pgdatahub_core::serial::DateSystem;
use pgdatahub_core::value::Value;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An open .xls workbook.
pub struct Xls {
    book: RefCell<calamine::Xls<Source>>,
    sheets: Vec<SheetInfo>,
    dates: DateSystem,
}

impl Xls {
    /// Reads the workbook in `source`.
    ///
    /// # Errors
    /// Encrypted (0A000), Corrupt (22000).
    pub fn open(source: &Source) -> Result<Xls> {
        let opened = guarded(|| calamine::Xls::new(source.clone()))?;
        let book = opened.map_err(|error| match error {
            XlsError::Password => encrypted(),
            error => corrupt(format!("It cannot be read as .xls: {error}.")),
        })?;
        let sheets: Vec<SheetInfo> = book
            .sheets_metadata()
            .iter()
            .map(|sheet| SheetInfo {
                name: without_nul(sheet.name.clone()),
                visibility: match sheet.visible {
                    SheetVisible::Visible => SheetVisibility::Visible,
                    SheetVisible::Hidden => SheetVisibility::Hidden,
                    SheetVisible::VeryHidden => SheetVisibility::VeryHidden,
                },
                has_cells: sheet.typ == SheetType::WorkSheet,
            })
            .collect();
        if sheets.is_empty() {
            return Err(corrupt("The workbook has no sheets."));
        }
        let dates = if book.has_1904_epoch() {
            DateSystem::Y1904
        } else {
            DateSystem::Y1900
        };
        Ok(Xls {
            book: RefCell::new(book),
            sheets,
            dates,
        })
    }
}

impl Workbook for Xls {
    fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    fn rows(&self, sheet: usize) -> Result<Box<dyn SheetRows>> {
        let info = sheet_with_cells(&self.sheets, sheet)?;
        let unreadable =
            |e: XlsError| corrupt(format!("Sheet \"{}\" cannot be read: {e}.", info.name));
        let mut book = self
            .book
            .try_borrow_mut()
            .map_err(|_| failed(FailureKind::Protocol, "the workbook is in use"))?;
        // As calamine knows it, which is not how it may be told.
        let name = book.sheets_metadata().get(sheet);
        let name = name.map_or_else(String::new, |sheet| sheet.name.clone());
        let range = guarded(|| book.worksheet_range(&name))?.map_err(unreadable)?;
        let merged = book.merge_cells_by_sheet_name(&name).map_err(unreadable)?;
        let merged = merged.iter().map(|range| Area {
            first_row: range.start.0.saturating_add(1),
            last_row: range.end.0.saturating_add(1),
            first_column: range.start.1,
            last_column: range.end.1.min(MAX_COLUMNS - 1),
        });
        Ok(Box::new(XlsRows {
            facts: SheetFacts {
                merged: merged.collect(),
                ..SheetFacts::default()
            },
            range,
            next: 0,
            dates: self.dates,
        }))
    }
}

/// The rows of a sheet held in memory.
struct XlsRows {
    range: Range<Data>,
    next: usize,
    dates: DateSystem,
    facts: SheetFacts,
}

impl SheetRows for XlsRows {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        let Some((first_row, first_column)) = self.range.start() else {
            return Ok(false);
        };
        if self.next >= self.range.height() {
            return Ok(false);
        }
        if first_column as usize + self.range.width() > MAX_COLUMNS as usize {
            return Err(corrupt(
                "It has cells right of the last column a sheet can have.",
            ));
        }
        row.clear(first_row + self.next as u32 + 1);
        for offset in 0..self.range.width() {
            if let Some(data) = self.range.get((self.next, offset)) {
                push(row, first_column + offset as u32, data, self.dates)?;
            }
        }
        self.next += 1;
        Ok(true)
    }

    fn facts(&self) -> &SheetFacts {
        &self.facts
    }
}

/// calamine's .xls parser indexes records without looking at their length: on a
/// damaged file it panics. What it was building is dropped.
fn guarded<T>(parse: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(parse))
        .map_err(|_| corrupt("It is truncated or damaged: a record ends early."))
}

fn push(row: &mut Row, index: u32, data: &Data, dates: DateSystem) -> Result<()> {
    let plain = Style::Plain;
    let content = match data {
        Data::Empty => return Ok(()),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            return push_text(row, index, text);
        }
        Data::Bool(value) => Ok(Value::Boolean(*value)),
        Data::Int(number) => converted(*number as f64, &plain, dates),
        Data::Float(number) => converted(*number, &plain, dates),
        Data::DateTime(moment) => {
            let class = match moment.is_duration() {
                true => FormatClass::Elapsed,
                false => FormatClass::Unknown,
            };
            converted(moment.as_f64(), &Style::Class(class), dates)
        }
        Data::Error(error) => Err(number::error_value(&error.to_string())),
    };
    match content {
        Ok(value) => row.push(index, false, Content::Value(value)),
        Err(rejected) => row.push_rejected(index, false, rejected),
    }
    Ok(())
}

fn push_text(row: &mut Row, index: u32, text: &str) -> Result<()> {
    let start = row.arena().len();
    let replaced = text.matches('\0').count() as u64;
    if replaced == 0 {
        row.arena().push_str(text);
    } else {
        row.arena().push_str(&text.replace('\0', "\u{FFFD}"));
        row.replaced += replaced;
    }
    row.push_text(index, false, start)
}

fn converted(
    number: f64,
    style: &Style,
    dates: DateSystem,
) -> std::result::Result<Value<'static>, Rejected> {
    number::convert(number, style, dates).map_err(|(reason, sqlstate)| Rejected {
        raw: number.to_string(),
        reason: reason.into(),
        sqlstate,
    })
}
