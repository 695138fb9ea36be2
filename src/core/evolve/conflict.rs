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

    /// The column is of another type than the configuration says.
    pub(super) fn declared(column: &TableColumn, file: &Found, declared: &str) -> Conflict {
        let (name, is) = (&column.name, column.sql_type());
        let message =
            format!("column \"{name}\" is of type {is}, the configuration says {declared}");
        let reason = "The type of a column that holds values is changed by hand.";
        let hint = format!(
            "ALTER TABLE … ALTER COLUMN {name} TYPE {declared}, or say \"type: {is}\" or nothing under \"columns\"."
        );
        Conflict::about(column, file, "42804", message, Some(reason)).with_hint(hint)
    }

    /// timestamptz without a zone to read the file's local times in.
    pub(super) fn needs_zone(column: &TableColumn, file: &Found, sql_type: &str) -> Conflict {
        let header = serde_json::Value::from(file.header.as_str());
        Conflict::refused(column, file, sql_type, "A workbook's times have no zone.").with_hint(
            format!("Say in the configuration which zone they are in, for example columns: {{{header}: {{time_zone: Europe/Berlin}}}}."),
        )
    }

    /// `time_zone` for a column that has no use for it.
    pub(super) fn no_use_for_zone(file: &Found, sql_type: &str) -> Conflict {
        let name = &file.column;
        let message = format!("column \"{name}\" of type {sql_type} has no time zone");
        let column = TableColumn {
            name: name.clone(),
            kind: super::ColumnKind::Native(file.found),
            provisional: false,
            fillable: true,
        };
        let hint =
            "Remove \"time_zone\" under \"columns\", or make the column timestamp with time zone.";
        Conflict::about(&column, file, "42804", message, None).with_hint(hint.into())
    }

    /// One value that a user-made type does not take unchanged, found in mid-sheet.
    pub fn value(column: &str, index: u32, sql_type: &str, value: &str, hint: &str) -> Conflict {
        let report = Report {
            sqlstate: "42804",
            message: format!("column \"{column}\" of type {sql_type} cannot take \"{value}\""),
            detail: None,
            hint: Some(hint.to_owned()),
        };
        Conflict {
            column: column.to_owned(),
            index: Some(index),
            report,
        }
    }

    fn with_hint(mut self, hint: String) -> Conflict {
        self.report.hint = Some(hint);
        self
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
