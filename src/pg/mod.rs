//! The only place for pg_sys, unsafe code, SPI and SQL text.
//!
//! Each file wraps one thing PostgreSQL offers, so that the engine can be safe Rust about imports:
//!
//! - statements ([`spi`], [`prepared`]), errors ([`error`]), subtransactions and transactions ([`subxact`],
//!   [`transaction`]), locks ([`lock`]), settings ([`guc`]), what differs between majors ([`compat`]);
//! - who acts ([`identity`]) with which rights ([`rights`]), and which files may be read ([`access`]);
//! - the reader process ([`process`]), what is said to it ([`reader`]), and what is asked of it ahead ([`next_file`]);
//! - data tables: what they are ([`catalog`], [`types`], [`contents`]), what stands in a change's way ([`blockers`],
//!   [`dependants`], [`rewrite`]), the change ([`ddl`]), and the two ways in ([`copy`], [`spi_lane`]), with a net where the
//!   first attempt failed ([`guarded`], [`type_input`]);
//! - what is remembered: [`registry`], [`audit`], [`rejects`], [`schema_history`], [`restored`];
//! - jobs and watches: [`jobs`], [`launch`], [`worker`], [`launcher`], [`watches`], [`watch_files`];
//! - what goes back to the caller: [`file_row`], [`record`], [`report`], [`progress`], [`run_report`].

pub mod access;
pub mod argument;
pub mod audit;
pub mod blockers;
pub mod catalog;
mod client_text;
pub mod clock;
pub mod compat;
pub mod contents;
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
