//! Settings that types' input functions depend on, fixed while values go through them.

use super::error::Failure;
use super::identity::with_setting;

/// Runs `body` with every setting fixed that types' input depends on, but the
/// time zone: users' defaults and triggers see that one, and a value that needs
/// a zone brings it along.
///
/// # Errors
/// Those of `body`.
pub fn independent<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    with_setting(c"DateStyle", "ISO, YMD", || {
        with_setting(c"IntervalStyle", "postgres", || {
            with_setting(c"extra_float_digits", "1", || {
                with_setting(c"array_nulls", "on", || {
                    with_setting(c"bytea_output", "hex", || {
                        with_setting(c"xmloption", "content", body)
                    })
                })
            })
        })
    })
}
