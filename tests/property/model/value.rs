//! What a cell comes to, and how a column of some type keeps it.

use super::text;
use crate::case::{Cell, FORMATS, ISO, Shows};
use std::collections::BTreeSet;

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Boolean,
    Bigint,
    Double,
    Date,
    Timestamp,
    Time,
    Interval,
    Text,
}

/// A value. Days and milliseconds count from 2000-01-01.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Boolean(bool),
    Bigint(i64),
    Double(f64),
    Date(i64),
    Timestamp(i64),
    Time(i64),
    Interval(i64),
    Text(String),
}

/// What a cell comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    Nothing,
    Value(Value),
    /// No value of a column: kept with the rejects as the sheet holds it.
    Rejected(String),
    /// A formula without a cached value.
    Uncomputed,
}

pub const DAY: i64 = 86_400_000;

/// The day after the last one that Excel knows, as a serial of the 1900 system.
const END: i64 = 2_958_466;

/// Days from 1900-01-01 and from 1904-01-01 to 2000-01-01.
const SINCE_1900: i64 = 100 * 365 + 24;
const SINCE_1904: i64 = 96 * 365 + 24;

impl Value {
    pub fn kind(&self) -> Kind {
        match self {
            Value::Boolean(_) => Kind::Boolean,
            Value::Bigint(_) => Kind::Bigint,
            Value::Double(_) => Kind::Double,
            Value::Date(_) => Kind::Date,
            Value::Timestamp(_) => Kind::Timestamp,
            Value::Time(_) => Kind::Time,
            Value::Interval(_) => Kind::Interval,
            Value::Text(_) => Kind::Text,
        }
    }

    /// The value as a column of `kind`, which holds it, keeps it.
    pub fn stored_as(self, kind: Kind) -> Value {
        match (self, kind) {
            (value, kind) if value.kind() == kind => value,
            (Value::Bigint(integer), Kind::Double) => Value::Double(integer as f64),
            (Value::Date(day), Kind::Timestamp) => Value::Timestamp(day * DAY),
            (Value::Time(millis), Kind::Interval) => Value::Interval(millis),
            (value, Kind::Text) => Value::Text(text::form(&value)),
            (value, kind) => panic!("{kind:?} does not hold {value:?}"),
        }
    }
}

/// The narrowest type that holds values of all these types.
pub fn join(kinds: &BTreeSet<Kind>) -> Kind {
    use Kind::*;
    let all_of =
        |allowed: &[Kind]| !kinds.is_empty() && kinds.iter().all(|kind| allowed.contains(kind));
    for chain in [
        &[Boolean][..],
        &[Bigint, Double],
        &[Date, Timestamp],
        &[Time, Interval],
    ] {
        if all_of(chain) {
            return *kinds.iter().max().unwrap();
        }
    }
    Text
}

pub fn has_formula(cell: &Cell) -> bool {
    match cell {
        Cell::Number { formula, .. }
        | Cell::Serial { formula, .. }
        | Cell::Boolean { formula, .. }
        | Cell::Error { formula, .. } => *formula,
        Cell::Text(_, storage) => *storage == crate::case::Storage::Formula,
        Cell::Uncomputed => true,
        _ => false,
    }
}

pub fn look(cell: &Cell, date1904: bool) -> Found {
    match cell {
        Cell::Absent | Cell::Styled => Found::Nothing,
        Cell::Text(typed, _) => match text::trimmed(typed) {
            text if text.is_empty() => Found::Nothing,
            text => Found::Value(Value::Text(text)),
        },
        Cell::Number { digits, .. } => number(digits),
        Cell::Serial {
            millis,
            tenths,
            format,
            ..
        } => {
            let written = crate::write::serial(*millis, *tenths);
            let sign = millis * 10 + tenths;
            let shows = FORMATS[*format].shows[if sign > 0 {
                0
            } else if sign < 0 {
                1
            } else {
                2
            }];
            match moment(*millis, shows, date1904) {
                _ if shows == Shows::Number => number(&written),
                Some(value) => Found::Value(value),
                None => Found::Rejected(written),
            }
        }
        Cell::Iso(at) => iso(*at),
        Cell::Boolean { value, .. } => Found::Value(Value::Boolean(*value)),
        Cell::Error { literal, .. } => Found::Rejected((*literal).into()),
        Cell::Uncomputed => Found::Uncomputed,
        Cell::Broken(_, raw) => Found::Rejected(raw.replace('\0', "\u{fffd}")),
    }
}

fn number(digits: &str) -> Found {
    let number: f64 = digits.parse().unwrap();
    if !number.is_finite() {
        Found::Rejected(digits.into())
    } else if number % 1.0 == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
        Found::Value(Value::Bigint(number as i64))
    } else {
        Found::Value(Value::Double(number))
    }
}

/// So many milliseconds after the epoch, in a date, time or elapsed format.
fn moment(millis: i64, shows: Shows, date1904: bool) -> Option<Value> {
    let (day, clock) = (millis / DAY, millis % DAY);
    if millis < 0 || day >= END {
        return None;
    }
    match shows {
        Shows::Elapsed => return Some(Value::Interval(millis)),
        Shows::Time if day == 0 => return Some(Value::Time(millis)),
        _ => {}
    }
    let since_2000 = match day {
        0 => return None,
        60 if !date1904 => return None,
        _ if date1904 => day - SINCE_1904,
        ..60 => day - 1 - SINCE_1900,
        _ => day - 2 - SINCE_1900,
    };
    if since_2000 > text::day_number(9999, 12, 31) {
        return None;
    }
    Some(match clock {
        0 => Value::Date(since_2000),
        _ => Value::Timestamp(since_2000 * DAY + clock),
    })
}

fn iso(at: usize) -> Found {
    let (raw, day, clock) = ISO[at];
    let day = day.map(|(year, month, day)| text::day_number(year, month, day));
    Found::Value(match (day, clock) {
        (Some(day), None) => Value::Date(day),
        (Some(day), Some(clock)) => Value::Timestamp(day * DAY + clock),
        (None, Some(clock)) => Value::Time(clock),
        (None, None) => return Found::Rejected(raw.into()),
    })
}

/// A header cell's text, as the sheet shows it; empty for a blank one.
pub fn shown(found: &Found) -> String {
    match found {
        Found::Nothing | Found::Uncomputed => String::new(),
        Found::Value(value) => text::form(value),
        Found::Rejected(raw) => raw.clone(),
    }
}
