//! adopt_table: a table that pgdatahub did not create becomes a target.

use crate::pg::catalog::{self, TableName};
use crate::pg::error::Failure;
use crate::pg::lock::{TargetKey, lock_targets};
use crate::pg::transaction::OneRun;
use crate::pg::{audit, ddl, registry, rights};

/// Makes an existing table managed; adds source_file and load_timestamp where they are missing.
/// Its name as it is managed.
///
/// # Errors
/// 42501 for anybody but the owner, 55000 managed before, 42809 for what is no table or view,
/// 42804 for a source_file or load_timestamp of another type, 25006 on a standby.
pub fn adopt(name: &TableName) -> Result<String, Failure> {
    let _one = OneRun::begin()?;
    lock_targets(&[TargetKey::of(&name.schema, &name.table)])?;
    registry::follow_renames()?;
    let oid = catalog::find(name)?.ok_or_else(|| {
        Failure::new(
            "42P01",
            format!("relation {} does not exist", name.display()),
        )
    })?;
    rights::check_owner(name, oid)?;
    match registry::lookup(name)? {
        Some(managed) if managed.oid == Some(oid) => {
            return Err(Failure::new(
                "55000",
                format!("table {} is managed already", name.display()),
            ));
        }
        // A managed table of that name was dropped by hand, and with it its imports.
        Some(managed) if managed.oid.is_none() => registry::mark_dropped(&managed.name)?,
        _ => {}
    }
    let table = catalog::describe(oid)?;
    let has = |column: &str| table.columns.iter().any(|c| c.name == column);
    catalog::check_reserved_types(oid, name)?;
    let changes = ddl::add_reserved(name, has("source_file"), has("load_timestamp"))?;
    registry::register(name, name, None, "adopted", oid)?;
    audit::schema_changes(name, None, &changes)?;
    Ok(name.display())
}
