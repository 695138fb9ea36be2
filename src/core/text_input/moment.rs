//! ISO 8601 dates and times as text enters columns of such types.
//!
//! Stricter than [`crate::iso`], which reads what workbooks store: nothing is
//! rounded, and an offset is kept, since only timestamptz has room for it.

use crate::calendar;
use crate::value::{DAY_USECS, Value};

/// `2024-03-31`, or `2024-03-31 12:30[:05[.123456]]` with a blank or `T`; the
/// latter may end in an offset, `Z` or `±HH[:MM]`, which is returned beside the
/// local value. Midnight is the date, as in a cell. None: anything else.
pub fn date_or_timestamp(text: &str) -> Option<(Value<'static>, Option<&str>)> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = parse_date(date)?;
    if rest.is_empty() {
        return Some((Value::Date(days), None));
    }
    let clock = rest.strip_prefix(['T', ' '])?;
    let (clock, offset) = split_offset(clock)?;
    let usecs = parse_clock(clock, 2)?;
    (usecs < DAY_USECS).then_some(())?;
    Some((at(days, usecs), offset))
}

/// `12:30[:05[.123456]]`, below 24 hours.
pub fn time(text: &str) -> Option<Value<'static>> {
    let usecs = parse_clock(text, 2)?;
    (usecs < DAY_USECS).then_some(Value::Time(usecs))
}

/// `[-]100:30:05[.123456]`: hours with two digits or more, minutes, seconds.
pub fn interval(text: &str) -> Option<Value<'static>> {
    let (sign, clock) = match text.strip_prefix('-') {
        Some(clock) => (-1, clock),
        None => (1, text),
    };
    let hours = clock.find(':')?;
    if !(2..=9).contains(&hours) || clock.matches(':').count() != 2 {
        return None;
    }
    Some(Value::Interval(sign * parse_clock(clock, hours)?))
}

/// A day and the time in it: the date alone at midnight.
pub(super) fn at(days: i32, usecs: i64) -> Value<'static> {
    match usecs {
        0 => Value::Date(days),
        _ => Value::Timestamp(i64::from(days) * DAY_USECS + usecs),
    }
}

fn parse_date(text: &str) -> Option<i32> {
    let &[_, _, _, _, b'-', _, _, b'-', _, _] = text.as_bytes() else {
        return None;
    };
    let year = i32::try_from(digits(text.get(0..4)?)?).ok()?;
    calendar::days(year, digits(text.get(5..7)?)?, digits(text.get(8..10)?)?)
}

/// Microseconds of `HH:MM[:SS[.ffffff]]`, the hours with so many digits.
fn parse_clock(text: &str, hours: usize) -> Option<i64> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) if clock.len() == hours + 6 => (clock, usecs(fraction)?),
        Some(_) => return None,
        None => (text, 0),
    };
    let hour = digits(clock.get(..hours)?)?;
    let (minute, second) = match clock.get(hours..)?.as_bytes() {
        [b':', _, _] => (clock.get(hours + 1..)?, "00"),
        [b':', _, _, b':', _, _] => (clock.get(hours + 1..hours + 3)?, clock.get(hours + 4..)?),
        _ => return None,
    };
    let (minute, second) = (digits(minute)?, digits(second)?);
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    (minute < 60 && second < 60).then_some(seconds * 1_000_000 + fraction)
}

/// Takes `Z`, `±HH` or `±HH:MM` off the end.
fn split_offset(text: &str) -> Option<(&str, Option<&str>)> {
    let Some(at) = text.find(['Z', '+', '-']) else {
        return Some((text, None));
    };
    let (clock, offset) = text.split_at_checked(at)?;
    let valid = match offset.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', _, _] => digits(offset.get(1..)?)? <= 15,
        [b'+' | b'-', _, _, b':', _, _] => {
            digits(offset.get(1..3)?)? <= 15 && digits(offset.get(4..)?)? < 60
        }
        _ => false,
    };
    valid.then_some((clock, Some(offset)))
}

/// Microseconds of one to six digits after the point.
fn usecs(fraction: &str) -> Option<i64> {
    if !(1..=6).contains(&fraction.len()) {
        return None;
    }
    let unit = 10i64.pow(6 - fraction.len() as u32);
    Some(i64::from(digits(fraction)?) * unit)
}

/// A number of digits only (`parse` would take a sign); at most nine.
pub(super) fn digits(text: &str) -> Option<u32> {
    let plain = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}
