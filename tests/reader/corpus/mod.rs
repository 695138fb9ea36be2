//! Workbooks made to harm, by kind, each with the one way it may end; read by the confined program.

mod binary;
mod markup;
mod packages;

use crate::client::{Reader, Reading};
use crate::raw_zip::{Entry, zip};
use crate::support::{Parts, fixture};
use pgdatahub_core::protocol::FailureKind;
use std::time::{Duration, Instant};

/// How a workbook may end.
pub enum Ends {
    /// Read to its end, with so many data rows.
    Read(u64),
    /// One error of this kind, which says this.
    Fails(FailureKind, &'static str),
    /// Read or refused: its damage may lie where nobody looks.
    Either,
    /// The process may also run into its own limits and die: calamine reads it.
    EitherOrDies,
}

/// A workbook of the corpus.
pub struct Hostile {
    pub name: String,
    pub content: Vec<u8>,
    pub ends: Ends,
}

fn hostile(name: impl Into<String>, content: Vec<u8>, ends: Ends) -> Hostile {
    Hostile {
        name: name.into(),
        content,
        ends,
    }
}

fn corrupt(name: &str, content: Vec<u8>, says: &'static str) -> Hostile {
    hostile(name, content, Ends::Fails(FailureKind::Corrupt, says))
}

/// The entries of a plain workbook with a header and two rows.
fn plain_entries() -> Vec<Entry> {
    entries_of(&Parts::with_rows(PLAIN_ROWS))
}

const PLAIN_ROWS: &str = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>name</t></is></c></row>\
    <row r=\"2\"><c r=\"A2\"><v>1</v></c></row><row r=\"3\"><c r=\"A3\"><v>2</v></c></row>";

fn entries_of(parts: &Parts) -> Vec<Entry> {
    let unpacked = unpacked(&parts.bytes()).into_iter();
    let packed = unpacked.map(|(name, content)| Entry::deflated(name.as_bytes(), &content));
    packed.collect()
}

/// Name and content of each entry.
fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut content = Vec::new();
        let mut entry = archive.by_index(index).unwrap();
        std::io::copy(&mut entry, &mut content).unwrap();
        entries.push((entry.name().unwrap().into_owned(), content));
    }
    entries
}

/// The plain workbook with its sheet's entry changed.
fn with_sheet_entry(change: impl FnOnce(&mut Entry)) -> Vec<u8> {
    let mut entries = plain_entries();
    change(entries.last_mut().unwrap());
    zip(&entries)
}

/// Address space of the program: far below what a bomb unpacks to.
const MEMORY: u64 = 256 << 20;

/// Processor seconds of one file: limits end it, not patience. A debug build on a busy machine is slow.
const CPU_SECONDS: u64 = 60;

/// Nothing may take longer than the processor time that it was given, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(300);

fn check(reader: &mut Reader, hostile: &Hostile) -> bool {
    let begun = Instant::now();
    let name = &hostile.name;
    let reading = reader.read(&hostile.content, CPU_SECONDS);
    assert!(
        begun.elapsed() < PATIENCE,
        "{name} takes {:?}",
        begun.elapsed()
    );
    match (&hostile.ends, reading) {
        (Ends::Read(rows), Reading::Rows(found)) => assert_eq!(found, *rows, "{name}"),
        (Ends::Fails(kind, says), Reading::Failed(failed)) => {
            let said = format!("{} {}", failed.message, failed.detail.unwrap_or_default());
            assert_eq!(failed.kind, *kind, "{name}: {said}");
            assert!(
                said.contains(says),
                "{name}: \"{said}\" does not say \"{says}\""
            );
        }
        (Ends::Either | Ends::EitherOrDies, Reading::Rows(_) | Reading::Failed(_)) => {}
        (Ends::EitherOrDies, Reading::Died) => return false,
        (_, reading) => panic!("{name}: {reading:?}"),
    }
    true
}

/// Each one through the same process, as in a folder; it must serve on after it.
fn check_all(corpus: Vec<Hostile>) {
    let mut reader = Reader::start(MEMORY);
    for hostile in &corpus {
        if !check(&mut reader, hostile) {
            reader = Reader::start(MEMORY);
        }
    }
    let plain = zip(&plain_entries());
    assert!(matches!(reader.read(&plain, CPU_SECONDS), Reading::Rows(2)));
}

#[test]
fn zip_files_that_lie() {
    check_all(packages::all());
}

#[test]
fn markup_that_explodes() {
    check_all(markup::all());
}

#[test]
fn binary_formats_that_lie() {
    check_all(binary::all());
}

/// Only calamine's .xls may read a file that lacks its end: where nothing of the workbook is in the lost sectors.
#[test]
fn truncated_at_every_percent() {
    let mut corpus = Vec::new();
    for name in [
        "cells/xlsxwriter.xlsx",
        "cells/libreoffice.xlsx",
        "cells/biff12.xlsb",
        "cells/libreoffice.ods",
        "cells/xlwt.xls",
    ] {
        let content = std::fs::read(fixture(name)).unwrap();
        for percent in 1..100 {
            let cut = content[..content.len() * percent / 100].to_vec();
            let ends = match name.ends_with(".xls") {
                true => Ends::EitherOrDies,
                false => Ends::Fails(FailureKind::Corrupt, "damaged zip file"),
            };
            corpus.push(hostile(format!("{name} at {percent} %"), cut, ends));
        }
    }
    check_all(corpus);
}
