//! show_config, columns, read_excel, read_excel_json, read_excel_query.

use crate::engine::look_rows::{JsonRows, read_into};
use crate::engine::looking::{self, Ask};
use crate::engine::reading::Reading;
use crate::engine::show_config;
use crate::pg::argument::{any_text, argument};
use crate::pg::error::{Failure, or_raise};
use crate::pg::jsonb::JsonbText;
use crate::pg::record::Records;
use pgrx::pg_sys::FunctionCallInfo;
use pgrx::prelude::*;

#[pg_extern(sql = false, name = "columns")]
fn columns_of(
    fcinfo: FunctionCallInfo,
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
    let ask = or_raise(ask(fcinfo, None));
    TableIterator::new(or_raise(looking::columns(&ask)).into_iter().map(|row| {
        (
            row.header,
            row.column_name,
            row.data_type,
            row.non_null,
            row.samples,
            row.least,
            row.greatest,
        )
    }))
}

#[pg_extern(sql = false)]
fn read_excel_query(fcinfo: FunctionCallInfo) -> String {
    or_raise(ask(fcinfo, None).and_then(|ask| looking::query(&ask)))
}

/// path, sheet, range, header_row, skip_footer; `max_rows` is the place of that argument.
fn ask(fcinfo: FunctionCallInfo, max_rows: Option<usize>) -> Result<Ask, Failure> {
    let text = |n| argument::<String>(fcinfo, n);
    let reading = Reading {
        sheet: text(1),
        range: text(2),
        header_row: any_text(fcinfo, 3),
        skip_footer: argument::<i32>(fcinfo, 4),
    };
    let max_rows = max_rows.and_then(|n| argument::<i64>(fcinfo, n));
    Ask::new(text(0).as_deref(), reading, max_rows)
}

#[pg_extern(sql = false)]
fn read_excel(fcinfo: FunctionCallInfo) {
    or_raise(
        Records::begin(fcinfo)
            .and_then(|mut records| read_into(&ask(fcinfo, Some(5))?, &mut records)),
    );
}

#[pg_extern(sql = false)]
fn read_excel_json(fcinfo: FunctionCallInfo) -> SetOfIterator<'static, JsonbText> {
    let rows = or_raise(ask(fcinfo, Some(5)).and_then(|ask| JsonRows::begin(&ask)));
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
