//! Times the reader alone: parses and encodes one sheet as the server would,
//! into nothing. `cargo run --release --example time_sheet FILE [SHEET NUMBER]`

#![allow(clippy::unwrap_used)]

use pgdatahub_core::protocol::rows::Run;
use pgdatahub_core::protocol::{
    HeadRequest, HeaderChoice, OnMisfit, Reject, RowEncoding, SheetOptions, StreamColumn,
    StreamRequest, Wire,
};
use pgdatahub_reader::row::Row;
use pgdatahub_reader::sink::Sink;
use pgdatahub_reader::source::Source;
use pgdatahub_reader::stream::{Outcome, SheetStream};
use pgdatahub_reader::{book, fail, hash, head};
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

#[derive(Default)]
struct Nowhere {
    bytes: usize,
    rejects: usize,
}

impl Sink for Nowhere {
    fn rows(&mut self, _runs: &[Run], encoded: &[u8]) -> fail::Result<()> {
        self.bytes += encoded.len();
        Ok(())
    }

    fn rejects(&mut self, rejects: Vec<Reject>) -> fail::Result<()> {
        self.rejects += rejects.len();
        Ok(())
    }
}

/// Times the parsing alone.
fn time_rows(source: &Source, sheet: u32) {
    let start = Instant::now();
    let (_, workbook) = book::open(source).unwrap();
    let mut rows = workbook.rows(sheet as usize).unwrap();
    let (mut row, mut cells) = (Row::default(), 0);
    while rows.next_row(&mut row).unwrap() {
        cells += row.cells().len();
    }
    println!("parsing alone: {cells} cells in {:.2?}", start.elapsed());
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let file = File::open(&arguments[0]).unwrap();
    let sheet = arguments
        .get(1)
        .map_or(1, |number| number.parse::<u32>().unwrap())
        - 1;
    let length = file.metadata().unwrap().len();
    let source = Source::new(Arc::new(file), length);
    time_rows(&source, sheet);
    let start = Instant::now();
    hash::sha256(source.clone()).unwrap();
    let hashed = start.elapsed();
    let (format, workbook) = book::open(&source).unwrap();
    let header = HeaderChoice::Auto { known: Vec::new() };
    let request = HeadRequest {
        sheet,
        header,
        sample_rows: 10_000,
        options: SheetOptions::default(),
        text: Default::default(),
    };
    let (found, reading) = head::find(workbook.as_ref(), &request, u64::MAX).unwrap();
    let headed = start.elapsed();
    let mut types: Vec<_> = found.headers.iter().map(|h| (h.index, h.found)).collect();
    let mut stream = SheetStream::new(reading, u64::MAX);
    let mut sink = Nowhere::default();
    loop {
        let columns = types
            .iter()
            .map(|(index, found)| StreamColumn {
                index: *index,
                wire: Wire::Native(*found),
                on_misfit: OnMisfit::Misfit,
            })
            .collect();
        let request = StreamRequest {
            columns,
            encoding: RowEncoding::Binary,
            source_file: arguments[0].clone(),
            load_timestamp: 0,
            resume: false,
            unfillable: Vec::new(),
            only: None,
        };
        match stream.run(workbook.as_ref(), request, &mut sink).unwrap() {
            Outcome::Done(done) => {
                println!("{done:?}");
                println!(
                    "{format:?}: {} rows, {} MB encoded; hash {hashed:.2?}, head {:.2?}, stream {:.2?}, all {:.2?}",
                    done.rows,
                    sink.bytes >> 20,
                    headed - hashed,
                    start.elapsed() - headed,
                    start.elapsed(),
                );
                return;
            }
            Outcome::Misfit(misfit) => {
                println!("misfit in row {}: {}", misfit.row, misfit.value);
                for (index, found) in misfit.rest {
                    match types.iter_mut().find(|(listed, _)| *listed == index) {
                        Some((_, known)) => *known = known.join(found),
                        None => types.push((index, found)),
                    }
                }
            }
        }
    }
}
