//! prune: the history of runs and rejected cells trimmed; imports and schema changes are kept for good.

use crate::pg::error::Failure;
use crate::pg::prune::{self, Pruned};
use crate::pg::transaction::OneRun;
use pgrx::datum::Interval;

/// Removes runs, their files and rejects older than that; the counts per table.
///
/// # Errors
/// 42501 for anybody but the extension's owner, 22023 a negative interval.
pub fn prune(older_than: &Interval) -> Result<Vec<Pruned>, Failure> {
    let _one = OneRun::begin()?;
    prune::check_right()?;
    if !prune::is_positive(older_than)? {
        return Err(Failure::new("22023", "older_than must not be negative")
            .hint("SELECT * FROM pgdatahub.prune(older_than => '1 year');"));
    }
    prune::prune(older_than)
}
