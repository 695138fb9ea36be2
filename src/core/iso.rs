//! ISO 8601 dates, times and durations as workbooks store them: xlsx cells of
//! type `d` (ECMA-376 Part 1 §18.18.11) and ods `date-value` and `time-value`
//! (OpenDocument 1.3 Part 3 §19.385, §19.391).
//!
//! Everything is rounded to the millisecond, as serial numbers are.

use crate::calendar;
use crate::value::{DAY_USECS, Value};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// The value of `2024-03-31`, `2024-03-31T12:30[:05[.678]]`, `[T]12:30[:05[.678]]`.
///
/// Whole days are dates, like whole serials: the same workbook saved in another
/// way must not differ. A trailing `Z` is dropped, since Excel knows no zones
/// and writes it on local times; any other offset is refused. Years are 1 to
/// 9999 with four digits, hours 0 to 23, seconds 0 to 59. None: not such a text,
/// no day of the calendar, or rounded up past the end of 9999 or, for a time
/// alone, of the day.
pub fn parse_date_or_timestamp(text: &str) -> Option<Value<'static>> {
    let bytes = text.as_bytes();
    if bytes.get(4) != Some(&b'-') {
        let time = parse_time(text.strip_prefix(['T', 't']).unwrap_or(text))?;
        return (time < DAY_USECS).then_some(Value::Time(time));
    }
    let (date, rest) = text.split_at_checked(10)?;
    let day = i64::from(parse_date(date)?);
    let time = match rest {
        "" | "Z" | "z" => 0,
        _ => parse_time(rest.strip_prefix(['T', 't', ' '])?)?,
    };
    let usecs = day * DAY_USECS + time;
    let day = usecs.div_euclid(DAY_USECS);
    if day > i64::from(calendar::days(9999, 12, 31)?) {
        None
    } else if usecs.rem_euclid(DAY_USECS) == 0 {
        i32::try_from(day).ok().map(Value::Date)
    } else {
        Some(Value::Timestamp(usecs))
    }
}

/// Microseconds of a duration such as `PT12H30M05.5S` or `-P1DT2H`: days count
/// as 24 hours, months and years have no fixed length and must be 0. None: not
/// such a text, or more than an i64 of microseconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (date, time) = match rest.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, Some(time)),
        None => (rest.strip_prefix('P')?, None),
    };
    if date.is_empty() && time.is_none() {
        return None;
    }
    let total =
        components(date, &[(b'Y', 0), (b'M', 0), (b'D', DAY_USECS)])?.checked_add(components(
            time.unwrap_or(""),
            &[(b'H', HOUR), (b'M', MINUTE), (b'S', SECOND)],
        )?)?;
    Some(if negative { -total } else { total })
}

/// The sum of designated numbers in the designators' order; a unit of 0 stands for one that must be 0.
fn components(mut text: &str, units: &[(u8, i64)]) -> Option<i64> {
    let mut total = 0i64;
    for &(designator, unit) in units {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = text.split_at_checked(digits)?;
        let (fraction, rest) = match rest.strip_prefix(['.', ',']) {
            Some(rest) if designator == b'S' => {
                rest.split_at_checked(rest.bytes().take_while(u8::is_ascii_digit).count())?
            }
            _ => ("0", rest),
        };
        if rest.as_bytes().first() != Some(&designator) {
            continue;
        }
        if number.is_empty() || fraction.is_empty() {
            return None;
        }
        text = rest.get(1..)?;
        let count: i64 = number.parse().ok()?;
        if unit == 0 && count != 0 {
            return None;
        }
        total = total
            .checked_add(count.checked_mul(unit)?)?
            .checked_add(fraction_usecs(fraction)?)?;
    }
    text.is_empty().then_some(total)
}

fn parse_date(text: &str) -> Option<i32> {
    let &[_, _, _, _, b'-', _, _, b'-', _, _] = text.as_bytes() else {
        return None;
    };
    calendar::days(
        two_or_four(text.get(0..4)?)? as i32,
        two_or_four(text.get(5..7)?)?,
        two_or_four(text.get(8..10)?)?,
    )
}

/// Microseconds since midnight; 24 hours where the fraction rounds up to that.
fn parse_time(text: &str) -> Option<i64> {
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (clock, fraction) = match text.split_once(['.', ',']) {
        Some((clock, fraction)) if clock.len() == 8 => (clock, fraction),
        Some(_) => return None,
        None => (text, "0"),
    };
    let (hour, minute, second) = match clock.as_bytes() {
        [_, _, b':', _, _] => (clock.get(0..2)?, clock.get(3..5)?, "00"),
        [_, _, b':', _, _, b':', _, _] => (clock.get(0..2)?, clock.get(3..5)?, clock.get(6..8)?),
        _ => return None,
    };
    let (hour, minute, second) = (
        two_or_four(hour)?,
        two_or_four(minute)?,
        two_or_four(second)?,
    );
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(
        i64::from(hour) * HOUR
            + i64::from(minute) * MINUTE
            + i64::from(second) * SECOND
            + fraction_usecs(fraction)?,
    )
}

/// A number of digits only (`parse` would take a sign).
fn two_or_four(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// Microseconds of the digits after the point, rounded to the millisecond; half goes up.
fn fraction_usecs(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digit = |at: usize| {
        digits
            .as_bytes()
            .get(at)
            .map_or(0, |byte| i64::from(byte - b'0'))
    };
    let millis = digit(0) * 100 + digit(1) * 10 + digit(2) + i64::from(digit(3) >= 5);
    Some(millis * 1000)
}

#[cfg(test)]
mod tests;
