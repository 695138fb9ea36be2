//! pgdatahub.text_form: the text form of a value, for `ALTER … USING`. The same
//! function of core that the reader uses, so that widening a column later gives
//! what reading it as text at first would have given.

use pgdatahub_core::{text_form, value::Value};
use pgrx::AnyNumeric;
use pgrx::prelude::*;
use std::borrow::Cow;

#[pg_extern(sql = false, immutable, strict, parallel_safe)]
fn text_form_bool(value: bool) -> String {
    text_form::render(&Value::Boolean(value))
}

#[pg_extern(sql = false, immutable, strict, parallel_safe)]
fn text_form_int8(value: i64) -> String {
    text_form::render(&Value::Bigint(value))
}

#[pg_extern(sql = false, immutable, strict, parallel_safe)]
fn text_form_float8(value: f64) -> String {
    text_form::render(&Value::Double(value))
}

#[pg_extern(sql = false, immutable, strict, parallel_safe)]
fn text_form_numeric(value: AnyNumeric) -> String {
    let mut out = String::new();
    text_form::write_numeric_text(&mut out, value.normalize());
    out
}

#[pg_extern(sql = false, immutable, strict, parallel_safe)]
fn text_form_date(value: Date) -> String {
    text_form::render(&Value::Date(value.to_pg_epoch_days()))
}

#[pg_extern(sql = false, immutable, strict, parallel_safe)]
fn text_form_timestamp(value: Timestamp) -> String {
    text_form::render(&Value::Timestamp(value.into()))
}

#[pg_extern(sql = false, immutable, strict, parallel_safe)]
fn text_form_time(value: Time) -> String {
    text_form::render(&Value::Time(value.into()))
}

#[pg_extern(sql = false, immutable, strict, parallel_safe)]
fn text_form_interval(value: Interval) -> String {
    // A user may have put months and days there; the reader writes microseconds only.
    let days = i64::from(value.months()) * 30 + i64::from(value.days());
    text_form::render(&Value::Interval(
        days * pgdatahub_core::value::DAY_USECS + value.micros(),
    ))
}

#[pg_extern(sql = false, immutable, strict, parallel_safe)]
fn text_form_text(value: &str) -> String {
    text_form::render(&Value::Text(Cow::Borrowed(value)))
}
