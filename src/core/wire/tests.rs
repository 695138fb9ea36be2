#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use ColumnType::*;
use proptest::prelude::*;

const TYPES: [ColumnType; 10] = [
    None, Boolean, Bigint, Double, Numeric, Date, Timestamp, Time, Interval, Text,
];

fn wires() -> Vec<Wire> {
    TYPES
        .into_iter()
        .map(Wire::Native)
        .chain([Wire::Input, Wire::InputNumber])
        .collect()
}

fn values() -> Vec<Value<'static>> {
    vec![
        Value::Boolean(true),
        Value::Bigint(-7),
        Value::Double(0.5),
        Value::Date(1),
        Value::Timestamp(1),
        Value::Time(1),
        Value::Interval(1),
        Value::Text("x".into()),
    ]
}

#[test]
fn a_value_fits_where_its_type_is_held() {
    for value in values() {
        for wire in wires() {
            let mut scratch = String::new();
            assert_eq!(
                fits(&value, wire),
                holds(wire, value.column_type()),
                "{value:?} {wire:?}"
            );
            assert_eq!(
                widen(&value, wire, &mut scratch).is_some(),
                fits(&value, wire),
                "{value:?} {wire:?}"
            );
        }
    }
}

#[test]
fn an_empty_column_holds_nothing_and_no_value_fits_anywhere() {
    for wire in wires() {
        assert!(holds(wire, None), "{wire:?}");
    }
    for value in values() {
        assert!(!fits(&value, Wire::Native(None)));
    }
}

#[test]
fn only_numbers_enter_a_number_type() {
    let held: Vec<_> = values()
        .into_iter()
        .filter(|value| fits(value, Wire::InputNumber))
        .collect();
    assert_eq!(held, [Value::Bigint(-7), Value::Double(0.5)]);
}

#[test]
fn widening_keeps_the_value() {
    let mut scratch = String::new();
    let mut widened =
        |value: Value<'_>, target| match widen(&value, Wire::Native(target), &mut scratch) {
            Some(WireValue::Text(text)) => text.to_owned(),
            other => format!("{other:?}"),
        };
    assert_eq!(widened(Value::Bigint(3), Double), "Some(Double(3.0))");
    assert_eq!(
        widened(Value::Bigint(3), Numeric),
        "Some(NumericInteger(3))"
    );
    assert_eq!(widened(Value::Double(-0.0), Double), "Some(Double(0.0))");
    assert_eq!(
        widened(Value::Date(2), Timestamp),
        format!("Some(Timestamp({}))", 2 * DAY_USECS)
    );
    assert_eq!(
        widened(Value::Date(i32::MAX), Timestamp),
        format!("Some(Timestamp({}))", i64::MAX)
    );
    assert_eq!(widened(Value::Date(i32::MAX - 1), Timestamp), "None");
    assert_eq!(widened(Value::Time(5), Interval), "Some(Interval(5))");
    assert_eq!(widened(Value::Double(0.1 + 0.2), Text), "0.3");
}

#[test]
fn an_integer_no_double_holds_does_not_fit() {
    assert!(fits(
        &Value::Bigint(MAX_EXACT_INTEGER),
        Wire::Native(Double)
    ));
    assert!(!fits(
        &Value::Bigint(MAX_EXACT_INTEGER + 1),
        Wire::Native(Double)
    ));
    assert!(!fits(&Value::Bigint(i64::MIN), Wire::Native(Double)));
    assert!(fits(&Value::Bigint(i64::MIN), Wire::Native(Numeric)));
    assert!(!fits(&Value::Double(f64::NAN), Wire::Native(Numeric)));
}

proptest! {
    /// Widening first to a native type and then to text equals the text form at once.
    #[test]
    fn text_does_not_depend_on_the_way(integer in -MAX_EXACT_INTEGER..=MAX_EXACT_INTEGER, days in -730_119i32..2_921_940, usecs in 0..DAY_USECS) {
        for (value, target) in [(Value::Bigint(integer), Double), (Value::Date(days), Timestamp), (Value::Time(usecs), Interval)] {
            let mut scratch = String::new();
            let wide = match widen(&value, Wire::Native(target), &mut scratch).unwrap() {
                WireValue::Double(number) => Value::Double(number),
                WireValue::Timestamp(usecs) => Value::Timestamp(usecs),
                WireValue::Interval(usecs) => Value::Interval(usecs),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(text_form::render(&wide), text_form::render(&value));
        }
    }
}
