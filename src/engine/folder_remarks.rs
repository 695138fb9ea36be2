//! What is said of a folder beside its files' own rows.

use super::options::Options;
use super::run::Run;
use super::targets;
use crate::pg::access::{self, Grant};
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::{audit, report};

/// Folders that could not be looked into, a warning each.
pub fn say_unreadable(plan: &targets::Plan) {
    for (folder, reason) in &plan.listing.unreadable {
        report::warning(
            format!("folder {folder} could not be read: {reason}"),
            Some("Its workbooks, if any, are not part of this run.".into()),
            Some("Give the operating system user that runs the server access to it.".into()),
        );
    }
}

/// A run over nothing says why.
pub fn nothing_found(options: &Options, plan: &targets::Plan) {
    let all = plan.listing.workbooks.len();
    let detail = if all > 0 {
        format!("{all} workbooks lie below the folder; none matches files.")
    } else {
        format!(
            "{} other files were ignored. Workbooks end in .xlsx, .xlsm, .xlsb, .xls or .ods.",
            plan.listing.ignored
        )
    };
    report::warning(
        format!("no workbooks to import in \"{}\"", options.path),
        Some(detail),
        None,
    );
}

/// Files that are recorded and no longer there: their rows stay (a lost mount is not a delete).
pub fn gone(grant: &Grant, run: &mut Run) -> Result<(), Failure> {
    let Some(root) = grant.resolved_folder() else {
        return Ok(());
    };
    for import in audit::recorded_below(&root)? {
        if access::is_gone(&import.source_file) {
            let row = FileRow {
                source_file: import.source_file.clone(),
                sheet_name: Some(import.sheet_name),
                table: Some(import.table),
                status: "gone",
                message: Some(format!(
                    "no longer in its folder; its {} rows stay",
                    import.row_count
                )),
                sha256: Some(import.sha256),
                import_id: Some(import.import_id),
                ..FileRow::default()
            };
            run.file(&import.source_file, row)?;
        }
    }
    Ok(())
}
