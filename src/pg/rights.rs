//! The rights that an import, a revert or a retry will need: a plan asks for them, what is done meets them.

use super::catalog::{self, TableName};
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
    match may.flatten() {
        Some(true) => Ok(()),
        _ => Err(denied(&name.table)),
    }
}

/// # Errors
/// 42501 when the calling role may not delete rows.
pub fn check_delete(name: &TableName, oid: pg_sys::Oid) -> Result<(), Failure> {
    match has_privilege(DELETE, oid)? {
        true => Ok(()),
        false => Err(denied(&name.table)),
    }
}

/// # Errors
/// 42501 when the calling role may not delete an import's rows, 42P01 when their table is gone.
pub fn check_revert(name: &TableName) -> Result<(), Failure> {
    let oid = catalog::find(name)?.ok_or_else(|| {
        Failure::new(
            "42P01",
            format!("table {} does not exist any more", name.display()),
        )
    })?;
    if has_privilege(DELETE, oid)? {
        return Ok(());
    }
    Err(denied(&name.display())
        .detail("Removing an import's rows takes the DELETE privilege on its table."))
}

/// # Errors
/// 42501 when the calling role may insert into no column of the table.
pub fn check_retry(name: &TableName, oid: pg_sys::Oid) -> Result<(), Failure> {
    if has_privilege(INSERT_SOMEWHERE, oid)? {
        return Ok(());
    }
    Err(denied(&name.display())
        .detail("Bringing rejected rows in takes the INSERT privilege on the import's table."))
}

/// Whether the calling role may read the table.
///
/// # Errors
/// SPI's own.
pub fn may_select(oid: pg_sys::Oid) -> Result<bool, Failure> {
    has_privilege(SELECT, oid)
}

/// # Errors
/// 42501 unless the calling role owns the relation, 42809 for what cannot take rows.
pub fn check_owner(name: &TableName, oid: pg_sys::Oid) -> Result<(), Failure> {
    let found = spi::first(
        "SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE'), c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,f}'::pg_catalog.\"char\"[]), \
                c.relpersistence OPERATOR(pg_catalog.=) 't' OR n.nspname OPERATOR(pg_catalog.=) ANY ('{pg_catalog,information_schema,pgdatahub}'::pg_catalog.name[]) \
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE c.oid OPERATOR(pg_catalog.=) $1",
        &[oid.into()],
        |row| {
            (
                row.value::<bool>(1),
                row.value::<bool>(2),
                row.value::<bool>(3),
            )
        },
    )?;
    match found {
        Some((Some(true), Some(true), Some(false))) => Ok(()),
        Some((_, Some(false), _) | (_, _, Some(true))) => Err(Failure::new(
            "42809",
            format!("{} is not a table that imports can fill", name.display()),
        )),
        _ => Err(Failure::new(
            "42501",
            format!("must be owner of table {}", name.display()),
        )),
    }
}

const SELECT: &str = "SELECT pg_catalog.has_table_privilege($1, 'SELECT')";
const DELETE: &str = "SELECT pg_catalog.has_table_privilege($1, 'DELETE')";
const INSERT_SOMEWHERE: &str = "SELECT pg_catalog.has_any_column_privilege($1, 'INSERT')";

fn has_privilege(query: &str, oid: pg_sys::Oid) -> Result<bool, Failure> {
    let may = spi::first(query, &[oid.into()], |row| row.value::<bool>(1))?;
    Ok(may.flatten().unwrap_or(false))
}

fn denied(table: &str) -> Failure {
    Failure::new("42501", format!("permission denied for table {table}"))
}
