//! What is large for a single transaction, and would be better as many.

use super::run::{grouped, plural};
use super::targets::Source;
use crate::pg::ddl::literal;
use crate::pg::report;
use std::collections::BTreeSet;

/// Files that are many for one transaction.
const FILES: usize = 1_000;
/// Target tables that are: each takes several of the server's shared locks until the end.
const TABLES: usize = 200;

/// Warns before the first file, if there are more; `path` is the folder.
pub fn warn(path: &str, sources: &[Source]) {
    let tables: BTreeSet<_> = sources.iter().map(|source| &source.target).collect();
    if sources.len() <= FILES && tables.len() <= TABLES {
        return;
    }
    report::warning(
        format!(
            "import_folder has {} for {} in one transaction",
            plural(sources.len() as u64, "file"),
            plural(tables.len() as u64, "table")
        ),
        Some(format!(
            "An error would undo all of it, its locks are held to the end, and dead rows stay until then. \
             Up to {} files and {TABLES} tables are usual.",
            grouped(FILES as u64)
        )),
        Some(format!(
            "CALL pgdatahub.run_import({}) commits after each file.",
            literal(path)
        )),
    );
}
