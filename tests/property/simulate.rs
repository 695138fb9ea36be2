//! Imports files into a [`Table`] through core and the reader library, step by step as engine/schema.rs and
//! engine/stream.rs do in the server.

use crate::case::{Encoding, File, Step, Widening};
use crate::decode::{self, Tail};
use crate::kept::{Kept, sent};
use crate::model::{Outcome, Sheet, value::Kind};
use crate::table::{Table, kind_of};
use pgdatahub_core::columns::{self, Assigned, RESERVED, Remembered, SheetHeader};
use pgdatahub_core::evolve::{self, Found, Target};
use pgdatahub_core::naming;
use pgdatahub_core::protocol::{
    HeadRequest, Header, HeaderChoice, Misfit, OnMisfit, Response, RowEncoding, SheetOptions,
    StreamColumn, StreamRequest, Wire,
};
use pgdatahub_core::types::ColumnType;
use pgdatahub_reader::fail::Failed;
use pgdatahub_reader::source::Source;
use pgdatahub_reader::stream::{Outcome as End, SheetStream};
use pgdatahub_reader::{book, head};
use std::collections::BTreeMap;
use std::sync::Arc;

const MAX_CELLS: u64 = 1_000_000;

const TAIL: Tail<'static> = Tail {
    source_file: "/srv/a\tb\\é.xlsx",
    load_timestamp: 757_382_400_000_000,
};

/// A file's failure: its SQLSTATE.
struct Failure(String);

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Failure {
        Failure(failed.kind.sqlstate().into())
    }
}

/// Imports the files as `steps` say; `workbooks` are the files as bytes.
pub fn import(files: &[File], workbooks: &[Vec<u8>], steps: &[Step]) -> Outcome {
    let mut table = Table::default();
    let mut failed = BTreeMap::new();
    for step in steps {
        let mut known = None;
        loop {
            let before = table.clone();
            let import = Import {
                step,
                sheet: &files[step.file],
                workbook: &workbooks[step.file],
                own: false,
            };
            match import.run(&mut table, known.as_ref()) {
                Ok(None) => break,
                Ok(Some(columns)) => {
                    known = Some(columns);
                    table = before;
                }
                Err(failure) => {
                    failed.insert(step.file, failure.0);
                    table = before;
                    break;
                }
            }
        }
    }
    Outcome {
        columns: table.kinds(),
        rows: table.rows,
        rejects: table.rejects,
        failed,
    }
}

/// Header text and joined type by sheet column: SheetColumns of engine/schema.rs.
type SheetColumns = BTreeMap<u32, (String, ColumnType)>;

fn join(into: &mut SheetColumns, index: u32, text: &str, found: ColumnType) {
    let known = into.entry(index).or_insert((text.into(), ColumnType::None));
    known.1 = known.1.join(found);
}

struct Import<'a> {
    step: &'a Step,
    sheet: &'a File,
    workbook: &'a [u8],
    /// This import created the table.
    own: bool,
}

impl Import<'_> {
    /// Some: all of it has to be rolled back and begun anew, with these types known.
    fn run(
        mut self,
        table: &mut Table,
        known: Option<&SheetColumns>,
    ) -> Result<Option<SheetColumns>, Failure> {
        let source = Source::new(Arc::new(file(self.workbook)), self.workbook.len() as u64);
        let (_, book) = book::open(&source)?;
        let request = HeadRequest {
            sheet: 0,
            header: self.header(table),
            sample_rows: self.step.chunk,
            options: SheetOptions::default(),
            text: Default::default(),
        };
        let (head, reading) = head::find(book.as_ref(), &request, MAX_CELLS)?;
        let Response::Head(head) = sent(Response::Head(head)) else {
            panic!("no head")
        };
        assert_eq!(head.header_row, Some(1));
        let mut stream = SheetStream::new(reading, MAX_CELLS);
        let mut sheet = SheetColumns::new();
        for Header { index, text, found } in &head.headers {
            join(&mut sheet, *index, text, *found);
        }
        for (index, (text, found)) in known.into_iter().flatten() {
            join(&mut sheet, *index, text, *found);
        }
        let mut targets = self.fit(table, &sheet)?;
        let mut resume = false;
        let mut widened = known.is_some();
        loop {
            let mut kept = Kept::default();
            let end = stream.run(book.as_ref(), self.request(&targets, resume), &mut kept)?;
            self.store(table, &targets, kept);
            let misfit = match end {
                End::Done(done) => {
                    let rows = table
                        .rows
                        .keys()
                        .filter(|(file, _)| *file == self.step.file)
                        .count();
                    assert_eq!(done.rows as usize, rows, "rows that were counted");
                    assert_eq!(done.rejected as usize, table.rejects[&self.step.file].len());
                    return Ok(None);
                }
                End::Misfit(misfit) => match sent(Response::Misfit(misfit)) {
                    Response::Misfit(misfit) => misfit,
                    other => panic!("{other:?}"),
                },
            };
            self.check(&misfit, &targets);
            assert!(
                !std::mem::replace(&mut widened, true),
                "the table has to be altered a second time"
            );
            for (index, found) in misfit
                .rest
                .iter()
                .chain([&(misfit.column, misfit.value_type)])
            {
                join(&mut sheet, *index, "", *found);
            }
            resume = match self.step.widening {
                Widening::Reopen if !self.own => return Ok(Some(sheet)),
                Widening::Again if !self.own => {
                    table.rows.retain(|(file, _), _| *file != self.step.file);
                    table.rejects.remove(&self.step.file);
                    false
                }
                _ => true,
            };
            targets = self.fit(table, &sheet)?;
        }
    }

    fn header(&self, table: &Table) -> HeaderChoice {
        let headers = table.remembered.iter().map(|row| row.header.clone());
        let headers: Vec<String> = headers.filter(|text| !text.is_empty()).collect();
        // A table of columns under blank headers alone knows no header to find.
        let may_find = table.columns.is_none() || !headers.is_empty();
        if self.step.auto_header && may_find && Sheet::of(self.sheet).header_is_certain(&headers) {
            let known = headers.into_iter().chain(table.names()).collect();
            return HeaderChoice::Auto { known };
        }
        HeaderChoice::Row(1)
    }

    /// TargetTable::fit of engine/schema.rs.
    fn fit(&mut self, table: &mut Table, sheet: &SheetColumns) -> Result<Vec<Target>, Failure> {
        let headers: Vec<SheetHeader> = sheet
            .iter()
            .map(|(index, (text, found))| SheetHeader {
                index: *index,
                text: text.clone(),
                has_data: *found != ColumnType::None,
            })
            .collect();
        let mut columns = table.names();
        if table.columns.is_some() {
            columns.extend(RESERVED.map(String::from));
        }
        let assigned = columns::assign(&headers, &table.remembered, &columns)
            .map_err(|clash| Failure(clash.report().sqlstate.into()))?;
        let found = |a: &Assigned| Found {
            index: a.index,
            header: a.header.clone(),
            column: a.column.clone(),
            found: sheet[&a.index].1,
        };
        let found: Vec<Found> = assigned.iter().map(found).collect();
        let evolution = evolve::evolve(table.columns.as_deref(), &found)
            .map_err(|conflict| Failure(conflict.report().sqlstate.into()))?;
        self.own |= table.columns.is_none();
        table.apply(&evolution.changes);
        for Assigned {
            header,
            occurrence,
            column,
            ..
        } in assigned.iter().filter(|a| a.new_header)
        {
            let (header, column) = (header.clone(), column.clone());
            table.remembered.push(Remembered {
                header,
                occurrence: *occurrence,
                column,
            });
        }
        Ok(evolution.targets)
    }

    fn request(&self, targets: &[Target], resume: bool) -> StreamRequest {
        let column = |target: &Target| StreamColumn {
            index: target.index,
            wire: target.wire,
            on_misfit: OnMisfit::Misfit,
        };
        StreamRequest {
            columns: targets.iter().map(column).collect(),
            encoding: match self.step.encoding {
                Encoding::Binary => RowEncoding::Binary,
                Encoding::Text => RowEncoding::Text,
            },
            source_file: TAIL.source_file.into(),
            load_timestamp: TAIL.load_timestamp,
            resume,
            unfillable: Vec::new(),
            only: None,
        }
    }

    /// What COPY does with the rows of one stream.
    fn store(&self, table: &mut Table, targets: &[Target], kept: Kept) {
        let kinds: Vec<Kind> = targets
            .iter()
            .map(|target| self.kind(table, target))
            .collect();
        let decoded = match self.step.encoding {
            Encoding::Binary => decode::binary(&kept.encoded, &kinds, &TAIL),
            Encoding::Text => decode::text(&kept.encoded, &kinds, &TAIL),
        };
        let decoded = decoded.unwrap_or_else(|error| panic!("encoded rows: {error}"));
        let numbers: Vec<u32> = kept
            .runs
            .iter()
            .flat_map(|run| run.first..run.first + run.count)
            .collect();
        assert_eq!(numbers.len(), decoded.len(), "rows and their numbers");
        for (row, fields) in numbers.into_iter().zip(decoded) {
            let named = targets.iter().zip(fields);
            let values = named
                .filter_map(|(target, value)| Some((target.column.clone(), value?)))
                .collect();
            let twice = table.rows.insert((self.step.file, row), values);
            assert!(twice.is_none(), "row {row} came twice");
        }
        let rejects = table.rejects.entry(self.step.file).or_default();
        rejects.extend(
            kept.rejects
                .into_iter()
                .map(|r| (naming::cell(r.row, r.column), r.raw_value)),
        );
    }

    /// The table's column decides how a field is read, and the wire must agree.
    fn kind(&self, table: &Table, target: &Target) -> Kind {
        let column = table.type_of(&target.column);
        match target.wire {
            Wire::Native(wire) if wire == column || wire == ColumnType::None => kind_of(column),
            wire => panic!("{wire:?} to column {} of type {column:?}", target.column),
        }
    }

    /// A misfit must be one, or the stream would never end.
    fn check(&self, misfit: &Misfit, targets: &[Target]) {
        let target = targets.iter().find(|target| target.index == misfit.column);
        let held = target.is_some_and(|target| match target.wire {
            Wire::Native(wire) => wire.holds(misfit.value_type),
            _ => true,
        });
        assert!(!held, "{misfit:?} fits {target:?}");
    }
}

/// A nameless file with this content.
fn file(content: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, content).unwrap();
    file
}
