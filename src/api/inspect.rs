//! sheets, verify_setup. (status is SQL: sql/03_functions.sql.)

use crate::engine::{sheets, verify};
use crate::pg::error::or_raise;
use pgrx::prelude::*;

#[pg_extern(sql = false, name = "sheets")]
fn sheets_of(
    path: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(sheet_no, i32),
        name!(sheet_name, String),
        name!(visibility, String),
        name!(importable, bool),
    ),
> {
    TableIterator::new(or_raise(sheets::sheets(path)).into_iter().map(|row| {
        (
            row.sheet_no,
            row.sheet_name,
            row.visibility.to_owned(),
            row.importable,
        )
    }))
}

#[pg_extern(sql = false)]
fn verify_setup(
    path: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(check_name, String),
        name!(ok, bool),
        name!(detail, String),
        name!(hint, Option<String>),
    ),
> {
    TableIterator::new(
        or_raise(verify::verify(path))
            .into_iter()
            .map(|check| (check.name.to_owned(), check.ok, check.detail, check.hint)),
    )
}
