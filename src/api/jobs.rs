//! start_import and what controls its jobs.

use super::revert::required;
use crate::engine::options::{Options, is_dry_run};
use crate::engine::{job_control, job_worker, pause, recovery, start_import, wait_import};
use crate::pg::error::{Failure, or_raise};
use crate::pg::transaction::Procedure;
use crate::pg::{launcher, worker};
use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::pg_sys;
use pgrx::prelude::*;

/// Tells the workers' frame what a worker does.
pub fn register() {
    worker::set_job(job_worker::work);
    launcher::set_scout(recovery::recover);
}

#[pg_extern(sql = false)]
fn start_import(
    path: Option<&str>,
    workers: Option<i32>,
    files: Option<&str>,
    target_schema: Option<&str>,
    on_error: Option<&str>,
    reimport: Option<bool>,
) -> i64 {
    let dry = is_dry_run(None);
    let options = Options::new(path, files, target_schema, on_error, reimport, dry);
    or_raise(options.and_then(|options| start_import::start_import(&options, files, workers)))
}

#[pg_extern(sql = false)]
fn pause_import(run_id: Option<i64>) -> &'static str {
    or_raise(named(run_id).and_then(job_control::pause))
}

#[pg_extern(sql = false)]
fn resume_import(run_id: Option<i64>) -> &'static str {
    or_raise(job_control::resume(run_id))
}

#[pg_extern(sql = false)]
fn cancel_import(run_id: Option<i64>) -> &'static str {
    or_raise(named(run_id).and_then(job_control::cancel))
}

fn named(run_id: Option<i64>) -> Result<i64, Failure> {
    required(run_id, "run_id")
        .map_err(|failure| failure.hint("SELECT run_id, state FROM pgdatahub.runs shows the jobs."))
}

#[pg_extern(sql = false)]
fn wait_import(run_id: Option<i64>, timeout: Option<Interval>, fcinfo: pg_sys::FunctionCallInfo) {
    let run_id = or_raise(wait_import::which(run_id));
    let seconds = or_raise(timeout.map(wait_import::seconds).transpose());
    let refusal = (
        "wait_import cannot run inside a transaction",
        "The job would see nothing of it, nor it of the job: CALL it outside of BEGIN … COMMIT.",
    );
    let procedure = or_raise(Procedure::connect(fcinfo, refusal));
    or_raise(wait_import::wait_import(run_id, seconds));
    procedure.finish();
}

#[pg_extern(sql = false)]
fn progress_bar(share: f64) -> String {
    pgdatahub_core::progress::bar(share)
}

#[pg_extern(sql = false)]
fn pause_window_end(instant: TimestampWithTimeZone) -> Option<TimestampWithTimeZone> {
    pause::window_end(instant)
}
