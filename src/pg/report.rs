//! NOTICEs: what a person at psql reads while it happens.

use super::catalog::TableName;
use super::client_text::for_client;
use super::ddl;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// A NOTICE, without the Rust location that pgrx's macro would put into the log.
pub fn notice(message: String) {
    notice_with(message, None);
}

/// A NOTICE with a DETAIL.
pub fn notice_with(message: String, detail: Option<String>) {
    let mut report = ErrorReport::new(
        PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
        for_client(message),
        "pgdatahub",
    );
    if let Some(detail) = detail {
        report = report.set_detail(for_client(detail));
    }
    report.report(PgLogLevel::NOTICE);
}

/// A line of the server log.
pub fn log(line: &str) {
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
        line.to_owned(),
        "pgdatahub",
    )
    .report(PgLogLevel::LOG);
}

/// A WARNING that is not the failure of a file.
pub fn warning(message: String, detail: Option<String>, hint: Option<String>) {
    let mut report = ErrorReport::new(
        PgSqlErrorCode::ERRCODE_WARNING,
        for_client(message),
        "pgdatahub",
    );
    if let Some(detail) = detail {
        report = report.set_detail(for_client(detail));
    }
    if let Some(hint) = hint {
        report = report.set_hint(for_client(hint));
    }
    report.report(PgLogLevel::WARNING);
}

/// Says that an import's rows are not as many as it loaded.
pub fn rows_missing(
    table: &TableName,
    source_file: &str,
    (found, imported): (i64, i64),
    dry_run: bool,
) {
    let would_be = if dry_run { "would be " } else { "" };
    warning(
        format!("{found} rows {would_be}removed where {imported} were imported"),
        Some(format!(
            "Rows of {source_file} were deleted or added since by other means."
        )),
        Some(format!(
            "SELECT * FROM pgdatahub.check_table({});",
            ddl::literal(&table.display())
        )),
    );
}
