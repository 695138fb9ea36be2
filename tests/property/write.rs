//! Writes a [`File`] as .xlsx, by hand: what ECMA-376 allows and no writer library would write side by side.

use crate::case::{Cell, FORMATS, File, ISO, Storage};
use crate::model::names::letters;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The workbook's bytes.
pub fn workbook(file: &File) -> Vec<u8> {
    let mut strings = String::new();
    let sheet = sheet(file, &mut strings);
    let epoch = if file.date1904 {
        "<workbookPr date1904=\"1\"/>"
    } else {
        ""
    };
    let book = format!(
        "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{REL}\">{epoch}<sheets>\
         <sheet name=\"One\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let root = format!(
        "<Relationships><Relationship Id=\"rId1\" Type=\"{REL}/officeDocument\" \
         Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let relationships = format!(
        "<Relationships><Relationship Id=\"rId1\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
         <Relationship Id=\"rId2\" Type=\"{REL}/styles\" Target=\"styles.xml\"/>\
         <Relationship Id=\"rId3\" Type=\"{REL}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
    );
    zipped(&[
        ("[Content_Types].xml", "<Types/>"),
        ("_rels/.rels", &root),
        ("xl/_rels/workbook.xml.rels", &relationships),
        ("xl/workbook.xml", &book),
        ("xl/styles.xml", &styles()),
        (
            "xl/sharedStrings.xml",
            &format!("<sst xmlns=\"{MAIN}\">{strings}</sst>"),
        ),
        ("xl/worksheets/sheet1.xml", &sheet),
    ])
}

fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, stored).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// One cell style per format, in their order.
fn styles() -> String {
    let (mut codes, mut cells) = (String::new(), String::new());
    for (id, format) in (164..).zip(FORMATS) {
        if format.code.is_empty() {
            write!(cells, "<xf numFmtId=\"{}\"/>", format.id).unwrap();
        } else {
            let code = format.code.replace('&', "&amp;").replace('"', "&quot;");
            write!(codes, "<numFmt numFmtId=\"{id}\" formatCode=\"{code}\"/>").unwrap();
            write!(cells, "<xf numFmtId=\"{id}\"/>").unwrap();
        }
    }
    format!(
        "<styleSheet xmlns=\"{MAIN}\"><numFmts>{codes}</numFmts><cellXfs>{cells}</cellXfs></styleSheet>"
    )
}

fn sheet(file: &File, strings: &mut String) -> String {
    let mut out = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>");
    let mut count = 0;
    for (row, cells) in (1..).zip(std::iter::once(&file.header).chain(&file.rows)) {
        if file.positions {
            if cells.iter().all(|cell| *cell == Cell::Absent) {
                continue;
            }
            write!(out, "<row r=\"{row}\">").unwrap();
        } else {
            out += "<row>";
        }
        for (column, cell) in cells.iter().enumerate() {
            let place = format!(" r=\"{}{row}\"", letters(column));
            match (cell, file.positions) {
                (Cell::Absent, true) => {}
                (Cell::Absent, false) => out += "<c/>",
                (cell, true) => self::cell(&mut out, cell, &place, strings, &mut count),
                (cell, false) => self::cell(&mut out, cell, "", strings, &mut count),
            }
        }
        out += "</row>";
    }
    out + "</sheetData></worksheet>"
}

/// The number that stands in the file for a moment.
pub fn serial(millis: i64, tenths: i64) -> String {
    format!("{}", (millis as f64 + tenths as f64 / 10.0) / 86_400_000.0)
}

fn cell(out: &mut String, cell: &Cell, place: &str, strings: &mut String, count: &mut usize) {
    let formula = |formula: &bool| if *formula { "<f>Z99</f>" } else { "" };
    match cell {
        Cell::Absent => Ok(()),
        Cell::Styled => write!(out, "<c{place} s=\"3\"/>"),
        Cell::Text(text, storage) => {
            let text = escaped(text);
            match storage {
                Storage::Shared => {
                    write!(strings, "<si><t xml:space=\"preserve\">{text}</t></si>").unwrap();
                    *count += 1;
                    write!(out, "<c{place} t=\"s\"><v>{}</v></c>", *count - 1)
                }
                Storage::Inline => {
                    write!(out, "<c{place} t=\"inlineStr\"><is><t>{text}</t></is></c>")
                }
                Storage::Formula => write!(out, "<c{place} t=\"str\"><f>Z99</f><v>{text}</v></c>"),
                Storage::Plain => write!(out, "<c{place} t=\"str\"><v>{text}</v></c>"),
            }
        }
        Cell::Number {
            digits,
            format,
            formula: f,
        } => {
            write!(
                out,
                "<c{place} s=\"{format}\">{}<v>{digits}</v></c>",
                formula(f)
            )
        }
        Cell::Serial {
            millis,
            tenths,
            format,
            formula: f,
        } => {
            let digits = serial(*millis, *tenths);
            write!(
                out,
                "<c{place} s=\"{format}\" t=\"n\">{}<v>{digits}</v></c>",
                formula(f)
            )
        }
        Cell::Iso(at) => write!(out, "<c{place} t=\"d\"><v>{}</v></c>", ISO[*at].0),
        Cell::Boolean { value, formula: f } => {
            write!(
                out,
                "<c{place} t=\"b\">{}<v>{}</v></c>",
                formula(f),
                u8::from(*value)
            )
        }
        Cell::Error {
            literal,
            formula: f,
        } => {
            write!(out, "<c{place} t=\"e\">{}<v>{literal}</v></c>", formula(f))
        }
        Cell::Uncomputed => write!(out, "<c{place}><f>Z99</f></c>"),
        Cell::Broken(kind, raw) => {
            let raw = raw.replace('\0', "&#0;");
            write!(out, "<c{place} t=\"{kind}\"><v>{raw}</v></c>")
        }
    }
    .unwrap();
}

/// Text as ST_Xstring: entities, and `_xHHHH_` for what XML cannot hold.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (at, letter) in text.char_indices() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '\n' if at % 2 == 0 => out += "&#10;",
            '\u{e000}' => out += "_xD800_",
            '_' if text[at + 1..].starts_with('x') => out += "_x005F_",
            '\t' | '\n' => out.push(letter),
            letter if letter < ' ' => write!(out, "_x{:04X}_", letter as u32).unwrap(),
            letter => out.push(letter),
        }
    }
    out
}
