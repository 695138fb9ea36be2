//! Rows as COPY takes them, for the columns agreed with the backend.

use crate::conflicts::{Conflicts, Only};
use crate::counters::Counters;
use crate::fail::{FailureKind, Result, failed};
use crate::row::{Content, Row};
use crate::rules::ColumnRules;
use crate::sink::Sink;
use pgdatahub_core::protocol::frame::MAX_ROW_BYTES;
use pgdatahub_core::protocol::rows::{Run, push_row};
use pgdatahub_core::protocol::{
    OnMisfit, ROW_NUMBER_COLUMN, Reject, RowEncoding, StreamColumn, StreamRequest,
};
use pgdatahub_core::text_input::TextRule;
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::value::Value;
use pgdatahub_core::{copy_binary, copy_text, input_type, text_form};
use std::rc::Rc;

mod template;

/// A batch is sent once it holds this many bytes.
const BATCH_BYTES: usize = 256 << 10;

/// Most rejected cells in one message.
const MAX_REJECTS: usize = 1_000;

const MISFIT_CHARACTERS: usize = 200;
pub(crate) const RAW_CHARACTERS: usize = 1_000;

/// A sheet column whose values make their row unfit.
const UNFILLABLE: u16 = u16::MAX;

/// How a stream ended.
#[derive(Debug)]
pub enum StreamEnd {
    /// A value does not fit; its row was not encoded.
    Misfit {
        /// The value's place and type.
        at: MisfitAt,
        /// The row.
        row: Box<Row>,
    },
    /// The sheet is at its end.
    Sheet,
}

/// The first value that does not fit.
#[derive(Debug)]
pub struct MisfitAt {
    /// Column, from 0.
    pub column: u32,
    /// Text form, cut.
    pub value: String,
    /// The value's type.
    pub value_type: ColumnType,
}

/// Encodes rows into batches.
pub struct Encoder {
    columns: Vec<StreamColumn>,
    /// What the columns' text cells become, by position.
    text: Vec<TextRule>,
    rules: Rc<ColumnRules>,
    /// Sheet column → position among `columns` plus one; 0: not listed;
    /// [`UNFILLABLE`]: no row may have a value there.
    position_of: Vec<u16>,
    /// Position → index of the row's cell plus one; 0: none.
    cell_at: Vec<u32>,
    encoding: RowEncoding,
    source_file: String,
    load_timestamp: i64,
    only: Option<Only>,
    /// What is wrong with the row under way, and whether it is left out for it.
    conflicts: Conflicts,
    batch: Vec<u8>,
    runs: Vec<Run>,
    rejects: Vec<Reject>,
    scratch: String,
    counters: Counters,
    ignore_unlisted: bool,
    /// How each column takes a cell at once.
    lanes: template::Lanes,
    /// The fields that every row ends with.
    last_fields: Vec<u8>,
}

impl Encoder {
    /// An encoder for what the backend asked for; `counters` go on counting.
    ///
    /// # Errors
    /// Protocol (08P01) for a sheet column listed twice or out of range, or too many columns.
    pub fn new(
        request: StreamRequest,
        counters: Counters,
        rules: Rc<ColumnRules>,
    ) -> Result<Encoder> {
        let bad = |what: &str| failed(FailureKind::Protocol, format!("stream request: {what}"));
        // A table has 1,600 columns at most, which the backend sees to; a look has no table.
        if request.columns.len() > ROW_NUMBER_COLUMN as usize + 1 {
            return Err(bad("more columns than a sheet has"));
        }
        let mut position_of = vec![0u16; ROW_NUMBER_COLUMN as usize + 1];
        for (position, column) in (1u16..).zip(&request.columns) {
            match position_of.get_mut(column.index as usize) {
                Some(slot @ 0) => *slot = position,
                Some(_) => return Err(bad("a sheet column is listed twice")),
                None => return Err(bad("a sheet column is out of range")),
            }
        }
        for index in &request.unfillable {
            match position_of.get_mut(*index as usize) {
                Some(slot @ 0) => *slot = UNFILLABLE,
                _ => return Err(bad("an unfillable column is listed or out of range")),
            }
        }
        let text: Vec<TextRule> = request
            .columns
            .iter()
            .map(|column| rules.of(column.index).clone())
            .collect();
        let mut last_fields = Vec::new();
        copy_binary::text(&mut last_fields, &request.source_file);
        copy_binary::timestamptz(&mut last_fields, request.load_timestamp);
        Ok(Encoder {
            cell_at: vec![0; request.columns.len()],
            lanes: template::Lanes::new(&request.columns, &text),
            last_fields,
            text,
            rules,
            columns: request.columns,
            position_of,
            encoding: request.encoding,
            source_file: request.source_file,
            load_timestamp: request.load_timestamp,
            only: request.only.map(Only::new),
            conflicts: Conflicts::default(),
            batch: Vec::with_capacity(BATCH_BYTES + (64 << 10)),
            runs: Vec::new(),
            rejects: Vec::new(),
            scratch: String::new(),
            counters,
            ignore_unlisted: false,
        })
    }

    /// Passes over values in columns that are not listed.
    pub fn ignore_unlisted(&mut self) {
        self.ignore_unlisted = true;
    }

    /// The counters so far.
    pub fn into_counters(self) -> Counters {
        self.counters
    }

    /// Encodes one row, unless it is blank or a value does not fit.
    ///
    /// # Errors
    /// OverLimit (54000), and those of the sink.
    pub fn push(&mut self, row: &Row, sink: &mut dyn Sink) -> Result<Option<MisfitAt>> {
        if row.is_blank() {
            return Ok(None);
        }
        if let Some(only) = &mut self.only
            && !only.holds(row.number)
        {
            return Ok(None);
        }
        self.conflicts.clear(row.number);
        if let Some(misfit) = self.place(row) {
            return Ok(Some(misfit));
        }
        let start = self.batch.len();
        let misfit = match self.encoding {
            RowEncoding::Binary => self.encode_binary(row),
            RowEncoding::Text => self.encode_text(row),
        };
        if misfit.is_some() {
            self.batch.truncate(start);
            return Ok(misfit);
        }
        if self.batch.len() - start > MAX_ROW_BYTES {
            return Err(row.too_large());
        }
        let stored = !self.conflicts.whole_row;
        if stored {
            push_row(&mut self.runs, row.number);
        } else {
            self.batch.truncate(start);
        }
        let cells = self.conflicts.rejects.len() as u64;
        self.counters.add(row, stored, cells)?;
        self.rejects.append(&mut self.conflicts.rejects);
        self.collect_rejects(row);
        if self.batch.len() >= BATCH_BYTES {
            self.send_rows(sink)?;
        }
        self.send_rejects(sink, MAX_REJECTS)?;
        Ok(None)
    }

    /// Sends what is pending.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn flush(&mut self, sink: &mut dyn Sink) -> Result<()> {
        self.send_rows(sink)?;
        self.send_rejects(sink, 1)
    }

    /// Finds each listed column's cell. A value in a column that is not listed is a misfit.
    fn place(&mut self, row: &Row) -> Option<MisfitAt> {
        self.cell_at.fill(0);
        for (number, cell) in (1u32..).zip(row.cells()) {
            match self.position_of[cell.index as usize] {
                0 => {
                    if !self.ignore_unlisted
                        && let Some(value) = row.value(cell)
                    {
                        return Some(misfit(cell.index, value, &self.rules));
                    }
                }
                UNFILLABLE => {
                    if let Some(value) = row.value(cell) {
                        self.conflicts.unfillable(cell.index, &value);
                    }
                }
                position => self.cell_at[usize::from(position) - 1] = number,
            }
        }
        None
    }

    fn encode_binary(&mut self, row: &Row) -> Option<MisfitAt> {
        let out = &mut self.batch;
        copy_binary::start_row(out, self.columns.len() as u16 + 2);
        for ((column, rule), number) in self.columns.iter().zip(&self.text).zip(&self.cell_at) {
            let Some(value) = value_at(row, column, *number) else {
                copy_binary::null(out);
                continue;
            };
            let entered = input_type::enter(value.clone(), column.wire, rule);
            if !entered.is_some_and(|(value, wire)| {
                copy_binary::value(out, &value, wire, &mut self.scratch)
            }) {
                if column.on_misfit == OnMisfit::Misfit {
                    return Some(misfit(column.index, value, &self.rules));
                }
                self.conflicts.add(column, &value);
                copy_binary::null(out);
            }
        }
        out.extend_from_slice(&self.last_fields);
        None
    }

    fn encode_text(&mut self, row: &Row) -> Option<MisfitAt> {
        let out = &mut self.batch;
        for ((column, rule), number) in self.columns.iter().zip(&self.text).zip(&self.cell_at) {
            if let Some(value) = value_at(row, column, *number) {
                let entered = input_type::enter(value.clone(), column.wire, rule);
                if !entered.is_some_and(|(value, wire)| {
                    copy_text::value(out, &value, wire, &mut self.scratch)
                }) {
                    if column.on_misfit == OnMisfit::Misfit {
                        return Some(misfit(column.index, value, &self.rules));
                    }
                    self.conflicts.add(column, &value);
                    copy_text::null(out);
                }
            } else {
                copy_text::null(out);
            }
            copy_text::separator(out);
        }
        copy_text::text(out, &self.source_file);
        copy_text::separator(out);
        copy_text::timestamptz(out, self.load_timestamp);
        copy_text::end_row(out);
        None
    }

    fn collect_rejects(&mut self, row: &Row) {
        for cell in row.cells() {
            if let Content::Rejected(rejected) = &cell.content {
                self.rejects.push(Reject {
                    row: row.number,
                    column: cell.index,
                    raw_value: cut(&rejected.raw, RAW_CHARACTERS),
                    reason: rejected.reason.clone(),
                    sqlstate: rejected.sqlstate.into(),
                    whole_row: false,
                });
            }
        }
    }

    fn send_rows(&mut self, sink: &mut dyn Sink) -> Result<()> {
        if !self.runs.is_empty() {
            sink.rows(&self.runs, &self.batch)?;
            self.runs.clear();
            self.batch.clear();
            self.batch.shrink_to(4 * BATCH_BYTES);
        }
        Ok(())
    }

    fn send_rejects(&mut self, sink: &mut dyn Sink, at_least: usize) -> Result<()> {
        while self.rejects.len() >= at_least {
            let first = self.rejects.len().min(MAX_REJECTS);
            sink.rejects(self.rejects.drain(..first).collect())?;
        }
        Ok(())
    }
}

/// Encodes rows up to the first misfit or the end.
///
/// # Errors
/// Those of `next_row` and of the sink.
pub fn all(
    mut next_row: impl FnMut(&mut Row) -> Result<bool>,
    encoder: &mut Encoder,
    sink: &mut dyn Sink,
) -> Result<StreamEnd> {
    let mut row = Row::default();
    while next_row(&mut row)? {
        if let Some(at) = encoder.push(&row, sink)? {
            return Ok(StreamEnd::Misfit {
                at,
                row: Box::new(row),
            });
        }
    }
    Ok(StreamEnd::Sheet)
}

fn value_at<'a>(row: &'a Row, column: &StreamColumn, number: u32) -> Option<Value<'a>> {
    if column.index == ROW_NUMBER_COLUMN {
        return Some(Value::Bigint(i64::from(row.number)));
    }
    row.value(row.cells().get((number as usize).checked_sub(1)?)?)
}

fn misfit(column: u32, value: Value<'_>, rules: &ColumnRules) -> MisfitAt {
    MisfitAt {
        column,
        value: cut(&text_form::render(&value), MISFIT_CHARACTERS),
        value_type: rules.understand(column, value).column_type(),
    }
}

pub(crate) fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
