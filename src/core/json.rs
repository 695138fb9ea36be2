//! A value as JSON (RFC 8259), for looking into a workbook.

use crate::text_form;
use crate::value::Value;
use std::fmt::Write;

/// Appends a value: numbers with all their digits, booleans; everything else as
/// a string that holds its text form.
pub fn write(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Bigint(_) | Value::Boolean(_) => text_form::write(out, value),
        Value::Double(number) => write_number(out, *number),
        Value::Text(text) => write_text(out, text),
        Value::Date(_) | Value::Timestamp(_) | Value::Time(_) | Value::Interval(_) => {
            out.push('"');
            text_form::write(out, value);
            out.push('"');
        }
    }
}

/// Appends a finite number with the shortest digits that read back as the same double.
pub fn write_number(out: &mut String, number: f64) {
    // Writing to a String cannot fail; adding 0 turns -0 into 0.
    let _ = write!(out, "{:?}", number + 0.0);
}

/// Appends a string, in quotes. U+0000, which jsonb cannot hold, becomes U+FFFD.
pub fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push('\u{fffd}'),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::borrow::Cow;

    fn json(value: &Value<'_>) -> String {
        let mut out = String::new();
        write(&mut out, value);
        out
    }

    #[test]
    fn values_read_well() {
        assert_eq!(json(&Value::Bigint(-7)), "-7");
        assert_eq!(json(&Value::Double(0.1 + 0.2)), "0.30000000000000004");
        assert_eq!(json(&Value::Boolean(true)), "true");
        assert_eq!(json(&Value::Date(0)), "\"2000-01-01\"");
        assert_eq!(json(&Value::Time(3_600_000_000)), "\"01:00:00\"");
    }

    proptest! {
        #[test]
        fn text_reads_back(text in any::<String>()) {
            let written = json(&Value::Text(Cow::Borrowed(&text)));
            let read: String = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(read, text.replace('\0', "\u{fffd}"));
        }

        #[test]
        fn numbers_read_back(number in prop::num::f64::NORMAL | prop::num::f64::ZERO) {
            let mut out = String::new();
            write_number(&mut out, number);
            prop_assert_eq!(out.parse::<f64>().unwrap(), number + 0.0);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&out).unwrap().is_number());
        }
    }
}
