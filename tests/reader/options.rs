//! Sheets read under options: the rows are the same however many were looked at first.

use crate::support::{Parts, open};
use pgdatahub_core::area::Area;
use pgdatahub_core::protocol::{
    ErrorCells, FailureKind, Head, HeadRequest, HeaderChoice, SheetOptions, SheetProfile,
};
use pgdatahub_core::text_form;
use pgdatahub_reader::fail::Failed;
use pgdatahub_reader::head;
use pgdatahub_reader::row::Row;
use pgdatahub_reader::stream::SheetStream;

/// Row 1 the header, rows 2 to 61 data with a gap below row 31, rows 62 and 63 a footer; A2:A5 merged.
fn sheet() -> Parts {
    let text = |cell: String, text: &str| {
        format!("<c r=\"{cell}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
    };
    let mut rows = format!(
        "<row r=\"1\">{}{}{}</row>",
        text("A1".into(), "name"),
        text("B1".into(), "n"),
        text("C1".into(), "N")
    );
    for row in 2..=61 {
        let number = row + if row > 31 { 3 } else { 0 };
        let name = match row {
            2 => text(format!("A{number}"), " first "),
            3..=5 => String::new(),
            _ if row % 10 == 0 => format!("<c r=\"A{number}\" t=\"e\"><v>#N/A</v></c>"),
            _ => text(format!("A{number}"), if row % 7 == 0 { "-" } else { "x" }),
        };
        let column = if row % 2 == 0 { "B" } else { "C" };
        rows +=
            &format!("<row r=\"{number}\">{name}<c r=\"{column}{number}\"><v>{row}</v></c></row>");
    }
    for row in [65, 66] {
        rows += &format!(
            "<row r=\"{row}\">{}</row>",
            text(format!("A{row}"), "total")
        );
    }
    Parts::with_sheet(&format!(
        "<worksheet xmlns=\"{}\"><sheetData>{rows}</sheetData>\
         <mergeCells><mergeCell ref=\"A2:A5\"/></mergeCells></worksheet>",
        crate::support::MAIN_NS
    ))
}

/// Every row as text, with the header before them.
fn read(options: &SheetOptions, header: HeaderChoice, sample: u32) -> Result<Vec<String>, Failed> {
    let book = open(&sheet().bytes())?;
    let request = HeadRequest {
        sheet: 0,
        header,
        sample_rows: sample,
        options: options.clone(),
        text: Default::default(),
    };
    let (Head { headers, .. }, mut reading) = head::find(book.as_ref(), &request, 1_000_000)?;
    let names: Vec<String> = headers.into_iter().map(|header| header.text).collect();
    let mut lines = vec![names.join("|")];
    let mut again = Vec::new();
    let show = |row: &Row| {
        let values = row.cells().iter().filter_map(|cell| row.value(cell));
        let values: Vec<String> = values.map(|value| text_form::render(&value)).collect();
        format!("{}: {}", row.number, values.join("|"))
    };
    lines.extend(reading.kept.iter().map(show));
    let mut row = Row::default();
    while reading.rest.next_row(&mut row)? {
        if !row.is_blank() {
            lines.push(show(&row));
        }
    }
    let mut rows = reading.reopen(book.as_ref())?;
    while rows.next_row(&mut row)? {
        if row.number > reading.header_row && !row.is_blank() {
            again.push(show(&row));
        }
    }
    assert_eq!(lines[1..], again, "from the start once more");
    Ok(lines)
}

fn auto() -> HeaderChoice {
    HeaderChoice::Auto { known: Vec::new() }
}

fn all_options() -> Vec<SheetOptions> {
    let plain = SheetOptions::default;
    vec![
        plain(),
        SheetOptions {
            area: Some(Area::parse("A1:B40").unwrap().unwrap()),
            ..plain()
        },
        SheetOptions {
            skip_footer: 2,
            ..plain()
        },
        SheetOptions {
            stop_at_blank: 3,
            skip_footer: 1,
            ..plain()
        },
        SheetOptions {
            fill_merged: true,
            ..plain()
        },
        SheetOptions {
            null_strings: vec!["-".into(), "total".into()],
            ..plain()
        },
        SheetOptions {
            keep_spaces: true,
            ..plain()
        },
        SheetOptions {
            error_cells: ErrorCells::Text,
            ..plain()
        },
        SheetOptions {
            coalesce: true,
            fill_merged: true,
            skip_footer: 2,
            ..plain()
        },
    ]
}

#[test]
fn the_sample_changes_nothing() {
    for options in all_options() {
        let whole = read(&options, auto(), 1_000).unwrap();
        for sample in [0, 1, 3, 40, 64] {
            assert_eq!(
                read(&options, auto(), sample).unwrap(),
                whole,
                "{options:?}"
            );
            let given = read(&options, HeaderChoice::Row(1), sample).unwrap();
            assert_eq!(given, whole, "{options:?}");
        }
    }
}

#[test]
fn options_do_what_they_say() {
    let counts: Vec<usize> = all_options()
        .iter()
        .map(|options| read(options, auto(), 10).unwrap().len() - 1)
        .collect();
    // A1:B40 has 36 rows below the header, two of which hold nothing outside of column C.
    assert_eq!(counts, [62, 34, 60, 29, 62, 60, 62, 62, 60]);
    let filled = read(&all_options()[4], auto(), 1).unwrap();
    assert_eq!(
        filled[1..5],
        ["2: first|2", "3: first|3", "4: first|4", "5: first|5"]
    );
    let spaced = read(&all_options()[6], auto(), 1).unwrap();
    assert_eq!(spaced[1], "2:  first |2");
    let one = read(&all_options()[8], auto(), 1).unwrap();
    assert_eq!((one[0].as_str(), one[3].as_str()), ("name|n", "4: first|4"));
}

#[test]
fn an_error_cell_fails_where_it_is_asked_to() {
    let options = SheetOptions {
        error_cells: ErrorCells::Fail,
        ..SheetOptions::default()
    };
    let failed = read(&options, auto(), 1).unwrap_err();
    assert_eq!(failed.kind, FailureKind::BadData);
    assert!(failed.message.contains("cell A10"), "{}", failed.message);
}

#[test]
fn a_profile_tells_each_column() {
    let book = open(&sheet().bytes()).unwrap();
    let request = HeadRequest {
        sheet: 0,
        header: auto(),
        sample_rows: 5,
        options: SheetOptions::default(),
        text: Default::default(),
    };
    let (_, reading) = head::find(book.as_ref(), &request, 1_000_000).unwrap();
    let mut stream = SheetStream::new(reading, 1_000_000);
    let first = stream.profile(book.as_ref()).unwrap();
    assert_eq!(
        stream.profile(book.as_ref()).unwrap(),
        first,
        "any number of times"
    );
    let SheetProfile { rows, columns } = first;
    assert_eq!(rows, 62);
    let numbers = &columns[1];
    assert_eq!((numbers.header.as_str(), numbers.non_null), ("n", 30));
    assert_eq!(numbers.samples, ["2", "4", "6"]);
    assert_eq!(numbers.least.as_deref(), Some("2"));
    assert_eq!(numbers.greatest.as_deref(), Some("60"));
}
