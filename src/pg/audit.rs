//! etl_runs, etl_run_files, etl_imports, etl_schema_changes: written as the
//! extension's owner, in the transaction of what they record.
//!
//! A run and its files ([`mod@runs`]); an import from its claim to its revert ([`mod@claim`]);
//! imports on record ([`mod@find`]), and whether a file is as it was then ([`mod@unchanged`]);
//! what became of tables ([`mod@changes`]).

mod changes;
mod claim;
mod find;
mod runs;
mod unchanged;

pub use changes::schema_changes;
pub use claim::{Claim, claim, complete, lift_hold, mark_reverted, now, withdraw};
pub(super) use find::imports;
pub use find::{
    Import, Sheet, at_path, by_id, ever_in_table, held, in_table, of_lost_sheets, present,
    recorded_below, reverted_from,
};
pub use runs::{RunTotals, finish_run, run_file, start_run};
pub(super) use unchanged::same_reading;
pub use unchanged::{settings, settings_differ, unchanged, was_written};
