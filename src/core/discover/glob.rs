//! Patterns for paths.

use globset::{GlobBuilder, GlobMatcher};

/// A pattern for paths below the imported folder (`files =>`).
///
/// `*` and `?` stay within one part of the path, `**` crosses `/`; `[a-z]`,
/// `[!a-z]` and `{a,b}` as in a shell; `\` quotes. Letter case counts, as it
/// does in the server's file system.
#[derive(Debug, Clone)]
pub struct Glob(GlobMatcher);

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a message (22023).
    pub fn parse(pattern: &str) -> Result<Glob, String> {
        if pattern.is_empty() {
            return Err("an empty pattern matches nothing".into());
        }
        GlobBuilder::new(pattern)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map(|glob| Glob(glob.compile_matcher()))
            .map_err(|error| error.kind().to_string())
    }

    /// Whether a path (relative, `/` between its parts) matches.
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Glob;

    fn matches(pattern: &str, path: &str) -> bool {
        Glob::parse(pattern).unwrap().matches(path)
    }

    #[test]
    fn one_star_stays_in_its_folder() {
        assert!(matches("*.xlsx", "april.xlsx"));
        assert!(!matches("*.xlsx", "claims/april.xlsx"));
        assert!(matches("claims/*", "claims/april.xlsx"));
        assert!(!matches("claims/*", "claims/2024/april.xlsx"));
        assert!(matches("claims/**", "claims/2024/april.xlsx"));
        assert!(matches("**/*.xlsx", "april.xlsx"));
        assert!(matches("**/*.xlsx", "claims/2024/april.xlsx"));
        assert!(matches("claims/{2023,2024}/*", "claims/2024/a.ods"));
        assert!(!matches("claims?a.xlsx", "claims/a.xlsx"));
    }

    #[test]
    fn letter_case_counts_and_a_backslash_quotes() {
        assert!(!matches("*.xlsx", "A.XLSX"));
        assert!(matches(r"a\*.xlsx", "a*.xlsx"));
        assert!(!matches(r"a\*.xlsx", "ab.xlsx"));
    }

    #[test]
    fn a_broken_pattern_is_said() {
        for pattern in ["", "a[", "{a", "a[z-a]", "a\\"] {
            assert!(!Glob::parse(pattern).unwrap_err().is_empty(), "{pattern}");
        }
    }
}
