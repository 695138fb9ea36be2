//! watch_folder and what looks at watched folders.

use crate::engine::options::{Options, is_dry_run};
use crate::engine::{watch, watch_look};
use crate::pg::error::or_raise;
use crate::pg::worker;
use pgrx::datum::Interval;
use pgrx::prelude::*;

/// Tells the workers' frame what a look does.
pub fn register() {
    worker::set_watch(watch_look::work);
}

#[pg_extern(sql = false)]
fn watch_folder(
    path: Option<&str>,
    every: Option<Interval>,
    files: Option<&str>,
    target_schema: Option<&str>,
    workers: Option<i32>,
) -> i64 {
    let dry = is_dry_run(None);
    let options = Options::new(path, files, target_schema, None, None, dry);
    or_raise(options.and_then(|options| watch::watch_folder(&options, files, every, workers)))
}

#[pg_extern(sql = false)]
fn unwatch_folder(path: Option<&str>) -> i64 {
    or_raise(watch::unwatch_folder(path))
}
