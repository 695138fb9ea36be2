//! From the CONTEXT of an error back to the row of a COPY.

/// How far behind the relation's name the number stands at most, in characters.
const NEAR: usize = 24;

/// The line number in the CONTEXT that COPY gives (`COPY claims, line 812, column paid: …`),
/// in whatever language: the first number behind the relation's name, in the last line
/// that has both. Other lines of a CONTEXT may look alike, and a value may hold the
/// name: what is told by it must be harmless where it is wrong.
pub fn copy_line(context: &str, relation: &str) -> Option<u64> {
    context
        .lines()
        .rev()
        .find_map(|line| number_behind(line, relation))
}

fn number_behind(line: &str, name: &str) -> Option<u64> {
    let part_of_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    line.match_indices(name).find_map(|(at, _)| {
        let (before, behind) = (&line[..at], &line[at + name.len()..]);
        if name.is_empty()
            || before.ends_with(part_of_name)
            || behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        {
            return None;
        }
        let digits: String = behind
            .chars()
            .take(NEAR)
            .skip_while(|c| !c.is_ascii_digit())
            .collect();
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        digits[..end].parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::copy_line;

    #[test]
    fn the_line_in_several_languages() {
        for (context, line) in [
            ("COPY t, line 812, column paid: \"12 t 7\"", Some(812)),
            ("COPY t, line 3", Some(3)),
            ("COPY t, Zeile 5, Spalte a: »x«", Some(5)),
            ("tのCOPY、行 6", Some(6)),
            ("COPY another_t, line 4", None),
            ("COPY t2, line 4", None),
            (
                "PL/pgSQL function refuse() line 3 at RAISE\nCOPY t, line 9: \"1\tx\"",
                Some(9),
            ),
            (
                "SQL statement \"SELECT 1 FROM ONLY \"public\".\"parent\" x\"",
                None,
            ),
            ("", None),
        ] {
            assert_eq!(copy_line(context, "t"), line, "{context}");
        }
        assert_eq!(copy_line("COPY My Table, line 7", "My Table"), Some(7));
        assert_eq!(copy_line("COPY x, line 7", ""), None);
    }
}
