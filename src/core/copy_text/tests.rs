#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::types::ColumnType;
use proptest::prelude::*;

fn encoded(found: &Value<'_>, wire: Wire) -> Option<String> {
    let mut out = b"row\t".to_vec();
    let fits = value(&mut out, found, wire, &mut String::from("left over"));
    let field = String::from_utf8(out)
        .unwrap()
        .strip_prefix("row\t")
        .unwrap()
        .to_owned();
    assert!(fits || field.is_empty(), "a misfit appends nothing");
    fits.then_some(field)
}

fn native(found: Value<'_>, column_type: ColumnType) -> Option<String> {
    encoded(&found, Wire::Native(column_type))
}

/// What COPY FROM makes of a text field (`CopyReadAttributesText`), without octal and hex escapes.
fn unescape(field: &str) -> Option<String> {
    if field == "\\N" {
        return None;
    }
    let mut out = String::new();
    let mut letters = field.chars();
    while let Some(letter) = letters.next() {
        out.push(match letter {
            '\\' => match letters.next().unwrap() {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                '\\' => '\\',
                other => panic!("unexpected escape {other}"),
            },
            other => other,
        });
    }
    Some(out)
}

#[test]
fn native_types() {
    for (value, column_type, expected) in [
        (Value::Boolean(true), ColumnType::Boolean, "true"),
        (Value::Bigint(-2), ColumnType::Bigint, "-2"),
        (
            Value::Double(0.1 + 0.2),
            ColumnType::Double,
            "0.30000000000000004",
        ),
        (Value::Double(1e300), ColumnType::Double, "1e300"),
        (Value::Bigint(3), ColumnType::Double, "3.0"),
        (
            Value::Double(0.1 + 0.2),
            ColumnType::Numeric,
            "0.30000000000000004",
        ),
        (
            Value::Double(1e22),
            ColumnType::Numeric,
            "10000000000000000000000",
        ),
        (Value::Bigint(3), ColumnType::Numeric, "3"),
        (Value::Date(0), ColumnType::Date, "2000-01-01"),
        (Value::Date(0), ColumnType::Timestamp, "2000-01-01"),
        (
            Value::Timestamp(1_500_000),
            ColumnType::Timestamp,
            "2000-01-01 00:00:01.500",
        ),
        (Value::Time(1_500_000), ColumnType::Time, "00:00:01.500"),
        (Value::Time(1_500_000), ColumnType::Interval, "00:00:01.500"),
        (
            Value::Interval(-3_600_000_000),
            ColumnType::Interval,
            "-01:00:00",
        ),
        (Value::Double(0.1 + 0.2), ColumnType::Text, "0.3"),
        (
            Value::Text("a\\b\tc\nd\re\u{8}\u{c}\u{b}é".into()),
            ColumnType::Text,
            "a\\\\b\\tc\\nd\\re\\b\\f\\vé",
        ),
        (Value::Text("\\N".into()), ColumnType::Text, "\\\\N"),
        (Value::Text("\\.".into()), ColumnType::Text, "\\\\."),
        (Value::Text("".into()), ColumnType::Text, ""),
    ] {
        assert_eq!(native(value, column_type).as_deref(), Some(expected));
    }
}

#[test]
fn misfits_append_nothing() {
    assert_eq!(native(Value::Double(0.5), ColumnType::Bigint), None);
    assert_eq!(encoded(&Value::Text("5,0".into()), Wire::InputNumber), None);
    assert_eq!(native(Value::Bigint(1), ColumnType::None), None);
}

#[test]
fn a_row() {
    let mut out = Vec::new();
    null(&mut out);
    separator(&mut out);
    text(&mut out, "a\tb");
    separator(&mut out);
    timestamptz(&mut out, 1);
    end_row(&mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "\\N\ta\\tb\t2000-01-01 00:00:00.000001+00\n"
    );
}

proptest! {
    #[test]
    fn any_text_reads_back(found in r"[\\Nabtnrfv.\t\n\r\x08\x0b\x0cé日]{0,30}|\PC{0,30}") {
        let field = native(Value::Text(found.as_str().into()), ColumnType::Text).unwrap();
        prop_assert!(!field.contains(['\t', '\n', '\r']));
        prop_assert_eq!(unescape(&field), Some(found));
    }

    #[test]
    fn any_double_reads_back(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        for column_type in [ColumnType::Double, ColumnType::Numeric] {
            let field = native(Value::Double(number), column_type).unwrap();
            prop_assert_eq!(field.parse::<f64>(), Ok(number));
        }
    }

    /// Both encodings hold the same values.
    #[test]
    fn fits_as_binary_does(integer in any::<i64>(), bits in any::<u64>()) {
        use ColumnType::*;
        for found in [Value::Bigint(integer), Value::Double(f64::from_bits(bits)), Value::Timestamp(integer), Value::Text("x".into())] {
            for column_type in [None, Boolean, Bigint, Double, Numeric, Date, Timestamp, Time, Interval, Text] {
                let wire = Wire::Native(column_type);
                let binary = crate::copy_binary::value(&mut Vec::new(), &found, wire, &mut String::new());
                prop_assert_eq!(encoded(&found, wire).is_some(), binary);
            }
        }
    }
}
