//! revert_schema, map_column, drop_table, check_table, prune.

use super::revert::required;
use crate::engine::{check_table, drop_table, map_column, prune, schema_revert};
use crate::pg::catalog;
use crate::pg::error::or_raise;
use pgrx::datum::Interval;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn revert_schema(
    table_name: Option<Oid>,
    source_file: Option<&str>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(change_id, i64),
        name!(change_type, String),
        name!(column_name, Option<String>),
        name!(statement, String),
        name!(outcome, String),
        name!(why, Option<String>),
    ),
> {
    let rows = or_raise(required(table_name, "table_name").and_then(|oid| {
        let file = required(source_file, "source_file")?;
        schema_revert::revert_schema(&catalog::name_of(oid)?, file, dry_run.unwrap_or(true))
    }));
    TableIterator::new(rows.into_iter().map(|row| {
        (
            row.change_id,
            row.change_type.to_owned(),
            row.column_name,
            row.statement,
            row.outcome.to_owned(),
            row.why,
        )
    }))
}

#[pg_extern(sql = false)]
fn map_column(
    table_name: Option<Oid>,
    header: Option<&str>,
    column_name: Option<&str>,
    occurrence: Option<i32>,
) -> i64 {
    or_raise(required(table_name, "table_name").and_then(|oid| {
        let header = required(header, "header")?;
        let column = required(column_name, "column_name")?;
        map_column::map_column(&catalog::name_of(oid)?, header, column, occurrence)
    }))
}

#[pg_extern(sql = false)]
fn drop_table(
    table_name: Option<Oid>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(action, String),
        name!(import_id, Option<i64>),
        name!(source_file, Option<String>),
        name!(rows_removed, i64),
        name!(statement, Option<String>),
        name!(outcome, String),
    ),
> {
    let rows =
        or_raise(required(table_name, "table_name").and_then(|oid| {
            drop_table::drop_table(&catalog::name_of(oid)?, dry_run.unwrap_or(true))
        }));
    TableIterator::new(rows.into_iter().map(|row| {
        (
            row.action.to_owned(),
            row.import_id,
            row.source_file,
            row.rows_removed,
            row.statement,
            row.outcome.to_owned(),
        )
    }))
}

#[pg_extern(sql = false)]
fn check_table(
    table_name: Option<Oid>,
) -> TableIterator<
    'static,
    (
        name!(import_id, Option<i64>),
        name!(source_file, Option<String>),
        name!(sheet_name, Option<String>),
        name!(row_count, Option<i64>),
        name!(rows_found, i64),
        name!(difference, Option<i64>),
        name!(load_timestamp, Option<TimestampWithTimeZone>),
        name!(note, Option<String>),
    ),
> {
    let rows = or_raise(
        required(table_name, "table_name")
            .and_then(|oid| check_table::check_table(&catalog::name_of(oid)?)),
    );
    TableIterator::new(rows.into_iter().map(|row| {
        (
            row.import_id,
            row.source_file,
            row.sheet_name,
            row.row_count,
            row.rows_found,
            row.difference,
            row.load_timestamp,
            row.note,
        )
    }))
}

#[pg_extern(sql = false)]
fn prune(
    older_than: Option<Interval>,
) -> TableIterator<'static, (name!(table_name, String), name!(rows_removed, i64))> {
    let rows = or_raise(
        required(older_than, "older_than").and_then(|older_than| prune::prune(&older_than)),
    );
    TableIterator::new(rows.into_iter().map(|row| (row.table.to_owned(), row.rows)))
}
