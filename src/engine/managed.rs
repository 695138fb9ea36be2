//! A managed table of the caller's, for what alters or drops it.

use crate::pg::catalog::{self, TableName};
use crate::pg::error::Failure;
use crate::pg::lock::{TargetKey, lock_targets};
use crate::pg::{registry, rights};

/// Checks that the relation is managed; follows a rename first.
///
/// # Errors
/// 42P01 when it is not.
pub fn check(name: &TableName) -> Result<(), Failure> {
    // By its own name: the name may once have been that of another table, which imports still feed.
    match registry::lookup(name)? {
        Some(managed) if managed.name == *name && managed.oid.is_some() => Ok(()),
        _ => Err(not_managed(name)),
    }
}

/// Checks that the caller owns the managed table, and keeps imports out of it until the
/// transaction ends.
///
/// # Errors
/// 42P01 not managed or gone, 42501 for anybody but the owner, 42809 for what is no table.
pub fn own(name: &TableName) -> Result<(), Failure> {
    registry::follow_renames()?;
    check(name)?;
    let gone = || {
        Failure::new(
            "42P01",
            format!("table {} does not exist any more", name.display()),
        )
    };
    let oid = catalog::find(name)?.ok_or_else(gone)?;
    rights::check_owner(name, oid)?;
    lock_targets(&[TargetKey::of(&name.schema, &name.table)])?;
    // Somebody may have dropped it while this one waited.
    match catalog::find(name)? {
        Some(now) if now == oid => Ok(()),
        _ => Err(gone()),
    }
}

fn not_managed(table: &TableName) -> Failure {
    Failure::new(
        "42P01",
        format!("table {} is not managed by pgdatahub", table.display()),
    )
    .hint("SELECT table_schema, table_name FROM pgdatahub.managed_tables; lists those that are.")
}
