//! COPY's binary format (PostgreSQL documentation, COPY, "File Formats"); the
//! fields are what each type's receive function reads, all big-endian.

use crate::protocol::Wire;
use crate::value::Value;
use crate::wire::{WireValue, widen};

mod numeric;

/// What precedes the first row: signature, flags (none), length of the header extension (0).
pub const HEADER: [u8; 19] = *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What follows the last row.
pub const TRAILER: [u8; 2] = [0xff, 0xff];

/// Begins a row of so many fields; at most 32,767 (PostgreSQL has 1,600 columns).
pub fn start_row(out: &mut Vec<u8>, fields: u16) {
    out.extend_from_slice(&fields.to_be_bytes());
}

/// A field without a value.
pub fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1i32).to_be_bytes());
}

/// A text field. At most [`crate::protocol::frame::MAX_ROW_BYTES`], which callers keep per row.
pub fn text(out: &mut Vec<u8>, text: &str) {
    field(out, text.as_bytes());
}

/// A boolean field.
#[inline]
pub fn boolean(out: &mut Vec<u8>, boolean: bool) {
    out.extend_from_slice(&[0, 0, 0, 1, u8::from(boolean)]);
}

/// A bigint field.
#[inline]
pub fn bigint(out: &mut Vec<u8>, integer: i64) {
    eight_bytes(out, integer.to_be_bytes());
}

/// A double precision field; -0 becomes 0.
#[inline]
pub fn double(out: &mut Vec<u8>, number: f64) {
    eight_bytes(out, (number + 0.0).to_be_bytes());
}

/// A date field, days since 2000-01-01.
#[inline]
pub fn date(out: &mut Vec<u8>, days: i32) {
    let [a, b, c, d] = days.to_be_bytes();
    out.extend_from_slice(&[0, 0, 0, 4, a, b, c, d]);
}

/// A timestamp or time field, microseconds since 2000-01-01 00:00 or midnight.
#[inline]
pub fn timestamp(out: &mut Vec<u8>, usecs: i64) {
    eight_bytes(out, usecs.to_be_bytes());
}

/// A field that is encoded already.
pub fn raw(out: &mut Vec<u8>, bytes: &[u8]) {
    field(out, bytes);
}

/// A timestamptz field, microseconds since 2000-01-01 00:00 UTC.
pub fn timestamptz(out: &mut Vec<u8>, usecs: i64) {
    timestamp(out, usecs);
}

/// Appends a value as its column takes it. False, and nothing appended, if the
/// wire does not hold the value: a misfit. `scratch` is overwritten.
///
/// Over [`Wire::Input`] and [`Wire::InputNumber`] the text form travels: only
/// for types whose receive function takes text.
pub fn value(out: &mut Vec<u8>, value: &Value<'_>, wire: Wire, scratch: &mut String) -> bool {
    let Some(value) = widen(value, wire, scratch) else {
        return false;
    };
    match value {
        WireValue::Boolean(value) => boolean(out, value),
        WireValue::Bigint(integer) => bigint(out, integer),
        WireValue::Double(number) => double(out, number),
        WireValue::NumericInteger(integer) => numeric::integer(out, integer),
        WireValue::NumericDouble(number) => numeric::double(out, number),
        WireValue::Date(days) => date(out, days),
        WireValue::Timestamp(usecs) | WireValue::Time(usecs) => timestamp(out, usecs),
        WireValue::Interval(usecs) => interval(out, usecs),
        WireValue::Text(value) => text(out, value),
    }
    true
}

/// Microseconds, days (0), months (0): elapsed time has neither.
fn interval(out: &mut Vec<u8>, usecs: i64) {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&usecs.to_be_bytes());
    field(out, &bytes);
}

/// A field of a type of eight bytes, written at once.
#[inline]
fn eight_bytes(out: &mut Vec<u8>, bytes: [u8; 8]) {
    let mut field = [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    field[4..].copy_from_slice(&bytes);
    out.extend_from_slice(&field);
}

#[inline]
fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    debug_assert!(i32::try_from(bytes.len()).is_ok());
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests;
