//! Text as a workbook stores it: `_xHHHH_` escapes (ST_Xstring, ECMA-376 §22.9.2.19).

/// Decodes the escapes of `text` from `start` on, in place, and replaces what
/// PostgreSQL's text cannot hold (U+0000, lone surrogates) by U+FFFD. Returns how many were replaced.
pub fn finish(text: &mut String, start: usize) -> u64 {
    if !is_escaped(&text.as_bytes()[start..]) {
        return 0;
    }
    let raw = text.split_off(start);
    append_decoded(text, &raw)
}

/// Whether a text may hold an escape, or U+0000.
pub(crate) fn is_escaped(text: &[u8]) -> bool {
    memchr::memchr2(b'_', 0, text)
        .is_some_and(|at| memchr::memmem::find(&text[at..], b"_x").is_some() || text.contains(&0))
}

fn append_decoded(out: &mut String, raw: &str) -> u64 {
    let mut replaced = 0;
    let mut rest = raw;
    while let Some(at) = rest.find(['_', '\0']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(unit) = escaped_unit(rest) else {
            if rest.starts_with('\0') {
                out.push(char::REPLACEMENT_CHARACTER);
                replaced += 1;
            } else {
                out.push('_');
            }
            rest = &rest[1..];
            continue;
        };
        rest = &rest[7..];
        let pair = escaped_unit(rest).and_then(|low| decode_pair(unit, low));
        let decoded = match pair {
            Some(character) => {
                rest = &rest[7..];
                Some(character)
            }
            None => char::from_u32(u32::from(unit)).filter(|&character| character != '\0'),
        };
        replaced += u64::from(decoded.is_none());
        out.push(decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    out.push_str(rest);
    replaced
}

/// The UTF-16 unit of the escape that `text` begins with.
fn escaped_unit(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    let escape = bytes.get(..7)?;
    let hex = &escape[2..6];
    if !escape.starts_with(b"_x") || escape[6] != b'_' || !hex.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
}

fn decode_pair(high: u16, low: u16) -> Option<char> {
    if !(0xD800..0xDC00).contains(&high) {
        return None;
    }
    char::decode_utf16([high, low]).next()?.ok()
}
