//! Arguments of functions that take their call's frame.

use pgrx::{FromDatum, pg_getarg, pg_getarg_type, pg_sys};

/// Argument `n` (from 0), NULL as none.
pub fn argument<T: FromDatum>(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> Option<T> {
    // SAFETY: the SQL declaration gives argument `n` the type `T`.
    unsafe { pg_getarg::<T>(fcinfo, n) }
}

/// Argument `n`, declared "any", in its type's text form: a number and a word
/// may stand there alike.
pub fn any_text(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> Option<String> {
    // SAFETY: the argument is there; a value goes through the output function of
    // the type that the caller's expression has (an untyped literal is a C string,
    // which is what unknownout takes).
    unsafe {
        let datum = pgrx::pg_getarg_datum(fcinfo, n)?;
        let mut function = pg_sys::InvalidOid;
        let mut varlena = false;
        pg_sys::getTypeOutputInfo(
            pg_getarg_type(fcinfo, n),
            &raw mut function,
            &raw mut varlena,
        );
        let text = pg_sys::OidOutputFunctionCall(function, datum);
        Some(
            std::ffi::CStr::from_ptr(text)
                .to_string_lossy()
                .into_owned(),
        )
    }
}
