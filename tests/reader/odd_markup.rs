//! Markup that writers other than Excel emit, and markup that is broken.

use crate::support::{MAIN_NS, Parts, assert_fails, cells_of_rows, first_cells, zipped};
use pgdatahub_reader::fail::FailureKind::{Corrupt, UnknownFormat};

fn corrupt_rows(rows: &str, says: &str) {
    assert_fails(cells_of_rows(rows), Corrupt, says);
}

fn corrupt_sheet(sheet: &str, says: &str) {
    assert_fails(
        first_cells(&Parts::with_sheet(sheet).bytes()),
        Corrupt,
        says,
    );
}

#[test]
fn rows_and_cells_without_positions() {
    let rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row r=\"5\"><c r=\"C5\"><v>3</v></c>\
        <c><v>4</v></c></row><row><c><v>5</v></c></row>";
    assert_eq!(
        cells_of_rows(rows).unwrap(),
        ["A1=1", "B1=2", "C5=3", "D5=4", "A6=5"]
    );
}

#[test]
fn prefixes_comments_and_unknown_elements() {
    let sheet = format!(
        "\u{FEFF}<?xml version='1.0' encoding='UTF-8'?><!-- c > --><x:worksheet xmlns:x=\"{MAIN_NS}\">\
         <x:sheetViews><x:sheetView a='>'/></x:sheetViews><x:sheetData><x:row r='1' >\
         <x:c r = \"A1\"\n><x:v><!-- 1 -->7</x:v><x:extLst><x:v>8</x:v></x:extLst></x:c>\
         <x:new><x:c r=\"B1\"><x:v>9</x:v></x:c></x:new></x:row ></x:sheetData></x:worksheet>\n"
    );
    assert_eq!(
        first_cells(&Parts::with_sheet(&sheet).bytes()).unwrap(),
        ["A1=7"]
    );
}

#[test]
fn a_late_cell_is_sorted_in_and_a_repeated_one_refused() {
    let late = "<row r=\"1\"><c r=\"B1\"><v>2</v></c><c r=\"A1\"><v>1</v></c></row>";
    assert_eq!(cells_of_rows(late).unwrap(), ["A1=1", "B1=2"]);
    let twice = "<row r=\"1\"><c r=\"B1\"><v>2</v></c><c r=\"B1\"/><c r=\"B1\"><v>3</v></c></row>";
    corrupt_rows(twice, "Cell B1 occurs twice");
}

#[test]
fn impossible_positions() {
    corrupt_rows("<row r=\"2\"/><row r=\"2\"/>", "Row 2 comes after row 2");
    corrupt_rows("<row r=\"0\"/>", "impossible row \"0\"");
    corrupt_rows("<row r=\"1048577\"/>", "impossible row");
    corrupt_rows("<row r=\"4294967297\"/>", "impossible row");
    corrupt_rows("<row r=\"1048576\"/><row/>", "After row 1048576");
    corrupt_rows(
        "<row r=\"1\"><c r=\"A2\"><v>1</v></c></row>",
        "Cell A2 stands in row 1",
    );
    corrupt_rows(
        "<row r=\"1\"><c r=\"XFE1\"><v>1</v></c></row>",
        "impossible position \"XFE1\"",
    );
    corrupt_rows(
        "<row r=\"1\"><c r=\"ZZZZZZZZZZ99999999999\"/></row>",
        "impossible position",
    );
    corrupt_rows("<row r=\"1\"><c r=\"1\"/></row>", "impossible position");
    corrupt_rows(
        "<row r=\"1\"><c r=\"XFD1\"/><c><v>1</v></c></row>",
        "more than 16384 columns",
    );
}

#[test]
fn the_last_cell_of_a_sheet() {
    let rows = "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
    assert_eq!(cells_of_rows(rows).unwrap(), ["XFD1048576=1"]);
}

#[test]
fn what_is_no_worksheet_is_never_an_empty_one() {
    corrupt_sheet("<chartsheet/>", "is not a worksheet");
    corrupt_sheet("<worksheet/>", "has no sheetData");
    corrupt_sheet(
        "<worksheet><dimension ref=\"A1\"/></worksheet>",
        "has no sheetData",
    );
    corrupt_sheet(
        "<worksheet><sheetData/><sheetData/></worksheet>",
        "two sheetData",
    );
    corrupt_sheet("", "ends early");
    corrupt_sheet("<worksheet><sheetData><row>", "ends early");
    corrupt_sheet(
        "<worksheet><sheetData></worksheet></sheetData>",
        "does not match its start tag",
    );
    corrupt_sheet(
        "<worksheet><sheetData/></worksheet><worksheet/>",
        "two root elements",
    );
    corrupt_sheet(
        "<worksheet><sheetData/></worksheet>text",
        "text outside its root",
    );
    corrupt_sheet("<worksheet><sheetData a=b/></worksheet>", "malformed tag");
    corrupt_sheet(
        "<!DOCTYPE x [<!ENTITY y 'z'>]><worksheet><sheetData/></worksheet>",
        "document type",
    );
    corrupt_sheet(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><worksheet/>",
        "is not in UTF-8",
    );
    corrupt_rows(
        "<row><c t=\"str\"><v>&nope;</v></c></row>",
        "unknown entity",
    );
    corrupt_rows(
        "<row><c t=\"str\"><v>a & b</v></c></row>",
        "begins no entity",
    );
}

#[test]
fn utf_16_is_said_not_skipped() {
    let text = format!("<worksheet xmlns=\"{MAIN_NS}\"><sheetData/></worksheet>");
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = String::from_utf8(units).unwrap();
    corrupt_sheet(&wide, "is not in UTF-8");
}

#[test]
fn zip_files_that_are_no_workbooks() {
    assert_fails(
        first_cells(&zipped(&[("a.txt", "a")])),
        UnknownFormat,
        "holds no workbook",
    );
    let word = "<Relationships><Relationship Id=\"1\" Type=\"x/officeDocument\" \
        Target=\"word/document.xml\"/></Relationships>";
    assert_fails(
        first_cells(&zipped(&[
            ("_rels/.rels", word),
            ("word/document.xml", "<d/>"),
        ])),
        UnknownFormat,
        "a Word document",
    );
}

#[test]
fn other_files_say_what_they_look_like() {
    for (content, says) in [
        (&b"a;b\n1;2\n"[..], "a text file such as CSV"),
        (b"<html><table></table></html>", "an HTML page"),
        (b"%PDF-1.7", "a PDF document"),
        (&[0; 100], "a file of zeros"),
        (b"\x01\x02\x03binary", "a binary file"),
    ] {
        assert_fails(first_cells(content), UnknownFormat, says);
    }
}
