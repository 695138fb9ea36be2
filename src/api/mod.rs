//! What SQL calls: thin functions, one file a topic. Their SQL declarations,
//! with names, defaults and comments, are in sql/, in the order of lib.rs.

// pgrx reads result columns where they stand: a named type would hide them from it.
#![allow(clippy::type_complexity)]

mod import;
mod inspect;
pub mod jobs;
mod looking;
mod plan;
mod rejects;
mod report;
mod revert;
mod upkeep;
pub mod watches;
