//! `infer_text`: text that is a number or date in exactly the form in which one reads as text.

use super::moment;
use crate::text_form;
use crate::value::Value;

/// Longer texts are no number, date or timestamp in text form (`-1.23456789012345E+308`, `2024-01-31 23:59:59.999999`).
const LONGEST: usize = 32;

/// The bigint, double, date or timestamp whose text form is this very text.
///
/// "00123", "1.50", "1e5" and "2024-01-31 00:00:00" read back differently and
/// stay text. Because nothing but the same text is accepted, a column that turns
/// out to be text after all gets every cell's own text back.
pub(super) fn infer(text: &str) -> Option<Value<'static>> {
    let first = *text.as_bytes().first()?;
    if text.len() > LONGEST || !(first.is_ascii_digit() || first == b'-') {
        return None;
    }
    let value = match moment::date_or_timestamp(text) {
        Some((value, None)) => value,
        Some((_, Some(_))) => return None,
        None => Value::from_number(text.parse().ok()?)?,
    };
    (text_form::render(&value) == text).then_some(value)
}
