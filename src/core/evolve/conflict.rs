//! Why a table cannot become what a file needs.

use super::{Found, TableColumn};
use crate::columns::RESERVED;
use crate::report::Report;

/// The most columns a table can have, dropped ones included: PostgreSQL's
/// `MaxHeapAttributeNumber` (`access/htup_details.h`).
pub const MAX_COLUMNS: usize = 1600;

/// A column cannot hold what the file holds, or the table gets too many columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The column; empty where there are too many.
    pub column: String,
    /// The sheet column (counted from 0) it was found in, if it is about one.
    pub index: Option<u32>,
    report: Report,
}

impl Conflict {
    /// The error: 42804 (datatype_mismatch), 428C9 (generated_always) or 54011 (too_many_columns).
    pub fn report(&self) -> Report {
        self.report.clone()
    }

    /// A user-made number type and values that are no numbers.
    pub(super) fn numbers_only(column: &TableColumn, file: &Found, sql_type: &str) -> Conflict {
        let message = format!(
            "column \"{}\" of type {sql_type} takes numbers only",
            column.name
        );
        Conflict::about(column, file, "42804", message, None)
    }

    /// A type that no value may enter.
    pub(super) fn refused(
        column: &TableColumn,
        file: &Found,
        sql_type: &str,
        reason: &str,
    ) -> Conflict {
        let message = format!(
            "column \"{}\" of type {sql_type} cannot take the file's values",
            column.name
        );
        Conflict::about(column, file, "42804", message, Some(reason))
    }

    /// A generated column.
    pub(super) fn generated(column: &TableColumn, file: &Found) -> Conflict {
        let message = format!(
            "column \"{}\" is generated and cannot be filled",
            column.name
        );
        Conflict::about(column, file, "428C9", message, None)
    }

    fn about(
        column: &TableColumn,
        file: &Found,
        sqlstate: &'static str,
        message: String,
        reason: Option<&str>,
    ) -> Conflict {
        let mut detail = format!(
            "Under the header \"{}\" the file holds {}.",
            file.header,
            plural(file)
        );
        if let Some(reason) = reason {
            detail.push(' ');
            detail.push_str(reason);
        }
        let hint = "Correct the workbook, rename its header, or change the column.".to_owned();
        let report = Report {
            sqlstate,
            message,
            detail: Some(detail),
            hint: Some(hint),
        };
        Conflict {
            column: column.name.clone(),
            index: Some(file.index),
            report,
        }
    }
}

fn plural(file: &Found) -> String {
    format!("values of type {}", file.found.display_name())
}

/// Checks the column limit. `used` counts the table's columns with the reserved
/// and, where the caller knows them, the dropped ones (the highest attribute
/// number); `added` the new ones.
///
/// # Errors
/// [`Conflict`] 54011.
pub fn check_column_limit(used: usize, added: usize) -> Result<(), Conflict> {
    let total = used.saturating_add(added);
    if total <= MAX_COLUMNS {
        return Ok(());
    }
    let report = Report {
        sqlstate: "54011",
        message: format!("the table would have {total} columns, more than {MAX_COLUMNS}"),
        detail: Some(if used == RESERVED.len() {
            format!(
                "The file has {added}, and {} come on top.",
                RESERVED.join(" and ")
            )
        } else {
            format!("It has {used} (dropped ones count) and the file needs {added} more.")
        }),
        hint: Some(
            "Split the sheet, or drop the table and import it anew if it has many dropped columns."
                .into(),
        ),
    };
    Err(Conflict {
        column: String::new(),
        index: None,
        report,
    })
}
