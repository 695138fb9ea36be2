//! Jobs as the tables know them: etl_jobs, etl_job_states and etl_job_files beside the run's row of etl_runs, written as
//! the extension's owner.
//!
//! One is submitted ([`submit`]) with all its files, has a state ([`set_state`]) that is only changed under its lock
//! ([`lock`]), and workers claim its files one after the other ([`claim`]) until none is left.

mod counts;
mod files;
mod notify;
mod record;
mod roles;
mod state;
mod submit;

pub use counts::{Counts, counts, left, total};
pub use files::{Claimed, claim, claim_again, forget_attempt, mark, tables_left};
pub use notify::{notify, notify_at_commit};
pub use record::{Job, Kind, is_owned, latest_of, load, lock, open};
pub use roles::{RoleOid, may_control, role};
pub use state::{set_files_at_pause, set_restarts, set_state};
pub use submit::{NewFile, NewJob, submit};

use pgrx::pg_sys;

/// Whether the extension is there, and if so that it stays until this transaction ends: a DROP
/// EXTENSION waits, and does so before it locks any table that an import uses in another order.
pub fn exist() -> bool {
    // SAFETY: catalog look-ups, and a lock that a DROP EXTENSION takes first; a wait is
    // interruptible.
    unsafe {
        let find = || pg_sys::get_extension_oid(c"pgdatahub".as_ptr(), true);
        let extension = find();
        if extension == pg_sys::InvalidOid {
            return false;
        }
        let mode = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        pg_sys::LockDatabaseObject(pg_sys::ExtensionRelationId, extension, 0, mode);
        find() == extension
    }
}
