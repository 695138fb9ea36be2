//! Text cells that become something else, and values for user-made types.

use crate::support::{Parts, open};
use pgdatahub_core::input_type::InputType;
use pgdatahub_core::protocol::rows::Run;
use pgdatahub_core::protocol::{
    HeadRequest, HeaderChoice, Misfit, OnMisfit, Reject, RowEncoding, SheetOptions, StreamColumn,
    StreamRequest, Wire,
};
use pgdatahub_core::text_input::{Mark, TextRule, TextRules};
use pgdatahub_core::types::ColumnType;
use pgdatahub_reader::fail::Failed;
use pgdatahub_reader::head;
use pgdatahub_reader::sink::Sink;
use pgdatahub_reader::stream::{Outcome, SheetStream};

#[derive(Default)]
struct Lines(String);

impl Sink for Lines {
    fn rows(&mut self, _: &[Run], encoded: &[u8]) -> Result<(), Failed> {
        self.0 += std::str::from_utf8(encoded).unwrap();
        Ok(())
    }

    fn rejects(&mut self, rejects: Vec<Reject>) -> Result<(), Failed> {
        panic!("{rejects:?}")
    }
}

/// A sheet with one column of texts under `header`.
fn sheet(header: &str, texts: &[&str]) -> Parts {
    let cells = std::iter::once(&header).chain(texts);
    let rows: String = (1..)
        .zip(cells)
        .map(|(row, text)| {
            format!(
                "<row r=\"{row}\"><c r=\"A{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c></row>"
            )
        })
        .collect();
    Parts::with_rows(&rows)
}

/// The first type, the rows encoded for `wire`, and the misfit if there is one.
fn read(
    parts: &Parts,
    text: TextRules,
    sample_rows: u32,
    wire: Option<Wire>,
) -> (ColumnType, Vec<String>, Option<Misfit>) {
    let book = open(&parts.bytes()).unwrap();
    let request = HeadRequest {
        sheet: 0,
        header: HeaderChoice::Row(1),
        sample_rows,
        options: SheetOptions::default(),
        text,
    };
    let (head, reading) = head::find(book.as_ref(), &request, 1000).unwrap();
    assert_eq!(head.widest_row, 1);
    let found = head.headers[0].found;
    let request = StreamRequest {
        columns: vec![StreamColumn {
            index: 0,
            wire: wire.unwrap_or(Wire::Native(found)),
            on_misfit: OnMisfit::Misfit,
        }],
        encoding: RowEncoding::Text,
        source_file: "f".into(),
        load_timestamp: 0,
        resume: false,
        unfillable: Vec::new(),
        only: None,
    };
    let mut lines = Lines::default();
    let end = SheetStream::new(reading, 1000).run(book.as_ref(), request, &mut lines);
    let rows = lines
        .0
        .lines()
        .map(|line| line.split('\t').next().unwrap().into());
    let misfit = match end.unwrap() {
        Outcome::Misfit(misfit) => Some(misfit),
        Outcome::Done(_) => None,
    };
    (found, rows.collect(), misfit)
}

fn infer() -> TextRules {
    TextRules {
        others: TextRule {
            infer: true,
            ..TextRule::default()
        },
        headers: Vec::new(),
    }
}

#[test]
fn text_is_inferred_before_it_is_typed() {
    let numbers = sheet("n", &["7", "8.5"]);
    let (found, rows, misfit) = read(&numbers, TextRules::default(), 100, None);
    assert_eq!((found, rows.len(), misfit), (ColumnType::Text, 2, None));
    let (found, rows, misfit) = read(&numbers, infer(), 100, None);
    assert_eq!((found, misfit), (ColumnType::Double, None));
    assert_eq!(rows, ["7.0", "8.5"]);
}

#[test]
fn a_later_text_makes_the_column_text_with_every_cells_own_text() {
    let texts = ["7", "8.5", "2024-01-31", "00123", "9"];
    let codes = sheet("n", &texts);
    let (found, rows, misfit) = read(&codes, infer(), 1, None);
    assert_eq!((found, rows), (ColumnType::Bigint, vec!["7".to_owned()]));
    let misfit = misfit.unwrap();
    assert_eq!(
        (misfit.value.as_str(), misfit.value_type),
        ("8.5", ColumnType::Double)
    );
    assert_eq!(misfit.rest, [(0, ColumnType::Text)]);
    let (_, rows, _) = read(&codes, infer(), 1, Some(Wire::Native(ColumnType::Text)));
    assert_eq!(rows, texts);
}

#[test]
fn a_rule_is_found_by_its_header() {
    let comma = TextRules {
        others: TextRule::default(),
        headers: vec![(
            "Betrag".into(),
            TextRule {
                decimal: Some(Mark::Comma),
                ..TextRule::default()
            },
        )],
    };
    let (found, rows, _) = read(
        &sheet("BETRAG", &["1.234,56", "7"]),
        comma.clone(),
        100,
        None,
    );
    assert_eq!(
        (found, rows),
        (ColumnType::Double, vec!["1234.56".into(), "7.0".into()])
    );
    let wire = Wire::Typed(InputType::Numeric {
        precision: 12,
        scale: 2,
    });
    let amounts = sheet("Betrag", &["1.234,50", "1.234,567"]);
    let (_, rows, misfit) = read(&amounts, comma.clone(), 100, Some(wire));
    assert_eq!(rows, ["1234.5"]);
    assert_eq!(misfit.unwrap().value, "1.234,567");
    let (found, ..) = read(&sheet("Other", &["1.234,56"]), comma, 100, None);
    assert_eq!(found, ColumnType::Text);
}
