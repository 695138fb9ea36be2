//! import_folder, import_file, run_import.

use crate::engine::import_single::FileOptions;
use crate::engine::options::{Options, is_dry_run};
use crate::engine::reading::Reading;
use crate::engine::{import_folder, import_single, run_import};
use crate::pg::argument::{any_text, argument};
use crate::pg::error::{Failure, or_raise};
use crate::pg::file_row::FileRow;
use crate::pg::transaction::Procedure;
use pgrx::pg_sys;
use pgrx::prelude::*;

/// Declares a function that returns one row per file and sheet: pgrx wants to
/// see the columns at each. All the work is done before the first row, since a
/// LIMIT must not stop it half-way.
macro_rules! import_function {
    ($name:ident, $body:expr, $($argument:ident: $type:ty),*) => {
        #[pg_extern(sql = false)]
        fn $name($($argument: $type),*) -> TableIterator<
            'static,
            (
                name!(source_file, String),
                name!(sheet_name, Option<String>),
                name!(table_schema, Option<String>),
                name!(table_name, Option<String>),
                name!(status, String),
                name!(row_count, Option<i64>),
                name!(rows_removed, Option<i64>),
                name!(rejected, Option<i64>),
                name!(schema_changes, Vec<String>),
                name!(missing_columns, Vec<String>),
                name!(seconds, f64),
                name!(message, Option<String>),
                name!(sqlstate, Option<String>),
                name!(detail, Option<String>),
                name!(hint, Option<String>),
            ),
        > {
            let body: fn($($type),*) -> Result<Vec<FileRow>, Failure> = $body;
            TableIterator::new(or_raise(body($($argument),*)).into_iter().map(columns))
        }
    };
}

type Columns = (
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Vec<String>,
    Vec<String>,
    f64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

fn columns(row: FileRow) -> Columns {
    (
        row.source_file,
        row.sheet_name,
        row.table.as_ref().map(|table| table.schema.clone()),
        row.table.map(|table| table.table),
        row.status.to_owned(),
        row.row_count,
        row.rows_removed,
        row.rejected,
        row.schema_changes,
        row.missing_columns,
        (row.seconds * 1000.0).round() / 1000.0,
        row.message,
        row.sqlstate,
        row.detail,
        row.hint,
    )
}

import_function!(
    import_folder,
    |path, files, target_schema, on_error, reimport, dry| {
        let options = Options::new(path, files, target_schema, on_error, reimport, is_dry_run(dry))?;
        import_folder::import_folder(&options)
    },
    path: Option<&str>,
    files: Option<&str>,
    target_schema: Option<&str>,
    on_error: Option<&str>,
    reimport: Option<bool>,
    dry_run: Option<bool>
);

// path, table_name, sheet, target_schema, reimport, dry_run, range, header_row, skip_footer
import_function!(
    import_file,
    |fcinfo| {
        let text = |n| argument::<String>(fcinfo, n);
        let reading = Reading {
            sheet: text(2),
            range: text(6),
            header_row: any_text(fcinfo, 7),
            skip_footer: argument::<i32>(fcinfo, 8),
        };
        import_single::import_file(&FileOptions {
            path: text(0),
            table_name: text(1),
            target_schema: text(3),
            reimport: argument(fcinfo, 4).unwrap_or(false),
            dry_run: is_dry_run(argument(fcinfo, 5)),
            reading,
        })
    },
    fcinfo: pg_sys::FunctionCallInfo
);

#[pg_extern(sql = false)]
fn run_import(
    path: Option<&str>,
    files: Option<&str>,
    target_schema: Option<&str>,
    on_error: Option<&str>,
    reimport: Option<bool>,
    dry: Option<bool>,
    fcinfo: pg_sys::FunctionCallInfo,
) {
    let options = Options::new(
        path,
        files,
        target_schema,
        on_error,
        reimport,
        is_dry_run(dry),
    );
    let options = or_raise(options);
    let procedure = or_raise(Procedure::connect(
        fcinfo,
        (
            "run_import commits after each file and cannot run inside a transaction",
            "Run it outside of BEGIN … COMMIT, or use pgdatahub.import_folder, which runs in one transaction.",
        ),
    ));
    or_raise(run_import::run_import(&options));
    procedure.finish();
}
