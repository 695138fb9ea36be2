//! Start tags taken apart: name and attributes as ranges, nothing copied.

use std::ops::Range;

/// An attribute's name and raw value.
type Attribute = (Range<usize>, Range<usize>);

/// The attributes of the last start tag, as ranges of the scanner's window.
pub(crate) type AttributeRanges = Vec<Attribute>;

/// What the bytes at a start tag hold.
pub(crate) enum Tag {
    Complete {
        name: Range<usize>,
        length: usize,
        empty: bool,
    },
    Incomplete,
    Malformed,
}

/// Takes apart the start tag that `bytes` begins with; `base` is added to every range.
pub(crate) fn scan_tag(bytes: &[u8], base: usize, attributes: &mut AttributeRanges) -> Tag {
    attributes.clear();
    let is_end = |byte: u8| matches!(byte, b' ' | b'>' | b'/' | b'\n' | b'\r' | b'\t');
    let Some(name_end) = bytes.iter().position(|&byte| is_end(byte)) else {
        return Tag::Incomplete;
    };
    if name_end == 1 {
        return Tag::Malformed;
    }
    let name = base + 1..base + name_end;
    let mut at = name_end;
    loop {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
            at += 1;
        }
        match bytes.get(at) {
            None => return Tag::Incomplete,
            Some(b'>') => {
                return Tag::Complete {
                    name,
                    length: at + 1,
                    empty: false,
                };
            }
            Some(b'/') => {
                return match bytes.get(at + 1) {
                    None => Tag::Incomplete,
                    Some(b'>') => Tag::Complete {
                        name,
                        length: at + 2,
                        empty: true,
                    },
                    Some(_) => Tag::Malformed,
                };
            }
            Some(_) => {}
        }
        match scan_attribute(bytes, at) {
            Ok(Some((key, value))) => {
                at = value.end + 1;
                attributes.push((
                    base + key.start..base + key.end,
                    base + value.start..base + value.end,
                ));
            }
            Ok(None) => return Tag::Incomplete,
            Err(()) => return Tag::Malformed,
        }
    }
}

/// Name and value of the attribute at `at`; none if the bytes end within it.
fn scan_attribute(bytes: &[u8], at: usize) -> Result<Option<Attribute>, ()> {
    let rest = &bytes[at..];
    let Some(equals) = rest
        .iter()
        .position(|&byte| matches!(byte, b'=' | b'>' | b'<'))
    else {
        return Ok(None);
    };
    let key = rest[..equals].trim_ascii_end();
    if rest[equals] != b'=' || key.is_empty() || key.iter().any(u8::is_ascii_whitespace) {
        return Err(());
    }
    let mut open = at + equals + 1;
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(open) {
        open += 1;
    }
    let quote = match bytes.get(open) {
        None => return Ok(None),
        Some(&quote @ (b'"' | b'\'')) => quote,
        Some(_) => return Err(()),
    };
    let Some(length) = bytes[open + 1..].iter().position(|&byte| byte == quote) else {
        return Ok(None);
    };
    Ok(Some((at..at + key.len(), open + 1..open + 1 + length)))
}
