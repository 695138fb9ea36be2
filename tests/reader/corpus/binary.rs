//! .xlsb parts and .xls files whose records and sectors lie.

use super::{Ends, Hostile, hostile, unpacked};
use crate::raw_zip::{Entry, zip};
use crate::support::fixture;
use pgdatahub_core::protocol::FailureKind::Corrupt;

pub fn all() -> Vec<Hostile> {
    [xlsb(), biff(), compound_files()]
        .into_iter()
        .flatten()
        .collect()
}

/// The fixture workbook with one part changed.
fn xlsb_with(part: &str, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let content = std::fs::read(fixture("cells/biff12.xlsb")).unwrap();
    let mut entries = Vec::new();
    for (name, mut content) in unpacked(&content) {
        if name.ends_with(part) {
            change(&mut content);
        }
        entries.push(Entry::stored(name.as_bytes(), &content));
    }
    zip(&entries)
}

/// A record's header ([MS-XLSB] 2.1.4): its kind, then its size in groups of seven bits.
fn record(kind: &[u8], size: &[u8]) -> Vec<u8> {
    [kind, size].concat()
}

fn xlsb() -> Vec<Hostile> {
    let sheet = |record: Vec<u8>, what: &str| {
        let content = xlsb_with("sheet1.bin", |part| {
            drop(part.splice(0..0, record.iter().copied()))
        });
        hostile(format!("xlsb: {what}"), content, Ends::Either)
    };
    let strings = |record: Vec<u8>, what: &str| {
        let content = xlsb_with("sharedStrings.bin", |part| {
            drop(part.splice(0..0, record.iter().copied()))
        });
        hostile(format!("xlsb strings: {what}"), content, Ends::Either)
    };
    let largest = b"\xff\xff\xff\x7f";
    let beyond = b"\xff\xff\xff\xff\xff\x0f";
    let mut corpus = Vec::new();
    for kind in [
        &b"\x00"[..],
        b"\x05",
        b"\x06",
        b"\x07",
        b"\x13",
        b"\x81\x01",
        b"\x9f\x01",
    ] {
        corpus.push(sheet(
            record(kind, largest),
            &format!("a record {kind:02x?} of 256 MB"),
        ));
        corpus.push(sheet(
            record(kind, beyond),
            &format!("a record {kind:02x?} of 4 GB"),
        ));
        corpus.push(sheet(
            record(kind, b"\x00"),
            &format!("an empty record {kind:02x?}"),
        ));
        corpus.push(strings(
            record(kind, largest),
            &format!("a record {kind:02x?} of 256 MB"),
        ));
        corpus.push(strings(
            record(kind, b"\x00"),
            &format!("an empty record {kind:02x?}"),
        ));
    }
    // BrtBeginSst says how many strings there are.
    corpus.push(hostile(
        "xlsb: 2^32 strings",
        xlsb_with("sharedStrings.bin", |part| {
            let at = memchr::memmem::find(part, b"\x9f\x01\x08").unwrap() + 3;
            part[at..at + 8].fill(0xff);
        }),
        Ends::Either,
    ));
    for part in [
        "workbook.bin",
        "styles.bin",
        "sharedStrings.bin",
        "sheet1.bin",
    ] {
        let empty = xlsb_with(part, Vec::clear);
        corpus.push(hostile(
            format!("xlsb: an empty {part}"),
            empty,
            Ends::Either,
        ));
    }
    corpus
}

fn xls() -> Vec<u8> {
    std::fs::read(fixture("cells/xlwt.xls")).unwrap()
}

/// The workbook with the bytes behind each `record` header changed.
fn biff_with(header: &[u8], offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut content = xls();
    let found: Vec<usize> = memchr::memmem::find_iter(&content, header).collect();
    assert!(!found.is_empty(), "no record {header:02x?}");
    for at in found {
        content[at + header.len() + offset..][..bytes.len()].copy_from_slice(bytes);
    }
    content
}

fn biff() -> Vec<Hostile> {
    // DIMENSIONS ([MS-XLS] 2.4.90): first and last row (4 bytes each), first and last column (2 bytes each).
    let dimensions = b"\x00\x02\x0e\x00";
    let reversed = [
        &9u32.to_le_bytes()[..],
        &1u32.to_le_bytes(),
        &9u16.to_le_bytes(),
        &1u16.to_le_bytes(),
    ]
    .concat();
    let huge = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff];
    // NUMBER ([MS-XLS] 2.4.180): row, column, format, value.
    let number = b"\x03\x02\x0e\x00";
    vec![
        hostile(
            "xls: reversed dimensions",
            biff_with(dimensions, 0, &reversed),
            Ends::EitherOrDies,
        ),
        hostile(
            "xls: dimensions of all there is",
            biff_with(dimensions, 0, &huge),
            Ends::EitherOrDies,
        ),
        hostile(
            "xls: cells in the last row and column",
            biff_with(number, 0, &[0xff; 4]),
            Ends::EitherOrDies,
        ),
        hostile(
            "xls: formats that do not exist",
            biff_with(number, 4, &[0xff; 2]),
            Ends::EitherOrDies,
        ),
        // SST ([MS-XLS] 2.4.265): how many strings there are.
        hostile(
            "xls: 2^32 strings",
            {
                let mut content = xls();
                let at = content
                    .windows(2)
                    .position(|two| two == b"\xfc\x00")
                    .unwrap();
                content[at + 4..at + 12].fill(0xff);
                content
            },
            Ends::EitherOrDies,
        ),
    ]
}

/// Compound files ([MS-CFB]): the header's counts, and the FAT that says which sector follows which.
fn compound_files() -> Vec<Hostile> {
    let word =
        |content: &[u8], at: usize| u32::from_le_bytes(content[at..at + 4].try_into().unwrap());
    let patched = |at: usize, value: u32| {
        let mut content = xls();
        content[at..at + 4].copy_from_slice(&value.to_le_bytes());
        content
    };
    let content = xls();
    let fat = (word(&content, 76) as usize + 1) * 512;
    let directory = word(&content, 48);
    let entry = |sector: u32| fat + sector as usize * 4;
    let mut all_to_itself = xls();
    for sector in 0..128u32 {
        let at = fat + sector as usize * 4;
        if at + 4 <= all_to_itself.len() && word(&all_to_itself, at) < 0xFFFF_FFF0 {
            all_to_itself[at..at + 4].copy_from_slice(&sector.to_le_bytes());
        }
    }
    let either = |name: &str, content| hostile(format!("cfb: {name}"), content, Ends::EitherOrDies);
    vec![
        either(
            "the directory is its own successor",
            patched(entry(directory), directory),
        ),
        either("every sector is its own successor", all_to_itself),
        either("a sector beyond the file", patched(entry(0), 0x00FF_FFFF)),
        either(
            "the FAT in its own first sector",
            patched(76, word(&content, 76)),
        ),
        either("2^32 FAT sectors", patched(44, 0xFFFF_FFFF)),
        either(
            "a DIFAT that begins in the FAT",
            patched(68, word(&content, 76)),
        ),
        either("2^32 DIFAT sectors", patched(72, 0xFFFF_FFFF)),
        either("the directory beyond the file", patched(48, 0x00FF_FFFF)),
        either("sectors of 2^255 bytes", {
            let mut content = xls();
            content[30] = 0xff;
            content
        }),
        hostile(
            "cfb: the header alone",
            content[..512].to_vec(),
            Ends::Fails(Corrupt, ""),
        ),
    ]
}
