//! Internal subtransactions: the only way to survive an error and go on.

use super::error::{Failure, observed};
use pgrx::PgMemoryContexts;
use pgrx::pg_sys;
use pgrx::pg_sys::PgTryBuilder;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

/// Runs `body` in a subtransaction: released on `Ok`, rolled back on `Err` and
/// on a PostgreSQL error, which becomes the `Err`.
///
/// # Errors
/// What `body` returned or raised; except what must end the statement
/// ([`Failure::ends_statement`]), which is raised again after the rollback.
pub fn run<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    match attempt(|| body().map(Ok::<T, Infallible>))? {
        Ok(value) => Ok(value),
    }
}

/// As [`run`], for a `body` that may also ask, by its inner `Err`, for the rollback
/// of what it did though nothing failed.
///
/// # Errors
/// As [`run`].
pub fn attempt<T, U>(
    body: impl FnOnce() -> Result<Result<T, U>, Failure>,
) -> Result<Result<T, U>, Failure> {
    // SAFETY: the pattern of PL/pgSQL's exception blocks: context and resource
    // owner are those of before, whichever way the subtransaction ends.
    let (context, owner) = unsafe { (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner) };
    unsafe {
        // SAFETY: called inside a transaction, as all SQL functions are.
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
    }
    // What the file allocates goes with it.
    let mut memory = PgMemoryContexts::new("pgdatahub file");
    let caught = observed(|| {
        PgTryBuilder::new(AssertUnwindSafe(|| {
            // SAFETY: nothing allocated in there is kept: `T` owns its memory.
            Ok(unsafe { memory.switch_to(|_| body()) })
        }))
        .catch_others(Err)
        .catch_rust_panic(Err)
        .execute()
    });
    let (result, ends_statement) = match caught {
        Ok(result) => {
            let ends = result.as_ref().is_err_and(Failure::ends_statement);
            (result, ends)
        }
        Err(error) => {
            let failure = Failure::from(error);
            let ends = failure.ends_statement();
            (Err(failure), ends)
        }
    };
    // SAFETY: the subtransaction begun above is the current one: `body` ends the
    // ones it begins, and a caught error leaves theirs to this rollback.
    unsafe {
        if matches!(result, Ok(Ok(_))) {
            pg_sys::ReleaseCurrentSubTransaction();
        } else {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
    }
    match result {
        Err(mut failure) if ends_statement => {
            if failure.sqlstate == "40001" && failure.hint.is_none() {
                failure = failure.hint("Another transaction imported meanwhile. Run imports at isolation level READ COMMITTED, or try again.");
            }
            failure.raise()
        }
        other => other,
    }
}
