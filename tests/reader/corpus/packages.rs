//! Zip files that say of themselves what is not so.

use super::{
    Ends, Hostile, PLAIN_ROWS, corrupt, entries_of, hostile, plain_entries, with_sheet_entry,
};
use crate::raw_zip::{Entry, zip};
use crate::support::{MAIN_NS, Parts};
use pgdatahub_core::protocol::FailureKind::OverLimit;

/// Flag of an entry whose sizes follow its data.
const DESCRIPTOR: u16 = 8;

pub fn all() -> Vec<Hostile> {
    [sizes(), bombs(), names(), zip64()]
        .into_iter()
        .flatten()
        .collect()
}

fn sizes() -> Vec<Hostile> {
    vec![
        corrupt(
            "size too small",
            with_sheet_entry(|sheet| sheet.size -= 1),
            "longer than the zip file says",
        ),
        corrupt(
            "size too large",
            with_sheet_entry(|sheet| sheet.size = 0x7FFF_FFFF),
            "ends early",
        ),
        corrupt(
            "no size",
            with_sheet_entry(|sheet| sheet.size = 0),
            "longer than",
        ),
        hostile(
            "compressed size too small",
            with_sheet_entry(|sheet| sheet.compressed /= 2),
            Ends::Either,
        ),
        hostile(
            "compressed size beyond the file",
            with_sheet_entry(|sheet| sheet.compressed = 0x7FFF_FFFF),
            Ends::Either,
        ),
        corrupt(
            "wrong checksum",
            with_sheet_entry(|sheet| sheet.crc ^= 1),
            "checksum is wrong",
        ),
        corrupt(
            "stored, says deflated",
            with_sheet_entry(|sheet| {
                *sheet = Entry {
                    method: 8,
                    ..Entry::stored(&sheet.name, PLAIN_ROWS.as_bytes())
                };
            }),
            "cannot be read",
        ),
        corrupt(
            "unknown method",
            with_sheet_entry(|sheet| sheet.method = 14),
            "is compressed with",
        ),
        hostile(
            "data descriptors",
            with_sheet_entry(|sheet| sheet.flags = DESCRIPTOR),
            Ends::Read(2),
        ),
        hostile(
            "encrypted flag",
            with_sheet_entry(|sheet| sheet.flags = 1),
            Ends::Fails(
                pgdatahub_core::protocol::FailureKind::Encrypted,
                "password-protected",
            ),
        ),
        hostile(
            "offset beyond the file",
            with_sheet_entry(|sheet| sheet.offset = Some(0x7FFF_FFFF)),
            Ends::Either,
        ),
    ]
}

/// A sheet whose markup says nothing, this long.
fn idle_sheet(bytes: usize) -> Vec<u8> {
    let comment = "<!-- nothing at all, again and again, nothing at all -->";
    let idle = comment.repeat(bytes / comment.len());
    format!("<worksheet xmlns=\"{MAIN_NS}\"><sheetData>{idle}{PLAIN_ROWS}</sheetData></worksheet>")
        .into_bytes()
}

fn bombs() -> Vec<Hostile> {
    let claims = |count: usize, size: u32| {
        let mut entries = plain_entries();
        for number in 0..count {
            let entry = Entry::stored(format!("xl/media/{number}.bin").as_bytes(), b"x");
            entries.push(Entry { size, ..entry });
        }
        zip(&entries)
    };
    // Many names for the same bytes of the file.
    let mut overlapping = plain_entries();
    let first = overlapping[0].clone();
    for number in 0..9_000 {
        let name = format!("xl/media/{number}.bin").into_bytes();
        let claimed = Entry {
            name,
            data: Vec::new(),
            offset: Some(0),
            size: 1 << 20,
            ..first.clone()
        };
        overlapping.push(claimed);
    }
    let nested = zip(&plain_entries());
    let mut within = plain_entries();
    within.push(Entry::stored(b"xl/embeddings/again.xlsx", &nested));
    vec![
        hostile(
            "claims 12 GB",
            claims(4, 0xC000_0000),
            Ends::Fails(OverLimit, "would unpack to"),
        ),
        hostile("overlapping entries", zip(&overlapping), Ends::Either),
        hostile(
            "a sheet of 24 MB from 100 kB",
            with_sheet_entry(|sheet| {
                *sheet = Entry::deflated(&sheet.name, &idle_sheet(24 << 20));
            }),
            Ends::Read(2),
        ),
        hostile("a workbook within a workbook", zip(&within), Ends::Read(2)),
        hostile(
            "too many entries",
            claims(10_001, 1),
            Ends::Fails(OverLimit, "entries"),
        ),
    ]
}

fn names() -> Vec<Hostile> {
    let with_name = |name: &[u8]| {
        let mut entries = plain_entries();
        entries.push(Entry::stored(name, b"root:x:0:0"));
        zip(&entries)
    };
    let mut twice = plain_entries();
    twice.push(Entry::stored(b"XL/Worksheets/Sheet1.xml", b"<worksheet/>"));
    let nul = Parts {
        workbook: Parts::with_rows("").workbook,
        ..Parts::with_rows(PLAIN_ROWS)
    };
    let mut missing = entries_of(&nul);
    for entry in &mut missing {
        if entry.name.ends_with(b"workbook.xml.rels") {
            let text = b"<Relationships><Relationship Id=\"rId1\" Type=\"/worksheet\" Target=\"a\0b.xml\"/></Relationships>";
            *entry = Entry::deflated(&entry.name.clone(), text);
        }
    }
    vec![
        hostile(
            "a path upwards",
            with_name(b"../../../../etc/passwd"),
            Ends::Read(2),
        ),
        hostile("an absolute path", with_name(b"/etc/passwd"), Ends::Read(2)),
        hostile(
            "a name that is not UTF-8",
            with_name(b"xl/\xff\xfe.xml"),
            Ends::Read(2),
        ),
        hostile(
            "a name of 60,000 bytes",
            with_name(&[b'a'; 60_000]),
            Ends::Read(2),
        ),
        hostile(
            "a name with U+0000",
            with_name(b"xl/a\0b.xml"),
            Ends::Either,
        ),
        hostile("no name", with_name(b""), Ends::Either),
        corrupt("one part under two names", zip(&twice), "occurs twice"),
        hostile("a sheet's name with U+0000", nul_sheet(), Ends::Read(2)),
        // The name comes back in the message, which must be one that the backend takes.
        corrupt(
            "a missing part with U+0000 in its name",
            zip(&missing),
            "missing",
        ),
    ]
}

/// The name is told to the backend, which takes no U+0000.
fn nul_sheet() -> Vec<u8> {
    let parts = Parts::with_rows(PLAIN_ROWS);
    let workbook = parts.workbook.replace("\"One\"", "\"O\0e\"");
    Parts { workbook, ..parts }.bytes()
}

/// Extra field 1 (APPNOTE.TXT 4.5.3): sizes of 64 bits.
fn zip64() -> Vec<Hostile> {
    let with_sizes = |size: u64, compressed: u64| {
        with_sheet_entry(|sheet| {
            (sheet.size, sheet.compressed) = (u32::MAX, u32::MAX);
            sheet.extra = [
                &[1, 0, 16, 0][..],
                &size.to_le_bytes(),
                &compressed.to_le_bytes(),
            ]
            .concat();
        })
    };
    let sheet = plain_entries().pop().unwrap();
    let (size, compressed) = (u64::from(sheet.size), u64::from(sheet.compressed));
    vec![
        hostile(
            "zip64 of a small file",
            with_sizes(size, compressed),
            Ends::Read(2),
        ),
        hostile(
            "zip64 of 2^63 bytes",
            with_sizes(1 << 63, compressed),
            Ends::Fails(OverLimit, "would unpack to"),
        ),
        hostile(
            "zip64 that begins 2^63 bytes back",
            with_sizes(size, 1 << 63),
            Ends::Either,
        ),
        hostile(
            "zip64 without its field",
            with_sheet_entry(|sheet| {
                (sheet.size, sheet.compressed) = (u32::MAX, u32::MAX);
            }),
            Ends::Either,
        ),
    ]
}
