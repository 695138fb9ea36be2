//! Attributes and character data of scanned XML as text.

use crate::fail::{Result, corrupt};
use crate::scan::local;
use crate::scan_tag::AttributeRanges;
use std::borrow::Cow;

/// Most bytes of one cell's text, whatever pieces it comes in.
pub const MAX_TEXT: usize = 16 << 20;

/// The attributes of one start tag.
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    window: &'a [u8],
    ranges: &'a AttributeRanges,
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(window: &'a [u8], ranges: &'a AttributeRanges) -> Attributes<'a> {
        Attributes { window, ranges }
    }

    /// Every attribute: full name and raw value.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.ranges
            .iter()
            .map(move |(key, value)| (&self.window[key.clone()], &self.window[value.clone()]))
    }

    /// The raw value of the attribute of exactly this name, without a prefix.
    pub fn raw(self, name: &[u8]) -> Option<&'a [u8]> {
        self.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The raw value of the attribute of this local name with any prefix (`r:id`).
    pub fn raw_prefixed(self, name: &[u8]) -> Option<&'a [u8]> {
        self.iter()
            .find(|(key, _)| *key != name && local(key) == name)
            .map(|(_, value)| value)
    }

    /// An attribute's value with its entities resolved.
    ///
    /// # Errors
    /// Corrupt (22000) for bad entities or bytes that are not UTF-8.
    pub fn text(self, name: &[u8]) -> Result<Option<Cow<'a, str>>> {
        self.raw(name).map(resolve).transpose()
    }

    /// A number attribute; none where it is absent or not a number.
    pub fn number(self, name: &[u8]) -> Option<u64> {
        parse_digits(self.raw(name)?)
    }

    /// An XML Schema boolean; absent is false.
    pub fn flag(self, name: &[u8]) -> bool {
        matches!(self.raw(name), Some(b"1" | b"true" | b"on"))
    }
}

/// A number of at most 18 ASCII digits.
pub fn parse_digits(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0u64, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u64::from(byte - b'0'))
    })
}

/// Raw character data as text, borrowed where it holds no entity.
///
/// # Errors
/// Corrupt (22000) for bad entities or bytes that are not UTF-8.
pub fn resolve(raw: &[u8]) -> Result<Cow<'_, str>> {
    let text = utf8(raw)?;
    if memchr::memchr2(b'&', b'\r', raw).is_none() {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    append_resolved(&mut out, text)?;
    Ok(Cow::Owned(out))
}

/// Appends character data: entities resolved unless from CDATA, line ends
/// normalised to LF (XML 1.0 §2.11).
///
/// # Errors
/// As [`resolve`].
pub fn append(out: &mut String, raw: &[u8], cdata: bool) -> Result<()> {
    let text = utf8(raw)?;
    if memchr::memchr2(b'&', b'\r', raw).is_none() {
        out.push_str(text);
        Ok(())
    } else if cdata {
        append_normalised(out, text);
        Ok(())
    } else {
        append_resolved(out, text)
    }
}

fn utf8(raw: &[u8]) -> Result<&str> {
    std::str::from_utf8(raw).map_err(|_| corrupt("It holds text that is not UTF-8."))
}

fn append_normalised(out: &mut String, text: &str) {
    let mut pieces = text.split('\r');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        if !piece.starts_with('\n') {
            out.push('\n');
        }
        out.push_str(piece);
    }
}

fn append_resolved(out: &mut String, text: &str) -> Result<()> {
    let mut pieces = text.split('&');
    append_normalised(out, pieces.next().unwrap_or_default());
    for piece in pieces {
        let (entity, rest) = piece
            .split_once(';')
            .ok_or_else(|| corrupt("It holds an \"&\" that begins no entity."))?;
        out.push(entity_character(entity)?);
        append_normalised(out, rest);
    }
    Ok(())
}

fn entity_character(entity: &str) -> Result<char> {
    let number = match entity {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => match entity.strip_prefix('#') {
            Some(digits) => match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => digits.parse().ok(),
            },
            None => None,
        },
    };
    let unknown = || {
        corrupt(format!(
            "It holds the unknown entity \"&{};\".",
            shortened(entity)
        ))
    };
    let number = number.ok_or_else(unknown)?;
    // A surrogate written as a character reference is no character; like a lone
    // surrogate it becomes U+FFFD, and is counted with U+0000 by the caller.
    Ok(char::from_u32(number).unwrap_or('\0'))
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
