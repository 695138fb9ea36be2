//! The only place for pg_sys, unsafe code, SPI and SQL text.
//!
//! Each file wraps one thing PostgreSQL offers so that the engine can be safe
//! Rust about imports: errors and subtransactions ([`error`], [`subxact`]),
//! the role that acts ([`identity`]), files ([`access`]), the reader process
//! ([`process`], [`reader`]), the two ways into a table ([`copy`],
//! [`spi_lane`]), and what is remembered ([`audit`], [`registry`]).

pub mod access;
pub mod argument;
pub mod audit;
pub mod blockers;
pub mod catalog;
mod client_text;
pub mod clock;
pub mod compat;
pub mod copy;
pub mod ddl;
pub mod declared;
pub mod dependants;
pub mod error;
pub mod file_plan;
pub mod file_row;
pub mod guarded;
pub mod guc;
pub mod identity;
pub mod import_rows;
pub mod job_settings;
pub mod jobs;
pub mod jsonb;
pub mod launch;
pub mod launcher;
pub mod location;
pub mod lock;
pub mod move_values;
pub mod next_file;
mod prepared;
pub mod process;
pub mod progress;
pub mod prune;
pub mod reader;
pub mod record;
pub mod registry;
pub mod rejects;
pub mod report;
pub mod restored;
pub mod rewrite;
pub mod rights;
pub mod run_report;
pub mod schema_history;
pub mod session_input;
pub mod setup;
pub mod spi;
pub mod spi_lane;
pub mod statement;
pub mod subxact;
pub mod text_form;
pub mod transaction;
pub mod type_input;
pub mod types;
pub mod unchanged;
pub mod undo;
pub mod watch_files;
pub mod watches;
pub mod worker;
