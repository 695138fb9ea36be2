//! The settings `pgdatahub.*`.

use super::error::Failure;
use pgdatahub_core::pause_window::PauseWindow;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::{PostgresGucEnum, pg_guard, pg_sys};
use std::ffi::{CStr, CString, c_char, c_void};

/// `pgdatahub.lane`
#[derive(PostgresGucEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// COPY where the relation is known to be safe for it, else SPI
    #[name = c"auto"]
    Auto,
    /// COPY, or an error
    #[name = c"copy"]
    Copy,
    /// INSERT through SPI
    #[name = c"spi"]
    Spi,
}

/// `pgdatahub.rehash`
#[derive(PostgresGucEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rehash {
    /// A file whose stat is as at its import is skipped unread
    #[name = c"changed"]
    Changed,
    /// Every file is read
    #[name = c"always"]
    Always,
}

pub static LANE: GucSetting<Lane> = GucSetting::<Lane>::new(Lane::Auto);
pub static REHASH: GucSetting<Rehash> = GucSetting::<Rehash>::new(Rehash::Changed);
pub static SECTIONAL_COMMIT: GucSetting<bool> = GucSetting::<bool>::new(false);
pub static PAUSE_EVERY: GucSetting<i32> = GucSetting::<i32>::new(0);
pub static PAUSE_SECONDS: GucSetting<i32> = GucSetting::<i32>::new(30);
pub static PAUSE_WINDOW: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
pub static DATABASES: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
pub static LAUNCHER_NAPTIME: GucSetting<i32> = GucSetting::<i32>::new(10);
pub static CHUNK_SIZE: GucSetting<i32> = GucSetting::<i32>::new(10_000);
pub static CONFIG_FILE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
pub static DATA_ROOTS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
pub static READER: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
pub static DRY_RUN: GucSetting<bool> = GucSetting::<bool>::new(false);
pub static MAX_REWRITE: GucSetting<i32> = GucSetting::<i32>::new(10 << 20);
pub static LOCK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(5_000);
pub static LOCK_RETRIES: GucSetting<i32> = GucSetting::<i32>::new(12);
pub static MAX_FILE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(2 << 20);
pub static MAX_CELLS: GucSetting<i32> = GucSetting::<i32>::new(500_000_000);
pub static READER_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(1 << 20);
pub static READER_CPU: GucSetting<i32> = GucSetting::<i32>::new(600);
pub static REPLACE_MIN_PERCENT: i64 = 50;

/// A string setting, empty as `None`.
pub fn text(setting: &GucSetting<Option<CString>>) -> Option<String> {
    setting
        .get()
        .map(|value| value.to_string_lossy().into_owned())
        .filter(|value| !value.trim().is_empty())
}

/// A setting's value and who set it.
pub struct InForce {
    pub name: String,
    pub value: Option<String>,
    pub source: String,
}

/// The settings that the calling role may see, by name, with where they come from.
///
/// # Errors
/// SPI's own.
pub fn in_force() -> Result<Vec<InForce>, Failure> {
    super::spi::rows(
        "SELECT s.name, pg_catalog.current_setting(s.name), \
                CASE WHEN s.sourcefile IS NULL THEN s.source ELSE pg_catalog.format('%s:%s', s.sourcefile, s.sourceline) END \
           FROM pg_catalog.pg_settings s WHERE pg_catalog.starts_with(s.name, 'pgdatahub.') ORDER BY s.name",
        &[],
        |row| InForce {
            name: row.text(1),
            value: row.value(2),
            source: row.text(3),
        },
    )
}

/// Refuses a window that cannot be read, or whose time zone PostgreSQL does not know.
#[pg_guard]
unsafe extern "C-unwind" fn check_pause_window(
    new: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: the caller gives NULL or a terminated string.
    let text = unsafe {
        if (*new).is_null() {
            return true;
        }
        CStr::from_ptr(*new).to_string_lossy().into_owned()
    };
    let detail = match PauseWindow::parse(&text) {
        Ok(window) => match window.zones().find(|zone| !super::clock::is_zone(zone)) {
            None => return true,
            Some(zone) => format!("There is no time zone \"{zone}\"."),
        },
        Err(report) => report.detail.unwrap_or(report.message),
    };
    refuse(&detail);
    false
}

/// The DETAIL of a setting that a check hook refuses, and an example as its HINT.
fn refuse(detail: &str) {
    let text = |text: &str| CString::new(text.replace('\0', "")).unwrap_or_default();
    let hint = "For example Mon-Fri 08:00-18:00 Europe/Berlin; Sat,Sun 22:00-06:00.";
    // SAFETY: copies into the memory that lasts until the error is reported.
    unsafe {
        let context = pg_sys::MemoryContextSwitchTo(pg_sys::ErrorContext);
        pg_sys::GUC_check_errdetail_string = pg_sys::pstrdup(text(detail).as_ptr());
        pg_sys::GUC_check_errhint_string = pg_sys::pstrdup(text(hint).as_ptr());
        pg_sys::MemoryContextSwitchTo(context);
    }
}

/// Registers all of them; called once, when the library is loaded.
pub fn register() {
    use GucContext::{Sighup, Suset, Userset};
    let none = GucFlags::default();
    GucRegistry::define_enum_guc(
        c"pgdatahub.lane",
        c"How rows are written: auto, copy or spi.",
        c"auto uses COPY for plain tables and INSERT through SPI for all others.",
        &LANE,
        Userset,
        none,
    );
    GucRegistry::define_enum_guc(
        c"pgdatahub.rehash",
        c"When a file that was imported before is read again: changed or always.",
        c"changed skips a file unread when its path, device, inode, size and times are as at its import.",
        &REHASH,
        Userset,
        none,
    );
    GucRegistry::define_bool_guc(
        c"pgdatahub.sectional_commit",
        c"Makes a folder the unit: its first error undoes it and stops the run.",
        c"Off: a failed file does not stop the others.",
        &SECTIONAL_COMMIT,
        Userset,
        none,
    );
    GucRegistry::define_int_guc(
        c"pgdatahub.pause_every",
        c"Jobs and run_import pause after this many files; 0 never does.",
        c"See pgdatahub.pause_seconds.",
        &PAUSE_EVERY,
        0,
        i32::MAX,
        Userset,
        none,
    );
    GucRegistry::define_int_guc(
        c"pgdatahub.pause_seconds",
        c"How long jobs and run_import pause, see pgdatahub.pause_every.",
        c"They hold no transaction and no lock meanwhile.",
        &PAUSE_SECONDS,
        0,
        86_400,
        Userset,
        GucFlags::UNIT_S,
    );
    // SAFETY: the hook is guarded.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            c"pgdatahub.pause_window",
            c"When jobs and run_import begin no file, for example Mon-Fri 08:00-18:00 Europe/Berlin.",
            c"Several are set apart by semicolons; without a time zone, TimeZone's clock counts.",
            &PAUSE_WINDOW,
            Userset,
            none,
            Some(check_pause_window),
            None,
            None,
        );
    }
    GucRegistry::define_int_guc(
        c"pgdatahub.chunk_size",
        c"How many rows of a sheet decide its first column types.",
        c"Later rows widen them; the result does not depend on this number.",
        &CHUNK_SIZE,
        1,
        1_048_576,
        Userset,
        none,
    );
    GucRegistry::define_string_guc(
        c"pgdatahub.config_file",
        c"YAML file that says which sheet of which folder goes where.",
        c"Empty: etl_config.yaml in the imported folder, if there is one.",
        &CONFIG_FILE,
        Userset,
        none,
    );
    GucRegistry::define_string_guc(
        c"pgdatahub.data_roots",
        c"Directories below which roles without pg_read_server_files may import, separated by commas.",
        c"Such a role needs EXECUTE on the import functions too.",
        &DATA_ROOTS,
        Sighup,
        GucFlags::SUPERUSER_ONLY,
    );
    GucRegistry::define_string_guc(
        c"pgdatahub.databases",
        c"Databases in which the launcher starts jobs, separated by commas.",
        c"Empty: all that have the extension. The launcher needs shared_preload_libraries = 'pgdatahub'.",
        &DATABASES,
        Sighup,
        none,
    );
    GucRegistry::define_int_guc(
        c"pgdatahub.launcher_naptime",
        c"How often the launcher looks for interrupted and queued jobs.",
        c"It connects to each database for a moment.",
        &LAUNCHER_NAPTIME,
        1,
        86_400,
        Sighup,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_string_guc(
        c"pgdatahub.reader",
        c"Path of the reader program.",
        c"Empty: pgdatahub-reader-<version> beside the postgres program.",
        &READER,
        Sighup,
        GucFlags::SUPERUSER_ONLY,
    );
    GucRegistry::define_bool_guc(
        c"pgdatahub.dry_run",
        c"Makes imports return what they would do, and do nothing.",
        c"The argument dry_run of a call has precedence.",
        &DRY_RUN,
        Userset,
        none,
    );
    // Not a limit that protects the server from the user: who may alter a table may rewrite it anyway.
    GucRegistry::define_int_guc(
        c"pgdatahub.max_rewrite",
        c"Largest table that an import rewrites to widen a column.",
        c"A larger one fails with 54000, and the ALTER TABLE is for you to run. 0 rewrites empty tables only, -1 rewrites any.",
        &MAX_REWRITE,
        -1,
        i32::MAX,
        Userset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_int_guc(
        c"pgdatahub.lock_timeout",
        c"How long an ALTER TABLE of an import waits for its lock before it lets others pass.",
        c"It is tried again pgdatahub.lock_retries times.",
        &LOCK_TIMEOUT,
        1,
        i32::MAX,
        Userset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"pgdatahub.lock_retries",
        c"How often an import tries again to lock a table that is in use.",
        c"See pgdatahub.lock_timeout.",
        &LOCK_RETRIES,
        0,
        1_000,
        Userset,
        none,
    );
    GucRegistry::define_int_guc(
        c"pgdatahub.max_file_size",
        c"Largest workbook that is opened.",
        c"A larger one fails with 54000.",
        &MAX_FILE_SIZE,
        1,
        i32::MAX,
        Suset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_int_guc(
        c"pgdatahub.max_cells",
        c"Most non-empty cells in one sheet.",
        c"A larger one fails with 54000.",
        &MAX_CELLS,
        1,
        i32::MAX,
        Suset,
        none,
    );
    GucRegistry::define_int_guc(
        c"pgdatahub.reader_memory",
        c"Address space that the reader process may use.",
        c"A workbook that needs more fails; the server does not.",
        &READER_MEMORY,
        64 << 10,
        i32::MAX,
        Suset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_int_guc(
        c"pgdatahub.reader_cpu",
        c"Processor time that the reader process may use for one file.",
        c"A workbook that needs more fails.",
        &READER_CPU,
        1,
        i32::MAX,
        Suset,
        GucFlags::UNIT_S,
    );
}
