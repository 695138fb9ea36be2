//! What happens: safe Rust about imports, without pg_sys and without SQL text.
//!
//! The way of a file: [`targets`] says which table and sheet, [`import_file`]
//! takes one workbook through its subtransaction, [`schema`] makes the table
//! fit, [`stream`] moves the rows. What that leaves behind goes through
//! [`ledger`], which in a plan ([`plan`]) only imagines it. [`import_folder`]
//! and [`run_import`] do that for a folder, in one transaction or one each;
//! [`revert`] undoes it, [`schema_revert`] and [`drop_table`] undo what it did
//! to the table. What does not fit is [`conflict`]'s and [`rejects`]' matter,
//! and later [`retry`]'s.
//!
//! A job ([`start_import`]) is the same in background workers: [`job_worker`] is the life of one,
//! [`job_unit`] a step of it, [`pause`] when it rests, [`job_control`] what a person may ask of it.
//! A watched folder ([`watch`]) is looked at ([`watch_look`]) when [`watch_due`] says so, and makes jobs.

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
