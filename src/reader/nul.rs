//! U+0000 in names: a damaged file may hold it, the protocol and PostgreSQL's text cannot.

/// The text with U+FFFD in its place, as in cells.
pub fn without_nul(text: String) -> String {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::without_nul;

    #[test]
    fn nul_is_replaced_and_all_else_kept() {
        assert_eq!(without_nul("a\0b".into()), "a\u{fffd}b");
        assert_eq!(without_nul("Prämie".into()), "Prämie");
    }
}
