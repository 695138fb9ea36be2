//! What a plan says of one file beyond the row that its import would return.

use super::ddl::Executed;
use super::rewrite::Rewrite;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct FilePlan {
    /// The schema changes, as the import would record them.
    pub changes: Vec<Executed>,
    /// What they rewrite, if anything.
    pub rewrite: Option<Rewrite>,
    /// Header row, counted from 1.
    pub header_row: Option<u32>,
    /// The statement that cannot run, and what is in its way.
    pub blocked: Option<Blocked>,
    /// What the import would say beside its result.
    pub notes: Vec<String>,
}

/// A statement that cannot run.
#[derive(Debug, Clone, Default)]
pub struct Blocked {
    pub statement: String,
    pub rewrite: Option<Rewrite>,
    pub objects: Vec<String>,
}
