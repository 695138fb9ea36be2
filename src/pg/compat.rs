//! What differs between the supported majors, in one place.

use pgrx::pg_sys;

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
