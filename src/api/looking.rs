//! show_config, columns, read_excel, read_excel_json, read_excel_query.

use crate::engine::look_rows::{JsonRows, read_into};
use crate::engine::looking::{self, Ask};
use crate::engine::show_config;
use crate::pg::argument::{any_text, argument};
use crate::pg::error::{Failure, or_raise};
use crate::pg::jsonb::JsonbText;
use crate::pg::record::Records;
use pgrx::pg_sys::FunctionCallInfo;
use pgrx::prelude::*;

#[pg_extern(sql = false, name = "columns")]
fn columns_of(
    path: Option<&str>,
    sheet: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(header, Option<String>),
        name!(column_name, String),
        name!(data_type, String),
        name!(non_null, i64),
        name!(samples, Vec<String>),
        name!(min_value, Option<String>),
        name!(max_value, Option<String>),
    ),
> {
    let ask = or_raise(Ask::new(path, sheet, None, None, None));
    TableIterator::new(or_raise(looking::columns(&ask)).into_iter().map(|row| {
        (
            row.header,
            row.column_name,
            row.found.display_name().to_owned(),
            row.non_null,
            row.samples,
            row.least,
            row.greatest,
        )
    }))
}

#[pg_extern(sql = false)]
fn read_excel_query(path: Option<&str>, sheet: Option<&str>) -> String {
    or_raise(Ask::new(path, sheet, None, None, None).and_then(|ask| looking::query(&ask)))
}

/// path, sheet, range, header_row, max_rows
fn ask(fcinfo: FunctionCallInfo) -> Result<Ask, Failure> {
    let text = |n| argument::<String>(fcinfo, n);
    Ask::new(
        text(0).as_deref(),
        text(1).as_deref(),
        text(2).as_deref(),
        any_text(fcinfo, 3).as_deref(),
        argument::<i64>(fcinfo, 4),
    )
}

#[pg_extern(sql = false)]
fn read_excel(fcinfo: FunctionCallInfo) {
    or_raise(Records::begin(fcinfo).and_then(|mut records| read_into(&ask(fcinfo)?, &mut records)));
}

#[pg_extern(sql = false)]
fn read_excel_json(fcinfo: FunctionCallInfo) -> SetOfIterator<'static, JsonbText> {
    let rows = or_raise(ask(fcinfo).and_then(|ask| JsonRows::begin(&ask)));
    SetOfIterator::new(rows.map(|row| JsonbText(or_raise(row))))
}

#[pg_extern(sql = false, name = "show_config")]
fn config_of(
    path: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(folder, String),
        name!(setting, String),
        name!(setting_value, Option<String>),
        name!(setting_source, String),
    ),
> {
    let rows = or_raise(show_config::show(path));
    TableIterator::new(
        rows.into_iter()
            .map(|row| (row.folder, row.setting, row.value, row.source)),
    )
}
