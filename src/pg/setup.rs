//! What verify_setup asks of the server.

use super::error::Failure;
use super::identity::as_owner;
use super::spi;
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

/// What the catalogs and settings say of the calling role's session.
pub struct Session {
    /// The version of the SQL objects, where the extension is there.
    pub extension: Option<String>,
    pub role: String,
    pub may_log_in: bool,
    /// Where new tables go.
    pub schema: Option<String>,
    pub may_create: bool,
    /// Routines that the role may not execute.
    pub forbidden: Vec<String>,
    pub statement_timeout: Option<String>,
    pub worker_slots: i32,
    pub is_standby: bool,
    pub is_read_only: bool,
}

/// # Errors
/// SPI's own.
pub fn session() -> Result<Option<Session>, Failure> {
    spi::first(
        "SELECT (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'pgdatahub'), \
                current_user::pg_catalog.text, r.rolcanlogin, pg_catalog.current_schema()::pg_catalog.text, \
                coalesce(pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE'), false), \
                ARRAY(SELECT p.proname::pg_catalog.text FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace \
                       WHERE n.nspname OPERATOR(pg_catalog.=) 'pgdatahub' AND NOT pg_catalog.has_function_privilege(p.oid, 'EXECUTE') ORDER BY 1), \
                nullif(pg_catalog.current_setting('statement_timeout'), '0'), \
                pg_catalog.current_setting('max_worker_processes')::pg_catalog.int4, \
                pg_catalog.pg_is_in_recovery(), \
                pg_catalog.current_setting('transaction_read_only') OPERATOR(pg_catalog.=) 'on' \
           FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) current_user",
        &[],
        |row| {
            Some(Session {
                extension: row.value(1),
                role: row.text(2),
                may_log_in: row.value(3)?,
                schema: row.value(4),
                may_create: row.value(5)?,
                forbidden: row.value(6)?,
                statement_timeout: row.value(7),
                worker_slots: row.value(8)?,
                is_standby: row.value(9)?,
                is_read_only: row.value(10)?,
            })
        },
    )
    .map(Option::flatten)
}

/// The server's background workers.
pub struct Workers {
    pub running: i64,
    pub has_launcher: bool,
}

/// As the extension's owner: others' processes are not for every role to see.
///
/// # Errors
/// SPI's own.
pub fn workers() -> Result<Option<Workers>, Failure> {
    as_owner(|| {
        spi::first(
            "SELECT count(*), coalesce(bool_or(a.backend_type = 'pgdatahub launcher'), false) FROM pg_stat_activity a \
              WHERE a.backend_type <> ALL ('{client backend,autovacuum launcher,autovacuum worker,background writer,checkpointer,walwriter, \
                walsender,walreceiver,archiver,startup,slotsync worker,walsummarizer,io worker,standalone backend}')",
            &[],
            |row| {
                Some(Workers {
                    running: row.value(1)?,
                    has_launcher: row.value(2)?,
                })
            },
        )
    })
    .map(Option::flatten)
}

/// What besides file modes may keep the server from a file, if it is in force: SELinux, or an AppArmor profile.
pub fn access_control() -> Option<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    if read("/sys/fs/selinux/enforce").trim() == "1" {
        return Some("SELinux is enforcing".into());
    }
    let profile = read("/proc/self/attr/apparmor/current");
    let profile = profile.trim_end_matches(['\0', '\n']);
    (!profile.is_empty() && profile != "unconfined")
        .then(|| format!("AppArmor confines the server by its profile {profile}"))
}
