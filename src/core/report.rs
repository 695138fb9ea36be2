//! What a user is told when something is refused: the four parts of a
//! PostgreSQL error that the rules of this crate can fill.

/// An error in PostgreSQL's terms; the backend turns it into an `ERROR` or a failed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Five characters, PostgreSQL's appendix A.
    pub sqlstate: &'static str,
    /// Lower-case start, no full stop.
    pub message: String,
    /// More facts, in sentences.
    pub detail: Option<String>,
    /// What helps, in sentences: a setting or statement.
    pub hint: Option<String>,
}
