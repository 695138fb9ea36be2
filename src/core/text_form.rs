//! How a value reads as text: the one function behind text columns, misfit
//! messages, rejects and `ALTER … USING`.
//!
//! The text form of a value is the same in whatever type it was stored before
//! (a bigint kept as double precision, a date kept as timestamp), so that
//! widening a column to text later gives what reading it as text would have given.

use crate::value::Value;

mod moment;
mod number;

pub(crate) use moment::timestamptz;
pub use number::write_numeric_text;

/// Appends a value's text form:
///
/// - boolean: `true`, `false`
/// - integers up to 2^53: plain (`-0` is `0`); other numbers rounded to 15
///   significant digits, without trailing zeros; at 1E+21 and above, and below
///   0.000001, with an exponent as Excel writes it (`1.5E+21`, `1E-07`)
/// - date: `YYYY-MM-DD`, with more digits or ` BC` where a table holds such a year
/// - timestamp: `YYYY-MM-DD HH:MM:SS[.mmm]`, at midnight the date alone
/// - time and interval: `HH:MM:SS[.mmm]`, hours with as many digits as they need,
///   `-` before a negative interval
///
/// A fraction has three digits, or up to six where a table holds microseconds.
pub fn write(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Boolean(boolean) => out.push_str(if *boolean { "true" } else { "false" }),
        Value::Bigint(integer) => number::integer(out, *integer),
        Value::Double(number) => number::double(out, *number),
        Value::Date(days) => moment::date(out, *days),
        Value::Timestamp(usecs) => moment::timestamp(out, *usecs),
        Value::Time(usecs) | Value::Interval(usecs) => moment::clock(out, *usecs),
        Value::Text(text) => out.push_str(text),
    }
}

/// A value's text form, see [`write()`].
pub fn render(value: &Value<'_>) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

#[cfg(test)]
mod tests;
