//! Starting a job's workers, and interrupting them, at the commit that makes
//! the job's new state visible: a worker cannot see an uncommitted one.
//!
//! All is prepared beforehand; the callback registers and signals, and neither
//! raises nor allocates. What cannot be started leaves the job queued.

use super::error::Failure;
use pgrx::{pg_guard, pg_sys};
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char, c_int};

/// A worker to be registered.
struct Launch {
    run_id: i64,
    count: u32,
    worker: pg_sys::BackgroundWorker,
    warning: CString,
}

/// A process to be interrupted, if it is still that worker.
struct Interrupt {
    pid: i32,
    database: pg_sys::Oid,
}

thread_local! {
    static LAUNCHES: RefCell<Vec<Launch>> = const { RefCell::new(Vec::new()) };
    static INTERRUPTS: RefCell<Vec<Interrupt>> = const { RefCell::new(Vec::new()) };
    static HOOKED: Cell<bool> = const { Cell::new(false) };
}

/// Starts `count` workers of a job once this transaction has committed.
pub fn at_commit(run_id: i64, count: u32, role: pg_sys::Oid) {
    hook();
    let warning = format!(
        "no background worker slot was free for run {run_id}, which stays queued; raise max_worker_processes, or SELECT pgdatahub.resume_import({run_id}) later"
    );
    let launch = Launch {
        run_id,
        count,
        worker: job_worker(run_id, role),
        warning: CString::new(warning).unwrap_or_default(),
    };
    LAUNCHES.with_borrow_mut(|launches| {
        launches.retain(|known| known.run_id != run_id);
        launches.push(launch);
    });
}

/// Whether workers of this job are to be started by this transaction.
pub fn is_prepared(run_id: i64) -> bool {
    LAUNCHES.with_borrow(|launches| launches.iter().any(|launch| launch.run_id == run_id))
}

/// The latest job whose workers are to be started by this transaction.
pub fn latest_prepared() -> Option<i64> {
    LAUNCHES.with_borrow(|launches| launches.iter().map(|launch| launch.run_id).max())
}

/// Starts a worker of a committed job now; whether there was a slot for it.
pub fn now(run_id: i64, role: pg_sys::Oid) -> bool {
    register(&job_worker(run_id, role))
}

/// Starts a look at a watched folder as its role; whether there was a slot for it.
pub fn watch_now(watch_id: i64, role: pg_sys::Oid) -> bool {
    // SAFETY: set once, when the session connected.
    let database = unsafe { pg_sys::MyDatabaseId };
    register(&worker(
        &format!("pgdatahub watch {watch_id}"),
        c"pgdatahub watch",
        c"pgdatahub_watch_worker",
        database,
        &format!("{watch_id} {}", role.to_u32()),
    ))
}

/// Interrupts what these processes do once this transaction has committed.
pub fn interrupt_at_commit(pids: &[i32]) {
    hook();
    // SAFETY: set once, when the session connected.
    let database = unsafe { pg_sys::MyDatabaseId };
    INTERRUPTS.with_borrow_mut(|interrupts| {
        interrupts.extend(pids.iter().map(|pid| Interrupt {
            pid: *pid,
            database,
        }));
    });
}

fn hook() {
    if HOOKED.replace(true) {
        return;
    }
    // SAFETY: the callback lives as long as the library.
    unsafe { pg_sys::RegisterXactCallback(Some(at_xact), std::ptr::null_mut()) };
}

#[pg_guard]
unsafe extern "C-unwind" fn at_xact(event: pg_sys::XactEvent::Type, _arg: *mut std::ffi::c_void) {
    use pg_sys::XactEvent::{XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PRE_PREPARE};
    match event {
        XACT_EVENT_COMMIT => {
            take(&LAUNCHES).iter().for_each(Launch::run);
            take(&INTERRUPTS).iter().for_each(Interrupt::run);
        }
        XACT_EVENT_ABORT => {
            take(&LAUNCHES);
            take(&INTERRUPTS);
        }
        // Still before the commit: an error is allowed here.
        XACT_EVENT_PRE_PREPARE
            if LAUNCHES.with_borrow(|l| !l.is_empty())
                || INTERRUPTS.with_borrow(|i| !i.is_empty()) =>
        {
            Failure::new(
                "0A000",
                "cannot PREPARE a transaction that has started or controlled a job",
            )
            .hint("Commit it, or call pgdatahub.start_import in a transaction of its own.")
            .raise()
        }
        _ => {}
    }
}

fn take<T>(list: &'static std::thread::LocalKey<RefCell<Vec<T>>>) -> Vec<T> {
    // try_*: called at commit, where a panic would be a PANIC.
    list.try_with(|list| list.try_borrow_mut().map(|mut l| std::mem::take(&mut *l)))
        .ok()
        .and_then(Result::ok)
        .unwrap_or_default()
}

impl Launch {
    fn run(&self) {
        let started = (0..self.count)
            .take_while(|_| register(&self.worker))
            .count();
        if started == 0 {
            warn(&self.warning);
        }
    }
}

impl Interrupt {
    fn run(&self) {
        // SAFETY: looks the process up under its lock; a slot is never unmapped. SIGINT only
        // cancels what the worker does, and a worker looks at its job's state then.
        unsafe {
            let process = pg_sys::BackendPidGetProc(self.pid);
            if !process.is_null() && (*process).databaseId == self.database {
                libc::kill(self.pid, libc::SIGINT);
            }
        }
    }
}

/// Takes a slot; false where none is free. Given no handle, it allocates nothing.
fn register(worker: &pg_sys::BackgroundWorker) -> bool {
    let mut worker = *worker;
    // SAFETY: a complete worker, copied by the callee.
    unsafe { pg_sys::RegisterDynamicBackgroundWorker(&raw mut worker, std::ptr::null_mut()) }
}

fn job_worker(run_id: i64, role: pg_sys::Oid) -> pg_sys::BackgroundWorker {
    // SAFETY: set once, when the session connected.
    let database = unsafe { pg_sys::MyDatabaseId };
    worker(
        &format!("pgdatahub job {run_id}"),
        c"pgdatahub job",
        c"pgdatahub_job_worker",
        database,
        &format!("{run_id} {}", role.to_u32()),
    )
}

/// A worker of this library that connects to a database and is never restarted.
pub fn worker(
    name: &str,
    kind: &std::ffi::CStr,
    function: &std::ffi::CStr,
    database: pg_sys::Oid,
    extra: &str,
) -> pg_sys::BackgroundWorker {
    let mut worker = pg_sys::BackgroundWorker {
        bgw_flags: (pg_sys::BGWORKER_SHMEM_ACCESS | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION)
            as c_int,
        bgw_start_time: pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished,
        bgw_restart_time: pg_sys::BGW_NEVER_RESTART,
        bgw_main_arg: pg_sys::Datum::from(database.to_u32()),
        bgw_notify_pid: 0,
        ..pg_sys::BackgroundWorker::default()
    };
    put(&mut worker.bgw_name, name.as_bytes());
    put(&mut worker.bgw_type, kind.to_bytes());
    put(&mut worker.bgw_library_name, b"$libdir/pgdatahub");
    put(&mut worker.bgw_function_name, function.to_bytes());
    put(&mut worker.bgw_extra, extra.as_bytes());
    worker
}

fn put(field: &mut [c_char], text: &[u8]) {
    let room = field.len() - 1;
    for (to, from) in field[..room].iter_mut().zip(text) {
        *to = *from as c_char;
    }
}

/// A WARNING without an allocation of ours: core itself warns while it commits.
fn warn(message: &std::ffi::CStr) {
    unsafe extern "C-unwind" {
        fn errstart(elevel: c_int, domain: *const c_char) -> bool;
        fn errmsg_internal(format: *const c_char, ...) -> c_int;
        fn errfinish(file: *const c_char, line: c_int, function: *const c_char);
    }
    // SAFETY: ereport's sequence; a WARNING returns, and its text goes to ErrorContext's reserve.
    unsafe {
        if errstart(pgrx::PgLogLevel::WARNING as c_int, std::ptr::null()) {
            errmsg_internal(c"%s".as_ptr(), message.as_ptr());
            errfinish(c"launch".as_ptr(), 0, c"at_commit".as_ptr());
        }
    }
}
