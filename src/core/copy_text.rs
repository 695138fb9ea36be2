//! COPY's text format (PostgreSQL documentation, COPY, "File Formats"): tab
//! between fields, `\N` for NULL, backslash escapes, a newline after each row.
//!
//! What is written for native types reads back exactly, whatever DateStyle,
//! IntervalStyle and locale the session has.

use crate::protocol::Wire;
use crate::text_form;
use crate::value::Value;
use crate::wire::{WireValue, widen};
use std::borrow::Cow;
use std::io::Write;

/// Between two fields.
pub fn separator(out: &mut Vec<u8>) {
    out.push(b'\t');
}

/// After a row's last field.
pub fn end_row(out: &mut Vec<u8>) {
    out.push(b'\n');
}

/// A field without a value.
pub fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\N");
}

/// A text field.
pub fn text(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| escape(*byte).is_some()) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((byte, after)) = special.split_first() {
            out.extend(escape(*byte).into_iter().flat_map(|letter| [b'\\', letter]));
            rest = after;
        }
    }
    out.extend_from_slice(rest);
}

/// A timestamptz field, microseconds since 2000-01-01 00:00 UTC.
pub fn timestamptz(out: &mut Vec<u8>, usecs: i64) {
    let mut form = String::with_capacity(32);
    text_form::timestamptz(&mut form, usecs);
    text(out, &form);
}

/// Appends a value as its column's input takes it. False, and nothing appended,
/// if the wire does not hold the value: a misfit. `scratch` is overwritten.
pub fn value(out: &mut Vec<u8>, value: &Value<'_>, wire: Wire, scratch: &mut String) -> bool {
    let form = match widen(value, wire, scratch) {
        None => return false,
        Some(WireValue::Text(value)) => {
            text(out, value);
            return true;
        }
        // Shortest digits that read back as the same double; no exponent for numeric.
        Some(WireValue::Double(number)) => return write!(out, "{number:?}").is_ok(),
        Some(WireValue::NumericDouble(number)) => return write!(out, "{number}").is_ok(),
        Some(WireValue::Boolean(boolean)) => Value::Boolean(boolean),
        Some(WireValue::Bigint(integer) | WireValue::NumericInteger(integer)) => {
            Value::Bigint(integer)
        }
        Some(WireValue::Date(days)) => Value::Date(days),
        Some(WireValue::Timestamp(usecs)) => Value::Timestamp(usecs),
        Some(WireValue::Time(usecs)) => Value::Time(usecs),
        Some(WireValue::Interval(usecs)) => Value::Interval(usecs),
    };
    scratch.clear();
    text_form::write(scratch, &form);
    out.extend_from_slice(scratch.as_bytes());
    true
}

/// The fields of one line as they are written, with or without its newline.
pub fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.strip_suffix(b"\n")
        .unwrap_or(line)
        .split(|byte| *byte == b'\t')
}

/// What a field of [`fields`] stands for, NULL being none.
pub fn unescape(field: &[u8]) -> Option<Cow<'_, [u8]>> {
    if field == b"\\N" {
        return None;
    }
    if !field.contains(&b'\\') {
        return Some(Cow::Borrowed(field));
    }
    let mut out = Vec::with_capacity(field.len());
    let mut bytes = field.iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'\\' => bytes.next().map_or(byte, plain),
            _ => byte,
        });
    }
    Some(Cow::Owned(out))
}

/// The byte that a letter after a backslash stands for; the reverse of [`escape`].
fn plain(letter: u8) -> u8 {
    (0x08..=b'\r')
        .find(|byte| escape(*byte) == Some(letter))
        .unwrap_or(letter)
}

/// The letter after the backslash, for bytes that cannot stand for themselves.
fn escape(byte: u8) -> Option<u8> {
    Some(match byte {
        b'\\' => b'\\',
        b'\t' => b't',
        b'\n' => b'n',
        b'\r' => b'r',
        0x08 => b'b',
        0x0c => b'f',
        0x0b => b'v',
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
