//! Parts of .xlsx and .ods packages whose markup explodes, repeats, refers to itself or claims a size.

use super::{Ends, Hostile, PLAIN_ROWS, corrupt, entries_of, hostile};
use crate::raw_zip::{Entry, zip};
use crate::support::{MAIN_NS, Parts};
use pgdatahub_core::protocol::FailureKind::{Corrupt, OverLimit};

pub fn all() -> Vec<Hostile> {
    [entities(), sizes(), claims(), references(), ods()]
        .into_iter()
        .flatten()
        .collect()
}

fn sheet(markup: &str) -> Vec<u8> {
    Parts::with_sheet(markup).bytes()
}

fn around(before: &str, behind: &str) -> Vec<u8> {
    sheet(&format!(
        "<worksheet xmlns=\"{MAIN_NS}\">{before}<sheetData>{PLAIN_ROWS}</sheetData>{behind}</worksheet>"
    ))
}

fn entities() -> Vec<Hostile> {
    let laughs: String = (1..10)
        .map(|level| {
            format!(
                "<!ENTITY l{level} \"{}\">",
                format!("&l{};", level - 1).repeat(10)
            )
        })
        .collect();
    let rows = "<row><c t=\"str\"><v>&l9;</v></c></row>";
    let body = format!("<worksheet xmlns=\"{MAIN_NS}\"><sheetData>{rows}</sheetData></worksheet>");
    let wide: Vec<u8> = format!("\u{FEFF}{body}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let wide_sheet =
        super::with_sheet_entry(|entry| *entry = Entry::deflated(&entry.name.clone(), &wide));
    let strings = |markup: &str| Parts {
        strings: markup.into(),
        ..Parts::with_rows("<row><c t=\"s\"><v>0</v></c></row>")
    };
    vec![
        corrupt(
            "billion laughs",
            sheet(&format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]>{body}")),
            "document type",
        ),
        corrupt(
            "an external entity",
            sheet(&format!(
                "<!DOCTYPE x [<!ENTITY l9 SYSTEM \"file:///etc/passwd\">]>{body}"
            )),
            "document type",
        ),
        corrupt("an entity without declaration", sheet(&body), "entity"),
        corrupt("UTF-16", wide_sheet, "not in UTF-8"),
        corrupt(
            "a DTD in the shared strings",
            strings("<!DOCTYPE sst [<!ENTITY a \"b\">]><sst><si><t>&a;</t></si></sst>").bytes(),
            "document type",
        ),
    ]
}

fn sizes() -> Vec<Hostile> {
    let text = |megabytes: usize| "x".repeat(megabytes << 20);
    let inline = |megabytes| {
        Parts::with_rows(&format!(
            "<row><c t=\"inlineStr\"><is><t>{}</t></is></c></row>",
            text(megabytes)
        ))
        .bytes()
    };
    let shared = |megabytes| {
        Parts::with_rows("<row><c t=\"s\"><v>0</v></c></row>")
            .strings(&format!("<si><t>{}</t></si>", text(megabytes)))
            .bytes()
    };
    // One shared string of 8 MB, in every cell of a row.
    let cells = "<c t=\"s\"><v>0</v></c>".repeat(200);
    let multiplied = Parts::with_rows(&format!("<row>{cells}</row>"))
        .strings(&format!("<si><t>{}</t></si>", text(8)))
        .bytes();
    vec![
        corrupt("a cell of 32 MB", inline(32), "over 16 MB"),
        corrupt("a shared string of 32 MB", shared(32), "over 16 MB"),
        hostile(
            "a shared string in many cells",
            multiplied,
            Ends::Fails(OverLimit, "holds more than 60 MB"),
        ),
        corrupt(
            "deep nesting",
            sheet(&format!("<worksheet>{}", "<a>".repeat(1_000_000))),
            "too deeply",
        ),
        corrupt(
            "deep nesting in a cell",
            Parts::with_rows(&format!("<row><c>{}</c></row>", "<is>".repeat(1_000_000))).bytes(),
            "too deeply",
        ),
        hostile(
            "a tag with many attributes",
            Parts::with_rows(&format!(
                "<row {}/>{PLAIN_ROWS}",
                (0..60_000)
                    .map(|n| format!("a{n}=\"\" "))
                    .collect::<String>()
            ))
            .bytes(),
            Ends::Either,
        ),
        corrupt(
            "too many cells in a row",
            Parts::with_rows(&format!("<row>{}</row>", "<c/>".repeat(20_000))).bytes(),
            "column",
        ),
    ]
}

fn claims() -> Vec<Hostile> {
    let strings = |count: &str| Parts {
        strings: format!("<sst count=\"{count}\" uniqueCount=\"{count}\"><si><t>a</t></si></sst>"),
        ..Parts::with_rows("<row><c t=\"s\"><v>0</v></c></row><row><c><v>1</v></c></row>")
    };
    let one = |cell: &str| {
        Parts::with_rows(&format!("<row r=\"1\"><c r=\"{cell}\"><v>1</v></c></row>")).bytes()
    };
    let merged = "<mergeCells count=\"4294967295\"><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>";
    let all_columns = "<cols><col min=\"1\" max=\"4294967295\" hidden=\"1\"/></cols>";
    vec![
        hostile(
            "huge dimension",
            around("<dimension ref=\"A1:XFD1048576\"/>", ""),
            Ends::Read(2),
        ),
        hostile(
            "impossible dimension",
            around("<dimension ref=\"ZZZ99999999999:A0\"/>", ""),
            Ends::Read(2),
        ),
        hostile(
            "columns without end",
            around(all_columns, ""),
            Ends::Read(2),
        ),
        hostile("everything merged", around("", merged), Ends::Read(2)),
        corrupt(
            "a cell reference that wraps",
            one("ZZZZZZZZZZ99999999999"),
            "impossible position",
        ),
        corrupt(
            "a cell reference of 2^32 rows",
            one("A4294967297"),
            "impossible position",
        ),
        corrupt(
            "uniqueCount of 2^63",
            strings("9223372036854775808").bytes(),
            "strings",
        ),
        corrupt("a negative uniqueCount", strings("-1").bytes(), "strings"),
        hostile(
            "a shared string that does not exist",
            Parts::with_rows(&format!(
                "{PLAIN_ROWS}<row><c t=\"s\"><v>4294967295</v></c></row>"
            ))
            .bytes(),
            Ends::Read(3),
        ),
        hostile(
            "a style that does not exist",
            {
                Parts::with_rows("<row><c s=\"4294967295\"><v>1</v></c></row><row><c s=\"-1\"><v>1</v></c></row>").bytes()
            },
            Ends::Either,
        ),
    ]
}

/// The plain workbook with another content of one part; none: without it.
fn replaced(part: &str, content: Option<&str>) -> Vec<u8> {
    let mut entries = entries_of(&Parts::with_rows(PLAIN_ROWS));
    entries.retain(|entry| entry.name != part.as_bytes());
    if let Some(content) = content {
        entries.push(Entry::deflated(part.as_bytes(), content.as_bytes()));
    }
    zip(&entries)
}

fn references() -> Vec<Hostile> {
    let to = |target: &str| {
        format!(
            "<Relationships><Relationship Id=\"rId1\" Type=\"x/officeDocument\" Target=\"{target}\"/></Relationships>"
        )
    };
    let sheet_at = |target: &str| {
        format!(
            "<Relationships><Relationship Id=\"rId1\" Type=\"x/worksheet\" Target=\"{target}\"/></Relationships>"
        )
    };
    let (root, book) = ("_rels/.rels", "xl/_rels/workbook.xml.rels");
    vec![
        hostile(
            "no relationships of the workbook",
            replaced(book, None),
            Ends::Either,
        ),
        corrupt(
            "no sheet part",
            replaced("xl/worksheets/sheet1.xml", None),
            "missing",
        ),
        corrupt(
            "no workbook part",
            replaced("xl/workbook.xml", None),
            "missing",
        ),
        corrupt(
            "a relationship to itself",
            replaced(root, Some(&to("_rels/.rels"))),
            "",
        ),
        corrupt(
            "a sheet that is its own workbook",
            replaced(book, Some(&sheet_at("workbook.xml"))),
            "not a worksheet",
        ),
        corrupt(
            "a sheet that is its relationships",
            replaced(book, Some(&sheet_at("_rels/workbook.xml.rels"))),
            "not a worksheet",
        ),
        hostile(
            "a sheet outside the package",
            replaced(book, Some(&sheet_at("../../../../etc/passwd"))),
            Ends::Fails(Corrupt, "missing"),
        ),
        hostile(
            "an external sheet",
            replaced(
                book,
                Some(
                    &sheet_at("http://localhost/sheet1.xml")
                        .replace(" Target", " TargetMode=\"External\" Target"),
                ),
            ),
            Ends::Either,
        ),
        hostile(
            "a thousand sheets of one part",
            {
                let sheets: String = (0..1_000)
                    .map(|n| format!("<sheet name=\"S{n}\" sheetId=\"{n}\" r:id=\"rId1\"/>"))
                    .collect();
                replaced(
                    "xl/workbook.xml",
                    Some(&format!(
                        "<workbook xmlns:r=\"r\"><sheets>{sheets}</sheets></workbook>"
                    )),
                )
            },
            Ends::Read(2),
        ),
        hostile(
            "no sheets",
            replaced("xl/workbook.xml", Some("<workbook><sheets/></workbook>")),
            Ends::Either,
        ),
    ]
}

fn ods() -> Vec<Hostile> {
    let book = |rows: &str| {
        let content = format!(
            "<office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\"><office:body><office:spreadsheet>\
             <table:table table:name=\"One\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
        );
        zip(&[
            Entry::stored(
                b"mimetype",
                b"application/vnd.oasis.opendocument.spreadsheet",
            ),
            Entry::deflated(b"content.xml", content.as_bytes()),
        ])
    };
    let cell = |attributes: &str| {
        format!(
            "<table:table-cell office:value-type=\"float\" office:value=\"1\" {attributes}><text:p>1</text:p></table:table-cell>"
        )
    };
    let row = |attributes: &str, cells: &str| {
        format!("<table:table-row {attributes}>{cells}</table:table-row>")
    };
    let header = row(
        "",
        "<table:table-cell office:value-type=\"string\"><text:p>n</text:p></table:table-cell>",
    );
    let many_rows = |count: &str| {
        row(
            &format!("table:number-rows-repeated=\"{count}\""),
            &cell(""),
        )
    };
    let many_cells = |count: &str| {
        row(
            "",
            &cell(&format!("table:number-columns-repeated=\"{count}\"")),
        )
    };
    let both = row(
        "table:number-rows-repeated=\"1048575\"",
        &cell("table:number-columns-repeated=\"16384\""),
    );
    let spaces = "<table:table-cell office:value-type=\"string\"><text:p><text:s text:c=\"4294967295\"/>x</text:p></table:table-cell>";
    vec![
        hostile(
            "ods: a full sheet in one row",
            book(&format!("{header}{both}")),
            Ends::Fails(OverLimit, "cells"),
        ),
        hostile(
            "ods: 2^32 rows",
            book(&format!("{header}{}", many_rows("4294967296"))),
            Ends::Either,
        ),
        hostile(
            "ods: 2^64 rows",
            book(&format!("{header}{}", many_rows("99999999999999999999"))),
            Ends::Either,
        ),
        hostile(
            "ods: 2^32 columns",
            book(&format!("{header}{}", many_cells("4294967295"))),
            Ends::Either,
        ),
        hostile(
            "ods: a space 2^32 times",
            book(&format!("{header}{}", row("", spaces))),
            Ends::Either,
        ),
        hostile(
            "ods: no sheet",
            zip(&[Entry::stored(
                b"mimetype",
                b"application/vnd.oasis.opendocument.spreadsheet",
            )]),
            Ends::Fails(Corrupt, "missing"),
        ),
        hostile(
            "ods: deep nesting",
            book(&"<table:table-row-group>".repeat(100_000)),
            Ends::Fails(Corrupt, "too deeply"),
        ),
        hostile(
            "ods: a table in a table",
            book(&format!(
                "{header}<table:table><table:table-row/></table:table>{}",
                many_rows("2")
            )),
            Ends::Either,
        ),
        hostile("ods: empty", book(""), Ends::Read(0)),
    ]
}
