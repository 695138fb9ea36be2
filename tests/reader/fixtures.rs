//! Workbooks of several writers against what independent readers see in them.

use crate::support::{assert_fails, cells, fixture, open};
use pgdatahub_core::text_form;
use pgdatahub_core::value::Value;
use pgdatahub_reader::fail::FailureKind;
use pgdatahub_reader::row::{Cell, Content, Row};
use serde_json::Value as Json;
use std::borrow::Cow;

/// A cell as the fixtures' expected.json has it, in text form with its kind.
fn expected(cell: &Json) -> Option<String> {
    let (kind, value) = (cell[0].as_str()?, &cell[1]);
    let text = match (kind, value) {
        ("n", value) => {
            let number = value.as_f64().unwrap();
            text_form::render(&Value::from_number(number).unwrap())
        }
        ("h", value) => {
            let usecs = (value.as_f64().unwrap() * 1e6).round() as i64;
            text_form::render(&Value::Interval(usecs))
        }
        ("s", Json::String(text)) => {
            let text = pgdatahub_core::naming::trim(text);
            if text.is_empty() {
                return None;
            }
            text_form::render(&Value::Text(Cow::Borrowed(text)))
        }
        (_, Json::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    };
    Some(format!("{kind} {text}"))
}

fn found(row: &Row, cell: &Cell) -> Option<String> {
    if let Content::Rejected(rejected) = &cell.content {
        return Some(format!("e {}", rejected.raw));
    }
    let value = row.value(cell)?;
    let kind = match value {
        Value::Boolean(_) => "b",
        Value::Bigint(_) | Value::Double(_) => "n",
        Value::Date(_) => "d",
        Value::Timestamp(_) => "ts",
        Value::Time(_) => "t",
        Value::Interval(_) => "h",
        Value::Text(_) => "s",
    };
    Some(format!("{kind} {}", text_form::render(&value)))
}

/// Every cell of a workbook of cells/ whose expected.json stands beside it.
fn compare(workbook: &str) {
    let content = std::fs::read(fixture("cells").join(workbook)).unwrap();
    let json = std::fs::read(fixture("cells").join(format!("{workbook}.expected.json"))).unwrap();
    let json: Json = serde_json::from_slice(&json).unwrap();
    let wanted = json["rows"].as_array().unwrap();
    let mut rows = open(&content).unwrap().rows(0).unwrap();
    let (mut row, mut compared) = (Row::default(), 0);
    while rows.next_row(&mut row).unwrap() {
        let wanted = wanted[row.number as usize - 1].as_array().unwrap();
        for (index, cell) in (0u32..).zip(wanted) {
            let mine = row.cells().iter().find(|mine| mine.index == index);
            let name = pgdatahub_core::naming::cell(row.number, index);
            let mine = mine.and_then(|mine| found(&row, mine));
            assert_eq!(mine, expected(cell), "{workbook} {name}");
            compared += usize::from(mine.is_some());
        }
        assert!(
            row.cells()
                .iter()
                .all(|cell| (cell.index as usize) < wanted.len())
        );
    }
    let in_all: usize = wanted
        .iter()
        .map(|row| row.as_array().unwrap().iter().filter_map(expected).count())
        .sum();
    assert_eq!(
        compared, in_all,
        "{workbook}: cells of rows that were not read"
    );
    assert!(compared > 100);
}

macro_rules! compared {
    ($($test:ident $workbook:literal)*) => {
        $(#[test] fn $test() { compare($workbook); })*
    };
}

compared! {
    xlsxwriter_xlsx "xlsxwriter.xlsx"
    openpyxl_xlsx "openpyxl.xlsx"
    libreoffice_xlsx "libreoffice.xlsx"
    xlwt_xls "xlwt.xls"
    libreoffice_xls "libreoffice.xls"
    pyxlsbwriter_xlsb "pyxlsbwriter.xlsb"
    biff12_xlsb "biff12.xlsb"
    odfpy_ods "odfpy.ods"
    libreoffice_ods "libreoffice.ods"
}

fn bad(name: &str, kind: FailureKind, says: &str) {
    let content = std::fs::read(fixture("bad").join(name)).unwrap();
    assert_fails(
        open(&content).and_then(|book| cells(book.as_ref(), 0)),
        kind,
        says,
    );
}

#[test]
fn bad_files_say_what_is_wrong() {
    bad(
        "encrypted.xlsx",
        FailureKind::Encrypted,
        "password-protected",
    );
    bad(
        "encrypted.xls",
        FailureKind::Encrypted,
        "password-protected",
    );
    bad(
        "text.xlsx",
        FailureKind::UnknownFormat,
        "looks like a text file",
    );
    bad(
        "truncated.xlsx",
        FailureKind::Corrupt,
        "truncated or damaged zip file",
    );
    bad(
        "huge_unique_count.xlsx",
        FailureKind::Corrupt,
        "100000000000 strings",
    );
    bad(
        "wrapped_reference.xlsx",
        FailureKind::Corrupt,
        "impossible position",
    );
}

#[test]
fn a_misnamed_workbook_is_read_by_its_content() {
    let content = std::fs::read(fixture("bad/really_xlsx.xls")).unwrap();
    assert!(!crate::support::first_cells(&content).unwrap().is_empty());
}
