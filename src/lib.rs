//! pgdatahub: imports folders of Excel workbooks into tables, from inside the server.
//!
//! Read in this order: [`api`] is what SQL calls, [`engine`] what then happens,
//! [`pg`] how PostgreSQL is spoken to. The rules themselves are in the crate
//! pgdatahub-core, the reading of workbooks in pgdatahub-reader, a process of
//! its own.

// A Failure is made once per file at most; boxing it would only clutter the code.
#![allow(clippy::result_large_err)]

use pgrx::prelude::*;

mod api;
mod engine;
mod pg;

pgrx::pg_module_magic!(name, version);

// One after the other, so that the generated script has one order.

extension_sql_file!(
    "../sql/01_preconditions.sql",
    name = "preconditions",
    bootstrap
);
extension_sql_file!(
    "../sql/02_tables.sql",
    name = "tables",
    requires = ["preconditions"]
);
extension_sql_file!(
    "../sql/02b_watches.sql",
    name = "watch_tables",
    requires = ["tables"]
);
extension_sql_file!(
    "../sql/03_functions.sql",
    name = "functions",
    requires = ["watch_tables"]
);
extension_sql_file!(
    "../sql/03b_looking.sql",
    name = "looking",
    requires = ["functions"]
);
extension_sql_file!("../sql/03_plan.sql", name = "plan", requires = ["looking"]);
extension_sql_file!("../sql/03_jobs.sql", name = "jobs", requires = ["plan"]);
extension_sql_file!("../sql/04_views.sql", name = "views", requires = ["jobs"]);
extension_sql_file!(
    "../sql/04_progress.sql",
    name = "progress",
    requires = ["views"]
);
extension_sql_file!(
    "../sql/04b_watches.sql",
    name = "watches",
    requires = ["progress"]
);
extension_sql_file!(
    "../sql/06_upkeep.sql",
    name = "upkeep",
    requires = ["watches"]
);
extension_sql_file!(
    "../sql/08_report.sql",
    name = "report",
    requires = ["upkeep"]
);
extension_sql_file!(
    "../sql/07_view_comments.sql",
    name = "view_comments",
    requires = ["report"]
);
extension_sql_file!(
    "../sql/05_grants.sql",
    name = "grants",
    requires = ["view_comments"],
    finalize
);

/// Registers the settings, and what the background workers do. Loading the library does nothing else.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    pg::guc::register();
    api::jobs::register();
    api::watches::register();
    pg::launcher::register();
}
