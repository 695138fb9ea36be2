//! One error type for everything a user can meet, and its way in and out of PostgreSQL.
//!
//! pgrx reduces SQLSTATEs to the ones it knows and drops CONTEXT and constraint
//! names. Both matter here (a trigger's own SQLSTATE, PD001, the row that broke
//! a CHECK), so an error context callback copies them while the error passes.

use super::client_text::for_client;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::{CaughtError, ErrorReport, ErrorReportWithLevel};
use pgrx::prelude::*;
use std::cell::RefCell;
use std::ffi::CStr;

/// A failure with the parts a user sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Five characters.
    pub sqlstate: String,
    /// One sentence, PostgreSQL's message style.
    pub message: String,
    /// DETAIL
    pub detail: Option<String>,
    /// HINT
    pub hint: Option<String>,
    /// CONTEXT, where PostgreSQL raised it.
    pub context: Option<String>,
    /// The constraint that was violated.
    pub constraint: Option<String>,
    /// Raised against rows being stored: storing them again, batch by batch,
    /// finds out against which.
    pub while_storing: bool,
    /// A policy or view refused the row: SQLSTATE 42501 and 44000 alone do not tell.
    pub with_check: bool,
}

impl Failure {
    /// A failure with SQLSTATE and message.
    pub fn new(sqlstate: &str, message: impl Into<String>) -> Failure {
        Failure {
            sqlstate: sqlstate.into(),
            message: message.into(),
            detail: None,
            hint: None,
            context: None,
            constraint: None,
            while_storing: false,
            with_check: false,
        }
    }

    /// With a DETAIL.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Failure {
        self.detail = Some(detail.into());
        self
    }

    /// With a HINT.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// With one more line of DETAIL.
    #[must_use]
    pub fn also(mut self, line: impl AsRef<str>) -> Failure {
        self.detail = Some(match self.detail.take() {
            Some(detail) => format!("{detail}\n{}", line.as_ref()),
            None => line.as_ref().to_owned(),
        });
        self
    }

    /// Whether this must end the statement instead of one file: cancel and
    /// shutdown, resources, serialization, internal errors (reliability rule 6).
    pub fn ends_statement(&self) -> bool {
        let state = self.sqlstate.as_str();
        state == "57014"
            || state == "40001"
            || ["57P0", "53", "XX0"]
                .iter()
                .any(|class| state.starts_with(class))
    }

    /// Whether it may be about one row or value, so that other rows can be
    /// stored: data and constraint errors, and what triggers raise under
    /// SQLSTATEs of their own. Not about a row are missing rights and objects,
    /// locks, deadlocks, the transaction's and the server's state.
    pub fn concerns_row(&self) -> bool {
        const OTHERS: [&str; 20] = [
            "00", "01", "02", "08", "0A", "24", "25", "26", "28", "2B", "2D", "3D", "3F", "40",
            "42", "53", "55", "57", "58", "F0",
        ];
        let class = self.sqlstate.get(..2).unwrap_or("XX");
        // Rows that are not in COPY's format are the reader's doing.
        let malformed = matches!(self.sqlstate.as_str(), "22P03" | "22P04");
        self.with_check || !malformed && !OTHERS.contains(&class) && !matches!(class, "HV" | "XX")
    }

    /// Raises it as an ERROR, with its exact SQLSTATE.
    pub fn raise(self) -> ! {
        let packed = pack(&self.sqlstate);
        let code = PgSqlErrorCode::from(packed);
        if code as i32 != packed {
            force_sqlstate(packed);
        }
        let mut report = ErrorReport::new(code, for_client(self.message), "pgdatahub");
        if let Some(detail) = self.detail {
            report = report.set_detail(for_client(detail));
        }
        if let Some(hint) = self.hint {
            report = report.set_hint(for_client(hint));
        }
        report.report(PgLogLevel::ERROR);
        unreachable!("an ERROR does not return")
    }

    /// Emits it as a WARNING, so that the server log keeps it.
    pub fn warn(&self, message: String) {
        let mut report = ErrorReport::new(
            PgSqlErrorCode::from(pack(&self.sqlstate)),
            for_client(message),
            "pgdatahub",
        );
        if let Some(detail) = &self.detail {
            report = report.set_detail(for_client(detail.clone()));
        }
        if let Some(hint) = &self.hint {
            report = report.set_hint(for_client(hint.clone()));
        }
        report.report(PgLogLevel::WARNING);
    }
}

/// `Ok`'s value, or the failure raised as an ERROR.
pub fn or_raise<T>(result: Result<T, Failure>) -> T {
    result.unwrap_or_else(|failure| failure.raise())
}

impl From<CaughtError> for Failure {
    fn from(caught: CaughtError) -> Failure {
        let seen = SEEN.with_borrow_mut(Option::take);
        let report: &ErrorReportWithLevel = match &caught {
            CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => report,
            CaughtError::RustPanic { ereport, .. } => ereport,
        };
        let mut failure = Failure {
            sqlstate: unpack(report.sql_error_code() as i32),
            message: report.message().to_owned(),
            detail: report.detail().map(str::to_owned),
            hint: report.hint().map(str::to_owned),
            context: None,
            constraint: None,
            while_storing: false,
            with_check: false,
        };
        if let Some(seen) = seen.filter(|seen| seen.message == failure.message) {
            failure.sqlstate = seen.sqlstate;
            failure.context = seen.context;
            failure.constraint = seen.constraint;
            failure.with_check = seen.with_check;
        }
        failure
    }
}

impl From<pgrx::spi::SpiError> for Failure {
    fn from(error: pgrx::spi::SpiError) -> Failure {
        Failure::new("XX000", format!("SPI: {error}"))
    }
}

/// The function of execMain.c that raises what WITH CHECK of a policy or view refuses.
const WITH_CHECK: &str = "ExecWithCheckOptions";

/// What pgrx does not carry over from a PostgreSQL error.
struct Seen {
    sqlstate: String,
    message: String,
    context: Option<String>,
    constraint: Option<String>,
    with_check: bool,
}

thread_local! {
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// Runs `body` with the callback in place that copies what pgrx drops.
pub fn observed<T>(body: impl FnOnce() -> T) -> T {
    let mut callback = pg_sys::ErrorContextCallback {
        // SAFETY: reading a global of this backend's only thread.
        previous: unsafe { pg_sys::error_context_stack },
        callback: Some(observe),
        arg: std::ptr::null_mut(),
    };
    // The guard, not the end of this function, takes the callback off: an
    // unwinding panic must not leave a pointer into this frame.
    struct Pop(*mut pg_sys::ErrorContextCallback);
    impl Drop for Pop {
        fn drop(&mut self) {
            // SAFETY: restores the value found on entry, which outlives this frame.
            unsafe { pg_sys::error_context_stack = self.0 };
        }
    }
    let _pop = Pop(callback.previous);
    // SAFETY: `callback` lives until `_pop` has taken it off.
    unsafe { pg_sys::error_context_stack = &raw mut callback };
    body()
}

/// Called by errfinish for every report; copies what an ERROR says.
#[pg_guard]
unsafe extern "C-unwind" fn observe(_arg: *mut std::ffi::c_void) {
    // SAFETY: errfinish runs the callbacks in ErrorContext with an error on its
    // stack; CopyErrorData asks for another context, which the transaction's is.
    unsafe {
        if pg_sys::TopTransactionContext.is_null() {
            return;
        }
        let previous = pg_sys::MemoryContextSwitchTo(pg_sys::TopTransactionContext);
        let data = pg_sys::CopyErrorData();
        if (*data).elevel == PgLogLevel::ERROR as i32 {
            SEEN.set(Some(Seen {
                sqlstate: unpack((*data).sqlerrcode),
                message: owned((*data).message).unwrap_or_default(),
                context: owned((*data).context),
                constraint: owned((*data).constraint_name),
                with_check: owned((*data).funcname).as_deref() == Some(WITH_CHECK),
            }));
        }
        pg_sys::FreeErrorData(data);
        pg_sys::MemoryContextSwitchTo(previous);
    }
}

pub(super) fn owned(text: *const std::ffi::c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: ErrorData's strings are NULL or terminated.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}

/// The SQLSTATE that the next ERROR of this backend gets, whatever pgrx knows of it.
static mut FORCED: i32 = 0;
static mut FORCE: pg_sys::ErrorContextCallback = pg_sys::ErrorContextCallback {
    previous: std::ptr::null_mut(),
    callback: Some(apply_forced),
    arg: std::ptr::null_mut(),
};

/// Puts a callback with static life on the error context stack: the ERROR that
/// is about to be raised runs it, and whoever catches that ERROR takes it off.
fn force_sqlstate(packed: i32) {
    // SAFETY: this backend's only thread; FORCE is static, so the stack never
    // points into a frame that is gone.
    unsafe {
        FORCED = packed;
        if pg_sys::error_context_stack != &raw mut FORCE {
            FORCE.previous = pg_sys::error_context_stack;
            pg_sys::error_context_stack = &raw mut FORCE;
        }
    }
}

unsafe extern "C-unwind" fn apply_forced(_arg: *mut std::ffi::c_void) {
    unsafe extern "C-unwind" {
        fn errcode(sqlerrcode: std::ffi::c_int) -> std::ffi::c_int;
    }
    // SAFETY: called by errfinish, with an error under construction, which is
    // when errcode may be called; it only stores the number.
    unsafe {
        if FORCED != 0 {
            errcode(FORCED);
            FORCED = 0;
        }
    }
}

/// MAKE_SQLSTATE
fn pack(sqlstate: &str) -> i32 {
    sqlstate
        .bytes()
        .take(5)
        .enumerate()
        .fold(0, |packed, (at, byte)| {
            packed | (i32::from(byte.wrapping_sub(b'0')) & 0x3f) << (6 * at)
        })
}

/// unpack_sql_state
pub(super) fn unpack(packed: i32) -> String {
    (0..5)
        .map(|at| char::from(((packed >> (6 * at)) & 0x3f) as u8 + b'0'))
        .collect()
}

impl From<pgdatahub_core::report::Report> for Failure {
    fn from(report: pgdatahub_core::report::Report) -> Failure {
        Failure {
            detail: report.detail,
            hint: report.hint,
            ..Failure::new(report.sqlstate, report.message)
        }
    }
}
