#![allow(clippy::unwrap_used, clippy::panic)]

use super::frame::{
    BadFrame, FrameKind, HEADER_LEN, MAX_PAYLOAD, control, header, parse_control, parse_header,
};
use super::rows::{self, Run, parse, prefix, push_row};
use super::*;
use crate::input_type::InputType;
use crate::text_input::{Mark, Pattern, TextRule, TextRules};
use crate::types::ColumnType;
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

fn round_trip<M: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: &M) {
    let frame = control(message).unwrap();
    let (first, payload) = frame.split_first_chunk::<HEADER_LEN>().unwrap();
    assert_eq!(
        parse_header(*first),
        Ok((FrameKind::Control, payload.len()))
    );
    assert_eq!(parse_control::<M>(payload).as_ref(), Ok(message));
}

fn types() -> impl Strategy<Value = ColumnType> {
    use ColumnType::*;
    prop::sample::select(vec![
        None, Boolean, Bigint, Double, Numeric, Date, Timestamp, Time, Interval, Text,
    ])
}

fn wires() -> impl Strategy<Value = Wire> {
    prop_oneof![
        types().prop_map(Wire::Native),
        Just(Wire::Input),
        Just(Wire::InputNumber),
        Just(Wire::Exact),
        Just(Wire::Json),
        any::<(i64, i64)>().prop_map(|(min, max)| Wire::Typed(InputType::Integer { min, max })),
        any::<u8>().prop_map(|digits| Wire::Typed(InputType::TimestampTz { digits })),
    ]
}

fn text_rules() -> impl Strategy<Value = TextRules> {
    let pattern = Pattern::parse_pattern("DD.MM.YYYY").unwrap();
    let rule = (
        any::<(bool, Option<String>)>(),
        prop::option::of(Just(pattern)),
        prop::option::of(prop::sample::select(vec![Mark::Comma, Mark::Point])),
    );
    let rule = rule.prop_map(|((infer, time_zone), format, decimal)| TextRule {
        infer,
        format,
        decimal,
        time_zone,
    });
    let headers = prop::collection::vec((any::<String>(), rule.clone()), 0..3);
    (rule, headers).prop_map(|(others, headers)| TextRules { others, headers })
}

fn on_misfit() -> impl Strategy<Value = OnMisfit> {
    use OnMisfit::*;
    prop::sample::select(vec![Misfit, RejectCell, RejectRow])
}

fn requests() -> impl Strategy<Value = Request> {
    let limits = any::<(u64, u64, u64)>();
    let choice = prop_oneof![
        any::<Vec<String>>().prop_map(|known| HeaderChoice::Auto { known }),
        any::<u32>().prop_map(HeaderChoice::Row),
        any::<Vec<u32>>().prop_map(HeaderChoice::Rows),
        Just(HeaderChoice::None)
    ];
    let columns = prop::collection::vec(
        (any::<u32>(), wires(), on_misfit()).prop_map(|(index, wire, on_misfit)| StreamColumn {
            index,
            wire,
            on_misfit,
        }),
        0..5,
    );
    let encoding = prop::sample::select(vec![RowEncoding::Binary, RowEncoding::Text]);
    let rest = any::<(String, i64, bool, Vec<u32>, Option<Vec<(u32, u32)>>)>();
    let streams = (columns, encoding, rest).prop_map(
        |(columns, encoding, (source_file, load_timestamp, resume, unfillable, only))| {
            StreamRequest {
                columns,
                encoding,
                source_file,
                load_timestamp,
                resume,
                unfillable,
                only,
            }
        },
    );
    prop_oneof![
        any::<(u32, String, Vec<String>)>().prop_map(|(protocol, version, confinement)| {
            Request::Hello(Hello {
                protocol,
                version,
                confinement,
            })
        }),
        limits.prop_map(|(max_file_bytes, max_cells, cpu_seconds)| {
            Request::Open(OpenRequest {
                limits: Limits {
                    max_file_bytes,
                    max_cells,
                    cpu_seconds,
                },
                names: false,
            })
        }),
        (any::<(u32, u32)>(), choice, text_rules()).prop_map(
            |((sheet, sample_rows), header, text)| {
                Request::Head(HeadRequest {
                    sheet,
                    header,
                    sample_rows,
                    options: SheetOptions::default(),
                    text,
                })
            }
        ),
        (any::<bool>(), streams).prop_map(|(check, request)| if check {
            Request::Check(request)
        } else {
            Request::Stream(request)
        }),
    ]
}

fn opened() -> impl Strategy<Value = Response> {
    let format = prop::sample::select(vec![Format::Xlsx, Format::Xlsb, Format::Xls, Format::Ods]);
    let visibility = prop::sample::select(vec![
        SheetVisibility::Visible,
        SheetVisibility::Hidden,
        SheetVisibility::VeryHidden,
    ]);
    let sheet =
        (any::<(String, bool)>(), visibility).prop_map(|((name, has_cells), visibility)| {
            SheetInfo {
                name,
                visibility,
                has_cells,
            }
        });
    (
        any::<(String, u64)>(),
        format,
        prop::collection::vec(sheet, 0..4),
    )
        .prop_map(|((sha256, bytes), format, sheets)| {
            Response::Opened(Opened {
                sha256,
                bytes,
                format,
                sheets,
                names: None,
            })
        })
}

fn stream_ends() -> impl Strategy<Value = Response> {
    let rest = prop::collection::vec((any::<u32>(), types()), 0..4);
    let misfit = (any::<(u32, u32, String)>(), types(), rest).prop_map(
        |((row, column, value), value_type, rest)| {
            Response::Misfit(Misfit {
                row,
                column,
                value,
                value_type,
                rest,
            })
        },
    );
    let done = any::<([u64; 7], Vec<u32>)>().prop_map(|(counts, formula_columns_without_value)| {
        let [
            rows,
            blank_rows,
            rejected,
            formulas_without_value,
            replaced_characters,
            merged_ranges,
            hidden,
        ] = counts;
        Response::Done(StreamDone {
            rows,
            rejected_rows: hidden,
            blank_rows,
            rejected,
            formulas_without_value,
            formula_columns_without_value,
            replaced_characters,
            merged_ranges,
            hidden_rows: hidden,
            hidden_columns: hidden,
        })
    });
    let kinds = {
        use FailureKind::*;
        vec![
            Encrypted,
            UnknownFormat,
            Corrupt,
            Empty,
            OverLimit,
            StillWritten,
            Io,
            BadArgument,
            OtherTemplate,
            NoCachedValues,
            Protocol,
        ]
    };
    let failed = (
        prop::sample::select(kinds),
        any::<(String, Option<String>, Option<String>)>(),
    )
        .prop_map(|(kind, (message, detail, hint))| {
            Response::Failed(Failed {
                kind,
                message,
                detail,
                hint,
            })
        });
    prop_oneof![misfit, done, failed]
}

fn responses() -> impl Strategy<Value = Response> {
    let header = (any::<(u32, String)>(), types()).prop_map(|((index, text), found)| Header {
        index,
        text,
        found,
    });
    let head = (
        any::<(Option<u32>, u32, u64, u32, bool)>(),
        prop::collection::vec(header, 0..4),
    )
        .prop_map(
            |((header_row, skipped_rows, sampled_rows, widest_row, complete), headers)| {
                Response::Head(Head {
                    header_row,
                    skipped_rows,
                    headers,
                    sampled_rows,
                    widest_row,
                    complete,
                })
            },
        );
    let reject = any::<(u32, u32, String, String, String, bool)>().prop_map(
        |(row, column, raw_value, reason, sqlstate, whole_row)| Reject {
            row,
            column,
            raw_value,
            reason,
            sqlstate,
            whole_row,
        },
    );
    let rejects =
        prop::collection::vec(reject, 0..4).prop_map(|rejects| Response::Rejects { rejects });
    let hello = any::<(u32, String, Vec<String>)>().prop_map(|(protocol, version, confinement)| {
        Response::Hello(Hello {
            protocol,
            version,
            confinement,
        })
    });
    prop_oneof![hello, opened(), head, rejects, stream_ends()]
}

#[test]
fn frame_lengths_have_bounds() {
    for kind in [FrameKind::Control, FrameKind::Rows] {
        for len in [0, 1, MAX_PAYLOAD] {
            assert_eq!(parse_header(header(kind, len)), Ok((kind, len)));
        }
    }
    let of = |len: usize, kind: u8| {
        let [a, b, c, d] = (len as u32).to_be_bytes();
        parse_header([a, b, c, d, kind])
    };
    assert!(
        of(0, b'C').is_err()
            && of(MAX_PAYLOAD + 2, b'R').is_err()
            && of(u32::MAX as usize, b'R').is_err()
    );
    assert!(of(1, b'X').is_err());
}

#[test]
fn nul_is_refused_wherever_it_stands() {
    let of = |text: &str| {
        let failed = Failed {
            kind: FailureKind::Corrupt,
            message: text.into(),
            detail: None,
            hint: None,
        };
        let frame = control(&Response::Failed(failed)).unwrap();
        parse_control::<Response>(&frame[HEADER_LEN..])
    };
    for text in ["\0", "a\0", "\\\0", "\"\0\""] {
        assert!(of(text).is_err(), "{text:?}");
    }
    for text in ["\\u0000", "\\\\u0000", "\u{1}0000", "\\"] {
        assert!(of(text).is_ok(), "{text:?}");
    }
}

#[test]
fn a_failure_may_be_brief() {
    let failed: Response =
        parse_control(br#"{"response":"failed","kind":"over_limit","message":"too many cells"}"#)
            .unwrap();
    assert!(
        matches!(failed, Response::Failed(Failed { detail: None, hint: None, kind, .. }) if kind.sqlstate() == "54000")
    );
}

#[test]
fn runs_follow_sheet_rows() {
    let mut runs = Vec::new();
    [2, 3, 4, 7, 9, 10]
        .into_iter()
        .for_each(|row| push_row(&mut runs, row));
    assert_eq!(
        runs,
        [
            Run { first: 2, count: 3 },
            Run { first: 7, count: 1 },
            Run { first: 9, count: 2 }
        ]
    );
}

#[test]
fn row_frames_that_lie() {
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect::<Vec<u8>>()
    };
    for (payload, what) in [
        (vec![], "nothing"),
        (words(&[0]), "no run count"),
        (words(&[1, 1]), "no run"),
        (words(&[1, u32::MAX, 1, 1]), "4 billion runs"),
        (words(&[2, 1, 1, 1]), "a row too many"),
        (words(&[0, 2, 1, u32::MAX, 1, 1]), "a sum that wraps"),
        (words(&[1, 1, 0, 1]), "a row above the first"),
        (words(&[0, 1, 5, 0]), "an empty run"),
        (words(&[0, 1, 0, 0]), "nothing at no row"),
        (words(&[2, 1, 1_048_576, 2]), "a row below the last"),
        (words(&[2, 2, 5, 1, 5, 1]), "the same row twice"),
    ] {
        assert!(matches!(parse(&payload), Err(BadFrame(_))), "{what}");
    }
}

proptest! {
    #[test]
    fn requests_read_back(message in requests()) {
        round_trip(&message);
    }

    #[test]
    fn responses_read_back(message in responses()) {
        round_trip(&message);
    }

    #[test]
    fn any_frame_header_is_answered(bytes in any::<[u8; HEADER_LEN]>()) {
        if let Ok((kind, len)) = parse_header(bytes) {
            prop_assert!(len <= MAX_PAYLOAD);
            prop_assert_eq!(header(kind, len), bytes);
        }
    }

    #[test]
    fn any_bytes_are_no_message_or_one(bytes in any::<Vec<u8>>()) {
        let _ = parse_control::<Request>(&bytes);
        let _ = parse_control::<Response>(&bytes);
        if let Ok((runs, at)) = rows::parse(&bytes) {
            prop_assert!(at <= bytes.len());
            prop_assert_eq!(at, 8 + runs.len() * 8);
        }
    }

    /// A message with some bytes changed is another message or an error.
    #[test]
    fn damaged_messages_are_answered(message in responses(), damage in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4)) {
        let mut frame = control(&message).unwrap();
        for (at, byte) in damage {
            let at = HEADER_LEN + at.index(frame.len() - HEADER_LEN);
            frame[at] = byte;
        }
        if let Ok(other) = parse_control::<Response>(&frame[HEADER_LEN..]) {
            round_trip(&other);
        }
    }

    #[test]
    fn runs_read_back(gaps in prop::collection::vec(1u32..4, 0..40), rest in any::<Vec<u8>>()) {
        let mut sheet_rows = Vec::new();
        for gap in gaps {
            sheet_rows.push(sheet_rows.last().unwrap_or(&0) + gap);
        }
        let mut runs = Vec::new();
        sheet_rows.iter().for_each(|row| push_row(&mut runs, *row));
        let mut payload = prefix(&runs);
        let start = payload.len();
        payload.extend_from_slice(&rest);
        prop_assert_eq!(parse(&payload), Ok((runs.clone(), start)));
        let again: Vec<u32> = runs.iter().flat_map(|run| run.first..run.first + run.count).collect();
        prop_assert_eq!(again, sheet_rows);
    }

    #[test]
    fn any_row_frame_is_answered(count in 0u32..4, words in prop::collection::vec(any::<u32>(), 0..10)) {
        let payload: Vec<u8> = [words.first().copied().unwrap_or(0), count].into_iter().chain(words).flat_map(u32::to_be_bytes).collect();
        if let Ok((runs, at)) = parse(&payload) {
            prop_assert_eq!(runs.len(), count as usize);
            prop_assert!(at <= payload.len());
        }
    }
}

#[test]
fn messages_about_looking_read_back() {
    let area = crate::area::Area::WHOLE;
    let options = SheetOptions {
        area: Some(area),
        skip_footer: 1,
        stop_at_blank: 2,
        fill_merged: true,
        row_number: Some("source_row".into()),
        null_strings: vec!["-".into(), String::new()],
        keep_spaces: true,
        error_cells: ErrorCells::Fail,
        coalesce: true,
        ignore_unlisted: true,
    };
    round_trip(&options);
    assert_eq!(
        serde_json::from_str::<SheetOptions>("{}").unwrap(),
        SheetOptions::default(),
        "what is not said is the default"
    );
    round_trip(&Request::Profile);
    let column = ColumnProfile {
        index: 3,
        header: "Prénom".into(),
        found: ColumnType::Text,
        non_null: 2,
        samples: vec!["a".into(), "b".into()],
        least: Some("a".into()),
        greatest: None,
    };
    round_trip(&Response::Profile(SheetProfile {
        rows: 2,
        columns: vec![column],
    }));
    round_trip(&NamedArea {
        name: "Claims".into(),
        sheet: Some(1),
        scope: None,
        area: Some(area),
        header: Some(true),
    });
}
