#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::calendar;
use DateSystem::*;
use FormatClass::{Date, Elapsed, Number, Text, Time, Unknown};
use proptest::prelude::*;

const SECOND: i64 = 1_000_000;

fn date(year: i32, month: u32, day: u32) -> Value<'static> {
    Value::Date(calendar::days(year, month, day).unwrap())
}

fn timestamp(year: i32, month: u32, day: u32, usecs: i64) -> Value<'static> {
    Value::Timestamp(i64::from(calendar::days(year, month, day).unwrap()) * DAY_USECS + usecs)
}

fn of_1900(serial: f64, class: FormatClass) -> Result<Value<'static>, SerialError> {
    convert(serial, class, Y1900)
}

#[test]
fn days_of_both_systems() {
    for (serial, expected) in [
        (1.0, date(1900, 1, 1)),
        (59.0, date(1900, 2, 28)),
        (61.0, date(1900, 3, 1)),
        (36_526.0, date(2000, 1, 1)),
        (45_382.0, date(2024, 3, 31)),
        (2_958_465.0, date(9999, 12, 31)),
    ] {
        assert_eq!(of_1900(serial, Date), Ok(expected), "{serial}");
    }
    for (serial, expected) in [
        (1.0, date(1904, 1, 2)),
        (60.0, date(1904, 3, 1)),
        (43_920.0, date(2024, 3, 31)),
        (2_957_003.0, date(9999, 12, 31)),
    ] {
        assert_eq!(convert(serial, Date, Y1904), Ok(expected), "{serial}");
    }
}

#[test]
fn fractions_are_timestamps_to_the_millisecond() {
    assert_eq!(
        of_1900(45_382.5, Date),
        Ok(timestamp(2024, 3, 31, DAY_USECS / 2))
    );
    assert_eq!(
        of_1900(59.75, Date),
        Ok(timestamp(1900, 2, 28, DAY_USECS / 4 * 3))
    );
    // 45382.123456789: 02:57:46.666569… in the day
    assert_eq!(
        of_1900(45_382.123_456_789, Date),
        Ok(timestamp(2024, 3, 31, 10_666_667_000))
    );
    // Less than half a millisecond beside midnight is midnight.
    assert_eq!(of_1900(45_382.000_000_005, Date), Ok(date(2024, 3, 31)));
    assert_eq!(of_1900(45_381.999_999_995, Date), Ok(date(2024, 3, 31)));
    assert_eq!(of_1900(0.999_999_999_9, Date), Ok(date(1900, 1, 1)));
}

#[test]
fn what_is_no_date() {
    for (serial, reason) in [
        (0.0, SerialError::NoDay),
        (-0.0, SerialError::NoDay),
        (0.5, SerialError::NoDay),
        (-1.0, SerialError::Negative),
        (-0.5, SerialError::Negative),
        (60.0, SerialError::LeapDay1900),
        (60.5, SerialError::LeapDay1900),
        (59.999_999_999_9, SerialError::LeapDay1900),
        (2_958_466.0, SerialError::TooLate),
        (2_958_465.999_999_999_5, SerialError::TooLate),
        (1e300, SerialError::TooLate),
        (-1e300, SerialError::Negative),
        (f64::NAN, SerialError::NotFinite),
        (f64::INFINITY, SerialError::NotFinite),
    ] {
        assert_eq!(of_1900(serial, Date), Err(reason), "{serial}");
        assert_eq!(reason.sqlstate(), "22008");
    }
    assert_eq!(convert(2_957_004.0, Date, Y1904), Err(SerialError::TooLate));
    assert_eq!(convert(0.0, Date, Y1904), Err(SerialError::NoDay));
    assert_eq!(convert(60.0, Date, Y1904), Ok(date(1904, 3, 1)));
}

#[test]
fn times() {
    assert_eq!(of_1900(0.0, Time), Ok(Value::Time(0)));
    assert_eq!(of_1900(-0.0, Time), Ok(Value::Time(0)));
    assert_eq!(of_1900(0.75, Time), Ok(Value::Time(18 * 3600 * SECOND)));
    assert_eq!(
        of_1900(0.5 + 0.001 / 86_400.0, Time),
        Ok(Value::Time(43_200_001_000))
    );
    assert_eq!(of_1900(45_382.0, Time), Ok(date(2024, 3, 31)));
    assert_eq!(
        of_1900(45_382.25, Time),
        Ok(timestamp(2024, 3, 31, DAY_USECS / 4))
    );
    assert_eq!(of_1900(60.25, Time), Err(SerialError::LeapDay1900));
    assert_eq!(of_1900(-0.25, Time), Err(SerialError::Negative));
    // 24:00:00.000 after rounding is day 1.
    assert_eq!(of_1900(0.999_999_999_9, Time), Ok(date(1900, 1, 1)));
    assert_eq!(
        of_1900(0.999_999_99, Time),
        Ok(Value::Time(DAY_USECS - 1000))
    );
    assert_eq!(of_1900(-1e-17, Time), Ok(Value::Time(0)));
}

#[test]
fn unknown_tokens() {
    assert_eq!(of_1900(0.5, Unknown), Ok(Value::Time(DAY_USECS / 2)));
    assert_eq!(of_1900(0.0, Unknown), Err(SerialError::NoDay));
    assert_eq!(of_1900(1e-12, Unknown), Err(SerialError::NoDay));
    assert_eq!(of_1900(1.0, Unknown), Ok(date(1900, 1, 1)));
    assert_eq!(
        of_1900(1.5, Unknown),
        Ok(timestamp(1900, 1, 1, DAY_USECS / 2))
    );
}

#[test]
fn elapsed() {
    assert_eq!(of_1900(0.0, Elapsed), Ok(Value::Interval(0)));
    assert_eq!(
        of_1900(1.5, Elapsed),
        Ok(Value::Interval(36 * 3600 * SECOND))
    );
    assert_eq!(of_1900(60.0, Elapsed), Ok(Value::Interval(60 * DAY_USECS)));
    assert_eq!(
        of_1900(2_958_465.5, Elapsed),
        Ok(Value::Interval(2_958_465 * DAY_USECS + DAY_USECS / 2))
    );
    assert_eq!(of_1900(2_958_466.0, Elapsed), Err(SerialError::TooLate));
    assert_eq!(of_1900(-0.5, Elapsed), Err(SerialError::Negative));
}

#[test]
fn numbers_stay_numbers() {
    assert_eq!(of_1900(-5.0, Number), Ok(Value::Bigint(-5)));
    assert_eq!(of_1900(0.5, Text), Ok(Value::Double(0.5)));
    assert_eq!(of_1900(f64::NAN, Number), Err(SerialError::NotFinite));
}

proptest! {
    #[test]
    fn any_number_has_one_answer(bits in any::<u64>(), y1904 in any::<bool>()) {
        let system = if y1904 { Y1904 } else { Y1900 };
        for class in [Number, Text, Date, Time, Elapsed, Unknown] {
            match convert(f64::from_bits(bits), class, system) {
                Ok(Value::Time(usecs)) => prop_assert!((0..DAY_USECS).contains(&usecs)),
                Ok(Value::Date(day)) => prop_assert!((-36_524..=2_921_939).contains(&day)),
                Ok(Value::Timestamp(usecs)) => prop_assert!(usecs % DAY_USECS != 0 && usecs % 1000 == 0),
                Ok(Value::Interval(usecs)) => prop_assert!(usecs >= 0),
                Ok(_) => prop_assert!(matches!(class, Number | Text)),
                Err(_) => {}
            }
        }
    }

    /// Every millisecond that Excel can store comes back as that millisecond.
    #[test]
    fn every_millisecond_is_exact(day in 61i64..2_958_466, millis in 0i64..DAY_MILLIS) {
        let serial = (day * DAY_MILLIS + millis) as f64 / DAY_MILLIS as f64;
        let expected = (day - Y1900_TO_2000) * DAY_USECS + millis * 1000;
        let found = match of_1900(serial, Date).unwrap() {
            Value::Date(day) => i64::from(day) * DAY_USECS,
            Value::Timestamp(usecs) => usecs,
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(found, expected);
        prop_assert_eq!(of_1900(serial, Elapsed), Ok(Value::Interval((day * DAY_MILLIS + millis) * 1000)));
    }
}
