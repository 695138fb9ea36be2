//! The rights that an import will need: a plan asks for them, the import meets them.

use super::catalog::TableName;
use super::error::Failure;
use super::spi;
use pgrx::pg_sys;

/// # Errors
/// 3F000 when the schema is missing, 42501 when the calling role may not create tables in it.
pub fn check_create(name: &TableName) -> Result<(), Failure> {
    let may = spi::first(
        "SELECT pg_catalog.has_schema_privilege(n.oid, 'CREATE') FROM pg_catalog.pg_namespace n \
          WHERE n.nspname OPERATOR(pg_catalog.=) ($1)::pg_catalog.name",
        &[name.schema.as_str().into()],
        |row| row.value::<bool>(1),
    )?;
    match may.flatten() {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(
            "42501",
            format!("permission denied for schema {}", name.schema),
        )),
        None => Err(Failure::new(
            "3F000",
            format!("schema \"{}\" does not exist", name.schema),
        )),
    }
}

/// # Errors
/// 42501 when the calling role may not alter the table.
pub fn check_alter(name: &TableName, oid: pg_sys::Oid, statement: &str) -> Result<(), Failure> {
    let owner = spi::first(
        "SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) $1",
        &[oid.into()],
        |row| row.value::<bool>(1),
    )?;
    if owner.flatten() == Some(true) {
        return Ok(());
    }
    Err(not_owner(
        Failure::new("42501", format!("must be owner of table {}", name.table))
            .also(format!("Statement: {statement}")),
    ))
}

/// What helps against 42501 of an ALTER TABLE.
pub fn not_owner(failure: Failure) -> Failure {
    failure.hint("Only the table's owner may alter it: import as that role, or as a member of it.")
}

/// `columns` are those that the import fills, its own two among them; a column
/// that is not there yet is the owner's.
///
/// # Errors
/// 42501 when the calling role may not insert into them.
pub fn check_insert(name: &TableName, oid: pg_sys::Oid, columns: &[String]) -> Result<(), Failure> {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let may = spi::first(
        "SELECT pg_catalog.has_table_privilege($1, 'INSERT') OR NOT EXISTS ( \
           SELECT FROM pg_catalog.pg_attribute a \
            WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($2) \
              AND NOT a.attisdropped AND NOT pg_catalog.has_column_privilege($1, a.attnum, 'INSERT'))",
        &[oid.into(), columns.into()],
        |row| row.value::<bool>(1),
    )?;
    denied_unless(may.flatten(), name)
}

/// # Errors
/// 42501 when the calling role may not delete rows.
pub fn check_delete(name: &TableName, oid: pg_sys::Oid) -> Result<(), Failure> {
    let may = spi::first(
        "SELECT pg_catalog.has_table_privilege($1, 'DELETE')",
        &[oid.into()],
        |row| row.value::<bool>(1),
    )?;
    denied_unless(may.flatten(), name)
}

fn denied_unless(may: Option<bool>, name: &TableName) -> Result<(), Failure> {
    if may == Some(true) {
        return Ok(());
    }
    Err(Failure::new(
        "42501",
        format!("permission denied for table {}", name.table),
    ))
}
