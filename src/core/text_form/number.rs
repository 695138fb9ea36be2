//! Numbers as text.

use crate::value::MAX_EXACT_INTEGER;
use std::fmt::Write;

/// Significant digits of a number, as Excel shows and keeps them.
const DIGITS: usize = 15;

/// From this power of ten up a number has an exponent.
const LARGE: i32 = 21;

/// Below this power of ten a number has an exponent.
const SMALL: i32 = -6;

/// Appends the text form of a numeric, given as PostgreSQL's own text of it.
///
/// Integers within bigint are plain; a number that is a shortest decimal of a
/// double is written as that double, since a numeric column holds bigints and
/// doubles alike. Any other numeric never was a workbook's number and is
/// written in full, so that nothing of it is lost.
pub fn write_numeric_text(out: &mut String, numeric: &str) {
    let (whole, fraction) = numeric.split_once('.').unwrap_or((numeric, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty()
        && let Ok(value) = whole.parse()
    {
        return integer(out, value);
    }
    // By their count, not their text: PostgreSQL rounds a tie between two shortest decimals to
    // even (758543773023830.2), Rust up (….3).
    if let Ok(number) = numeric.parse::<f64>()
        && number.is_finite()
        && significant_digits(numeric) <= significant_digits(&number.to_string())
    {
        return double(out, number);
    }
    out.push_str(whole);
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
}

fn significant_digits(decimal: &str) -> usize {
    let digits: String = decimal.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}

pub(super) fn integer(out: &mut String, value: i64) {
    let _ = write!(out, "{value}");
}

pub(super) fn double(out: &mut String, number: f64) {
    if number.fract() == 0.0 && number.abs() <= MAX_EXACT_INTEGER as f64 {
        return integer(out, number as i64);
    }
    if !number.is_finite() {
        return out.push_str(match number {
            f64::INFINITY => "Infinity",
            f64::NEG_INFINITY => "-Infinity",
            _ => "NaN",
        });
    }
    // One digit before the point: d.dddddddddddddde±x
    let scientific = format!("{:.*e}", DIGITS - 1, number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    if number < 0.0 {
        out.push('-');
    }
    decimal(
        out,
        digits.trim_end_matches('0'),
        exponent.parse().unwrap_or(0),
    );
}

/// The number d.ddd × 10^exponent.
fn decimal(out: &mut String, digits: &str, exponent: i32) {
    if !(SMALL..LARGE).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "E{sign}{:02}", exponent.unsigned_abs());
        return;
    }
    if exponent < 0 {
        out.push_str("0.");
        zeros(out, exponent.unsigned_abs() as usize - 1);
        return out.push_str(digits);
    }
    let whole = exponent.unsigned_abs() as usize + 1;
    match digits.split_at_checked(whole) {
        Some((before, "")) => out.push_str(before),
        Some((before, after)) => {
            out.push_str(before);
            out.push('.');
            out.push_str(after);
        }
        None => {
            out.push_str(digits);
            zeros(out, whole - digits.len());
        }
    }
}

fn zeros(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n('0', count));
}
