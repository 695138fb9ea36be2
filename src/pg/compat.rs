//! What differs between the supported majors, in one place.

#[cfg(any(feature = "pg16", feature = "pg17", feature = "pg18"))]
use super::error;
use super::error::Failure;
use pgrx::pg_sys;
use std::ffi::c_int;

/// Builds the range table that COPY's engine works from, for inserting into
/// columns `attnums` of `relation`, and checks the calling role's right to it.
///
/// # Safety
/// `state` is a fresh ParseState, `relation` open with RowExclusiveLock.
pub unsafe fn prepare_insert(
    state: *mut pg_sys::ParseState,
    relation: pg_sys::Relation,
    attnums: &[i16],
) {
    // SAFETY: the caller's promise; the item made here belongs to `state`.
    unsafe {
        let item = pg_sys::addRangeTableEntryForRelation(
            state,
            relation,
            pg_sys::RowExclusiveLock as i32,
            std::ptr::null_mut(),
            false,
            false,
        );
        let mut columns: *mut pg_sys::Bitmapset = std::ptr::null_mut();
        for attnum in attnums {
            let bit = i32::from(*attnum) - pg_sys::FirstLowInvalidHeapAttributeNumber;
            columns = pg_sys::bms_add_member(columns, bit);
        }
        check_insert(state, item, columns);
    }
}

#[cfg(feature = "pg15")]
unsafe fn check_insert(
    state: *mut pg_sys::ParseState,
    item: *mut pg_sys::ParseNamespaceItem,
    columns: *mut pg_sys::Bitmapset,
) {
    // SAFETY: `item` was made by addRangeTableEntryForRelation for `state`.
    unsafe {
        let entry = (*item).p_rte;
        (*entry).requiredPerms = pg_sys::ACL_INSERT as pg_sys::AclMode;
        (*entry).insertedCols = columns;
        pg_sys::ExecCheckRTPerms((*state).p_rtable, true);
    }
}

#[cfg(any(feature = "pg16", feature = "pg17", feature = "pg18"))]
unsafe fn check_insert(
    state: *mut pg_sys::ParseState,
    item: *mut pg_sys::ParseNamespaceItem,
    columns: *mut pg_sys::Bitmapset,
) {
    // SAFETY: `item` was made by addRangeTableEntryForRelation for `state`.
    unsafe {
        let rights = (*item).p_perminfo;
        (*rights).requiredPerms = pg_sys::ACL_INSERT as pg_sys::AclMode;
        (*rights).insertedCols = columns;
        let mut list: *mut pg_sys::List = std::ptr::null_mut();
        list = pg_sys::lappend(list, rights.cast());
        pg_sys::ExecCheckPermissions((*state).p_rtable, list, true);
    }
}

/// The type and modifier that a type's name stands for, as SQL reads it. What
/// is none is raised.
pub fn parse_type(name: &std::ffi::CStr) -> (pg_sys::Oid, i32) {
    let (mut oid, mut typmod) = (pg_sys::InvalidOid, -1);
    // SAFETY: a terminated string and two places to fill; without an error
    // context (missing_ok false) a failure is raised.
    unsafe {
        #[cfg(feature = "pg15")]
        pg_sys::parseTypeString(name.as_ptr(), &raw mut oid, &raw mut typmod, false);
        #[cfg(not(feature = "pg15"))]
        pg_sys::parseTypeString(
            name.as_ptr(),
            &raw mut oid,
            &raw mut typmod,
            std::ptr::null_mut(),
        );
    }
    (oid, typmod)
}

/// Calls an input function for its verdict alone. What it has against the text
/// is returned where the type reports softly, which PostgreSQL 16 introduced,
/// and raised otherwise.
///
/// # Safety
/// Function, type parameter and typmod belong together; `text` is terminated.
#[cfg(feature = "pg15")]
pub unsafe fn check_input(
    function: *mut pg_sys::FmgrInfo,
    text: *mut std::ffi::c_char,
    io_param: pg_sys::Oid,
    typmod: i32,
) -> Option<Failure> {
    // SAFETY: the caller's promise.
    unsafe { pg_sys::InputFunctionCall(function, text, io_param, typmod) };
    None
}

/// See above.
///
/// # Safety
/// Function, type parameter and typmod belong together; `text` is terminated.
#[cfg(any(feature = "pg16", feature = "pg17", feature = "pg18"))]
pub unsafe fn check_input(
    function: *mut pg_sys::FmgrInfo,
    text: *mut std::ffi::c_char,
    io_param: pg_sys::Oid,
    typmod: i32,
) -> Option<Failure> {
    let mut context = pg_sys::ErrorSaveContext {
        type_: pg_sys::NodeTag::T_ErrorSaveContext,
        error_occurred: false,
        details_wanted: true,
        error_data: std::ptr::null_mut(),
    };
    let mut value = pg_sys::Datum::from(0);
    // SAFETY: the caller's promise; `context` is the node that a soft error is
    // left in, and its data is complete as details are wanted.
    unsafe {
        let taken = pg_sys::InputFunctionCallSafe(
            function,
            text,
            io_param,
            typmod,
            (&raw mut context).cast(),
            &raw mut value,
        );
        (!taken).then(|| soft(context.error_data))
    }
}

/// What an error says that was not raised: a soft error of an input function.
///
/// # Safety
/// `data` is a complete ErrorData.
#[cfg(any(feature = "pg16", feature = "pg17", feature = "pg18"))]
unsafe fn soft(data: *const pg_sys::ErrorData) -> Failure {
    // SAFETY: the caller's promise; its strings are NULL or terminated.
    let data = unsafe { &*data };
    Failure {
        detail: error::owned(data.detail),
        hint: error::owned(data.hint),
        constraint: error::owned(data.constraint_name),
        ..Failure::new(
            &error::unpack(data.sqlerrcode),
            error::owned(data.message).unwrap_or_default(),
        )
    }
}

/// Whether this session holds a lock in that mode.
///
/// # Safety
/// `tag` points to a complete tag.
pub unsafe fn is_lock_held(tag: *const pg_sys::LOCKTAG, mode: pg_sys::LOCKMODE) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        #[cfg(any(feature = "pg15", feature = "pg16"))]
        return pg_sys::LockHeldByMe(tag, mode);
        #[cfg(any(feature = "pg17", feature = "pg18"))]
        return pg_sys::LockHeldByMe(tag, mode, false);
    }
}

/// Sets what a signal does.
///
/// # Safety
/// `handler` must be async-signal-safe.
pub unsafe fn set_signal_handler(number: c_int, handler: unsafe extern "C-unwind" fn(c_int)) {
    // SAFETY: the caller's promise.
    unsafe {
        #[cfg(any(feature = "pg15", feature = "pg16", feature = "pg17"))]
        pg_sys::pqsignal(number, Some(handler));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(number, Some(handler));
    }
}
