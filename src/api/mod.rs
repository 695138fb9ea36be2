//! What SQL calls: thin functions, one file a topic. Their SQL declarations,
//! with names, defaults and comments, are in sql/03_functions.sql and
//! sql/06_upkeep.sql.

mod import;
mod inspect;
mod looking;
mod rejects;
mod revert;
mod upkeep;
