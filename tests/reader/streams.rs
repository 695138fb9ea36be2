//! Heads and streams: header rows, types, misfits, counters.

use crate::support::{Parts, open};
use pgdatahub_core::protocol::rows::Run;
use pgdatahub_core::protocol::{
    Head, HeadRequest, HeaderChoice, Misfit, OnMisfit, Reject, RowEncoding, SheetOptions,
    StreamColumn, StreamDone, StreamRequest, Wire,
};
use pgdatahub_core::types::ColumnType;
use pgdatahub_reader::fail::{Failed, FailureKind};
use pgdatahub_reader::head;
use pgdatahub_reader::rows::Workbook;
use pgdatahub_reader::sink::Sink;
use pgdatahub_reader::stream::{Outcome, SheetStream};

/// Keeps what a stream sends.
#[derive(Default)]
struct Kept {
    runs: Vec<Run>,
    text: String,
    rejects: Vec<Reject>,
}

impl Sink for Kept {
    fn rows(&mut self, runs: &[Run], encoded: &[u8]) -> Result<(), Failed> {
        self.runs.extend_from_slice(runs);
        self.text += std::str::from_utf8(encoded).unwrap();
        Ok(())
    }

    fn rejects(&mut self, rejects: Vec<Reject>) -> Result<(), Failed> {
        assert!(rejects.len() <= 1_000);
        self.rejects.extend(rejects);
        Ok(())
    }
}

struct Session {
    book: Box<dyn Workbook>,
    head: Head,
    stream: SheetStream,
    types: Vec<(u32, ColumnType)>,
    on_misfit: OnMisfit,
    unfillable: Vec<u32>,
    only: Option<Vec<(u32, u32)>>,
    kept: Kept,
}

impl Session {
    fn open(parts: &Parts, header: HeaderChoice, sample_rows: u32) -> Result<Session, Failed> {
        let book = open(&parts.bytes())?;
        let request = HeadRequest {
            sheet: 0,
            header,
            sample_rows,
            options: SheetOptions::default(),
            text: Default::default(),
        };
        let (head, reading) = head::find(book.as_ref(), &request, 1_000_000)?;
        let types = head.headers.iter().map(|h| (h.index, h.found)).collect();
        let stream = SheetStream::new(reading, 1_000_000);
        Ok(Session {
            book,
            head,
            stream,
            types,
            kept: Kept::default(),
            on_misfit: OnMisfit::Misfit,
            unfillable: Vec::new(),
            only: None,
        })
    }

    fn run(&mut self, resume: bool) -> Result<Outcome, Failed> {
        if !resume {
            self.kept = Kept::default();
        }
        let columns = self.types.iter();
        let columns = columns.map(|&(index, found)| StreamColumn {
            index,
            wire: Wire::Native(found),
            on_misfit: self.on_misfit,
        });
        let request = StreamRequest {
            columns: columns.collect(),
            encoding: RowEncoding::Text,
            source_file: "f".into(),
            load_timestamp: 0,
            resume,
            unfillable: self.unfillable.clone(),
            only: self.only.clone(),
        };
        self.stream.run(self.book.as_ref(), request, &mut self.kept)
    }

    fn misfit(&mut self, resume: bool) -> Misfit {
        match self.run(resume).unwrap() {
            Outcome::Misfit(misfit) => misfit,
            Outcome::Done(done) => panic!("{done:?}"),
        }
    }

    fn done(&mut self, resume: bool) -> StreamDone {
        match self.run(resume).unwrap() {
            Outcome::Done(done) => done,
            Outcome::Misfit(misfit) => panic!("{misfit:?}"),
        }
    }

    fn widen(&mut self, misfit: &Misfit) {
        for &(index, found) in &misfit.rest {
            match self.types.iter_mut().find(|(listed, _)| *listed == index) {
                Some((_, known)) => *known = known.join(found),
                None => self.types.push((index, found)),
            }
        }
    }

    /// The encoded rows without source_file and load_timestamp.
    fn lines(&self) -> Vec<String> {
        let kept = |line: &str| line.split("\tf\t").next().unwrap().to_owned();
        self.kept.text.lines().map(kept).collect()
    }
}

fn auto() -> HeaderChoice {
    HeaderChoice::Auto { known: Vec::new() }
}

fn text(reference: &str, text: &str) -> String {
    format!("<c r=\"{reference}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

fn number(reference: &str, number: &str) -> String {
    format!("<c r=\"{reference}\"><v>{number}</v></c>")
}

/// Header a, b; numbers in rows 2 to 30; row 20 has text in B, row 25 data in C without header.
fn widening() -> Parts {
    let mut rows = format!("<row r=\"1\">{}{}</row>", text("A1", "a"), text("B1", "b"));
    for row in 2..=30 {
        let b = match row {
            20 => text("B20", "x"),
            21 => "<c r=\"B21\" t=\"e\"><v>#N/A</v></c>".to_owned(),
            _ => number(&format!("B{row}"), "1.5"),
        };
        let c = if row == 25 {
            number("C25", "7")
        } else {
            String::new()
        };
        rows += &format!(
            "<row r=\"{row}\">{}{b}{c}</row>",
            number(&format!("A{row}"), "1")
        );
    }
    Parts::with_rows(&rows)
}

#[test]
fn a_misfit_tells_what_the_rest_needs_and_the_stream_goes_on_there() {
    for resume in [true, false] {
        let mut session = Session::open(&widening(), auto(), 5).unwrap();
        assert_eq!(session.head.header_row, Some(1));
        assert_eq!(
            (session.head.sampled_rows, session.head.complete),
            (5, false)
        );
        let misfit = session.misfit(false);
        assert_eq!(
            (misfit.row, misfit.column, misfit.value.as_str()),
            (20, 1, "x")
        );
        assert_eq!(
            misfit.rest,
            [
                (0, ColumnType::Bigint),
                (1, ColumnType::Text),
                (2, ColumnType::Bigint)
            ]
        );
        assert_eq!(
            session.kept.runs,
            [Run {
                first: 2,
                count: 18
            }]
        );
        session.widen(&misfit);
        let done = session.done(resume);
        assert_eq!((done.rows, done.rejected, done.blank_rows), (29, 1, 0));
        let lines = session.lines();
        assert_eq!(lines.len(), 29);
        assert_eq!(lines[18], "1\tx\t\\N");
        assert_eq!(lines[23], "1\t1.5\t7");
        let rejects: Vec<_> = session
            .kept
            .rejects
            .iter()
            .map(|r| (r.row, r.column, r.raw_value.as_str()))
            .collect();
        assert_eq!(rejects, [(21, 1, "#N/A")]);
    }
}

#[test]
fn a_value_without_header_is_a_misfit_of_an_unlisted_column() {
    let mut session = Session::open(&widening(), auto(), 5).unwrap();
    session.types[1].1 = ColumnType::Text;
    let misfit = session.misfit(false);
    assert_eq!((misfit.row, misfit.column), (25, 2));
}

#[test]
fn resuming_without_a_misfit_is_refused() {
    let mut session = Session::open(&widening(), auto(), 5).unwrap();
    let Err(failed) = session.run(true) else {
        panic!("resumed")
    };
    assert_eq!(failed.kind, FailureKind::Protocol);
}

#[test]
fn title_lines_blank_rows_and_footers() {
    let rows = format!(
        "<row r=\"2\">{}</row><row r=\"4\">{}{}{}</row><row r=\"5\"><c r=\"A5\" s=\"0\"/></row>\
         <row r=\"7\">{}{}</row><row r=\"9\" hidden=\"1\">{}</row><row r=\"10\">{}</row>\
         <row r=\"12\"><c r=\"A12\" s=\"0\"/></row>",
        text("A2", "Report"),
        text("A4", " Policy No "),
        number("B4", "2019"),
        text("C4", "c"),
        number("A7", "1"),
        number("C7", "2"),
        number("B9", "3"),
        text("A10", " &#xA0; "),
    );
    let mut session = Session::open(&Parts::with_rows(&rows), auto(), 100).unwrap();
    assert_eq!(
        (session.head.header_row, session.head.skipped_rows),
        (Some(4), 1)
    );
    let texts: Vec<_> = session
        .head
        .headers
        .iter()
        .map(|h| h.text.as_str())
        .collect();
    assert_eq!(texts, ["Policy No", "2019", "c"]);
    assert_eq!(
        (session.head.sampled_rows, session.head.complete),
        (2, true)
    );
    let done = session.done(false);
    assert_eq!((done.rows, done.blank_rows, done.hidden_rows), (2, 1, 1));
    assert_eq!(
        session.kept.runs,
        [Run { first: 7, count: 1 }, Run { first: 9, count: 1 }]
    );
    assert_eq!(session.lines(), ["1\t\\N\t2", "\\N\t3\t\\N"]);
}

#[test]
fn header_rows_by_number() {
    let rows = format!(
        "<row r=\"2\">{}</row><row r=\"5\">{}</row>",
        text("A2", "x"),
        text("A5", "h")
    );
    let parts = Parts::with_rows(&rows);
    let session = Session::open(&parts, HeaderChoice::Row(5), 10).unwrap();
    assert_eq!(
        (session.head.header_row, session.head.skipped_rows),
        (Some(5), 1)
    );
    assert_eq!(
        (session.head.sampled_rows, session.head.complete),
        (0, true)
    );
    for (row, says) in [(3, "header row 3 is blank"), (9, "ends above header row 9")] {
        let Err(failed) = Session::open(&parts, HeaderChoice::Row(row), 10) else {
            panic!("row {row} is no header")
        };
        assert_eq!(failed.kind, FailureKind::BadArgument);
        assert!(failed.message.contains(says), "{}", failed.message);
    }
}

#[test]
fn an_empty_sheet_has_no_header() {
    let mut session = Session::open(&Parts::with_rows(""), auto(), 10).unwrap();
    assert_eq!(
        (session.head.header_row, session.head.complete),
        (None, true)
    );
    assert_eq!(session.head.headers, []);
    assert_eq!(session.done(false).rows, 0);
}

#[test]
fn another_template_fails() {
    let known = ["one", "two", "three", "four"].map(String::from).to_vec();
    let Err(failed) = Session::open(&widening(), HeaderChoice::Auto { known }, 10) else {
        panic!("another template was accepted")
    };
    assert_eq!(failed.kind, FailureKind::OtherTemplate);
}

#[test]
fn a_column_of_formulas_without_values_fails_and_one_of_many_is_counted() {
    let rows = |cached: &str| {
        format!(
            "<row r=\"1\">{}{}</row><row r=\"2\">{}<c r=\"B2\"><f>A2</f></c></row>\
             <row r=\"3\">{}<c r=\"B3\"><f>A3</f>{cached}</c></row>",
            text("A1", "a"),
            text("B1", "sum"),
            number("A2", "1"),
            number("A3", "1"),
        )
    };
    let mut session = Session::open(&Parts::with_rows(&rows("")), auto(), 10).unwrap();
    let Err(failed) = session.run(false) else {
        panic!("no error")
    };
    assert_eq!(failed.kind, FailureKind::NoCachedValues);
    assert!(
        failed.message.contains("column B (\"sum\")"),
        "{}",
        failed.message
    );
    let mut session = Session::open(&Parts::with_rows(&rows("<v>1</v>")), auto(), 10).unwrap();
    let done = session.done(false);
    assert_eq!((done.rows, done.formulas_without_value), (2, 1));
    assert_eq!(done.formula_columns_without_value, Vec::<u32>::new());
}

#[test]
fn blank_text_beside_formulas_without_values_is_no_value() {
    let rows = |beside: &str| {
        format!(
            "<row r=\"1\">{}{}</row><row r=\"2\">{}<c r=\"B2\"><f>A2</f></c></row>\
             <row r=\"3\">{}{beside}</row>",
            text("A1", "a"),
            text("B1", "sum"),
            number("A2", "1"),
            number("A3", "1"),
        )
    };
    let blank = Parts::with_rows(&rows(&text("B3", " &#xA0; ")));
    let mut session = Session::open(&blank, auto(), 10).unwrap();
    let Err(failed) = session.run(false) else {
        panic!("the column is silently empty")
    };
    assert_eq!(failed.kind, FailureKind::NoCachedValues);
    // A formula whose cached value is the empty text was computed.
    let computed = Parts::with_rows(&rows("<c r=\"B3\" t=\"str\"><f>A3</f><v></v></c>"));
    let mut session = Session::open(&computed, auto(), 10).unwrap();
    assert_eq!(session.done(false).rows, 2);
}

#[test]
fn a_row_of_rejected_cells_only_is_no_blank_row() {
    let rows = format!(
        "<row r=\"1\">{}</row><row r=\"2\"><c r=\"A2\" t=\"e\"><v>#N/A</v></c></row>",
        text("A1", "a")
    );
    let mut session = Session::open(&Parts::with_rows(&rows), auto(), 10).unwrap();
    let done = session.done(false);
    assert_eq!((done.rows, done.rejected), (1, 1));
}

#[test]
fn many_rows_come_in_batches_of_whole_rows() {
    let mut rows = format!("<row r=\"1\">{}</row>", text("A1", "a"));
    for row in 2..=20_001 {
        rows += &format!(
            "<row r=\"{row}\">{}</row>",
            text(&format!("A{row}"), "some longer text")
        );
    }
    let mut session = Session::open(&Parts::with_rows(&rows), auto(), 100).unwrap();
    assert_eq!(session.done(false).rows, 20_000);
    assert!(session.kept.runs.len() > 1);
    assert_eq!(
        session.kept.runs.iter().map(|run| run.count).sum::<u32>(),
        20_000
    );
    assert_eq!(session.lines().len(), 20_000);
}

/// Numbers in A and B from row 2 on; text in B4 and both of row 6, an error in A6, data in C5.
fn conflicting() -> Parts {
    let number_row = |row: u32| {
        format!(
            "<row r=\"{row}\">{}{}</row>",
            number(&format!("A{row}"), "1"),
            number(&format!("B{row}"), "2")
        )
    };
    let sheet = format!(
        "<row r=\"1\">{}{}{}</row>{}{}<row r=\"4\">{}{}</row><row r=\"5\">{}{}{}</row><row r=\"6\">{}{}</row>{}",
        text("A1", "a"),
        text("B1", "b"),
        text("C1", "c"),
        number_row(2),
        number_row(3),
        number("A4", "1"),
        text("B4", "x"),
        number("A5", "1"),
        number("B5", "2"),
        number("C5", "3"),
        "<c r=\"A6\" t=\"e\"><v>#N/A</v></c>",
        text("B6", "y"),
        number_row(8),
    );
    Parts::with_rows(&sheet)
}

fn rejecting(on_misfit: OnMisfit) -> Session {
    let mut session = Session::open(&conflicting(), auto(), 2).unwrap();
    session.types = vec![(0, ColumnType::Bigint), (1, ColumnType::Bigint)];
    session.on_misfit = on_misfit;
    session
}

fn rejected(session: &Session) -> Vec<(u32, u32, &str, &str, bool)> {
    let mut seen = Vec::new();
    for r in &session.kept.rejects {
        seen.push((
            r.row,
            r.column,
            r.raw_value.as_str(),
            r.sqlstate.as_str(),
            r.whole_row,
        ));
    }
    seen
}

#[test]
fn a_cell_that_does_not_fit_is_rejected() {
    let mut session = rejecting(OnMisfit::RejectCell);
    session.types.push((2, ColumnType::Bigint));
    let done = session.done(false);
    assert_eq!(
        (
            done.rows,
            done.rejected_rows,
            done.rejected,
            done.blank_rows
        ),
        (6, 0, 3, 1)
    );
    let lines = [
        "1\t2\t\\N",
        "1\t2\t\\N",
        "1\t\\N\t\\N",
        "1\t2\t3",
        "\\N\t\\N\t\\N",
        "1\t2\t\\N",
    ];
    assert_eq!(session.lines(), lines);
    let seen: Vec<_> = rejected(&session)
        .into_iter()
        .map(|r| (r.0, r.1, r.2, r.4))
        .collect();
    let expected = [
        (4, 1, "x", false),
        (6, 1, "y", false),
        (6, 0, "#N/A", false),
    ];
    assert_eq!(seen, expected);
    assert_eq!(rejected(&session)[0].3, "42804");
}

#[test]
fn a_row_that_does_not_fit_is_left_out() {
    let mut session = rejecting(OnMisfit::RejectRow);
    session.unfillable = vec![2];
    let done = session.done(false);
    assert_eq!(
        (
            done.rows,
            done.rejected_rows,
            done.rejected,
            done.blank_rows
        ),
        (3, 3, 4, 1)
    );
    assert_eq!(session.lines(), ["1\t2", "1\t2", "1\t2"]);
    let expected = [Run { first: 2, count: 2 }, Run { first: 8, count: 1 }];
    assert_eq!(session.kept.runs, expected);
    let seen: Vec<_> = rejected(&session).iter().map(|r| (r.0, r.1, r.4)).collect();
    // The error in A6 is no reason to leave the row out.
    assert_eq!(
        seen,
        [(4, 1, true), (5, 2, true), (6, 1, true), (6, 0, false)]
    );
    assert_eq!(rejected(&session)[1].3, "428C9");
}

#[test]
fn a_new_column_is_told_even_in_a_row_that_is_left_out() {
    let mut session = rejecting(OnMisfit::RejectRow);
    assert_eq!(session.misfit(false).row, 5);
    assert_eq!(rejected(&session).len(), 1, "row 4 only");
    session.types.push((2, ColumnType::Bigint));
    let done = session.done(true);
    assert_eq!((done.rows, done.rejected_rows), (4, 2));
}

#[test]
fn only_the_rows_asked_for_are_encoded() {
    let mut session = rejecting(OnMisfit::RejectRow);
    session.only = Some(vec![(3, 2), (8, 100)]);
    let done = session.done(false);
    assert_eq!((done.rows, done.rejected_rows), (2, 1));
    assert_eq!(rejected(&session).len(), 1);
    let expected = [Run { first: 3, count: 1 }, Run { first: 8, count: 1 }];
    assert_eq!(session.kept.runs, expected);
}
