//! Reads one sheet in one of the ways that the benchmark compares and prints the
//! seconds it took: `read_alone (calamine|reader) FILE`

#![allow(clippy::unwrap_used, clippy::panic)]

use calamine::Reader;
use pgdatahub_core::protocol::rows::Run;
use pgdatahub_core::protocol::{
    HeadRequest, HeaderChoice, OnMisfit, Reject, RowEncoding, SheetOptions, StreamColumn,
    StreamRequest, Wire,
};
use pgdatahub_reader::sink::Sink;
use pgdatahub_reader::source::Source;
use pgdatahub_reader::stream::{Outcome, SheetStream};
use pgdatahub_reader::{book, fail, head};
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

struct Nowhere;

impl Sink for Nowhere {
    fn rows(&mut self, _runs: &[Run], _encoded: &[u8]) -> fail::Result<()> {
        Ok(())
    }

    fn rejects(&mut self, _rejects: Vec<Reject>) -> fail::Result<()> {
        Ok(())
    }
}

/// Every cell of the first sheet, streamed where calamine can.
fn calamine(path: &str) -> usize {
    let filled = |empty: bool| usize::from(!empty);
    let mut cells = 0;
    if path.ends_with(".xlsx") {
        let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).unwrap();
        let name = book.sheet_names()[0].clone();
        let mut reader = book.worksheet_cells_reader(&name).unwrap();
        while let Some(cell) = reader.next_cell().unwrap() {
            cells += filled(matches!(cell.get_value(), calamine::DataRef::Empty));
        }
    } else {
        let mut book = calamine::open_workbook_auto(path).unwrap();
        let range = book.worksheet_range_at(0).unwrap().unwrap();
        cells = range.used_cells().count();
    }
    cells
}

/// The first sheet, encoded for columns of the types that its first rows have.
fn reader(path: &str) -> usize {
    let file = File::open(path).unwrap();
    let length = file.metadata().unwrap().len();
    let source = Source::new(Arc::new(file), length);
    let (_, workbook) = book::open(&source).unwrap();
    let request = HeadRequest {
        sheet: 0,
        header: HeaderChoice::Auto { known: Vec::new() },
        sample_rows: 10_000,
        options: SheetOptions::default(),
        text: Default::default(),
    };
    let (found, reading) = head::find(workbook.as_ref(), &request, u64::MAX).unwrap();
    let columns = found.headers.iter().map(|header| StreamColumn {
        index: header.index,
        wire: Wire::Native(header.found),
        on_misfit: OnMisfit::Misfit,
    });
    let request = StreamRequest {
        columns: columns.collect(),
        encoding: RowEncoding::Binary,
        source_file: path.into(),
        load_timestamp: 0,
        resume: false,
        unfillable: Vec::new(),
        only: None,
    };
    let mut stream = SheetStream::new(reading, u64::MAX);
    match stream
        .run(workbook.as_ref(), request, &mut Nowhere)
        .unwrap()
    {
        Outcome::Done(done) => done.rows as usize,
        Outcome::Misfit(misfit) => panic!("row {} does not fit", misfit.row),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [way, path] = &arguments[..] else {
        panic!("usage: read_alone (calamine|reader) FILE");
    };
    let start = Instant::now();
    let read = match way.as_str() {
        "calamine" => calamine(path),
        _ => reader(path),
    };
    assert!(read > 0, "nothing was read");
    println!("{:.4}", start.elapsed().as_secs_f64());
}
