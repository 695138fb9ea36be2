//! Encodes a sheet for the backend, over misfits and resumptions.

use crate::counters::Counters;
use crate::encode::{Encoder, MisfitAt, StreamEnd, all};
use crate::fail::{FailureKind, Result, failed};
use crate::head::SheetReading;
use crate::profile::Profile;
use crate::row::Row;
use crate::rows::{SheetRows, Workbook};
use crate::sink::Sink;
use crate::tally::RestTypes;
use pgdatahub_core::protocol::{Misfit, SheetProfile, StreamDone, StreamRequest};
use std::rc::Rc;

/// A sheet between its [`crate::head::find`] and its end.
pub struct SheetStream {
    reading: SheetReading,
    max_cells: u64,
    /// Whether `reading` still stands at the first data row.
    fresh: bool,
    /// Row of the last misfit and the counters before it.
    misfit: Option<(u32, Counters)>,
}

/// How a stream request ended.
pub enum Outcome {
    /// See [`Misfit`].
    Misfit(Misfit),
    /// See [`StreamDone`].
    Done(StreamDone),
}

impl SheetStream {
    /// A stream over the sheet whose header was found.
    pub fn new(reading: SheetReading, max_cells: u64) -> SheetStream {
        SheetStream {
            reading,
            max_cells,
            fresh: true,
            misfit: None,
        }
    }

    /// Encodes rows into `sink`, from the first data row or from the last misfit.
    ///
    /// # Errors
    /// Protocol (08P01) for a resumption without a misfit; NoCachedValues
    /// (22000); those of the rows and the sink.
    pub fn run(
        &mut self,
        workbook: &dyn Workbook,
        request: StreamRequest,
        sink: &mut dyn Sink,
    ) -> Result<Outcome> {
        let counters = self.position(workbook, request.resume)?;
        let mut encoder = Encoder::new(request, counters, Rc::clone(&self.reading.rules))?;
        if self.reading.options.ignore_unlisted {
            encoder.ignore_unlisted();
        }
        self.fresh = false;
        let mut end = StreamEnd::Sheet;
        let kept = &mut self.reading.kept;
        if !kept.is_empty() {
            end = all(|row| Ok(take_first(kept, row)), &mut encoder, sink)?;
        }
        if let StreamEnd::Sheet = end {
            end = self.reading.rest.encode(&mut encoder, sink)?;
        }
        encoder.flush(sink)?;
        let counters = encoder.into_counters();
        match end {
            StreamEnd::Sheet => self.done(&counters).map(Outcome::Done),
            StreamEnd::Misfit { at, row } => self.misfit(at, &row, counters).map(Outcome::Misfit),
        }
    }

    /// What each column holds, over all data rows.
    ///
    /// # Errors
    /// Those of the rows.
    pub fn profile(&mut self, workbook: &dyn Workbook) -> Result<SheetProfile> {
        self.position(workbook, false)?;
        self.fresh = false;
        let mut profile = Profile::new(self.max_cells, Rc::clone(&self.reading.rules));
        for row in self.reading.kept.drain(..) {
            profile.add(&row)?;
        }
        let mut row = Row::default();
        while self.reading.rest.next_row(&mut row)? {
            profile.add(&row)?;
        }
        Ok(profile.finish(&self.reading.headers))
    }

    /// Goes to the row to begin with; the counters to go on from.
    fn position(&mut self, workbook: &dyn Workbook, resume: bool) -> Result<Counters> {
        let (above, counters) = match (resume, self.misfit.take()) {
            (true, Some((row, counters))) => (row.saturating_sub(1), counters),
            (true, None) => {
                return Err(failed(
                    FailureKind::Protocol,
                    "there is no misfit to resume from",
                ));
            }
            (false, _) => (self.reading.header_row, Counters::new(self.max_cells)),
        };
        if !self.fresh {
            self.reading.kept.clear();
            let mut rows = self.reading.reopen(workbook)?;
            if let Some(first) = first_below(rows.as_mut(), above)? {
                self.reading.kept.push_back(first);
            }
            self.reading.rest = rows;
        }
        Ok(counters)
    }

    fn misfit(&mut self, at: MisfitAt, row: &Row, counters: Counters) -> Result<Misfit> {
        let mut rest = RestTypes::new(counters.cells(), Rc::clone(&self.reading.rules));
        rest.join(row)?;
        for row in self.reading.kept.drain(..) {
            rest.join(&row)?;
        }
        self.reading.rest.join_rest(&mut rest)?;
        self.misfit = Some((row.number, counters));
        Ok(Misfit {
            row: row.number,
            column: at.column,
            value: at.value,
            value_type: at.value_type,
            rest: rest.columns(),
        })
    }

    fn done(&self, counters: &Counters) -> Result<StreamDone> {
        let header_of = |index| self.reading.headers.get(&index).cloned();
        match counters.formulas().failure(header_of) {
            Some(failure) => Err(failure),
            None => Ok(counters.done(self.reading.rest.facts(), self.reading.header_row)),
        }
    }
}

fn take_first(kept: &mut std::collections::VecDeque<Row>, row: &mut Row) -> bool {
    match kept.pop_front() {
        Some(first) => {
            *row = first;
            true
        }
        None => false,
    }
}

/// The first row below `above`; none where the sheet ends.
fn first_below(rows: &mut dyn SheetRows, above: u32) -> Result<Option<Row>> {
    let mut row = Row::default();
    while rows.next_row(&mut row)? {
        if row.number > above {
            return Ok(Some(row));
        }
    }
    Ok(None)
}
