#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::text_input::{Mark, Pattern};
use crate::types::ColumnType;
use proptest::prelude::*;

const MONEY: InputType = InputType::Numeric {
    precision: 12,
    scale: 2,
};
const SMALLINT: InputType = InputType::Integer {
    min: -32_768,
    max: 32_767,
};

fn by(input: InputType, value: &Value<'_>, rule: &TextRule) -> Option<String> {
    let mut out = String::new();
    input.enter(value, rule, &mut out).then_some(out)
}

fn entered(input: InputType, value: Value<'_>) -> Option<String> {
    by(input, &value, &TextRule::default())
}

fn text(input: InputType, text: &str) -> Option<String> {
    entered(input, Value::Text(text.into()))
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

#[test]
fn numbers_must_survive() {
    let number = |input, number| entered(input, Value::Double(number));
    assert_eq!(number(MONEY, 10.75), some("10.75"));
    assert_eq!(number(MONEY, 0.1 + 0.2), some("0.3"), "as Excel shows it");
    assert_eq!(number(MONEY, 10.755), None);
    assert_eq!(
        entered(MONEY, Value::Bigint(9_999_999_999)),
        some("9999999999")
    );
    assert_eq!(entered(MONEY, Value::Bigint(10_000_000_000)), None);
    assert_eq!(number(SMALLINT, 10.75), None);
    assert_eq!(entered(SMALLINT, Value::Bigint(32_767)), some("32767"));
    assert_eq!(entered(SMALLINT, Value::Bigint(32_768)), None);
    assert_eq!(number(InputType::Real, 0.1), some("0.1"), "real shows 0.1");
    assert_eq!(number(InputType::Real, 0.123_456_789), None);
    assert_eq!(
        entered(InputType::Real, Value::Bigint(16_777_216)),
        some("16777216")
    );
    assert_eq!(entered(InputType::Real, Value::Bigint(16_777_217)), None);
    assert_eq!(number(InputType::Real, 1e300), None);
    assert_eq!(number(InputType::Real, 1e-300), None);
    assert_eq!(
        number(InputType::Double, 0.1 + 0.2),
        some("0.30000000000000004"),
        "bit for bit"
    );
    assert_eq!(number(InputType::Decimal, 1e-7), some("0.0000001"));
    for input in [MONEY, SMALLINT, InputType::Real, InputType::Double] {
        assert_eq!(entered(input, Value::Boolean(true)), None);
        assert_eq!(entered(input, Value::Date(1)), None);
    }
}

#[test]
fn text_enters_number_types_by_a_point_or_the_mark() {
    assert_eq!(text(MONEY, "1234.50"), some("1234.5"));
    assert_eq!(text(SMALLINT, "7.0"), some("7"));
    assert_eq!(text(InputType::Double, "0.1"), some("0.1"));
    assert_eq!(text(InputType::Double, "0.12345678901234567890"), None);
    for refused in [
        "1,5", "1.234,56", "1e5", "NaN", "Infinity", "0x1F", "1_000", "", "n/a", " 1",
    ] {
        for input in [
            MONEY,
            SMALLINT,
            InputType::Real,
            InputType::Double,
            InputType::Decimal,
        ] {
            assert_eq!(text(input, refused), None, "{refused}");
        }
    }
    let comma = TextRule {
        decimal: Some(Mark::Comma),
        ..TextRule::default()
    };
    let by_comma = |text: &str| by(MONEY, &Value::Text(text.into()), &comma);
    assert_eq!(by_comma("1.234,56"), some("1234.56"));
    assert_eq!(by_comma("12.34"), None, "neither grouped nor a fraction");
    let wide = InputType::Numeric {
        precision: 30,
        scale: 4,
    };
    let long = Value::Text("12.345.678.901.234.567,8901".into());
    assert_eq!(
        by(wide, &long, &comma),
        some("12345678901234567.8901"),
        "to every digit"
    );
}

#[test]
fn moments_must_survive() {
    let noon = Value::Timestamp(43_200_000_000);
    let fraction = Value::Timestamp(43_200_250_000);
    assert_eq!(entered(InputType::Date, Value::Date(0)), some("2000-01-01"));
    assert_eq!(entered(InputType::Date, noon.clone()), None);
    let seconds = InputType::Timestamp { digits: 0 };
    assert_eq!(entered(seconds, noon.clone()), some("2000-01-01 12:00:00"));
    assert_eq!(entered(seconds, fraction.clone()), None);
    assert_eq!(
        entered(InputType::Timestamp { digits: 3 }, fraction),
        some("2000-01-01 12:00:00.250")
    );
    assert_eq!(entered(seconds, Value::Date(0)), some("2000-01-01"));
    assert_eq!(
        entered(InputType::Time { digits: 0 }, Value::Time(1_000_000)),
        some("00:00:01")
    );
    assert_eq!(
        entered(InputType::Time { digits: 0 }, Value::Time(1_000)),
        None
    );
    assert_eq!(
        entered(InputType::Time { digits: 6 }, Value::Interval(1_000)),
        None
    );
    assert_eq!(
        entered(InputType::Interval { digits: 0 }, Value::Time(1_000_000)),
        some("00:00:01")
    );
    assert_eq!(
        entered(
            InputType::Interval { digits: 6 },
            Value::Interval(-1_500_000)
        ),
        some("-00:00:01.500")
    );
    for value in [
        Value::Bigint(45_000),
        Value::Double(45_000.5),
        Value::Boolean(true),
    ] {
        assert_eq!(entered(InputType::Date, value.clone()), None);
        assert_eq!(entered(seconds, value), None);
    }
    assert_eq!(text(InputType::Date, "2024-02-29"), some("2024-02-29"));
    for refused in [
        "29.02.2024",
        "02/03/2024",
        "2024-02-29 12:00",
        "now",
        "today",
        "infinity",
        "epoch",
        "20240229",
    ] {
        assert_eq!(text(InputType::Date, refused), None, "{refused}");
    }
    assert_eq!(
        text(seconds, "2024-02-29T12:00:00Z"),
        None,
        "an offset has no room"
    );
    let format = TextRule {
        format: Some(Pattern::parse_pattern("DD.MM.YYYY").unwrap()),
        ..TextRule::default()
    };
    let by_format = |text: &str| by(InputType::Date, &Value::Text(text.into()), &format);
    assert_eq!(by_format("29.02.2024"), some("2024-02-29"));
    assert_eq!(
        by_format("2024-02-29"),
        None,
        "another form than the format's"
    );
    assert_eq!(
        by(InputType::Date, &Value::Date(0), &format),
        some("2000-01-01"),
        "a date cell needs no format"
    );
}

#[test]
fn local_times_take_their_zone_along() {
    let berlin = TextRule {
        time_zone: Some("Europe/Berlin".into()),
        ..TextRule::default()
    };
    let zoned = InputType::TimestampTz { digits: 6 };
    let at = |value: Value<'_>| by(zoned, &value, &berlin);
    assert_eq!(
        at(Value::Date(0)),
        some("2000-01-01 00:00:00 Europe/Berlin")
    );
    assert_eq!(
        at(Value::Timestamp(43_200_000_000)),
        some("2000-01-01 12:00:00 Europe/Berlin")
    );
    assert_eq!(
        at(Value::Text("2024-02-29T12:00:00+05:30".into())),
        some("2024-02-29 12:00:00+05:30")
    );
    assert_eq!(
        at(Value::Text("2024-02-29T00:00Z".into())),
        some("2024-02-29 00:00:00Z")
    );
    assert_eq!(entered(zoned, Value::Date(0)), None, "no zone");
}

#[test]
fn booleans_are_booleans() {
    assert_eq!(
        entered(InputType::Boolean, Value::Boolean(false)),
        some("false")
    );
    for value in [
        Value::Bigint(1),
        Value::Text("true".into()),
        Value::Text("yes".into()),
    ] {
        assert_eq!(entered(InputType::Boolean, value), None);
    }
}

#[test]
fn the_wire_is_agreed() {
    let rule = TextRule::default();
    let (value, wire) = enter(Value::Double(10.5), Wire::Typed(MONEY), &rule).unwrap();
    assert_eq!((value, wire), (Value::Text("10.5".into()), Wire::Input));
    let (value, wire) = enter(Value::Text("1.50".into()), Wire::InputNumber, &rule).unwrap();
    assert_eq!((value, wire), (Value::Text("1.5".into()), Wire::Input));
    assert_eq!(
        enter(Value::Text("x".into()), Wire::InputNumber, &rule),
        None
    );
    let plain = Wire::Native(ColumnType::Text);
    assert_eq!(
        enter(Value::Text("7".into()), plain, &rule),
        Some((Value::Text("7".into()), plain))
    );
    let infer = TextRule {
        infer: true,
        ..rule
    };
    let wire = Wire::Native(ColumnType::Bigint);
    assert_eq!(
        enter(Value::Text("7".into()), wire, &infer),
        Some((Value::Bigint(7), wire))
    );
}

fn inputs() -> impl Strategy<Value = InputType> {
    proptest::sample::select(vec![
        InputType::Boolean,
        SMALLINT,
        InputType::Decimal,
        MONEY,
        InputType::Real,
        InputType::Double,
        InputType::Date,
        InputType::Timestamp { digits: 0 },
        InputType::Time { digits: 3 },
        InputType::Interval { digits: 0 },
    ])
}

fn values() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<bool>().prop_map(Value::Boolean),
        any::<f64>().prop_filter_map("finite", Value::from_number),
        (-1_000_000i64..1_000_000).prop_map(|n| Value::Double(n as f64 / 1000.0)),
        (-100_000i64..100_000).prop_map(Value::Bigint),
        (-700_000i32..2_900_000).prop_map(Value::Date),
        (-60_000_000_000_000i64..60_000_000_000_000).prop_map(|ms| Value::Timestamp(ms * 1000)),
        (0i64..86_400_000).prop_map(|ms| Value::Time(ms * 1000)),
        (-86_400_000_000i64..86_400_000_000).prop_map(|ms| Value::Interval(ms * 1000)),
        ".{0,20}".prop_map(|text| Value::Text(text.into())),
    ]
}

#[test]
fn blanks_at_the_end_are_not_cut() {
    let most = InputType::Characters { most: 3 };
    let text = |text: &'static str| entered(most, Value::Text(text.into()));
    assert_eq!(text("abc").as_deref(), Some("abc"));
    assert_eq!(text("é ").as_deref(), Some("é "));
    assert_eq!(text("ab  "), None);
    assert_eq!(text("    "), None);
    assert_eq!(
        text("abcd ").as_deref(),
        Some("abcd "),
        "for the type's own input to refuse"
    );
    let parts = |text: &'static str| entered(InputType::CharacterParts, Value::Text(text.into()));
    for kept in [
        "{ab,c}",
        r#"{"a", "b"}"#,
        r#"{"a b", ""}"#,
        r#"(1, x)"#,
        "{a }",
    ] {
        assert_eq!(parts(kept).as_deref(), Some(kept));
    }
    for cut in [r#"{"a "}"#, r#"{"a " , b}"#, r#"("x  ",1)"#] {
        assert_eq!(parts(cut), None, "{cut}");
    }
    assert_eq!(entered(most, Value::Bigint(1234)).as_deref(), Some("1234"));
}

proptest! {
    /// No type takes another kind of value for its own, whatever its input would make of it.
    #[test]
    fn only_its_own_kind_enters(input in inputs(), value in values()) {
        if entered(input, value.clone()).is_some() {
            let number = matches!(value, Value::Bigint(_) | Value::Double(_));
            let boolean = matches!(value, Value::Boolean(_));
            let text = matches!(value, Value::Text(_));
            prop_assert_eq!(number, input.is_number() && !text, "{:?} {:?}", input, value);
            prop_assert_eq!(boolean, input == InputType::Boolean, "{:?} {:?}", input, value);
        }
    }

    /// A number that enters is, to its 15 digits, the number of the cell.
    #[test]
    fn what_enters_is_unchanged(input in inputs(), number in (-10_000_000i64..10_000_000)) {
        let value = Value::from_number(number as f64 / 1000.0).unwrap();
        if let Some(text) = entered(input, value.clone()) {
            let back: f64 = text.parse().unwrap();
            prop_assert_eq!(text_form::render(&Value::Double(back)), text_form::render(&value));
        }
    }
}
