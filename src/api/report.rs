//! report_html.

use crate::engine::run_report;
use crate::pg::error::or_raise;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn report_html(run_id: Option<i64>) -> String {
    or_raise(run_report::html(run_id))
}
