//! Who acts: the calling role on data tables, the extension's owner on the audit.

use super::error::Failure;
use super::spi;
use pgrx::pg_sys;
use std::ffi::CString;

/// The role whose rights count now.
pub fn current_role() -> String {
    // SAFETY: a valid role oid; with noerr false a missing role raises.
    unsafe {
        let name = pg_sys::GetUserNameFromId(pg_sys::GetUserId(), false);
        std::ffi::CStr::from_ptr(name)
            .to_string_lossy()
            .into_owned()
    }
}

/// Runs `body` as the extension's owner with search_path = pg_catalog, pg_temp:
/// for audit tables only, never for anything that runs users' code.
///
/// # Errors
/// Those of `body`. A PostgreSQL error leaves role and search_path to the
/// abort of the surrounding (sub)transaction, which restores both.
pub fn as_owner<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let owner = extension_owner()?;
    let mut role = pg_sys::InvalidOid;
    let mut context = 0;
    // SAFETY: saves and sets this backend's role; restored below, or by the abort.
    let nest = unsafe {
        pg_sys::GetUserIdAndSecContext(&raw mut role, &raw mut context);
        pg_sys::SetUserIdAndSecContext(
            owner,
            context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32,
        );
        pg_sys::NewGUCNestLevel()
    };
    set_local(c"search_path", c"pg_catalog, pg_temp");
    let result = body();
    // SAFETY: ends the nest level begun above; nothing raised since, or we were not here.
    unsafe {
        pg_sys::AtEOXact_GUC(true, nest);
        pg_sys::SetUserIdAndSecContext(role, context);
    }
    result
}

/// Runs `body` with settings that hold for its duration (or until the abort).
///
/// # Errors
/// Those of `body`.
pub fn with_setting<T>(
    name: &std::ffi::CStr,
    value: &str,
    body: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let value = CString::new(value).map_err(|_| Failure::new("22021", "setting holds NUL"))?;
    // SAFETY: begins a nest level that is ended below, or by the abort.
    let nest = unsafe { pg_sys::NewGUCNestLevel() };
    set_local(name, &value);
    let result = body();
    // SAFETY: ends the level begun above.
    unsafe { pg_sys::AtEOXact_GUC(true, nest) };
    result
}

fn set_local(name: &std::ffi::CStr, value: &std::ffi::CStr) {
    // SAFETY: terminated strings; GUC_ACTION_SAVE ties the change to the nest level.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

/// The owner of the extension in this database.
fn extension_owner() -> Result<pg_sys::Oid, Failure> {
    spi::first(
        "SELECT e.extowner FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'pgdatahub'",
        &[],
        |row| row.value::<pg_sys::Oid>(1),
    )?
    .flatten()
    .ok_or_else(|| Failure::new("55000", "extension pgdatahub is not installed in this database"))
}
