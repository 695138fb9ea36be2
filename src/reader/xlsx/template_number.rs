//! Numbers in a row's markup, as the common writers emit them.

use super::template_cell::{At, TemplateContent, chunk};
use memchr::memchr;

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Powers of ten by which up to eight digits move a number.
const SCALES: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// A number, which ends where the next tag begins.
#[inline]
pub(super) fn number(bytes: &[u8], start: usize) -> At<(TemplateContent, usize)> {
    match short_decimal(bytes, start) {
        Some((number, end)) => Ok((TemplateContent::Double(number), end)),
        None => any_number_but_short(bytes, start),
    }
}

/// A decimal number above zero of 1 to 7 digits on each side of its point, and where it ends.
#[inline(always)]
fn short_decimal(bytes: &[u8], start: usize) -> Option<(f64, usize)> {
    let ahead: &[u8; 16] = chunk(bytes, start)?;
    let (whole, length) = eight_digits(u64::from_le_bytes(*chunk(ahead, 0)?));
    if !matches!(length, 1..8) || ahead[length] != b'.' {
        return None;
    }
    let (part, fraction) = eight_digits(u64::from_le_bytes(*chunk(ahead, length + 1)?));
    let all = whole * SCALES[fraction] + part;
    let end = length + 1 + fraction;
    (matches!(fraction, 1..8) && all > 0 && ahead[end] == b'<')
        .then(|| (all as f64 / POWERS[fraction], start + end))
}

fn any_number_but_short(bytes: &[u8], start: usize) -> At<(TemplateContent, usize)> {
    let negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let (integer, at) = digits(bytes, first, 0);
    if at > first && at - first <= 15 {
        match bytes.get(at) {
            Some(b'<') if !negative => return Ok((TemplateContent::Integer(integer as i64), at)),
            Some(b'<') if integer > 0 => {
                return Ok((TemplateContent::Integer(-(integer as i64)), at));
            }
            Some(b'.') => {
                let (all, end) = digits(bytes, at + 1, integer);
                let fraction = end - at - 1;
                if fraction > 0 && end - first > 16 && bytes.get(end) == Some(&b'<') {
                    return Ok((digits_between(start, end), end));
                }
                // Up to 15 digits and the power of ten are exact, so that the
                // quotient is the one rounding there is.
                if end - first <= 16 && fraction > 0 && all > 0 && bytes.get(end) == Some(&b'<') {
                    let double = all as f64 / POWERS[fraction];
                    let signed = if negative { -double } else { double };
                    return Ok((TemplateContent::Double(signed), end));
                }
            }
            _ => {}
        }
    }
    any_number(bytes, start)
}

fn any_number(bytes: &[u8], start: usize) -> At<(TemplateContent, usize)> {
    let length = memchr(b'<', &bytes[start..]).ok_or(bytes.len())?;
    let digits = &bytes[start..start + length];
    let expected = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    if digits.is_empty() || !digits.iter().all(expected) {
        return Err(start);
    }
    Ok((digits_between(start, start + length), start + length))
}

fn digits_between(start: usize, end: usize) -> TemplateContent {
    TemplateContent::Digits {
        start: start as u32,
        length: (end - start) as u32,
    }
}

/// `before` with the digits at `at` behind it, of use if they are at most 19, and where they end.
#[inline]
fn digits(bytes: &[u8], at: usize, before: u64) -> (u64, usize) {
    let (mut number, mut end) = (before, at);
    while let Some(ahead) = chunk(bytes, end) {
        let (part, length) = eight_digits(u64::from_le_bytes(*ahead));
        number = number.wrapping_mul(SCALES[length]).wrapping_add(part);
        end += length;
        if length < 8 {
            return (number, end);
        }
    }
    while let Some(digit) = bytes.get(end).map(|byte| byte.wrapping_sub(b'0'))
        && digit < 10
    {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        end += 1;
    }
    (number, end)
}

/// The number that the digits make which eight bytes (the first one lowest) begin with, and how
/// many they are: all bytes are looked at together.
#[inline(always)]
pub(super) fn eight_digits(bytes: u64) -> (u64, usize) {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    // The high bit of a byte is set in one of them if it is no digit; from the first such
    // byte on, borrows and carries may set others.
    let others = (bytes.wrapping_add(0x4646_4646_4646_4646) | bytes.wrapping_sub(ZEROS))
        & 0x8080_8080_8080_8080;
    let length = (others.trailing_zeros() / 8) as usize;
    // The digits as numbers, with zeros before them.
    let shift = 8 * (8 - length as u32);
    let digits = (bytes.wrapping_sub(ZEROS)).checked_shl(shift).unwrap_or(0);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xFFFF_FFFF;
    (eight, length)
}

/// A number of 1 to `most` (at most 9) digits, and where it ends.
#[inline]
pub(super) fn small_number(bytes: &[u8], at: usize, most: usize) -> At<(u32, usize)> {
    let (number, end) = digits(bytes, at, 0);
    if end == at || end - at > most {
        return Err(at);
    }
    Ok((number as u32, end))
}
