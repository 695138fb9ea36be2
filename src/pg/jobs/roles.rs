//! Whose job it is, and who may control it.

use crate::pg::error::Failure;
use crate::pg::spi;
use pgrx::pg_sys;

/// A role, for as long as this transaction lasts.
pub type RoleOid = pg_sys::Oid;

/// A role as a job needs it: its oid, and whether it may log in. None: there is no such role.
///
/// # Errors
/// SPI's own.
pub fn role(name: &str) -> Result<Option<(RoleOid, bool)>, Failure> {
    Ok(spi::first(
        "SELECT r.oid, r.rolcanlogin FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name",
        &[name.into()],
        |row| row.value::<pg_sys::Oid>(1).zip(row.value::<bool>(2)),
    )?
    .flatten())
}

/// Whether the current role may control a job of that role: a member of it, or of the extension's owner.
///
/// # Errors
/// SPI's own.
pub fn may_control(role: &str) -> Result<bool, Failure> {
    Ok(spi::first(
        "SELECT pg_catalog.pg_has_role(r.oid, 'USAGE') FROM pg_catalog.pg_roles r \
          WHERE r.rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name \
             OR r.oid OPERATOR(pg_catalog.=) (SELECT e.extowner FROM pg_catalog.pg_extension e \
                  WHERE e.extname OPERATOR(pg_catalog.=) 'pgdatahub') ORDER BY 1 DESC LIMIT 1",
        &[role.into()],
        |row| row.value::<bool>(1),
    )?
    .flatten()
    .unwrap_or(false))
}
