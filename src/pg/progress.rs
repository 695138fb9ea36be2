//! What other sessions see of an import while it runs: the parameters of
//! PostgreSQL's own progress entry for COPY, and the application_name.
//!
//! COPY uses the first of an entry's twenty parameters, and begins and ends the
//! entry; ours are the last ten, written anew each time. They are visible at
//! once, though nothing of the import's transaction is.

use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{CString, c_int};

/// What a run shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown {
    pub run_id: i64,
    pub files: i64,
    pub files_done: i64,
    pub bytes: i64,
    pub bytes_done: i64,
    /// Rows of the files that are done.
    pub rows_done: i64,
    /// Rows of the current file so far.
    pub rows: i64,
    pub kind: Kind,
    /// Seconds since 1970.
    pub began: i64,
}

/// Who imports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    ImportFile = 1,
    ImportFolder = 2,
    RunImport = 3,
    Job = 4,
}

/// Tells our entries from those of other COPYs; view progress knows it.
const MARK: i64 = 7_035_204_718;
/// The first of the parameters, counted from 0.
const FIRST: c_int = 10;

thread_local! {
    static SHOWN: Cell<Option<Shown>> = const { Cell::new(None) };
}

/// Shows a run until this is dropped.
pub struct Showing(());

/// Begins to show a run.
pub fn show(shown: Shown) -> Showing {
    SHOWN.set(Some(shown));
    publish();
    Showing(())
}

impl Drop for Showing {
    fn drop(&mut self) {
        SHOWN.set(None);
        // SAFETY: only what pg_stat_activity shows of this backend; raises nothing.
        unsafe {
            if is_copy() {
                pg_sys::pgstat_progress_end_command();
            }
            if pg_sys::MyBgworkerEntry.is_null() && !pg_sys::application_name.is_null() {
                pg_sys::pgstat_report_appname(pg_sys::application_name);
            }
        }
    }
}

/// Changes what is shown.
pub fn update(change: impl FnOnce(&mut Shown)) {
    if let Some(mut shown) = SHOWN.get() {
        change(&mut shown);
        SHOWN.set(Some(shown));
        publish();
    }
}

/// Rows of the current file went to the table.
pub fn rows(count: u64) {
    update(|shown| shown.rows += count as i64);
}

/// What pg_stat_activity gives as this session's application_name.
pub fn name(text: &str) {
    if let (true, Ok(text)) = (SHOWN.get().is_some(), CString::new(text)) {
        // SAFETY: clipped and copied.
        unsafe { pg_sys::pgstat_report_appname(text.as_ptr()) };
    }
}

/// Whether this backend's progress entry is a COPY's.
fn is_copy() -> bool {
    // SAFETY: this backend's own entry, once it has one.
    unsafe {
        !pg_sys::MyBEEntry.is_null()
            && (*pg_sys::MyBEEntry).st_progress_command
                == pg_sys::ProgressCommandType::PROGRESS_COMMAND_COPY
    }
}

fn publish() {
    let Some(shown) = SHOWN.get() else { return };
    let values = [
        shown.run_id,
        shown.files,
        shown.files_done,
        shown.bytes,
        shown.bytes_done,
        shown.rows_done,
        shown.rows,
        shown.kind as i64,
        shown.began,
        MARK,
    ];
    let places: [c_int; 10] = std::array::from_fn(|nth| FIRST + nth as c_int);
    // SAFETY: ten places below the entry's twenty, with a value each.
    unsafe {
        if !is_copy() {
            pg_sys::pgstat_progress_start_command(
                pg_sys::ProgressCommandType::PROGRESS_COMMAND_COPY,
                pg_sys::InvalidOid,
            );
        }
        pg_sys::pgstat_progress_update_multi_param(
            values.len() as c_int,
            places.as_ptr(),
            values.as_ptr(),
        );
    }
}
