//! Text: trimmed as a cell's, and the text form of every other value.

use super::value::{DAY, Value};

/// The White_Space characters of Unicode, and those of no width.
const BLANK: &str = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\
    \u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}";

/// What a text cell holds: U+0000 and lone surrogates replaced, nothing blank at its ends.
pub fn trimmed(typed: &str) -> String {
    let replaced = typed.replace(['\0', '\u{e000}'], "\u{fffd}");
    let mut letters: Vec<char> = replaced.chars().collect();
    while letters.last().is_some_and(|letter| BLANK.contains(*letter)) {
        letters.pop();
    }
    while letters
        .first()
        .is_some_and(|letter| BLANK.contains(*letter))
    {
        letters.remove(0);
    }
    letters.into_iter().collect()
}

pub fn form(value: &Value) -> String {
    match value {
        Value::Boolean(true) => "true".into(),
        Value::Boolean(false) => "false".into(),
        Value::Bigint(integer) => integer.to_string(),
        Value::Double(number) => double(*number),
        Value::Date(day) => date(*day),
        Value::Timestamp(millis) if millis.rem_euclid(DAY) == 0 => date(millis.div_euclid(DAY)),
        Value::Timestamp(millis) => {
            format!(
                "{} {}",
                date(millis.div_euclid(DAY)),
                clock(millis.rem_euclid(DAY))
            )
        }
        Value::Time(millis) | Value::Interval(millis) => clock(*millis),
        Value::Text(text) => text.clone(),
    }
}

/// At most 15 significant digits. From 1E+21 up and below 0.000001 with an exponent, as Excel writes it.
fn double(number: f64) -> String {
    if number % 1.0 == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
        return (number as i64).to_string();
    }
    // One digit, a point, fourteen digits, an exponent.
    let rounded = format!("{number:.14e}");
    let (mantissa, exponent) = rounded.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    if (-6..21).contains(&exponent) {
        // The rounded number, written out: the exponent is taken away by moving the point.
        let places = (14 - exponent).max(0) as usize;
        let plain = match exponent {
            ..15 => format!("{:.places$}", rounded.parse::<f64>().unwrap()),
            _ => mantissa.replace('.', "") + &"0".repeat(exponent as usize - 14),
        };
        return match plain.contains('.') {
            true => plain.trim_end_matches('0').trim_end_matches('.').into(),
            false => plain,
        };
    }
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}E{sign}{:02}", exponent.abs())
}

fn clock(millis: i64) -> String {
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let clock = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    if rest == 0 {
        clock
    } else {
        format!("{clock}.{rest:03}")
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Walks the calendar from 1900-01-01, which is 36,524 days before 2000-01-01.
fn date(day: i64) -> String {
    let mut left = day + 36_524;
    let (mut year, mut month) = (1900, 1);
    while left >= 365 + i64::from(is_leap(year)) {
        left -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    while left >= month_days(year, month) {
        left -= month_days(year, month);
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", left + 1)
}

/// Days from 2000-01-01 to a day from 1900 on.
pub fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let years: i64 = (1900..year)
        .map(|year| 365 + i64::from(is_leap(year)))
        .sum();
    let months: i64 = (1..month).map(|month| month_days(year, month)).sum();
    years + months + day - 1 - 36_524
}
