//! The pure rules of pgdatahub: no PostgreSQL, no files, no unsafe code.
//!
//! Read in this order: [`value`] and [`types`] (what a cell is and which column
//! types hold it), [`text_form`] (how a value reads as text), [`text_input`] and
//! [`input_type`] (which text may become something else), [`naming`] and
//! [`columns`] (which column a header goes to), [`evolve`] and [`undo`] (what a table must
//! become, and what of that can be undone), [`discover`] and [`config`] (which files go where), and
//! [`protocol`] (what the backend and the reader process say to each other). [`job`] and [`pause_window`]
//! are the rules of long-running imports, [`watch`] those of folders that are watched, [`run_report`] is the page about a run.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod area;
pub mod batch;
pub mod calendar;
pub mod columns;
pub mod config;
pub mod copy_binary;
pub mod copy_text;
pub mod count;
pub mod decode;
pub mod discover;
pub mod ellipsis;
pub mod evolve;
pub mod header;
pub mod header_setting;
pub mod html;
pub mod input_type;
pub mod iso;
pub mod isolate;
pub mod job;
pub mod json;
pub mod naming;
pub mod nearest;
pub mod number_format;
pub mod overrides;
pub mod pause_window;
pub mod progress;
pub mod protocol;
pub mod report;
pub mod run_report;
pub mod serial;
pub mod sheet_range;
pub mod sheets;
pub mod sql_name;
pub mod text_form;
pub mod text_input;
pub mod types;
pub mod undo;
pub mod value;
pub mod watch;
pub mod wire;
