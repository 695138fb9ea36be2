//! What SQL calls: thin functions, one file a topic. Their SQL declarations,
//! with names, defaults and comments, are in sql/03_functions.sql.

mod import;
mod inspect;
mod looking;
mod revert;
