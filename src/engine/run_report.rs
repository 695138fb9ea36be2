//! report_html: a run, as the role may see it, as a page.

use crate::pg::error::Failure;
use crate::pg::run_report;

/// The page of a run, of the latest one where none is named.
///
/// # Errors
/// 42704 for a run that there is not, or that the role may not see.
pub fn html(run_id: Option<i64>) -> Result<String, Failure> {
    let run_id = match run_id {
        Some(run_id) => run_id,
        None => run_report::latest()?.ok_or_else(none_at_all)?,
    };
    let report = run_report::gather(run_id)?.ok_or_else(|| no_run(run_id))?;
    Ok(pgdatahub_core::run_report::html(&report))
}

fn no_run(run_id: i64) -> Failure {
    Failure::new("42704", format!("there is no run {run_id}"))
        .detail("A role sees the runs that it started; members of pg_monitor see all of them.")
        .hint("SELECT run_id, kind, path, state FROM pgdatahub.runs shows the runs.")
}

fn none_at_all() -> Failure {
    Failure::new("42704", "there is no run to report on")
        .detail("A role sees the runs that it started; members of pg_monitor see all of them.")
        .hint("SELECT * FROM pgdatahub.import_folder('/srv/excel') makes one.")
}
