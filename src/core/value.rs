//! A cell's value once its content and number format have been understood.
//!
//! Units are PostgreSQL's own, so that encoding a value is a byte swap: dates
//! count days and timestamps microseconds since 2000-01-01, times and intervals
//! are microseconds.

use crate::types::ColumnType;
use std::borrow::Cow;

/// Microseconds in a day.
pub const DAY_USECS: i64 = 86_400_000_000;

/// The largest magnitude up to which every integer is exact in a double: 2^53.
pub const MAX_EXACT_INTEGER: i64 = 1 << 53;

/// One cell's value. An empty cell has none (`Option<Value>`).
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// A boolean cell.
    Boolean(bool),
    /// An integral number of at most 2^53 in magnitude.
    Bigint(i64),
    /// Any other finite number.
    Double(f64),
    /// Days since 2000-01-01.
    Date(i32),
    /// Microseconds since 2000-01-01 00:00:00, without a zone.
    Timestamp(i64),
    /// Microseconds since midnight, in [0, 24 h).
    Time(i64),
    /// Elapsed microseconds.
    Interval(i64),
    /// Text, already trimmed where trimming is on.
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// The narrowest column type that holds this value.
    pub fn column_type(&self) -> ColumnType {
        match self {
            Value::Boolean(_) => ColumnType::Boolean,
            Value::Bigint(_) => ColumnType::Bigint,
            Value::Double(_) => ColumnType::Double,
            Value::Date(_) => ColumnType::Date,
            Value::Timestamp(_) => ColumnType::Timestamp,
            Value::Time(_) => ColumnType::Time,
            Value::Interval(_) => ColumnType::Interval,
            Value::Text(_) => ColumnType::Text,
        }
    }

    /// A number as a workbook stores it: integral and within ±2^53 is a bigint,
    /// anything else finite a double; NaN and infinity have no value.
    pub fn from_number(number: f64) -> Option<Value<'static>> {
        if !number.is_finite() {
            None
        } else if number.fract() == 0.0 && number.abs() <= MAX_EXACT_INTEGER as f64 {
            Some(Value::Bigint(number as i64))
        } else {
            Some(Value::Double(number))
        }
    }
}
