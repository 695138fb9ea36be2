//! Cells as the common writers emit them: what stands between their tags.

use super::template_number::{eight_digits, number, small_number};
use crate::scan_tag::{AttributeRanges, Tag, scan_tag};
use memchr::memchr;

/// A cell that holds something; texts and long numbers as ranges of the bytes scanned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TemplateCell {
    pub column: u16,
    pub style: u16,
    pub formula: bool,
    pub content: TemplateContent,
}

/// What a cell holds, as far as its markup tells.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TemplateContent {
    /// At most 15 digits.
    Integer(i64),
    /// The double nearest to the digits.
    Double(f64),
    /// A number written in any other way, if it is one.
    Digits {
        start: u32,
        length: u32,
    },
    /// Index of a shared string.
    Shared(u32),
    Boolean(bool),
    /// Character data as it stands.
    Text {
        start: u32,
        length: u32,
    },
    /// A formula without a value.
    Uncomputed,
}

/// Where the bytes stopped being a row, or what was found and where it ends.
pub(super) type At<T> = Result<T, usize>;

/// What a cell's `t` says of its value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Number,
    Shared,
    Text,
    InlineText,
    Boolean,
}

/// How a writer spells the tags of a cell.
pub(super) trait Spelling {
    /// Behind `</v></c>`.
    fn close(&self, bytes: &[u8], at: usize) -> At<usize>;
    /// Behind `<is><t>`.
    fn open_inline(&self, bytes: &[u8], at: usize) -> At<usize>;
    /// Behind `</t></is></c>`.
    fn close_inline(&self, bytes: &[u8], at: usize) -> At<usize>;
}

/// Without prefixes.
pub(super) struct Plain;

impl Spelling for Plain {
    #[inline(always)]
    fn close(&self, bytes: &[u8], at: usize) -> At<usize> {
        literal(bytes, at, b"</v></c>")
    }

    fn open_inline(&self, bytes: &[u8], at: usize) -> At<usize> {
        literal(bytes, at, b"<is><t>")
            .or_else(|_| literal(bytes, at, b"<is><t xml:space=\"preserve\">"))
    }

    fn close_inline(&self, bytes: &[u8], at: usize) -> At<usize> {
        literal(bytes, at, b"</t></is></c>")
    }
}

/// What a cell holds, whether it has a formula, and where it ends.
#[inline]
pub(super) fn content(
    bytes: &[u8],
    mut at: usize,
    kind: Kind,
    attributes: &mut AttributeRanges,
) -> At<(Option<TemplateContent>, bool, usize)> {
    let mut formula = false;
    if bytes.get(at..at + 3) != Some(b"<v>") {
        if let Some(b"<f>" | b"<f " | b"<f/") = bytes.get(at..at + 3) {
            at = skip_formula(bytes, at, attributes)?;
            formula = true;
        }
        if let Some(end) = without_value(bytes, at, kind) {
            return Ok((formula.then_some(TemplateContent::Uncomputed), formula, end));
        }
        if kind == Kind::InlineText {
            let (text, at) = inline_text(bytes, at, &Plain)?;
            return Ok((Some(text), formula, at));
        }
    }
    let (content, end) = value(bytes, literal(bytes, at, b"<v>")?, kind, &Plain)?;
    Ok((Some(content), formula, end))
}

/// A cell's value from behind its `<v>`, and where the cell ends.
#[inline(always)]
pub(super) fn value(
    bytes: &[u8],
    at: usize,
    kind: Kind,
    spelling: &impl Spelling,
) -> At<(TemplateContent, usize)> {
    if let Some((number, length)) = short_integer(bytes, at)
        && let Ok(end) = spelling.close(bytes, at + length)
    {
        match kind {
            Kind::Number => return Ok((TemplateContent::Integer(number.into()), end)),
            Kind::Shared => return Ok((TemplateContent::Shared(number), end)),
            Kind::Boolean if number < 2 && length == 1 => {
                return Ok((TemplateContent::Boolean(number == 1), end));
            }
            _ => {}
        }
    }
    let (content, at) = other_value(bytes, at, kind)?;
    Ok((content, spelling.close(bytes, at)?))
}

/// A number of 1 to 7 digits, and how many they are.
#[inline(always)]
fn short_integer(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let (number, length) = eight_digits(u64::from_le_bytes(*chunk(bytes, at)?));
    matches!(length, 1..8).then_some((number as u32, length))
}

fn other_value(bytes: &[u8], at: usize, kind: Kind) -> At<(TemplateContent, usize)> {
    match kind {
        Kind::Shared => {
            let (index, at) = small_number(bytes, at, 9)?;
            Ok((TemplateContent::Shared(index), at))
        }
        Kind::Number => number(bytes, at),
        Kind::Boolean => match bytes.get(at) {
            Some(b'0') => Ok((TemplateContent::Boolean(false), at + 1)),
            Some(b'1') => Ok((TemplateContent::Boolean(true), at + 1)),
            _ => Err(at),
        },
        Kind::Text => text(bytes, at),
        Kind::InlineText => Err(at),
    }
}

/// Where a cell ends that has no value.
#[inline]
fn without_value(bytes: &[u8], at: usize, kind: Kind) -> Option<usize> {
    if let Ok(end) = literal(bytes, at, b"</c>") {
        return Some(end);
    }
    // In a text cell an empty value is an empty text.
    let value = matches!(kind, Kind::Number | Kind::Boolean | Kind::Shared);
    let empty = value.then(|| {
        literal(bytes, at, b"<v/></c>")
            .or_else(|_| literal(bytes, at, b"<v></v></c>"))
            .or_else(|_| literal(bytes, at, b"<v /></c>"))
    })?;
    empty.ok()
}

/// Behind the formula whose start tag is at `at`.
fn skip_formula(bytes: &[u8], at: usize, attributes: &mut AttributeRanges) -> At<usize> {
    let inside = match literal(bytes, at, b"<f>") {
        Ok(inside) => inside,
        Err(_) => match scan_tag(&bytes[at..], 0, attributes) {
            Tag::Complete {
                length,
                empty: true,
                ..
            } => return Ok(at + length),
            Tag::Complete { length, .. } => at + length,
            Tag::Incomplete => return Err(bytes.len()),
            Tag::Malformed => return Err(at),
        },
    };
    let (_, end) = text(bytes, inside)?;
    literal(bytes, end, b"</f>")
}

pub(super) fn inline_text(
    bytes: &[u8],
    at: usize,
    spelling: &impl Spelling,
) -> At<(TemplateContent, usize)> {
    let (content, end) = text(bytes, spelling.open_inline(bytes, at)?)?;
    Ok((content, spelling.close_inline(bytes, end)?))
}

#[inline]
fn text(bytes: &[u8], at: usize) -> At<(TemplateContent, usize)> {
    let length = memchr(b'<', &bytes[at..]).ok_or(bytes.len())?;
    let content = TemplateContent::Text {
        start: at as u32,
        length: length as u32,
    };
    Ok((content, at + length))
}

/// The type from behind its opening quote to behind its closing one.
#[inline]
pub(super) fn cell_type(bytes: &[u8], at: usize) -> At<(Kind, usize)> {
    match bytes.get(at..at + 4) {
        Some([b's', b'"', ..]) => Ok((Kind::Shared, at + 2)),
        Some([b'b', b'"', ..]) => Ok((Kind::Boolean, at + 2)),
        Some([b'n', b'"', ..]) => Ok((Kind::Number, at + 2)),
        Some(b"str\"") => Ok((Kind::Text, at + 4)),
        _ => Ok((Kind::InlineText, literal(bytes, at, b"inlineStr\"")?)),
    }
}

/// So many bytes at `at`.
#[inline(always)]
pub(super) fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..)?.first_chunk()
}

/// Behind `expected`, if the bytes at `at` are that.
#[inline]
pub(super) fn literal<const N: usize>(bytes: &[u8], at: usize, expected: &[u8; N]) -> At<usize> {
    match chunk(bytes, at) {
        Some(found) if found == expected => Ok(at + N),
        _ => Err(at),
    }
}

pub(super) fn skip_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    at + rest.iter().take_while(|byte| space(byte)).count()
}
