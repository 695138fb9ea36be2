//! The word a user probably meant.

/// The candidate nearest to `word`, if one is near enough to be a slip of the
/// keyboard: at most one edit in three characters, regardless of case
/// (Damerau-Levenshtein). The first of several equally near ones.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = fold(word);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let folded = fold(candidate);
            let longest = word.chars().count().max(folded.chars().count());
            let distance = strsim::damerau_levenshtein(&word, &folded);
            (distance <= (longest / 3).max(1) && distance < longest)
                .then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and outer blanks do not make words differ. Cut, since the distance
/// costs the product of both lengths and a word may come from a file.
fn fold(word: &str) -> String {
    word.trim().to_lowercase().chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_nothing_far() {
        let sheets = ["Policies", "Claims", "Summary"];
        assert_eq!(nearest("policis", sheets), Some("Policies"));
        assert_eq!(nearest("Calims", sheets), Some("Claims"));
        assert_eq!(nearest(" CLAIMS ", sheets), Some("Claims"));
        assert_eq!(nearest("Premium", sheets), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("", sheets), None);
        assert_eq!(nearest("Claims", []), None);
    }

    #[test]
    fn a_long_word_costs_little() {
        let long = "x".repeat(1_000_000);
        assert_eq!(nearest(&long, ["Claims"]), None);
    }
}
