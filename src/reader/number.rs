//! Stored numbers and error literals as values, the same for every format.

use crate::row::Rejected;
use crate::xlsx::Style;
use pgdatahub_core::number_format::FormatClass;
use pgdatahub_core::serial::{self, DateSystem};
use pgdatahub_core::value::Value;

/// A number in text form, shown by `style`.
///
/// # Errors
/// Rejected: no number (22P02), not finite (22003), or a serial that is no date.
#[inline]
pub fn parse(digits: &str, style: &Style, dates: DateSystem) -> Result<Value<'static>, Rejected> {
    if matches!(style, Style::Plain)
        && let Some(integer) = small_integer(digits.as_bytes())
    {
        return Ok(Value::Bigint(integer));
    }
    match digits.parse::<f64>() {
        Ok(number) => convert(number, style, dates).map_err(|(reason, sqlstate)| Rejected {
            raw: digits.into(),
            reason: reason.into(),
            sqlstate,
        }),
        Err(_) => Err(Rejected {
            raw: digits.into(),
            reason: "not a number".into(),
            sqlstate: "22P02",
        }),
    }
}

/// A number shown by `style`.
///
/// # Errors
/// The reason and its SQLSTATE.
pub fn convert(
    number: f64,
    style: &Style,
    dates: DateSystem,
) -> Result<Value<'static>, (&'static str, &'static str)> {
    if !number.is_finite() {
        return Err(("not a finite number", "22003"));
    }
    match style.class_for(number) {
        FormatClass::Number | FormatClass::Text => {
            Value::from_number(number).ok_or(("not a finite number", "22003"))
        }
        class => serial::convert(number, class, dates)
            .map_err(|error| (error.reason(), error.sqlstate())),
    }
}

/// An error cell: NULL, and said (semantics of `error_cells`).
pub fn error_value(literal: &str) -> Rejected {
    Rejected {
        raw: literal.into(),
        reason: format!("error value {literal}"),
        sqlstate: "22000",
    }
}

/// An integer of at most 15 digits, the common case, without a detour over a double.
fn small_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let mut number = 0i64;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(byte - b'0');
    }
    Some(if negative { -number } else { number })
}
