//! The launcher: with shared_preload_libraries = 'pgdatahub' it takes up jobs
//! that were interrupted, and queued ones once there is a slot for a worker.
//!
//! It is connected to no database. For each it starts a scout, a worker that
//! connects, looks, starts the jobs' workers and is gone: nothing keeps a
//! database from being dropped, or from being a template.

use super::error::Failure;
use super::guc;
use super::launch;
use super::transaction::nap;
use super::worker::{connect, guarded, reload_settings, signal_handlers};
use pgrx::{pg_guard, pg_sys};
use std::cell::Cell;
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Set in the postmaster, and inherited by its children.
static REGISTERED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// What a scout does, given by the engine: this layer does not know it.
    static SCOUT: Cell<fn()> = const { Cell::new(|| {}) };
}

/// Says what a scout does; called when the library is loaded.
pub fn set_scout(body: fn()) {
    SCOUT.set(body);
}

/// Registers the launcher, if this is the postmaster loading shared_preload_libraries.
pub fn register() {
    // SAFETY: flags of this process; the worker is complete and copied. Not in pg_upgrade,
    // where nothing may write.
    unsafe {
        if !pg_sys::process_shared_preload_libraries_in_progress || pg_sys::IsBinaryUpgrade {
            return;
        }
        let mut worker = launch::worker(
            "pgdatahub launcher",
            c"pgdatahub launcher",
            c"pgdatahub_launcher",
            pg_sys::InvalidOid,
            "",
        );
        worker.bgw_restart_time = 10;
        pg_sys::RegisterBackgroundWorker(&raw mut worker);
        REGISTERED.store(true, Ordering::Relaxed);
    }
}

/// Entry point of the launcher. RecoveryFinished: on a standby it begins with the promotion.
///
/// # Safety
/// Called by PostgreSQL in the background worker registered above.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn pgdatahub_launcher(_arg: pg_sys::Datum) {
    signal_handlers();
    // SAFETY: no database: the shared catalogs only.
    unsafe {
        pg_sys::BackgroundWorkerInitializeConnection(std::ptr::null(), std::ptr::null(), 0);
    }
    loop {
        let round = guarded(|| {
            reload_settings();
            for database in databases() {
                scout(database);
            }
            nap(Duration::from_secs(
                guc::LAUNCHER_NAPTIME.get().unsigned_abs().into(),
            ));
            Ok(())
        });
        if let Err(failure) = round {
            failure.warn(format!("pgdatahub launcher: {}", failure.message));
            // Lest an error that lasts fill the log.
            let _ = guarded(|| {
                nap(Duration::from_secs(10));
                Ok(())
            });
        }
    }
}

/// Starts a scout and waits for its end: one at a time, so that they take one slot.
fn scout(database: pg_sys::Oid) {
    let mut worker = launch::worker(
        "pgdatahub scout",
        c"pgdatahub scout",
        c"pgdatahub_scout",
        database,
        "",
    );
    // SAFETY: told of the scout's end by its registration; the wait is interruptible.
    unsafe {
        worker.bgw_notify_pid = pg_sys::MyProcPid;
        let mut handle = std::ptr::null_mut();
        if pg_sys::RegisterDynamicBackgroundWorker(&raw mut worker, &raw mut handle) {
            pg_sys::WaitForBackgroundWorkerShutdown(handle);
            pg_sys::pfree(handle.cast());
        }
    }
}

/// Entry point of a scout: as the bootstrap superuser, on the extension's own tables only.
///
/// # Safety
/// Called by PostgreSQL in a background worker that the launcher has registered.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn pgdatahub_scout(database: pg_sys::Datum) {
    connect(
        pg_sys::Oid::from(database.value() as u32),
        pg_sys::InvalidOid,
    );
    SCOUT.get()();
}

/// Whether this server has a launcher: it was started with the library preloaded.
pub fn is_registered() -> bool {
    REGISTERED.load(Ordering::Relaxed)
}

/// Whether the launcher looks into this database.
pub fn looks_here() -> bool {
    let named = guc::text(&guc::DATABASES).unwrap_or_default();
    // SAFETY: in a transaction; the name is palloc'd.
    let name = unsafe { CStr::from_ptr(pg_sys::get_database_name(pg_sys::MyDatabaseId)) };
    let name = name.to_string_lossy();
    named.is_empty() || named.split(',').any(|one| one.trim() == name)
}

/// The databases to look into: those named, else all that can be connected to and are no templates.
fn databases() -> Vec<pg_sys::Oid> {
    let named = guc::text(&guc::DATABASES).unwrap_or_default();
    let named: Vec<&str> = named
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let mut found = Vec::new();
    // SAFETY: as autovacuum's launcher reads pg_database: a transaction, a snapshot, a scan. An
    // error leaves the transaction to `guarded`'s caller, see below.
    unsafe {
        pg_sys::StartTransactionCommand();
        let scanned = guarded(|| {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            scan(&named, &mut found);
            pg_sys::PopActiveSnapshot();
            pg_sys::CommitTransactionCommand();
            Ok(())
        });
        if let Err(failure) = scanned {
            pg_sys::AbortCurrentTransaction();
            failure.warn(format!("pgdatahub launcher: {}", failure.message));
        }
    }
    found
}

/// # Safety
/// In a transaction with a snapshot.
unsafe fn scan(named: &[&str], found: &mut Vec<pg_sys::Oid>) {
    // SAFETY: the caller's promise; each row is read before the next is fetched.
    unsafe {
        let relation = pg_sys::table_open(
            pg_sys::DatabaseRelationId,
            pg_sys::AccessShareLock as pg_sys::LOCKMODE,
        );
        let scan = pg_sys::table_beginscan_catalog(relation, 0, std::ptr::null_mut());
        loop {
            let tuple = pg_sys::heap_getnext(scan, pg_sys::ScanDirection::ForwardScanDirection);
            if tuple.is_null() {
                break;
            }
            let row: *const pg_sys::FormData_pg_database = pg_sys::GETSTRUCT(tuple).cast();
            let name = CStr::from_ptr((*row).datname.data.as_ptr()).to_string_lossy();
            // A limit of -2 marks a database whose DROP was broken off.
            let usable = (*row).datallowconn && (*row).datconnlimit != -2;
            let wanted = if named.is_empty() {
                !(*row).datistemplate
            } else {
                named.contains(&name.as_ref())
            };
            if usable && wanted {
                found.push((*row).oid);
            }
        }
        pg_sys::table_endscan(scan);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
    }
}

/// What a scout says of what it could not do.
pub fn warn(failure: &Failure) {
    failure.warn(format!("pgdatahub scout: {}", failure.message));
}
