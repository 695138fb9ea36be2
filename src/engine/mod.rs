//! What happens: safe Rust about imports, without pg_sys and without SQL text.
//!
//! **A file.** [`targets`] says which table and sheet, with what [`options`], [`reading`] and the configuration
//! ([`wanted`]) ask for. [`import_file`] takes one workbook through its subtransaction: [`file_sheets`] chooses its
//! sheets, [`replacement`] takes out what it was before, [`elsewhere`] finds its bytes under another path, [`schema`]
//! makes the table fit within what [`permit`] allows, [`stream`] moves the rows. What does not fit is [`conflict`]'s and
//! [`rejects`]' matter, and later [`retry`]'s. What that leaves behind goes through [`ledger`], which in a plan
//! ([`plan`]) only imagines it ([`imagine`], [`imagined`]).
//!
//! **A folder.** [`import_folder`] does that for all of its files in the caller's transaction, [`import_single`] for one
//! by its path, [`run_import`] with a commit after each; [`folder_unit`] makes a folder one unit, [`unchanged`] passes
//! over files that are in. [`run`], [`remarks`], [`folder_remarks`] and [`progress`] are what people get to see of it,
//! [`run_report`] a page of it.
//!
//! **A job** ([`start_import`]) is the same in background workers: [`job_worker`] is the life of one, [`job_unit`] a step
//! of it, [`job_finish`] its end; [`pause`] says when it rests, [`job_control`] what a person may ask of it,
//! [`wait_import`] waits, [`job_word`] tells others, [`recovery`] takes up what was interrupted. A watched folder
//! ([`watch`]) is looked at ([`watch_look`]) when [`watch_due`] says so, and makes jobs.
//!
//! **Afterwards.** [`revert`] undoes an import by [`removal`] of its rows, [`schema_revert`] and [`drop_table`] what it did
//! to the table; [`map_column`] mends a renamed header, [`adopt`] takes a table over, [`check_table`] and [`prune`] look
//! after the record. [`looking`] shows a workbook without importing it, [`verify`] an installation's faults.

pub mod adopt;
pub mod check_table;
pub mod conflict;
pub mod drop_table;
mod elsewhere;
mod file_line;
pub mod file_sheets;
mod folder_remarks;
mod folder_unit;
mod imagine;
mod imagined;
mod imagined_imports;
pub mod import_file;
pub mod import_folder;
pub mod import_single;
pub mod job_control;
mod job_finish;
mod job_unit;
mod job_word;
pub mod job_worker;
mod kept_settings;
mod large;
pub mod ledger;
pub mod look_rows;
pub mod looking;
pub mod managed;
pub mod map_column;
mod map_header;
pub mod options;
pub mod pause;
mod permit;
pub mod plan;
pub mod progress;
pub mod prune;
pub mod reading;
pub mod recovery;
pub mod rejects;
mod remarks;
pub mod removal;
mod replacement;
pub mod retry;
pub mod revert;
pub mod run;
pub mod run_import;
pub mod run_report;
pub mod schema;
pub mod schema_revert;
pub mod sheets;
pub mod show_config;
pub mod source_file;
pub mod start_import;
pub mod stream;
pub mod targets;
mod unchanged;
pub mod verify;
pub mod wait_import;
mod wanted;
pub mod watch;
pub mod watch_due;
pub mod watch_look;
