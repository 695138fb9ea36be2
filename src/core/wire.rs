//! Which values a column's wire holds, and as what they go over it.
//!
//! Both encodings ([`crate::copy_binary`], [`crate::copy_text`]) ask here, so
//! that they cannot differ in what fits.

use crate::input_type;
use crate::json;
use crate::protocol::Wire;
use crate::text_form;
use crate::text_input::TextRule;
use crate::types::ColumnType;
use crate::value::{DAY_USECS, MAX_EXACT_INTEGER, Value};

/// A value as its column's type takes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WireValue<'a> {
    /// boolean
    Boolean(bool),
    /// bigint
    Bigint(i64),
    /// double precision
    Double(f64),
    /// numeric, from an integer
    NumericInteger(i64),
    /// numeric, from a finite double: its shortest decimal
    NumericDouble(f64),
    /// date: days since 2000-01-01
    Date(i32),
    /// timestamp: microseconds since 2000-01-01
    Timestamp(i64),
    /// time: microseconds
    Time(i64),
    /// interval: microseconds
    Interval(i64),
    /// text, or the input of a user-made type
    Text(&'a str),
}

/// Whether every value of a type goes over the wire; `ColumnType::None` has no values,
/// and of no other type can all values enter a type that may change them.
pub fn holds(wire: Wire, column_type: ColumnType) -> bool {
    match wire {
        Wire::Native(target) => target.holds(column_type),
        Wire::Input | Wire::Exact | Wire::Json => true,
        Wire::InputNumber => ColumnType::Numeric.holds(column_type),
        Wire::Typed(_) => column_type == ColumnType::None,
    }
}

/// Whether this value goes over the wire unchanged. Beyond [`holds`], an integer
/// that a double cannot hold exactly does not fit double precision.
pub fn fits(value: &Value<'_>, wire: Wire) -> bool {
    match wire {
        Wire::Input | Wire::Exact | Wire::Json | Wire::Native(ColumnType::Text) => true,
        Wire::InputNumber | Wire::Typed(_) => {
            input_type::enter(value.clone(), wire, &TextRule::default()).is_some()
        }
        Wire::Native(target) => native(value, target).is_some(),
    }
}

/// The value as the wire takes it, or none if it does not fit ([`fits`]).
/// `scratch` holds the text form where that is what travels.
pub fn widen<'a>(
    value: &'a Value<'_>,
    wire: Wire,
    scratch: &'a mut String,
) -> Option<WireValue<'a>> {
    match wire {
        Wire::Native(target) if target != ColumnType::Text => return native(value, target),
        Wire::Json => {
            scratch.clear();
            json::write(scratch, value);
            return Some(WireValue::Text(scratch));
        }
        Wire::Native(_) | Wire::Input | Wire::Exact => {}
        Wire::InputNumber | Wire::Typed(_) => {
            let (value, _) = input_type::enter(value.clone(), wire, &TextRule::default())?;
            *scratch = text_form::render(&value);
            return Some(WireValue::Text(scratch));
        }
    }
    if let Value::Text(text) = value {
        return Some(WireValue::Text(text));
    }
    scratch.clear();
    match (wire, value) {
        (Wire::Exact, Value::Double(number)) => json::write_number(scratch, *number),
        _ => text_form::write(scratch, value),
    }
    Some(WireValue::Text(scratch))
}

fn native(value: &Value<'_>, target: ColumnType) -> Option<WireValue<'static>> {
    Some(match (value, target) {
        (Value::Boolean(boolean), ColumnType::Boolean) => WireValue::Boolean(*boolean),
        (Value::Bigint(integer), ColumnType::Bigint) => WireValue::Bigint(*integer),
        (Value::Bigint(integer), ColumnType::Double)
            if integer.unsigned_abs() <= MAX_EXACT_INTEGER.unsigned_abs() =>
        {
            WireValue::Double(*integer as f64)
        }
        (Value::Bigint(integer), ColumnType::Numeric) => WireValue::NumericInteger(*integer),
        // Adding 0 turns -0 into 0.
        (Value::Double(number), ColumnType::Double) => WireValue::Double(*number + 0.0),
        (Value::Double(number), ColumnType::Numeric) if number.is_finite() => {
            WireValue::NumericDouble(*number + 0.0)
        }
        (Value::Date(days), ColumnType::Date) => WireValue::Date(*days),
        (Value::Date(days), ColumnType::Timestamp) => WireValue::Timestamp(midnight(*days)?),
        (Value::Timestamp(usecs), ColumnType::Timestamp) => WireValue::Timestamp(*usecs),
        (Value::Time(usecs), ColumnType::Time) => WireValue::Time(*usecs),
        (Value::Time(usecs) | Value::Interval(usecs), ColumnType::Interval) => {
            WireValue::Interval(*usecs)
        }
        _ => return None,
    })
}

/// Infinite dates are infinite timestamps; a date past timestamp's range does not fit.
fn midnight(days: i32) -> Option<i64> {
    match days {
        i32::MAX => Some(i64::MAX),
        i32::MIN => Some(i64::MIN),
        _ => i64::from(days).checked_mul(DAY_USECS),
    }
}

#[cfg(test)]
mod tests;
