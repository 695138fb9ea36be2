//! What happens: safe Rust about imports, without pg_sys and without SQL text.
//!
//! The way of a file: [`targets`] says which table and sheet, [`import_file`]
//! takes one workbook through its subtransaction, [`schema`] makes the table
//! fit, [`stream`] moves the rows. [`import_folder`] and [`run_import`] do that
//! for a folder, in one transaction or one each; [`revert`] undoes it.

pub mod adopt;
pub mod file_sheets;
pub mod import_file;
pub mod import_folder;
pub mod look_rows;
pub mod looking;
pub mod options;
pub mod revert;
pub mod run;
pub mod run_import;
pub mod schema;
pub mod sheets;
pub mod show_config;
pub mod stream;
pub mod targets;
pub mod verify;
