//! retry_rejects.

use crate::engine::retry;
use crate::pg::error::{Failure, or_raise};
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn retry_rejects(import_id: Option<i64>) -> i64 {
    or_raise(
        import_id
            .ok_or_else(|| Failure::new("22004", "import_id must not be null"))
            .and_then(retry::retry),
    )
}
