//! Workbooks made by hand, and what the library reads in them.

use pgdatahub_core::text_form;
use pgdatahub_reader::book;
use pgdatahub_reader::fail::{Failed, FailureKind};
use pgdatahub_reader::row::{Content, Row};
use pgdatahub_reader::rows::{SheetFacts, Workbook};
use pgdatahub_reader::source::Source;
use std::fs::File;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zip::write::SimpleFileOptions;

pub const MAIN_NS: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A file of tests/fixtures.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures")
        .join(name)
}

/// A nameless file with this content.
pub fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}

pub fn source(content: &[u8]) -> Source {
    Source::new(Arc::new(file(content)), content.len() as u64)
}

pub fn open(content: &[u8]) -> Result<Box<dyn Workbook>, Failed> {
    book::open(&source(content)).map(|(_, workbook)| workbook)
}

/// A zip file of these parts.
pub fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The parts of a workbook with one sheet, and these shared strings and styles.
#[derive(Clone)]
pub struct Parts {
    pub workbook: String,
    pub sheet: String,
    pub strings: String,
    pub styles: String,
}

impl Parts {
    /// A workbook whose `sheetData` holds `rows`.
    pub fn with_rows(rows: &str) -> Parts {
        Parts::with_sheet(&format!(
            "<worksheet xmlns=\"{MAIN_NS}\"><sheetData>{rows}</sheetData></worksheet>"
        ))
    }

    /// A workbook with this sheet part.
    pub fn with_sheet(sheet: &str) -> Parts {
        Parts {
            workbook: format!(
                "<workbook xmlns=\"{MAIN_NS}\" xmlns:r=\"{REL}\"><sheets>\
                 <sheet name=\"One\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
            sheet: sheet.into(),
            strings: format!("<sst xmlns=\"{MAIN_NS}\"></sst>"),
            styles: format!("<styleSheet xmlns=\"{MAIN_NS}\"></styleSheet>"),
        }
    }

    /// With this inside the shared string table.
    pub fn strings(self, items: &str) -> Parts {
        Parts {
            strings: format!("<sst xmlns=\"{MAIN_NS}\">{items}</sst>"),
            ..self
        }
    }

    /// With one cell style per number format code; style 0 is General.
    pub fn formats(self, codes: &[&str]) -> Parts {
        let (mut formats, mut styles) = (String::new(), "<xf numFmtId=\"0\"/>".to_owned());
        for (id, code) in (164..).zip(codes) {
            let code = code.replace('&', "&amp;").replace('"', "&quot;");
            formats += &format!("<numFmt numFmtId=\"{id}\" formatCode=\"{code}\"/>");
            styles += &format!("<xf numFmtId=\"{id}\"/>");
        }
        let styles = format!(
            "<styleSheet xmlns=\"{MAIN_NS}\"><numFmts>{formats}</numFmts>\
             <cellXfs>{styles}</cellXfs></styleSheet>"
        );
        Parts { styles, ..self }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let root = format!(
            "<Relationships><Relationship Id=\"rId1\" Type=\"{REL}/officeDocument\" \
             Target=\"xl/workbook.xml\"/></Relationships>"
        );
        let relationships = format!(
            "<Relationships>\
             <Relationship Id=\"rId1\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
             <Relationship Id=\"rId2\" Type=\"{REL}/styles\" Target=\"/xl/styles.xml\"/>\
             <Relationship Id=\"rId3\" Type=\"{REL}/sharedStrings\" Target=\"sharedStrings.xml\"/>\
             </Relationships>"
        );
        zipped(&[
            ("[Content_Types].xml", "<Types/>"),
            ("_rels/.rels", &root),
            ("xl/_rels/workbook.xml.rels", &relationships),
            ("xl/workbook.xml", &self.workbook),
            ("xl/styles.xml", &self.styles),
            ("xl/sharedStrings.xml", &self.strings),
            ("xl/worksheets/sheet1.xml", &self.sheet),
        ])
    }
}

/// A sheet's cells as `A1=…` in text form; `!` marks a rejected cell's raw
/// value, `?` a formula without value. Text is quoted.
pub fn cells(workbook: &dyn Workbook, sheet: usize) -> Result<Vec<String>, Failed> {
    let mut rows = workbook.rows(sheet)?;
    let (mut row, mut found) = (Row::default(), Vec::new());
    while rows.next_row(&mut row)? {
        for cell in row.cells() {
            let name = pgdatahub_core::naming::cell(row.number, cell.index);
            let shown = match &cell.content {
                Content::Rejected(rejected) => format!("!{}", rejected.raw),
                Content::FormulaWithoutValue => "?".into(),
                Content::Text { .. } => match row.value(cell) {
                    Some(text) => format!("\"{}\"", text_form::render(&text)),
                    None => continue,
                },
                Content::Value(value) => text_form::render(value),
            };
            found.push(format!("{name}={shown}"));
        }
    }
    Ok(found)
}

/// The cells of the first sheet.
pub fn first_cells(content: &[u8]) -> Result<Vec<String>, Failed> {
    cells(open(content)?.as_ref(), 0)
}

/// The cells of a workbook whose sheet data is `rows`.
pub fn cells_of_rows(rows: &str) -> Result<Vec<String>, Failed> {
    first_cells(&Parts::with_rows(rows).bytes())
}

/// What the first sheet says beside its cells.
pub fn facts(content: &[u8]) -> SheetFacts {
    let mut rows = open(content).unwrap().rows(0).unwrap();
    let mut row = Row::default();
    while rows.next_row(&mut row).unwrap() {}
    rows.facts().clone()
}

/// That a workbook fails so, and says this in its message or detail.
#[track_caller]
pub fn assert_fails<T>(result: Result<T, Failed>, kind: FailureKind, says: &str) {
    match result {
        Ok(_) => panic!("read without error, expected {kind:?}: {says}"),
        Err(failed) => {
            let said = format!("{} {}", failed.message, failed.detail.unwrap_or_default());
            assert_eq!(failed.kind, kind, "{said}");
            assert!(said.contains(says), "\"{said}\" does not say \"{says}\"");
        }
    }
}
