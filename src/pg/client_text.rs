//! Messages in characters that the session's client_encoding has.
//!
//! PostgreSQL raises 22P05 where a NOTICE holds another one: the arrow of ours,
//! or a file's name, would end the import of a psql under win1252.

use pgrx::pg_sys;

/// The text, with each character that the client's encoding lacks as `\uXXXX`
/// (an arrow as `->`). Unchanged for a client in UTF-8.
pub fn for_client(text: String) -> String {
    if text.is_ascii() {
        return text;
    }
    let utf8 = pg_sys::pg_enc::PG_UTF8 as i32;
    // SAFETY: reads this session's encoding.
    let client = unsafe { pg_sys::pg_get_client_encoding() };
    if client == utf8 || client == pg_sys::pg_enc::PG_SQL_ASCII as i32 {
        return text;
    }
    // SAFETY: reads the catalogs; messages are made inside a transaction.
    let conversion = unsafe { pg_sys::FindDefaultConversionProc(utf8, client) };
    if conversion == pg_sys::InvalidOid {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() || converts(conversion, client, c) {
            out.push(c);
        } else if c == '→' {
            out.push_str("->");
        } else {
            let code = u32::from(c);
            out.push_str(&match code {
                0..=0xffff => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            });
        }
    }
    out
}

fn converts(conversion: pg_sys::Oid, client: i32, c: char) -> bool {
    let mut source = [0_u8; 5];
    let len = c.encode_utf8(&mut source[..4]).len() as i32;
    // Room for the longest form of one character in any encoding, and its end.
    let mut target = [0_u8; 32];
    // SAFETY: both buffers have the lengths given; with no_error it reports how many bytes it took.
    let taken = unsafe {
        pg_sys::pg_do_encoding_conversion_buf(
            conversion,
            pg_sys::pg_enc::PG_UTF8 as i32,
            client,
            source.as_mut_ptr(),
            len,
            target.as_mut_ptr(),
            target.len() as i32,
            true,
        )
    };
    taken == len
}
