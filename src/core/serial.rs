//! Excel's serial numbers: dates and times stored as days (ECMA-376 Part 1 §18.17.4).
//!
//! The rules apply to the serial *after* it was rounded to the millisecond, the
//! finest that Excel shows. So 0.9999999999 in a time format is what it rounds
//! to, day 1, and the float noise of a difference (-1e-17) is zero.

use crate::number_format::FormatClass;
use crate::value::{DAY_USECS, Value};
use std::fmt;

const DAY_MILLIS: i64 = 86_400_000;

/// 2000-01-01 as a serial of the 1900 system.
const Y1900_TO_2000: i64 = 36_526;

/// 2000-01-01 as a serial of the 1904 system.
const Y1904_TO_2000: i64 = 35_064;

/// Days from 2000-01-01 to 9999-12-31, the last day Excel knows.
const LAST_DAY: i64 = 2_921_939;

/// The 29th of February 1900, which Excel has and the calendar has not.
const LEAP_DAY_1900: i64 = 60;

/// Elapsed time ends where Excel's serials end, before day 2,958,466.
const ELAPSED_MILLIS: f64 = 2_958_466.0 * DAY_MILLIS as f64;

/// What a workbook's serials count from (ECMA-376 §18.2.28, `date1904`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateSystem {
    /// Serial 1 is 1900-01-01; serial 60 is a day that never was.
    #[default]
    Y1900,
    /// Serial 0 is 1904-01-01.
    Y1904,
}

/// Why a serial is no date, time or interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SerialError {
    /// NaN or infinity.
    NotFinite,
    /// Below zero: Excel shows `#####`.
    Negative,
    /// Below 1 in a format with a date (0 where the format is not known): Excel shows 1900-01-00.
    NoDay,
    /// In [60, 61) in the 1900 system.
    LeapDay1900,
    /// After 9999-12-31.
    TooLate,
}

impl SerialError {
    /// The reason, for `etl_rejects`.
    pub fn reason(self) -> &'static str {
        match self {
            SerialError::NotFinite => "number is not finite",
            SerialError::Negative => "negative number in a date or time format",
            SerialError::NoDay => {
                "number below 1 in a date format is no date (Excel shows 1900-01-00)"
            }
            SerialError::LeapDay1900 => "1900-02-29 is no date (serial 60 of the 1900 date system)",
            SerialError::TooLate => "date or time is after 9999-12-31",
        }
    }

    /// The SQLSTATE of the reason: 22008, datetime_field_overflow.
    pub fn sqlstate(self) -> &'static str {
        "22008"
    }
}

impl fmt::Display for SerialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for SerialError {}

/// The value of a number (in days) in a cell whose format is of `class`,
/// rounded to the millisecond. In a [`FormatClass::Number`] or
/// [`FormatClass::Text`] format it is the number itself.
///
/// # Errors
/// [`SerialError`] (22008) where Excel itself shows no date: the cell is rejected.
#[inline]
pub fn convert(
    serial: f64,
    class: FormatClass,
    system: DateSystem,
) -> Result<Value<'static>, SerialError> {
    if matches!(class, FormatClass::Number | FormatClass::Text) {
        return Value::from_number(serial).ok_or(SerialError::NotFinite);
    }
    if !serial.is_finite() {
        return Err(SerialError::NotFinite);
    }
    let millis = (serial * DAY_MILLIS as f64).round();
    if millis < 0.0 {
        return Err(SerialError::Negative);
    }
    if millis >= ELAPSED_MILLIS {
        return Err(SerialError::TooLate);
    }
    let millis = millis as i64;
    match class {
        FormatClass::Elapsed => Ok(Value::Interval(millis * 1000)),
        FormatClass::Time if millis < DAY_MILLIS => Ok(Value::Time(millis * 1000)),
        FormatClass::Unknown if millis > 0 && millis < DAY_MILLIS => Ok(Value::Time(millis * 1000)),
        _ => date_or_timestamp(millis, system),
    }
}

fn date_or_timestamp(millis: i64, system: DateSystem) -> Result<Value<'static>, SerialError> {
    let (serial_day, in_day) = (millis / DAY_MILLIS, millis % DAY_MILLIS);
    if serial_day < 1 {
        return Err(SerialError::NoDay);
    }
    let day = match system {
        DateSystem::Y1904 => serial_day - Y1904_TO_2000,
        DateSystem::Y1900 if serial_day == LEAP_DAY_1900 => return Err(SerialError::LeapDay1900),
        // Before the day that never was, every serial is one short.
        DateSystem::Y1900 => serial_day - Y1900_TO_2000 + i64::from(serial_day < LEAP_DAY_1900),
    };
    if day > LAST_DAY {
        return Err(SerialError::TooLate);
    }
    Ok(if in_day == 0 {
        Value::Date(day as i32)
    } else {
        Value::Timestamp(day * DAY_USECS + in_day * 1000)
    })
}

#[cfg(test)]
mod tests;
