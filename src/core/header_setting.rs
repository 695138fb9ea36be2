//! `header_row`: where a sheet's headers are.

use crate::area::MAX_ROWS;
use crate::protocol::HeaderChoice;
use crate::sheet_range::Resolved;
use std::fmt;

/// Most header rows.
const MAX_HEADER_ROWS: usize = 10;

/// Where a sheet's headers are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HeaderSetting {
    /// Found among the first rows.
    #[default]
    Auto,
    /// In these rows, counted from 1, ascending; their texts are joined by `_`.
    Rows(Vec<u32>),
    /// Nowhere: columns are named for their letters.
    None,
}

impl HeaderSetting {
    /// Reads `auto`, `none`, a row, or several.
    ///
    /// # Errors
    /// What is wrong, as the end of a message (22023).
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<HeaderSetting, String> {
        let mut rows = Vec::new();
        let words: Vec<&str> = words.into_iter().map(str::trim).collect();
        match words.as_slice() {
            [word] if word.eq_ignore_ascii_case("auto") => return Ok(HeaderSetting::Auto),
            [word] if word.eq_ignore_ascii_case("none") => return Ok(HeaderSetting::None),
            _ => {}
        }
        for word in words {
            match word.parse::<u32>() {
                Ok(row) if (1..=MAX_ROWS).contains(&row) => rows.push(row),
                _ => {
                    let shown: String = word.chars().take(60).collect();
                    return Err(format!(
                        "is \"{shown}\", not auto, none or a row counted from 1"
                    ));
                }
            }
        }
        if rows.is_empty() || rows.len() > MAX_HEADER_ROWS {
            return Err(format!(
                "lists {} rows, not 1 to {MAX_HEADER_ROWS}",
                rows.len()
            ));
        }
        if !rows.is_sorted_by(|a, b| a < b) {
            return Err("lists its rows out of order".into());
        }
        Ok(HeaderSetting::Rows(rows))
    }

    /// What the reader is asked for: with `auto`, an Excel table says where its
    /// header is. `known` are a managed table's headers.
    pub fn choice(&self, known: Vec<String>, range: Option<&Resolved>) -> HeaderChoice {
        match (
            self,
            range.and_then(|range| range.header.map(|header| (header, range.area))),
        ) {
            (HeaderSetting::None, _) | (HeaderSetting::Auto, Some((false, _))) => {
                HeaderChoice::None
            }
            (HeaderSetting::Auto, Some((true, area))) => HeaderChoice::Row(area.first_row),
            (HeaderSetting::Auto, None) => HeaderChoice::Auto { known },
            (HeaderSetting::Rows(rows), _) => match rows.as_slice() {
                [row] => HeaderChoice::Row(*row),
                rows => HeaderChoice::Rows(rows.to_vec()),
            },
        }
    }
}

impl fmt::Display for HeaderSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderSetting::Auto => f.write_str("auto"),
            HeaderSetting::None => f.write_str("none"),
            HeaderSetting::Rows(rows) => {
                let rows: Vec<String> = rows.iter().map(u32::to_string).collect();
                f.write_str(&rows.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_words_and_rows() {
        assert_eq!(HeaderSetting::parse(["Auto"]).unwrap(), HeaderSetting::Auto);
        assert_eq!(HeaderSetting::parse(["none"]).unwrap(), HeaderSetting::None);
        assert_eq!(HeaderSetting::parse([" 3"]).unwrap().to_string(), "3");
        assert_eq!(
            HeaderSetting::parse(["2", "3"]).unwrap().to_string(),
            "2, 3"
        );
    }

    #[test]
    fn refuses_anything_else() {
        for words in [
            &["0"][..],
            &["-1"],
            &["x"],
            &["3", "2"],
            &["3", "3"],
            &["1048577"],
            &["auto", "2"],
            &[],
        ] {
            assert!(
                HeaderSetting::parse(words.iter().copied()).is_err(),
                "{words:?}"
            );
        }
    }
}
