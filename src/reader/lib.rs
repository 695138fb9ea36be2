//! Reads workbooks in a process of its own and encodes their rows for COPY.
//!
//! Read in this order: [`server`] (what the backend may ask), [`book`] and
//! [`detect`] (a file becomes a workbook), [`rows`] and [`row`] (the interface
//! that every format implements), [`head`] and [`stream`] (a sheet becomes a
//! header and encoded rows), [`xlsx`], [`xlsb`],
//! [`xls`] and [`ods`] (the formats).

pub mod ahead;
pub mod book;
pub mod channel;
pub mod clean;
mod conflicts;
pub mod counters;
pub mod crop;
pub mod detect;
pub mod encode;
pub mod fail;
pub mod hash;
pub mod head;
pub mod header_rows;
pub mod merged;
mod nul;
pub mod number;
pub mod ods;
pub mod package;
pub mod part;
pub mod preflight;
pub mod process;
pub mod profile;
pub mod row;
pub mod rows;
pub mod rules;
pub mod sample;
pub mod sandbox;
pub mod scan;
mod scan_tag;
pub mod scan_text;
pub mod server;
pub mod sink;
pub mod source;
pub mod stream;
pub mod tally;
pub mod xls;
pub mod xlsb;
pub mod xlsx;
