//! What is wrong with a configuration file, and where.

use crate::report::Report;

/// What is wrong with a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Lower-case start, no full stop.
    pub message: String,
    /// What helps, in sentences.
    pub hint: Option<String>,
}

impl ConfigError {
    /// The error (F0000, config_file_error); its detail gives line and column.
    /// The caller, who knows the file, may add its name.
    pub fn report(&self) -> Report {
        Report {
            sqlstate: "F0000",
            message: self.message.clone(),
            detail: Some(format!("Line {}, column {}.", self.line, self.column)),
            hint: self.hint.clone(),
        }
    }

    pub(super) fn new(place: Place, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        ConfigError {
            line: place.line,
            column: place.column,
            message: message.into(),
            hint,
        }
    }
}

/// A place in the file, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub line: usize,
    /// In characters.
    pub column: usize,
}

impl Place {
    /// The file's very start.
    pub const START: Place = Place { line: 1, column: 1 };

    /// The end of a text: where its next character would stand.
    pub fn after(text: &str) -> Place {
        let line = text.matches('\n').count() + 1;
        let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Place { line, column }
    }
}
