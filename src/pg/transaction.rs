//! The state of the transaction and server an import runs in.

use super::error::Failure;
use pgrx::pg_sys;
use std::cell::Cell;

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this server is a standby.
pub fn on_standby() -> bool {
    // SAFETY: reads this process's and the server's state, at any time.
    unsafe { pg_sys::RecoveryInProgress() }
}

/// What cannot be done on a standby (25006).
pub fn standby() -> Failure {
    Failure::new("25006", "cannot import on a standby server")
        .hint("Run the import on the primary; the standby receives its rows.")
}

/// Marks this backend as importing, until dropped.
pub struct OneRun(());

impl OneRun {
    /// # Errors
    /// 55000 inside another run of this backend (a trigger that imports), 25006
    /// on a standby or in a read-only transaction.
    pub fn begin() -> Result<OneRun, Failure> {
        if on_standby() {
            return Err(standby());
        }
        // SAFETY: a variable of this process, which may be read at any time.
        if unsafe { pg_sys::XactReadOnly } {
            return Err(Failure::new(
                "25006",
                "cannot import in a read-only transaction",
            ));
        }
        OneRun::reading()
    }

    /// For what only reads, which a standby can do too.
    ///
    /// # Errors
    /// 55000 inside another run of this backend.
    pub fn reading() -> Result<OneRun, Failure> {
        if RUNNING.get() {
            return Err(Failure::new("55000", "an import of this session is already running")
                .detail("Imports do not nest: a trigger or function that the import runs called another.")
                .hint("Let the trigger record what to import, and import it in a statement of its own."));
        }
        RUNNING.set(true);
        Ok(OneRun(()))
    }
}

impl Drop for OneRun {
    fn drop(&mut self) {
        RUNNING.set(false);
    }
}

/// Raises a pending cancel or shutdown.
pub fn check_for_interrupts() {
    pgrx::check_for_interrupts!();
}

/// Waits without holding anything back from a cancel or shutdown.
pub fn nap(time: std::time::Duration) {
    let until = std::time::Instant::now() + time;
    loop {
        check_for_interrupts();
        let left = until.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return;
        }
        // SAFETY: this backend's own latch; the wait ends with the postmaster.
        unsafe {
            pg_sys::WaitLatch(
                pg_sys::MyLatch,
                (pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH) as i32,
                left.as_millis().min(1_000) as i64,
                pg_sys::PG_WAIT_EXTENSION,
            );
            pg_sys::ResetLatch(pg_sys::MyLatch);
        }
    }
}

/// As [`nap`], in seconds.
pub fn sleep(seconds: i32) {
    nap(std::time::Duration::from_secs(seconds.max(0) as u64));
}

/// Runs `body` as a session that waits for nothing but time: the transaction that a
/// procedure is always in holds neither lock nor snapshot, and is not shown as a long one.
pub fn resting(body: impl FnOnce()) {
    // SAFETY: only what pg_stat_activity shows of this backend.
    let began = unsafe {
        pg_sys::pgstat_report_xact_timestamp(0);
        pg_sys::GetCurrentTransactionStartTimestamp()
    };
    body();
    // SAFETY: as above.
    unsafe { pg_sys::pgstat_report_xact_timestamp(began) };
}

/// Commits and begins anew, inside a procedure that CALL runs outside of a transaction block.
pub fn commit_and_chain() {
    // SAFETY: the caller is connected to SPI non-atomically (see `Procedure`).
    unsafe { pg_sys::SPI_commit() };
}

/// An SPI connection that may commit, for a procedure.
pub struct Procedure(());

impl Procedure {
    /// `refusal`: what is said, and what helps, where it cannot commit.
    ///
    /// # Errors
    /// 2D000 when CALL runs inside a transaction block or a function.
    pub fn connect(
        fcinfo: pg_sys::FunctionCallInfo,
        refusal: (&str, &str),
    ) -> Result<Procedure, Failure> {
        // SAFETY: CALL puts a CallContext there; any other node, or none, is a function call.
        let atomic = unsafe {
            let node = (*fcinfo).context;
            node.is_null()
                || (*node).type_ != pg_sys::NodeTag::T_CallContext
                || (*node.cast::<pg_sys::CallContext>()).atomic
        };
        if atomic {
            return Err(Failure::new("2D000", refusal.0).hint(refusal.1));
        }
        // SAFETY: a plain call; finished by `finish`, or by the abort after an error.
        unsafe { pg_sys::SPI_connect_ext(pg_sys::SPI_OPT_NONATOMIC as i32) };
        Ok(Procedure(()))
    }

    /// Ends the connection.
    pub fn finish(self) {
        // SAFETY: matches SPI_connect_ext above.
        unsafe { pg_sys::SPI_finish() };
    }
}

/// Whether this transaction may write.
pub fn writable() -> bool {
    // SAFETY: both may be read at any time.
    unsafe { !pg_sys::RecoveryInProgress() && !pg_sys::XactReadOnly }
}

/// # Errors
/// 55000 at an isolation level whose snapshot may be older than the lock just
/// taken: rows committed in between would be dropped unseen.
pub fn require_read_committed(what: &str) -> Result<(), Failure> {
    // SAFETY: a plain global of this backend.
    if unsafe { pg_sys::XactIsoLevel } <= pg_sys::XACT_READ_COMMITTED as i32 {
        return Ok(());
    }
    Err(Failure::new(
        "55000",
        format!("{what} cannot run at isolation level REPEATABLE READ or SERIALIZABLE"),
    )
    .hint("Run it at READ COMMITTED: BEGIN ISOLATION LEVEL READ COMMITTED; …"))
}
