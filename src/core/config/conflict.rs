//! `on_type_conflict`: what a value leads to that its column's type does not take.

use crate::nearest::nearest;

/// The setting `on_type_conflict`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnTypeConflict {
    /// A column of a native type becomes wider; another type's refusal fails the file.
    #[default]
    Widen,
    /// NULL in the value's place, and an entry in etl_rejects.
    RejectCell,
    /// The row is left out, with an entry in etl_rejects; also a row that a
    /// constraint or trigger refuses.
    RejectRow,
    /// The file fails.
    RejectFile,
}

impl OnTypeConflict {
    const WORDS: [(&'static str, OnTypeConflict); 4] = [
        ("widen", OnTypeConflict::Widen),
        ("reject_cell", OnTypeConflict::RejectCell),
        ("reject_row", OnTypeConflict::RejectRow),
        ("reject_file", OnTypeConflict::RejectFile),
    ];

    /// The word that stands for it in a configuration.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, known)| *known == self)
            .map_or("widen", |(word, _)| word)
    }

    /// # Errors
    /// The end of a sentence for any other word.
    pub fn parse(word: &str) -> Result<OnTypeConflict, String> {
        if let Some((_, known)) = Self::WORDS.iter().find(|(known, _)| *known == word) {
            return Ok(*known);
        }
        let words = Self::WORDS.map(|(word, _)| word);
        let meant = match nearest(word, words) {
            Some(near) => format!("; perhaps \"{near}\" is meant"),
            None => String::new(),
        };
        Err(format!(
            "is \"{word}\", not one of {}{meant}",
            words.join(", ")
        ))
    }
}
