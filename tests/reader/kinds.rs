//! Every kind of cell that .xlsx knows, and calamine as the second reader.

use crate::support::{Parts, assert_fails, cells_of_rows, facts, first_cells, open};
use calamine::{Data, Reader};
use pgdatahub_core::protocol::SheetVisibility;
use pgdatahub_reader::fail::FailureKind;
use pgdatahub_reader::row::{Content, Row};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use std::io::Cursor;

#[test]
fn numbers() {
    let row = "<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"B1\" t=\"n\"><v>-12.5</v></c>\
        <c r=\"C1\"><v>9007199254740992</v></c><c r=\"D1\"><v>9007199254740994</v></c>\
        <c r=\"E1\"><v>1E-3</v></c><c r=\"F1\"><v> 7 </v></c><c r=\"G1\"><v>1.0</v></c>\
        <c r=\"H1\"/><c r=\"I1\"><v></v></c></row>";
    assert_eq!(
        cells_of_rows(row).unwrap(),
        [
            "A1=1",
            "B1=-12.5",
            "C1=9007199254740992",
            "D1=9007199254740990",
            "E1=0.001",
            "F1=7",
            "G1=1"
        ]
    );
}

#[test]
fn what_is_no_number_is_rejected_and_kept() {
    let row = "<row r=\"1\"><c r=\"A1\"><v>NaN</v></c><c r=\"B1\"><v>INF</v></c>\
        <c r=\"C1\"><v>1e999</v></c><c r=\"D1\"><v>12abc</v></c><c r=\"E1\" t=\"b\"><v>2</v></c>\
        <c r=\"F1\" t=\"d\"><v>yesterday</v></c><c r=\"G1\" t=\"s\"><v>4</v></c>\
        <c r=\"H1\" t=\"new\"><v>x</v></c><c r=\"I1\" t=\"e\"><v>#SPILL!</v></c>\
        <c r=\"J1\"><v>3</v></c></row>";
    assert_eq!(
        cells_of_rows(row).unwrap(),
        [
            "A1=!NaN",
            "B1=!INF",
            "C1=!1e999",
            "D1=!12abc",
            "E1=!2",
            "F1=!yesterday",
            "G1=!4",
            "H1=!x",
            "I1=!#SPILL!",
            "J1=3"
        ]
    );
}

#[test]
fn rejected_cells_hold_no_nul() {
    let row =
        "<row r=\"1\"><c r=\"A1\"><v>1&#0;2</v></c><c r=\"B1\" t=\"e\"><v>#N&#0;A</v></c></row>";
    let mut rows = open(&Parts::with_rows(row).bytes())
        .unwrap()
        .rows(0)
        .unwrap();
    let mut row = Row::default();
    assert!(rows.next_row(&mut row).unwrap());
    assert_eq!(row.replaced, 2);
    let said: Vec<_> = row
        .cells()
        .iter()
        .map(|cell| match &cell.content {
            Content::Rejected(rejected) => (rejected.raw.as_str(), rejected.reason.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    let wanted = [
        ("1\u{fffd}2", "not a number"),
        ("#N\u{fffd}A", "error value #N\u{fffd}A"),
    ];
    assert_eq!(said, wanted);
}

#[test]
fn texts_of_every_storage() {
    let row = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>\
        <c r=\"C1\" t=\"str\"><f>A1</f><v>a &amp; b&#x20AC;</v></c>\
        <c r=\"D1\" t=\"inlineStr\"><is><r><t>in</t></r><r><rPr/><t>line</t></r></is></c>\
        <c r=\"E1\" t=\"inlineStr\"><is><t><![CDATA[<&>]]></t></is></c></row>";
    let strings = "<si><t xml:space=\"preserve\"> one </t></si>\
        <si><r><t>東</t></r><r><t>京</t></r><rPh sb=\"0\" eb=\"1\"><t>とう</t></rPh><phoneticPr fontId=\"1\"/></si>";
    assert_eq!(
        first_cells(&Parts::with_rows(row).strings(strings).bytes()).unwrap(),
        [
            "A1=\"one\"",
            "B1=\"東京\"",
            "C1=\"a & b€\"",
            "D1=\"inline\"",
            "E1=\"<&>\""
        ]
    );
}

#[test]
fn escapes_and_characters_without_a_place_in_postgres() {
    let strings = "<si><t>a_x0041_b</t></si><si><t>_x005F_x0041_</t></si><si><t>_x0000_nul</t></si>\
        <si><t>_xD800_ lone</t></si><si><t>_xD83D__xDE00_</t></si><si><t>snake_x_case</t></si>";
    let row: String = (0..6)
        .map(|i| format!("<c t=\"s\"><v>{i}</v></c>"))
        .collect();
    let bytes = Parts::with_rows(&format!("<row r=\"1\">{row}</row>"))
        .strings(strings)
        .bytes();
    assert_eq!(
        first_cells(&bytes).unwrap(),
        [
            "A1=\"aAb\"",
            "B1=\"_x0041_\"",
            "C1=\"\u{FFFD}nul\"",
            "D1=\"\u{FFFD} lone\"",
            "E1=\"😀\"",
            "F1=\"snake_x_case\""
        ]
    );
    let mut rows = open(&bytes).unwrap().rows(0).unwrap();
    let mut row = Row::default();
    assert!(rows.next_row(&mut row).unwrap());
    assert_eq!(row.replaced, 2);
}

#[test]
fn formats_decide_what_a_number_is() {
    let parts = Parts::with_rows(
        "<row r=\"1\"><c r=\"A1\" s=\"1\"><v>45292</v></c><c r=\"B1\" s=\"1\"><v>45292.5</v></c>\
         <c r=\"C1\" s=\"2\"><v>0.75</v></c><c r=\"D1\" s=\"3\"><v>1.5</v></c>\
         <c r=\"E1\" s=\"4\"><v>0.5</v></c><c r=\"F1\" s=\"1\"><v>60</v></c>\
         <c r=\"G1\" s=\"1\"><v>-1</v></c><c r=\"H1\" s=\"1\"><v>0</v></c>\
         <c r=\"I1\" s=\"99\"><v>45292</v></c>\
         <c r=\"J1\" s=\"1\" t=\"d\"><v>2024-01-31T13:45:00</v></c></row>",
    )
    .formats(&["yyyy-mm-dd", "hh:mm", "[h]:mm", "0.0%"]);
    assert_eq!(
        first_cells(&parts.bytes()).unwrap(),
        [
            "A1=2024-01-01",
            "B1=2024-01-01 12:00:00",
            "C1=18:00:00",
            "D1=36:00:00",
            "E1=0.5",
            "F1=!60",
            "G1=!-1",
            "H1=!0",
            "I1=45292",
            "J1=2024-01-31 13:45:00"
        ]
    );
}

#[test]
fn the_1904_system() {
    let mut parts = Parts::with_rows("<row><c s=\"1\"><v>43830</v></c></row>").formats(&["d/m/yy"]);
    parts.workbook = parts
        .workbook
        .replace("<sheets>", "<workbookPr date1904=\"1\"/><sheets>");
    assert_eq!(first_cells(&parts.bytes()).unwrap(), ["A1=2024-01-01"]);
}

#[test]
fn formulas_with_and_without_values() {
    let row = "<row r=\"1\"><c r=\"A1\"><f>1+1</f><v>2</v></c><c r=\"B1\"><f>1+1</f></c>\
        <c r=\"C1\"><f>1+1</f><v/></c><c r=\"D1\" t=\"str\"><f>\"\"</f><v></v></c>\
        <c r=\"E1\" t=\"e\"><f>1/0</f><v>#DIV/0!</v></c></row>";
    assert_eq!(
        cells_of_rows(row).unwrap(),
        ["A1=2", "B1=?", "C1=?", "E1=!#DIV/0!"]
    );
}

#[test]
fn merged_and_hidden_are_counted() {
    let sheet = format!(
        "<worksheet xmlns=\"{}\"><cols><col min=\"2\" max=\"3\" hidden=\"1\"/>\
         <col min=\"4\" max=\"4\"/></cols><sheetData><row r=\"1\" hidden=\"1\"><c><v>1</v></c></row>\
         </sheetData><mergeCells count=\"2\"><mergeCell ref=\"A1:B1\"/><mergeCell ref=\"C2:C9\"/>\
         </mergeCells></worksheet>",
        crate::support::MAIN_NS
    );
    let facts = facts(&Parts::with_sheet(&sheet).bytes());
    let merged: Vec<String> = facts.merged.iter().map(ToString::to_string).collect();
    assert_eq!(merged, ["A1:B1", "C2:C9"]);
    assert_eq!(facts.hidden_columns, [(1, 2)]);
}

#[test]
fn sheets_hidden_charts_and_missing_parts() {
    let mut parts = Parts::with_rows("");
    parts.workbook = parts.workbook.replace(
        "</sheets>",
        "<sheet name=\"a&amp;b\" sheetId=\"2\" state=\"veryHidden\" r:id=\"rId9\"/></sheets>",
    );
    let book = open(&parts.bytes()).unwrap();
    assert_eq!(book.sheets().len(), 2);
    assert_eq!(book.sheets()[1].name, "a&b");
    assert_eq!(book.sheets()[1].visibility, SheetVisibility::VeryHidden);
    assert_fails(book.rows(1).map(drop), FailureKind::Corrupt, "has no part");
    assert_fails(book.rows(2).map(drop), FailureKind::BadArgument, "no sheet");
}

/// A workbook of many rows with every kind of cell, written by another hand.
fn mixed_workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let sheet = book.add_worksheet();
    for row in 0..500u32 {
        sheet.write(row, 0, f64::from(row) * 1.25).unwrap();
        sheet
            .write(row, 1, format!("text {} <&> é日", row % 40))
            .unwrap();
        sheet.write(row, 2, row % 2 == 0).unwrap();
        let day = ExcelDateTime::from_serial_datetime(40_000.0 + f64::from(row)).unwrap();
        sheet.write_with_format(row, 3, &day, &date).unwrap();
        sheet
            .write(row, 4, Formula::new("=A1*2").set_result("3.5"))
            .unwrap();
        if row % 7 == 0 {
            sheet.write(row, 200, row).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn calamine_sees_the_same_cells() {
    let bytes = mixed_workbook();
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(bytes.clone())).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    let mut theirs = Vec::new();
    for (row, column, data) in range.used_cells() {
        let name = pgdatahub_core::naming::cell(row as u32 + 1, column as u32);
        theirs.push(match data {
            Data::String(text) => format!("{name}=\"{text}\""),
            Data::Bool(value) => format!("{name}={value}"),
            Data::Float(number) => format!("{name}={number}"),
            Data::DateTime(moment) => {
                let (year, month, day, ..) = moment.to_ymd_hms_milli();
                format!("{name}={year:04}-{month:02}-{day:02}")
            }
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(theirs.len(), 2_572);
    assert_eq!(first_cells(&bytes).unwrap(), theirs);
}
