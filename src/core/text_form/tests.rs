#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::calendar;
use crate::value::{DAY_USECS, MAX_EXACT_INTEGER};
use proptest::prelude::*;

fn number(number: f64) -> String {
    render(&Value::Double(number))
}

fn numeric(text: &str) -> String {
    let mut out = String::from("kept ");
    write_numeric_text(&mut out, text);
    out.strip_prefix("kept ").unwrap().to_owned()
}

fn day(year: i32, month: u32, day: u32) -> i32 {
    calendar::days(year, month, day).unwrap()
}

#[test]
fn numbers() {
    for (value, expected) in [
        (0.0, "0"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (1_234_567.891, "1234567.891"),
        (-1.5, "-1.5"),
        (1.0 / 3.0, "0.333333333333333"),
        (2.0 / 3.0, "0.666666666666667"),
        (200.0 / 3.0, "66.6666666666667"),
        (100.0 * 1.1, "110"),
        (9_007_199_254_740_992.0, "9007199254740992"),
        (-9_007_199_254_740_992.0, "-9007199254740992"),
        (9_007_199_254_740_994.0, "9007199254740990"),
        (12_345_678_901_234_567_890.0, "12345678901234600000"),
        (1e20, "100000000000000000000"),
        (999_999_999_999_999e6, "999999999999999000000"),
        (999_999_999_999_999_900_000.0, "1E+21"),
        (1e21, "1E+21"),
        (-1.5e21, "-1.5E+21"),
        (f64::MAX, "1.79769313486232E+308"),
        (123_456_789_012_345.67, "123456789012346"),
        (999_999_999_999_999.9, "1000000000000000"),
        (0.000_001, "0.000001"),
        (0.000_001_234, "0.000001234"),
        (1e-6_f64.next_down(), "0.000001"),
        (1e-7, "1E-07"),
        (-1.25e-10, "-1.25E-10"),
        (5e-324, "4.94065645841247E-324"),
    ] {
        assert_eq!(number(value), expected, "{value:e}");
    }
    assert_eq!(render(&Value::Bigint(i64::MIN)), "-9223372036854775808");
}

#[test]
fn numerics() {
    for (text, expected) in [
        ("0", "0"),
        ("0.00", "0"),
        ("-0", "0"),
        ("12.50", "12.5"),
        ("-7.000", "-7"),
        ("0.30000000000000004", "0.3"),
        ("9007199254740993", "9007199254740993"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775807.00", "9223372036854775807"),
        ("12345678901234567000", "12345678901234600000"),
        ("12345678901234567001", "12345678901234567001"),
        ("0.12345678901234567890", "0.1234567890123456789"),
        ("-123456789012345678.25", "-123456789012345678.25"),
        ("758543773023830.2", "758543773023830"),
        ("758543773023830.3", "758543773023830"),
        ("758543773023830.21", "758543773023830.21"),
        ("0.00000010", "1E-07"),
        ("1000000000000000000000", "1E+21"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
    ] {
        assert_eq!(numeric(text), expected, "{text}");
    }
}

#[test]
fn booleans_and_text() {
    assert_eq!(render(&Value::Boolean(true)), "true");
    assert_eq!(render(&Value::Boolean(false)), "false");
    assert_eq!(render(&Value::Text("  a\tb ".into())), "  a\tb ");
}

#[test]
fn dates_and_timestamps() {
    let date = day(2024, 3, 31);
    let at = |usecs: i64| render(&Value::Timestamp(i64::from(date) * DAY_USECS + usecs));
    assert_eq!(render(&Value::Date(date)), "2024-03-31");
    assert_eq!(render(&Value::Date(day(1, 1, 1))), "0001-01-01");
    assert_eq!(render(&Value::Date(day(1, 1, 1) - 1)), "0001-12-31 BC");
    assert_eq!(render(&Value::Date(day(9999, 12, 31) + 1)), "10000-01-01");
    assert_eq!(render(&Value::Date(i32::MAX)), "infinity");
    assert_eq!(render(&Value::Date(i32::MIN)), "-infinity");
    assert_eq!(at(0), "2024-03-31");
    assert_eq!(at(1000), "2024-03-31 00:00:00.001");
    assert_eq!(at(DAY_USECS - 1_000_000), "2024-03-31 23:59:59");
    assert_eq!(at(DAY_USECS - 500_000), "2024-03-31 23:59:59.500");
    assert_eq!(at(3_600_000_001), "2024-03-31 01:00:00.000001");
    assert_eq!(at(1_200), "2024-03-31 00:00:00.0012");
    assert_eq!(render(&Value::Timestamp(-1000)), "1999-12-31 23:59:59.999");
    assert_eq!(
        render(&Value::Timestamp(
            i64::from(day(1, 1, 1)) * DAY_USECS - 1_000_000
        )),
        "0001-12-31 23:59:59 BC"
    );
    assert_eq!(render(&Value::Timestamp(i64::MAX)), "infinity");
    assert_eq!(render(&Value::Timestamp(i64::MIN)), "-infinity");
}

#[test]
fn times_and_intervals() {
    for (usecs, expected) in [
        (0, "00:00:00"),
        (45_005_250_000, "12:30:05.250"),
        (DAY_USECS, "24:00:00"),
        (100 * 3_600_000_000, "100:00:00"),
        (-5_400_000_000, "-01:30:00"),
        (-1, "-00:00:00.000001"),
        (i64::MAX, "2562047788:00:54.775807"),
        (i64::MIN, "-2562047788:00:54.775808"),
    ] {
        assert_eq!(render(&Value::Interval(usecs)), expected);
    }
    assert_eq!(render(&Value::Time(45_005_250_000)), "12:30:05.250");
}

#[test]
fn timestamptz_is_in_utc() {
    let mut out = String::new();
    timestamptz(&mut out, i64::from(day(2024, 3, 31)) * DAY_USECS + 1);
    assert_eq!(out, "2024-03-31 00:00:00.000001+00");
}

/// `mantissa` × 10^-`scale`, written by moving the point through the digits.
fn plain(mantissa: u64, scale: usize) -> String {
    let digits = format!("{mantissa:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let text = format!("{whole}.{fraction}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

proptest! {
    /// What Excel can show comes out as it went in.
    #[test]
    fn fifteen_digits_are_kept(mantissa in 1u64..1_000_000_000_000_000, scale in 0usize..15) {
        let expected = plain(mantissa, scale);
        let value: f64 = expected.parse().unwrap();
        prop_assume!(value >= 1e-6);
        prop_assert_eq!(number(value), expected.clone());
        prop_assert_eq!(number(-value), format!("-{expected}"));
    }

    /// Any double: at most 15 significant digits, right to half a unit of the last, stable, exponent only where it belongs.
    #[test]
    fn any_double_is_rounded_to_fifteen_digits(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let text = number(value);
        let mantissa = text.split('E').next().unwrap().replace(['-', '.'], "");
        let integral = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
        prop_assert!(integral || mantissa.trim_start_matches('0').trim_end_matches('0').len() <= 15);
        let back: f64 = text.parse().unwrap();
        prop_assert!((back - value).abs() <= value.abs() * 5.000_001e-15 || back == value || value.abs() < f64::MIN_POSITIVE);
        prop_assert_eq!(number(back), text.clone());
        prop_assert_eq!(text.contains('E'), back != 0.0 && !(1e-6..1e21).contains(&back.abs()));
    }

    #[test]
    fn everyday_doubles_are_rounded_to_fifteen_digits(value in -1e9f64..1e9) {
        let back: f64 = number(value).parse().unwrap();
        prop_assert!((back - value).abs() <= value.abs() * 5.000_001e-15);
    }

    /// Widening to double precision and then to text gives the bigint's own text.
    #[test]
    fn a_bigint_reads_the_same_as_a_double(integer in -MAX_EXACT_INTEGER..=MAX_EXACT_INTEGER) {
        prop_assert_eq!(number(integer as f64), integer.to_string());
    }

    /// The same by way of numeric, where PostgreSQL prints the double's shortest decimal.
    #[test]
    fn a_double_reads_the_same_as_a_numeric(bits in any::<u64>(), small in any::<f32>()) {
        for value in [f64::from_bits(bits), f64::from(small), f64::from(small) / 3.0] {
            let bigint_range = value.abs() > MAX_EXACT_INTEGER as f64 && value.abs() <= i64::MAX as f64;
            if value.is_finite() && !(bigint_range && value.fract() == 0.0) {
                let shortest = value.to_string();
                let padded = if shortest.contains('.') { shortest.clone() + "00" } else { shortest.clone() + ".00" };
                prop_assert_eq!(numeric(&shortest), number(value));
                prop_assert_eq!(numeric(&padded), number(value));
            }
        }
    }

    #[test]
    fn a_bigint_reads_the_same_as_a_numeric(integer in any::<i64>()) {
        prop_assert_eq!(numeric(&integer.to_string()), integer.to_string());
    }

    #[test]
    fn a_date_reads_the_same_as_a_timestamp(days in -730_119i32..2_921_940) {
        prop_assert_eq!(render(&Value::Date(days)), render(&Value::Timestamp(i64::from(days) * DAY_USECS)));
    }

    #[test]
    fn a_time_reads_the_same_as_an_interval(usecs in 0i64..DAY_USECS) {
        prop_assert_eq!(render(&Value::Time(usecs)), render(&Value::Interval(usecs)));
    }

    #[test]
    fn any_value_has_a_text(integer in any::<i64>(), days in any::<i32>(), text in any::<String>()) {
        for value in [Value::Timestamp(integer), Value::Time(integer), Value::Interval(integer), Value::Date(days), Value::Bigint(integer)] {
            prop_assert!(!render(&value).is_empty());
        }
        numeric(&text);
    }
}
