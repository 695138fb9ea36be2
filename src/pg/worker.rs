//! A background worker's frame: signals, connection, transactions that survive an error.

use super::compat;
use super::error::{Failure, observed};
use pgrx::pg_sys::PgTryBuilder;
use pgrx::{pg_guard, pg_sys};
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int};
use std::panic::AssertUnwindSafe;

thread_local! {
    /// What a job's worker does, given by the engine: this layer does not know it.
    static JOB: Cell<fn(i64)> = const { Cell::new(|_| {}) };
    /// What looks at a watched folder, given likewise.
    static WATCH: Cell<fn(i64)> = const { Cell::new(|_| {}) };
}

/// Says what a job's worker does; called when the library is loaded.
pub fn set_job(body: fn(i64)) {
    JOB.set(body);
}

/// Says what looks at a watched folder; called when the library is loaded.
pub fn set_watch(body: fn(i64)) {
    WATCH.set(body);
}

/// Entry point of a job's workers.
///
/// # Safety
/// Called by PostgreSQL in a background worker that `launch` has prepared.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn pgdatahub_job_worker(database: pg_sys::Datum) {
    connected(database, JOB.get());
}

/// Entry point of a look at a watched folder.
///
/// # Safety
/// Called by PostgreSQL in a background worker that `launch` has prepared.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn pgdatahub_watch_worker(database: pg_sys::Datum) {
    connected(database, WATCH.get());
}

/// Connects as the role that `launch` has named, and does what is to be done for the number beside it.
fn connected(database: pg_sys::Datum, body: fn(i64)) {
    // SAFETY: the worker's own entry, with the text that `launch` put there, terminated.
    let extra = unsafe { CStr::from_ptr((&raw const (*pg_sys::MyBgworkerEntry).bgw_extra).cast()) };
    let mut numbers = extra.to_str().unwrap_or_default().split(' ');
    let id: i64 = numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let role: u32 = numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    if id == 0 || role == 0 {
        return;
    }
    // A role that is gone or may no longer log in ends the process here, with a FATAL in the log.
    connect(
        pg_sys::Oid::from(database.value() as u32),
        pg_sys::Oid::from(role),
    );
    body(id);
}

/// Signals as a backend has them, SIGINT being core's own already; then they may come.
pub fn signal_handlers() {
    // SAFETY: the handlers are core's; signals are still blocked. `die` sets InterruptPending,
    // which pgrx's own handler does not.
    unsafe {
        compat::set_signal_handler(libc::SIGTERM, die);
        compat::set_signal_handler(libc::SIGHUP, SignalHandlerForConfigReload);
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// Signals, then the connection.
pub fn connect(database: pg_sys::Oid, role: pg_sys::Oid) {
    signal_handlers();
    // SAFETY: the first connection of this worker.
    unsafe { pg_sys::BackgroundWorkerInitializeConnectionByOid(database, role, 0) };
}

/// Runs `body` in a transaction of its own; rolled back on `Err` and on a PostgreSQL error,
/// which becomes the `Err`. A rollback also ends session locks.
///
/// # Errors
/// What `body` returned or raised, or what the commit raised.
pub fn transaction<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // SAFETY: no transaction is open: this is the top of a worker.
    unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        // Whatever the role's default is: what is committed while a lock is waited for must be seen.
        pg_sys::XactIsoLevel = pg_sys::XACT_READ_COMMITTED as i32;
    }
    let result = guarded(|| {
        // SAFETY: inside the transaction begun above; the commit is guarded too, as a deferred
        // constraint may fail there.
        unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
        let value = body()?;
        unsafe {
            // SAFETY: the snapshot pushed above is the top one again.
            pg_sys::PopActiveSnapshot();
            pg_sys::CommitTransactionCommand();
        }
        Ok(value)
    });
    if result.is_err() {
        // SAFETY: at the top of a worker, after the error was caught and flushed.
        unsafe { pg_sys::AbortCurrentTransaction() };
    }
    // SAFETY: between transactions, where a backend does the same; what tables' statistics
    // count is what autovacuum goes by.
    unsafe { pg_sys::pgstat_report_stat(false) };
    result
}

/// Runs `body`, with an error as its `Err`. A cancel that came is spent by that.
///
/// # Errors
/// What `body` returned or raised.
pub fn guarded<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let caught = observed(|| {
        PgTryBuilder::new(AssertUnwindSafe(|| Ok(body())))
            .catch_others(Err)
            .catch_rust_panic(Err)
            .execute()
    });
    match caught {
        Ok(result) => result,
        Err(error) => {
            disarm_timeout();
            // SAFETY: as PostgresMain does after an error.
            unsafe { pg_sys::QueryCancelPending = 0 };
            Err(Failure::from(error))
        }
    }
}

// The handlers themselves, not pgrx's wrappers of them.
unsafe extern "C-unwind" {
    fn die(number: c_int);
    fn SignalHandlerForConfigReload(number: c_int);
}

unsafe extern "C-unwind" {
    fn enable_timeout_after(id: c_int, milliseconds: c_int);
    fn disable_timeout(id: c_int, keep_indicator: bool);
}

/// TimeoutId's STATEMENT_TIMEOUT, the same in all supported majors.
const STATEMENT_TIMEOUT: c_int = 3;

/// Arms statement_timeout, which in a backend only the message loop does.
pub fn arm_timeout() {
    // SAFETY: the timeout is registered when a worker connects.
    unsafe {
        if pg_sys::StatementTimeout > 0 {
            enable_timeout_after(STATEMENT_TIMEOUT, pg_sys::StatementTimeout);
        }
    }
}

/// Disarms it.
pub fn disarm_timeout() {
    // SAFETY: as above; nothing happens if it is not armed.
    unsafe { disable_timeout(STATEMENT_TIMEOUT, false) };
}

/// Reads the configuration files again if a reload was asked for. Between transactions, or
/// at the start of one: a setting must not change in the middle of a file.
pub fn reload_settings() {
    // SAFETY: a flag that a signal handler sets, and what a backend does about it.
    unsafe {
        if pg_sys::ConfigReloadPending != 0 {
            pg_sys::ConfigReloadPending = 0;
            pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
        }
    }
}

/// What pg_stat_activity says this worker does.
pub fn report_activity(doing: Option<&str>) {
    let text = doing.and_then(|doing| CString::new(doing).ok());
    // SAFETY: the text is copied.
    unsafe {
        match &text {
            Some(text) => {
                pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, text.as_ptr())
            }
            None => pg_sys::pgstat_report_activity(
                pg_sys::BackendState::STATE_IDLE,
                std::ptr::null::<c_char>(),
            ),
        }
    }
}
