//! Rows stored with a net: each batch in a subtransaction, and what the table
//! refuses found out row by row (and cell by cell, where a type refused it).
//!
//! For files that have failed without the net: it costs a transaction id per
//! batch, and a batch per COPY. The attempts per refused row are few
//! ([`pgdatahub_core::isolate`]), never one per good row.

use super::catalog;
use super::copy::{self, HELD_REJECTS, Part};
use super::error::Failure;
use super::location::{Rows, copy_line};
use super::reader::{Client, Frame};
use super::rejects::Rejected;
use super::spi_lane::Insert;
use super::subxact;
use super::type_input::{self, Refusal, TypeInput, malformed};
use pgdatahub_core::batch::Batch;
use pgdatahub_core::evolve::Target;
use pgdatahub_core::isolate::{Attempt, isolate};
use pgdatahub_core::naming;
use pgdatahub_core::protocol::{Response, RowEncoding};

/// What a row that the table refuses leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refuse {
    /// The file fails, with the place in the sheet.
    File,
    /// A value that its type refuses becomes NULL and a reject; else as `File`.
    Cell,
    /// The row is left out and rejected.
    Row,
}

/// A lane into a table.
pub enum Writer<'a> {
    Copy(copy::CopyInto<'a>),
    Spi(Insert<'a>),
}

impl Writer<'_> {
    /// Stores encoded rows; how many arrived.
    fn write(&self, encoded: Vec<u8>, count: usize) -> Result<u64, Failure> {
        match self {
            Writer::Copy(into) => into.rows(encoded, count as u64),
            Writer::Spi(insert) => insert.rows(&encoded, count as u64),
        }
    }

    /// The row, from 0, that a failure of [`Writer::write`] names.
    fn row_of(&self, failure: &Failure) -> Option<usize> {
        let Writer::Copy(into) = self else {
            return None;
        };
        let line = copy_line(failure.context.as_deref()?, &into.name.table)?;
        usize::try_from(line.checked_sub(1)?).ok()
    }
}

/// What all batches of a stream share.
pub struct Guard<'a> {
    pub writer: Writer<'a>,
    pub table: pgrx::pg_sys::Oid,
    pub refuse: Refuse,
    pub sheet: &'a str,
    pub targets: &'a [Target],
    pub inputs: &'a [Option<TypeInput>],
    pub encoding: RowEncoding,
}

impl Guard<'_> {
    /// Stores rows from `client` until the stream ends or memory asks for a break.
    ///
    /// # Errors
    /// The reader's failure; what is not about a row; with [`Refuse::File`] the
    /// first refusal, with its place.
    pub fn part(&self, client: &mut Client) -> Result<Part, Failure> {
        // A batch that is rolled back gives its lock up, and the table might change.
        catalog::lock_for_insert(self.table);
        let mut part = Part::default();
        while part.end.is_none() && part.rejects.len() < HELD_REJECTS {
            match client.next()? {
                Frame::Rows { runs, payload, at } => {
                    let mut numbers = Rows::default();
                    numbers.extend(&runs);
                    super::progress::rows(numbers.count());
                    let batch = Batch::new(self.encoding, payload, at).map_err(malformed)?;
                    if batch.len() as u64 != numbers.count() {
                        return Err(Failure::new("58000", "malformed rows from the reader"));
                    }
                    part.sent += numbers.count();
                    self.store(batch, &numbers, &mut part)?;
                }
                Frame::Control(Response::Rejects { rejects }) => {
                    part.rejects.extend(rejects.into_iter().map(Rejected::from));
                }
                Frame::Control(Response::Failed(failed)) => {
                    return Err(super::reader::refused(failed));
                }
                Frame::Control(other) => part.end = Some(other),
            }
        }
        Ok(part)
    }

    fn store(&self, mut batch: Batch, numbers: &Rows, part: &mut Part) -> Result<(), Failure> {
        let all: Vec<usize> = (0..batch.len()).collect();
        let mut stored = 0;
        let mut known = match self.attempt(&batch, &all, &mut stored)? {
            None => {
                part.stored += stored;
                return Ok(());
            }
            refused => refused,
        };
        let kept = match self.mend(&mut batch, numbers, part)? {
            None => all,
            Some(kept) => {
                known = None;
                kept
            }
        };
        let attempt = |range: std::ops::Range<usize>| {
            let start = range.start;
            let refused = match known.take() {
                None => self.attempt(&batch, &kept[range], &mut stored)?,
                refused => refused,
            };
            Ok(match refused {
                None => Attempt::Stored,
                Some(error) => Attempt::Refused {
                    row: self.writer.row_of(&error).map(|row| start + row),
                    error,
                },
            })
        };
        isolate(kept.len(), attempt, |row, failure| {
            let row = numbers.sheet_row(kept[row] as u64 + 1).unwrap_or_default();
            self.refused(row, failure, part)
        })?;
        part.stored += stored;
        Ok(())
    }

    /// Stores rows in a subtransaction; what the table has against one of them.
    fn attempt(
        &self,
        batch: &Batch,
        rows: &[usize],
        stored: &mut u64,
    ) -> Result<Option<Failure>, Failure> {
        let mut encoded = Vec::new();
        batch.write(&mut encoded, rows).map_err(malformed)?;
        match subxact::run(|| self.writer.write(encoded, rows.len())) {
            Ok(arrived) => {
                *stored += arrived;
                Ok(None)
            }
            Err(failure) if failure.concerns_row() => Ok(Some(failure)),
            Err(failure) => Err(failure),
        }
    }

    /// Deals with the values that their types refuse. None if there are none,
    /// else the rows that are left.
    fn mend(
        &self,
        batch: &mut Batch,
        numbers: &Rows,
        part: &mut Part,
    ) -> Result<Option<Vec<usize>>, Failure> {
        if self.inputs.iter().all(Option::is_none) {
            return Ok(None);
        }
        let refusals = type_input::refusals(batch, self.inputs, self.refuse == Refuse::File)?;
        if refusals.is_empty() {
            return Ok(None);
        }
        let mut left_out = std::collections::HashSet::new();
        for refusal in refusals {
            let row = numbers
                .sheet_row(refusal.row as u64 + 1)
                .unwrap_or_default();
            let column = self.targets.get(refusal.field).map_or(0, |t| t.index);
            match self.refuse {
                Refuse::File => return Err(self.at_cell(refusal, row, column)),
                Refuse::Cell => batch.set_null(refusal.row, refusal.field),
                Refuse::Row => {
                    left_out.insert(refusal.row);
                }
            }
            let whole_row = self.refuse == Refuse::Row;
            part.rejects
                .push(Rejected::cell(row, column, refusal, whole_row));
        }
        let kept = (0..batch.len()).filter(|row| !left_out.contains(row));
        Ok(Some(kept.collect()))
    }

    /// A row that the table refuses although each value fits its column.
    fn refused(&self, row: u32, failure: Failure, part: &mut Part) -> Result<(), Failure> {
        if self.refuse == Refuse::Row {
            part.rejects.push(Rejected::row(row, failure));
            return Ok(());
        }
        let mut failure = failure.also(format!("Sheet \"{}\", row {row}.", self.sheet));
        failure.hint.get_or_insert_with(|| {
            "on_type_conflict: reject_row in the configuration leaves such rows out and lists them in pgdatahub.rejects.".into()
        });
        Err(failure)
    }

    fn at_cell(&self, refusal: Refusal, row: u32, column: u32) -> Failure {
        let cell = naming::cell(row, column);
        let raw: String = refusal.raw.chars().take(200).collect();
        let mut failure = refusal.failure.also(format!(
            "Sheet \"{}\", cell {cell} holds \"{raw}\".",
            self.sheet
        ));
        failure.hint.get_or_insert_with(|| {
            "on_type_conflict: reject_cell (or reject_row) in the configuration loads the rest and lists such cells in pgdatahub.rejects.".into()
        });
        failure
    }
}
