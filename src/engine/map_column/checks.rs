//! What may keep a column's values from moving, or the column from going.

use crate::pg::catalog::{Table, TableName};
use crate::pg::error::Failure;
use crate::pg::move_values::{Against, Move};
use crate::pg::{schema_history, undo};
use pgdatahub_core::undo::{Kind, Undo};

/// The column that goes must be one that an import made, not one of the user's.
pub(super) fn check_made_by_import(name: &TableName, old: &str) -> Result<(), Failure> {
    let made = schema_history::in_force(name)?.iter().any(|change| {
        change.kind == Kind::AddColumn && change.column == old && !change.source_file.is_empty()
    });
    if made {
        return Ok(());
    }
    Err(Failure::new(
        "55000",
        format!("column \"{old}\" was not made by an import, so it is not dropped"),
    )
    .detail("The header has gone to that column so far.")
    .hint(format!("Move its values and drop it yourself, then map the header again: ALTER TABLE {} DROP COLUMN \"{old}\";", name.sql())))
}

/// # Errors
/// 2BP01 for what depends on the column.
pub(super) fn check_blockers(table: &Table, undo: &Undo) -> Result<(), Failure> {
    let (column, doing) = match undo {
        Undo::DropColumn { column, .. } => (column, "dropped"),
        Undo::Narrow { column, .. } => (column, "altered"),
        Undo::DropTable => return Ok(()),
    };
    match undo::blockers(table.oid, undo)? {
        None => Ok(()),
        Some(needed) => Err(Failure::new(
            "2BP01",
            format!("column \"{column}\" cannot be {doing}"),
        )
        .detail(format!("It is {needed}."))
        .hint("Drop what depends on it first, and create it anew on the other column.")),
    }
}

/// # Errors
/// 22000 for rows where both columns have a value and not the same, and for values that would change.
pub(super) fn check_values(step: &Move<'_>) -> Result<(), Failure> {
    let such_as = |against: &Against| match &against.example {
        Some(file) => format!("For example in rows of {file}."),
        None => "In rows that no import brought.".to_owned(),
    };
    let conflicts = step.conflicts()?;
    if conflicts.rows > 0 {
        return Err(Failure::new(
            "22000",
            format!(
                "{} have different values in \"{}\" and \"{}\"",
                undo::counted(conflicts.rows, "row"),
                step.old,
                step.target
            ),
        )
        .detail(such_as(&conflicts))
        .hint("Both columns were filled in those rows: the headers do not mean the same, or one of them must be corrected first."));
    }
    let inexact = step.inexact()?;
    if inexact.rows > 0 {
        return Err(Failure::new(
            "22000",
            format!(
                "{} of \"{}\" would change in the type of \"{}\"",
                undo::counted(inexact.rows, "value"),
                step.old,
                step.target
            ),
        )
        .detail(such_as(&inexact))
        .hint(format!(
            "Give column \"{}\" a wider type first.",
            step.target
        )));
    }
    Ok(())
}
