#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

fn day(year: i32, month: u32, day: u32) -> i32 {
    calendar::days(year, month, day).unwrap()
}

fn at(date: i32, usecs: i64) -> Option<Value<'static>> {
    Some(Value::Timestamp(i64::from(date) * DAY_USECS + usecs))
}

#[test]
fn dates() {
    let date = day(2024, 3, 31);
    for text in [
        "2024-03-31",
        "2024-03-31Z",
        "2024-03-31T00:00:00",
        "2024-03-31T00:00:00.000Z",
        "2024-03-31 00:00",
        "2024-03-30T23:59:59.9995",
    ] {
        assert_eq!(
            parse_date_or_timestamp(text),
            Some(Value::Date(date)),
            "{text}"
        );
    }
    assert_eq!(
        parse_date_or_timestamp("0001-01-01"),
        Some(Value::Date(-730_119))
    );
    assert_eq!(
        parse_date_or_timestamp("9999-12-31"),
        Some(Value::Date(2_921_939))
    );
}

#[test]
fn timestamps() {
    let date = day(2024, 3, 31);
    assert_eq!(
        parse_date_or_timestamp("2024-03-31T12:30"),
        at(date, 12 * HOUR + 30 * MINUTE)
    );
    assert_eq!(
        parse_date_or_timestamp("2024-03-31T12:30:05Z"),
        at(date, 12 * HOUR + 30 * MINUTE + 5 * SECOND)
    );
    assert_eq!(
        parse_date_or_timestamp("2024-03-31 12:30:05.5"),
        at(date, 12 * HOUR + 30 * MINUTE + 5_500_000)
    );
    assert_eq!(
        parse_date_or_timestamp("2024-03-31T00:00:00.0005"),
        at(date, 1000)
    );
    assert_eq!(
        parse_date_or_timestamp("2024-03-31T12:30:05.123499999999"),
        at(date, 12 * HOUR + 30 * MINUTE + 5_123_000)
    );
    assert_eq!(
        parse_date_or_timestamp("1899-12-30T06:00:00"),
        at(day(1899, 12, 30), 6 * HOUR)
    );
}

#[test]
fn times() {
    assert_eq!(
        parse_date_or_timestamp("12:30:05.25"),
        Some(Value::Time(12 * HOUR + 30 * MINUTE + 5_250_000))
    );
    assert_eq!(
        parse_date_or_timestamp("T06:00Z"),
        Some(Value::Time(6 * HOUR))
    );
    assert_eq!(parse_date_or_timestamp("23:59:59.9999"), None);
}

#[test]
fn what_is_no_date() {
    for text in [
        "",
        "2024",
        "2024-03",
        "2024-3-31",
        "24-03-31",
        "2023-02-29",
        "2024-13-01",
        "0000-01-01",
        "10000-01-01",
        "-2024-03-31",
        "+024-03-31",
        "2024-03-31T",
        "2024-03-31T24:00:00",
        "2024-03-31T23:60:00",
        "2024-03-31T23:59:60",
        "2024-03-31T1:00",
        "2024-03-31T12:30:05.",
        "2024-03-31T12:30.5",
        "2024-03-31T12:30:05+02:00",
        "2024-03-31X12:30",
        "2024-03-31T12:30:05ZZ",
        "2024-03-31T12:30:0é",
        "2024-03-3é",
        "9999-12-31T23:59:59.9999",
        "T",
        "12",
        "é2:30",
        "20240331",
        "2024-03-31T+1:00",
        " 2024-03-31",
    ] {
        assert_eq!(parse_date_or_timestamp(text), None, "{text}");
    }
}

#[test]
fn durations() {
    for (text, expected) in [
        ("PT12H30M05.5S", 12 * HOUR + 30 * MINUTE + 5_500_000),
        ("PT0S", 0),
        ("PT100H", 100 * HOUR),
        ("P1D", DAY_USECS),
        ("P1DT2H", DAY_USECS + 2 * HOUR),
        ("P0Y0M0DT1M", MINUTE),
        ("-PT01H30M00S", -(HOUR + 30 * MINUTE)),
        ("PT12H30M05.499999999S", 12 * HOUR + 30 * MINUTE + 5_500_000),
        ("PT05,25S", 5_250_000),
        ("PT90M", 90 * MINUTE),
    ] {
        assert_eq!(parse_duration(text), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_duration() {
    for text in [
        "",
        "P",
        "PT",
        "P1DT",
        "-",
        "12H",
        "PT1",
        "PTH",
        "PT1H1H",
        "PT1M1H",
        "PT1.5H",
        "PT.5S",
        "PT1.S",
        "P1Y",
        "P1M",
        "P1W",
        "PT-1H",
        "PT1H ",
        "PT99999999999999999999H",
        "PT9999999999999H",
        "P1H",
        "PT1D",
        "PT1Sé",
        "--PT1S",
        "pT1S",
    ] {
        assert_eq!(parse_duration(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        parse_date_or_timestamp(&text);
        parse_duration(&text);
    }

    #[test]
    fn any_mixture_is_answered(text in "[-PTHMSDYWZ0-9:.,+ é]{0,30}") {
        parse_date_or_timestamp(&text);
        parse_duration(&text);
    }

    #[test]
    fn every_duration_reads_back(hours in 0i64..100_000_000, minutes in 0i64..60, millis in 0i64..60_000) {
        let text = format!("PT{hours:02}H{minutes:02}M{:02}.{:03}S", millis / 1000, millis % 1000);
        prop_assert_eq!(parse_duration(&text), Some(hours * HOUR + minutes * MINUTE + millis * 1000));
    }
}
