//! What verify_setup asks of the server.

use pgrx::pg_sys;
use std::ffi::CStr;

/// PostgreSQL's version, as it says it.
pub fn server_version() -> String {
    let version = pg_sys::PG_VERSION;
    CStr::from_bytes_until_nul(version.to_bytes_with_nul())
        .map(|v| v.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The database's encoding.
pub fn database_encoding() -> String {
    // SAFETY: a static string of the server.
    unsafe { CStr::from_ptr(pg_sys::GetDatabaseEncodingName()) }
        .to_string_lossy()
        .into_owned()
}

/// Whether the calling role may read any file of the server.
pub fn reads_server_files() -> bool {
    // SAFETY: reads the role and its memberships.
    unsafe {
        pg_sys::has_privs_of_role(
            pg_sys::GetUserId(),
            pg_sys::Oid::from(pg_sys::ROLE_PG_READ_SERVER_FILES),
        )
    }
}
