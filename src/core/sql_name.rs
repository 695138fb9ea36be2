//! Names as SQL writes them: `claims`, `sales.claims`, `"My Table"`.
//!
//! PostgreSQL's rules (scan.l, `SplitIdentifierString`): an unquoted name begins
//! with a letter, `_` or a character beyond ASCII, goes on with those, digits
//! and `$`, and its ASCII letters become lower case; within double quotes every
//! character stands for itself and `""` for one quote. Stricter in one point: a
//! name over 63 bytes is an error, since cutting it could meet another table.

/// PostgreSQL's `NAMEDATALEN` - 1.
pub const MAX_BYTES: usize = 63;

/// The parts of a qualified name; at least one.
///
/// # Errors
/// Why the text is no name: the end of the sentence "… ".
pub fn parse(text: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(quoted)?,
            None => plain_part(rest)?,
        };
        if part.is_empty() {
            return Err("has an empty part".into());
        }
        if part.contains('\0') {
            return Err("contains a NUL character".into());
        }
        if part.len() > MAX_BYTES {
            return Err(format!("has a part longer than {MAX_BYTES} bytes"));
        }
        parts.push(part);
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(parts);
        }
        rest = match rest.strip_prefix('.') {
            Some(next) => next.trim_start(),
            None => return Err("is not a name as SQL writes it".into()),
        };
    }
}

/// A table's name and, where it is given, its schema's.
///
/// # Errors
/// As [`parse`], and for more than two parts.
pub fn parse_table(text: &str) -> Result<(Option<String>, String), String> {
    let mut parts = parse(text)?;
    match (parts.pop(), parts.pop(), parts.is_empty()) {
        (Some(table), schema, true) => Ok((schema, table)),
        _ => Err("has more parts than a schema and a table".into()),
    }
}

/// What stands up to the closing quote, and what follows it.
fn quoted_part(quoted: &str) -> Result<(String, &str), String> {
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let Some(at) = rest.find('"') else {
            return Err("has no closing double quote".into());
        };
        part.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                part.push('"');
                rest = after;
            }
            None => return Ok((part, rest)),
        }
    }
}

fn plain_part(text: &str) -> Result<(String, &str), String> {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let goes_on = |c: char| begins(c) || c.is_ascii_digit() || c == '$';
    if !text.starts_with(begins) {
        return Err("is not a name as SQL writes it".into());
    }
    let end = text.find(|c| !goes_on(c)).unwrap_or(text.len());
    Ok((text[..end].to_ascii_lowercase(), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_as_sql_does() {
        let cases: [(&str, &[&str]); 8] = [
            ("claims", &["claims"]),
            (" Sales.Claims ", &["sales", "claims"]),
            ("\"My Table\"", &["My Table"]),
            ("sales . \"a\"\"b.c\"", &["sales", "a\"b.c"]),
            ("_1$", &["_1$"]),
            ("Prämien", &["prämien"]),
            ("日期", &["日期"]),
            ("a.b.c", &["a", "b", "c"]),
        ];
        for (text, names) in cases {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(parse(text), Ok(names), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_name() {
        for text in [
            "", " ", "my table", "2024", "a.", ".a", "a..b", "\"a", "\"\"", "a-b", "a;drop",
            "\"a\"b", "\"a\0\"",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"a".repeat(63)).is_ok());
        assert!(parse(&"a".repeat(64)).is_err());
    }

    #[test]
    fn a_table_has_at_most_a_schema() {
        assert_eq!(parse_table("a.b"), Ok((Some("a".into()), "b".into())));
        assert_eq!(parse_table("b"), Ok((None, "b".into())));
        assert!(parse_table("a.b.c").is_err());
    }
}
