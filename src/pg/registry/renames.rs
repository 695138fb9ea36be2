//! Managed tables that were renamed, moved or restored: the record follows them.

use super::{OURS, database, system};
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::identity::as_owner;
use crate::pg::restored::{Ambiguous, Restored};
use crate::pg::{report, restored, spi};

/// Follows ALTER TABLE … RENAME and SET SCHEMA: the audit keeps the table's
/// present name. Oids recorded in another cluster or database, or of a table
/// that was rebuilt under its name, are resolved anew; what has not the two
/// columns of ours is not the table that was.
///
/// # Errors
/// SPI's own.
pub fn follow_renames() -> Result<(), Failure> {
    follow_oids()?;
    let found = restored::find(&system(), &database())?;
    for Restored { recorded, name, .. } in &found.restored {
        as_owner(|| rename(recorded, name))?;
        report::notice(format!(
            "table {} is {} here, which holds its rows",
            recorded.display(),
            name.display()
        ));
    }
    if !found.restored.is_empty() {
        // Their oids.
        follow_oids()?;
    }
    for Ambiguous { recorded, names } in &found.ambiguous {
        let names: Vec<String> = names.iter().map(TableName::display).collect();
        report::warning(
            format!("table {} is not here under its name, and more than one may be it", recorded.display()),
            Some(format!("Rows of its imports are in {}. It counts as dropped.", names.join(", "))),
            Some("If one of them is it, roll back, give it that name with ALTER TABLE … RENAME TO, and import; a rename after that is followed.".into()),
        );
    }
    Ok(())
}

/// What [`follow_renames`] does where the oids on record hold.
pub(super) fn follow_oids() -> Result<(), Failure> {
    as_owner(|| {
        let (system, database) = (system(), database());
        spi::execute(
            &format!(
                "UPDATE pgdatahub.etl_tables t SET cached_oid = c.oid::int8, cached_database = $2, cached_system = $1 \
                   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                  WHERE n.nspname = t.table_schema AND c.relname = t.table_name AND t.dropped_at IS NULL \
                    AND ((t.cached_system, t.cached_database) IS DISTINCT FROM ($1, $2) \
                         OR NOT EXISTS (SELECT FROM pg_class o WHERE o.oid = t.cached_oid::oid)) AND {OURS}"
            ),
            &[system.as_str().into(), database.as_str().into()],
        )?;
        let moved = spi::rows(
            "SELECT t.table_schema, t.table_name, n.nspname::text, c.relname::text FROM pgdatahub.etl_tables t \
               JOIN pg_class c ON c.oid = t.cached_oid::oid JOIN pg_namespace n ON n.oid = c.relnamespace \
              WHERE t.cached_system = $1 AND t.cached_database = $2 AND t.dropped_at IS NULL \
                AND (n.nspname::text, c.relname::text) IS DISTINCT FROM (t.table_schema, t.table_name)",
            &[system.as_str().into(), database.as_str().into()],
            |row| {
                let name = |schema, table| TableName {
                    schema: row.text(schema),
                    table: row.text(table),
                };
                (name(1, 2), name(3, 4))
            },
        )?;
        for (recorded, name) in &moved {
            rename(recorded, name)?;
        }
        Ok(())
    })
}

/// Writes a table's new name wherever the record has the one before; as the owner.
fn rename(recorded: &TableName, name: &TableName) -> Result<(), Failure> {
    for table in [
        "etl_tables",
        "etl_columns",
        "etl_imports",
        "etl_schema_changes",
        "etl_run_files",
    ] {
        spi::execute(
            &format!(
                "UPDATE pgdatahub.{table} SET table_schema = $3, table_name = $4 WHERE table_schema = $1 AND table_name = $2"
            ),
            &[
                recorded.schema.as_str().into(),
                recorded.table.as_str().into(),
                name.schema.as_str().into(),
                name.table.as_str().into(),
            ],
        )?;
    }
    Ok(())
}
