//! Files made to harm: they fail, or are read; nothing panics, hangs or eats memory.

use crate::protocol::{Reader, head_request};
use crate::support::{Parts, assert_fails, first_cells, fixture, open, source, zipped};
use pgdatahub_core::protocol::{FailureKind, Response};
use pgdatahub_reader::book;
use pgdatahub_reader::row::Row;
use std::io::{Cursor, Write};
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;

/// Reads all sheets to their ends; only a panic, an abort or a hang fails here.
fn exhaust(content: &[u8]) -> bool {
    let Ok((_, book)) = book::open(&source(content)) else {
        return false;
    };
    let mut whole = true;
    for sheet in 0..book.sheets().len() {
        let Ok(mut rows) = book.rows(sheet) else {
            whole = false;
            continue;
        };
        let mut row = Row::default();
        loop {
            match rows.next_row(&mut row) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
    }
    whole
}

const WORKBOOKS: [&str; 4] = [
    "cells/xlsxwriter.xlsx",
    "cells/biff12.xlsb",
    "cells/libreoffice.ods",
    "cells/pyxlsbwriter.xlsb",
];

#[test]
fn truncated_files_fail_at_every_length() {
    for name in WORKBOOKS {
        let content = std::fs::read(fixture(name)).unwrap();
        assert!(exhaust(&content), "{name}");
        for length in (0..content.len()).step_by(23) {
            assert!(!exhaust(&content[..length]), "{name} at {length}");
        }
    }
}

#[test]
fn a_truncated_xls_never_gives_fewer_rows() {
    for name in ["cells/xlwt.xls", "cells/libreoffice.xls"] {
        let content = std::fs::read(fixture(name)).unwrap();
        let all = first_cells(&content).unwrap();
        for length in (0..content.len()).step_by(101) {
            if let Ok(found) = first_cells(&content[..length]) {
                assert_eq!(found, all, "{name} at {length}");
            }
        }
    }
}

/// The parts of a zip file with one byte changed each, zipped anew: past the checksums.
#[test]
fn changed_bytes_never_panic() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for name in WORKBOOKS {
        let content = std::fs::read(fixture(name)).unwrap();
        for _ in 0..150 {
            exhaust(&rezipped(&content, &mut |part| {
                for _ in 0..3 {
                    let at = random(part.len());
                    part[at] = random(256) as u8;
                }
            }));
        }
    }
}

fn rezipped(content: &[u8], change: &mut dyn FnMut(&mut Vec<u8>)) -> Vec<u8> {
    let mut old = zip::ZipArchive::new(Cursor::new(content)).unwrap();
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut part = Vec::new();
        let mut entry = old.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        std::io::copy(&mut entry, &mut part).unwrap();
        if !part.is_empty() && name != "mimetype" {
            change(&mut part);
        }
        new.start_file(name, SimpleFileOptions::default()).unwrap();
        new.write_all(&part).unwrap();
    }
    new.finish().unwrap().into_inner()
}

#[test]
fn a_wrong_checksum_is_found_even_behind_the_last_row() {
    let bytes = Parts::with_rows("<row><c><v>1234567</v></c></row>").bytes();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut old = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for index in 0..old.len() {
        let mut entry = old.by_index(index).unwrap();
        zip.start_file(entry.name().unwrap().into_owned(), stored)
            .unwrap();
        std::io::copy(&mut entry, &mut zip).unwrap();
    }
    let mut bytes = zip.finish().unwrap().into_inner();
    assert_eq!(first_cells(&bytes).unwrap(), ["A1=1234567"]);
    let at = memchr::memmem::find(&bytes, b"1234567").unwrap();
    bytes[at] = b'9';
    assert_fails(
        first_cells(&bytes),
        FailureKind::Corrupt,
        "checksum is wrong",
    );
}

#[test]
fn a_claimed_string_count_is_no_size() {
    let mut parts =
        Parts::with_rows("<row><c t=\"s\"><v>0</v></c></row>").strings("<si><t>a</t></si>");
    parts.strings = parts
        .strings
        .replace("<sst", "<sst uniqueCount=\"100000000000\"");
    assert_fails(
        first_cells(&parts.bytes()),
        FailureKind::Corrupt,
        "100000000000 strings",
    );
}

#[test]
fn too_many_entries() {
    let names: Vec<String> = (0..10_001).map(|number| format!("part{number}")).collect();
    let parts: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert_fails(
        open(&zipped(&parts)).map(drop),
        FailureKind::OverLimit,
        "10001 entries",
    );
}

#[test]
fn a_tag_without_end_is_bounded() {
    let sheet = format!(
        "<worksheet><sheetData><row a=\"{}\"/>",
        "x".repeat(20 << 20)
    );
    let bytes = Parts::with_sheet(&sheet).bytes();
    assert_fails(first_cells(&bytes), FailureKind::Corrupt, "over 16 MB");
    let sheet = format!("<worksheet>{}", "<a>".repeat(100_000));
    assert_fails(
        first_cells(&Parts::with_sheet(&sheet).bytes()),
        FailureKind::Corrupt,
        "too deeply",
    );
}

#[test]
fn a_file_that_takes_too_long_ends_the_reader() {
    let cells = "<c/>".repeat(16_000);
    let bytes = Parts::with_rows(&format!("<row>{cells}</row>").repeat(50)).bytes();
    let mut reader = Reader::start(1 << 30);
    assert!(matches!(reader.open_within(&bytes, 0), Response::Opened(_)));
    let end = Instant::now() + Duration::from_secs(60);
    while reader.try_ask(&head_request()).is_some() {
        assert!(Instant::now() < end, "no limit on processor time");
    }
    assert_eq!(
        reader.wait().signal(),
        Some(rustix::process::Signal::XCPU.as_raw())
    );
}

#[test]
fn far_apart_cells_need_no_memory() {
    let content = std::fs::read(fixture("bad/far_cells.xlsx")).unwrap();
    let mut reader = Reader::start(128 << 20);
    assert!(matches!(reader.open(&content), Response::Opened(_)));
    assert!(matches!(reader.ask(&head_request()), Response::Head(_)));
}

#[test]
fn strings_beyond_the_memory_are_a_failure_and_not_the_end() {
    let items = "<si><t>some text of a length that is not quite short</t></si>".repeat(3_000_000);
    let bytes = Parts::with_rows("<row><c t=\"s\"><v>0</v></c></row>")
        .strings(&items)
        .bytes();
    drop(items);
    let mut reader = Reader::start(100 << 20);
    assert!(matches!(reader.open(&bytes), Response::Opened(_)));
    let Response::Failed(failed) = reader.ask(&head_request()) else {
        panic!("read")
    };
    assert_eq!(failed.kind, FailureKind::OverLimit);
    assert!(failed.hint.unwrap().contains("pgdatahub.reader_memory"));
    let small = Parts::with_rows("<row><c><v>0</v></c></row>").bytes();
    assert!(matches!(reader.open(&small), Response::Opened(_)));
}
