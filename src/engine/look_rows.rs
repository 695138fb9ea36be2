//! The rows of a look: as JSON one at a time, or into a caller's record type.

use super::looking::{Ask, Look, column};
use crate::pg::error::Failure;
use crate::pg::reader::{Frame, refused};
use crate::pg::record::Records;
use crate::pg::transaction::check_for_interrupts;
use pgdatahub_core::protocol::rows::Run;
use pgdatahub_core::protocol::{Response, Wire};
use pgdatahub_core::{decode, json, naming};
use std::collections::VecDeque;

/// Rows as JSON objects, each made when it is asked for. Dropping it ends the reader.
pub struct JsonRows {
    look: Look,
    /// `"name":` for each column.
    keys: Vec<String>,
    indexes: Vec<u32>,
    pending: VecDeque<String>,
    left: u64,
    ended: bool,
}

impl JsonRows {
    /// Opens the workbook and begins to read.
    ///
    /// # Errors
    /// As [`Look::open`].
    pub fn begin(ask: &Ask) -> Result<JsonRows, Failure> {
        let mut rows = JsonRows {
            look: Look::open(ask, false)?,
            keys: Vec::new(),
            indexes: Vec::new(),
            pending: VecDeque::new(),
            left: ask.max_rows.unwrap_or(u64::MAX),
            ended: false,
        };
        rows.stream(false)?;
        Ok(rows)
    }

    fn stream(&mut self, resume: bool) -> Result<(), Failure> {
        let columns = self.look.all_columns();
        self.indexes = columns.iter().map(|(index, _)| *index).collect();
        let key = |(_, name): &(u32, String)| {
            let mut key = String::new();
            json::write_text(&mut key, name);
            key + ": "
        };
        self.keys = columns.iter().map(key).collect();
        let columns = self.indexes.iter().map(|index| column(*index, Wire::Json));
        self.look.stream(columns.collect(), resume)
    }

    /// Reads on until a row is pending or the sheet ends.
    fn refill(&mut self) -> Result<(), Failure> {
        while self.pending.is_empty() && !self.ended {
            check_for_interrupts();
            match self.look.client().next()? {
                Frame::Rows { payload, at, .. } => self.decode(&payload[at..])?,
                Frame::Control(Response::Rejects { rejects }) => self.look.reject(rejects),
                Frame::Control(Response::Misfit(misfit)) => {
                    let first = (misfit.column, misfit.value_type);
                    let before = self.indexes.len();
                    self.look.widen(misfit.rest.into_iter().chain([first]))?;
                    self.stream(true)?;
                    if self.indexes.len() <= before {
                        return Err(out_of_order());
                    }
                }
                Frame::Control(Response::Done(_)) => {
                    self.ended = true;
                    self.look.say_rejects();
                }
                Frame::Control(Response::Failed(failed)) => return Err(refused(failed)),
                Frame::Control(_) => return Err(out_of_order()),
            }
        }
        Ok(())
    }

    fn decode(&mut self, encoded: &[u8]) -> Result<(), Failure> {
        let mut decoder = decode::Rows::new(encoded);
        let mut fields = Vec::with_capacity(self.keys.len() + 2);
        while decoder.next_row(&mut fields).map_err(malformed)? {
            let mut row = String::from("{");
            for (key, field) in self.keys.iter().zip(&fields) {
                if row.len() > 1 {
                    row.push_str(", ");
                }
                row.push_str(key);
                row.push_str(match field {
                    None => "null",
                    Some(bytes) => std::str::from_utf8(bytes).map_err(malformed)?,
                });
            }
            row.push('}');
            self.pending.push_back(row);
        }
        Ok(())
    }
}

impl Iterator for JsonRows {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        match self.refill() {
            Ok(()) => self.pending.pop_front().map(Ok),
            Err(failure) => {
                self.left = 0;
                Some(Err(self.look.locate(failure)))
            }
        }
    }
}

/// Reads a sheet into the record type of a column definition list.
///
/// # Errors
/// 42703 for a name that is no column, what a type's input has against a value
/// (with its cell), and as [`Look::open`].
pub fn read_into(ask: &Ask, records: &mut Records) -> Result<(), Failure> {
    let mut look = Look::open(ask, true)?;
    let mut indexes = Vec::with_capacity(records.columns.len());
    for defined in &records.columns {
        indexes.push(look.index_of(&defined.name)?);
    }
    // A name may stand in the list once only, as SQL has it; so may its column.
    let columns = indexes
        .iter()
        .zip(&records.columns)
        .map(|(index, defined)| {
            let wire = if defined.number {
                Wire::Exact
            } else {
                Wire::Input
            };
            column(*index, wire)
        });
    look.stream(columns.collect(), false)?;
    let mut left = ask.max_rows.unwrap_or(u64::MAX);
    while left > 0 {
        let frame = look.client().next();
        match frame.map_err(|failure| look.locate(failure))? {
            Frame::Rows { runs, payload, at } => {
                put_batch(&look, records, &indexes, &runs, &payload[at..], &mut left)?;
            }
            Frame::Control(Response::Rejects { mut rejects }) => {
                rejects.retain(|reject| indexes.contains(&reject.column));
                look.reject(rejects);
            }
            Frame::Control(Response::Done(_)) => break,
            Frame::Control(Response::Failed(failed)) => return Err(look.locate(refused(failed))),
            Frame::Control(_) => return Err(out_of_order()),
        }
    }
    look.say_rejects();
    Ok(())
}

fn put_batch(
    look: &Look,
    records: &mut Records,
    indexes: &[u32],
    runs: &[Run],
    encoded: &[u8],
    left: &mut u64,
) -> Result<(), Failure> {
    let mut decoder = decode::Rows::new(encoded);
    let mut fields = Vec::with_capacity(indexes.len() + 2);
    let mut numbers = runs.iter().flat_map(|run| run.first..run.first + run.count);
    while *left > 0 && decoder.next_row(&mut fields).map_err(malformed)? {
        let number = numbers.next().unwrap_or_default();
        *left -= 1;
        records.put(&fields).map_err(|(at, failure)| {
            let cell = naming::cell(number, indexes.get(at).copied().unwrap_or_default());
            look.locate(failure.also(format!("Cell {cell}.")))
        })?;
    }
    Ok(())
}

fn malformed(error: impl std::fmt::Display) -> Failure {
    Failure::new("58000", format!("malformed rows from the reader: {error}"))
}

fn out_of_order() -> Failure {
    Failure::new("58000", "the reader process ended a stream out of order")
}
