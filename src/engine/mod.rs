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

pub mod adopt;
pub mod check_table;
pub mod conflict;
pub mod drop_table;
mod elsewhere;
mod file_line;
pub mod file_sheets;
mod imagine;
mod imagined;
pub mod import_file;
pub mod import_folder;
mod kept_settings;
pub mod ledger;
pub mod look_rows;
pub mod looking;
pub mod managed;
pub mod map_column;
mod map_header;
pub mod options;
mod permit;
pub mod plan;
pub mod prune;
pub mod reading;
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
pub mod stream;
pub mod targets;
pub mod verify;
mod wanted;
