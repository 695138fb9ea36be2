//! plan_folder.

use crate::engine::options::Options;
use crate::engine::plan;
use crate::pg::error::or_raise;
use pgrx::prelude::*;

// pgrx reads the columns from the type.
#[pg_extern(sql = false)]
fn plan_folder(
    path: Option<&str>,
    files: Option<&str>,
    target_schema: Option<&str>,
    reimport: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(source_file, String),
        name!(sheet_name, Option<String>),
        name!(table_schema, Option<String>),
        name!(table_name, Option<String>),
        name!(header_row, Option<i32>),
        name!(action, String),
        name!(ddl, Option<String>),
        name!(rewrites, Option<i64>),
        name!(blocked_by, Option<Vec<String>>),
        name!(reason, Option<String>),
    ),
> {
    let options = or_raise(Options::new(
        path,
        files,
        target_schema,
        None,
        reimport,
        true,
    ));
    let rows = or_raise(plan::plan_folder(&options));
    TableIterator::new(rows.into_iter().map(|row| {
        (
            row.source_file,
            row.sheet_name,
            row.table.as_ref().map(|table| table.schema.clone()),
            row.table.map(|table| table.table),
            row.header_row,
            row.action,
            row.ddl,
            row.rewrites,
            row.blocked_by,
            row.reason,
        )
    }))
}
