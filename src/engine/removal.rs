//! Removing the rows of imports: exactly theirs, all of theirs, or an error.

use crate::pg::audit::Import;
use crate::pg::catalog::{self, TableName};
use crate::pg::error::Failure;
use crate::pg::import_rows::{self, Pairs};
use crate::pg::{dependants, report};

/// Removes the rows of some imports (or counts them, in a dry run); how many.
/// The table is read once at most. A count that is not that of the imports is said.
///
/// # Errors
/// 42501 when row-level security may have hidden some of the rows, 55000 when a
/// trigger or rule kept some; PostgreSQL's own.
pub fn remove(table: &TableName, imports: &[Import], dry_run: bool) -> Result<i64, Failure> {
    rows_of(table, imports, dry_run, true)
}

/// As [`remove`], for an attempt that may repeat an earlier one: then what is to
/// be said was said.
///
/// # Errors
/// Those of [`remove`].
pub fn remove_again(table: &TableName, imports: &[Import], say: bool) -> Result<i64, Failure> {
    rows_of(table, imports, false, say)
}

fn rows_of(
    table: &TableName,
    imports: &[Import],
    dry_run: bool,
    say: bool,
) -> Result<i64, Failure> {
    let pairs = Pairs::new(
        imports
            .iter()
            .map(|i| (i.source_file.as_str(), i.load_timestamp)),
    );
    let found = if dry_run {
        import_rows::count(table, &pairs)?
    } else {
        import_rows::delete(table, &pairs)?
    };
    let imported: i64 = imports.iter().map(|i| i.row_count).sum();
    if found == imported {
        return Ok(found);
    }
    check_none_left(table, &pairs, found, imported, dry_run)?;
    if !say {
        return Ok(found);
    }
    let files: Vec<&str> = imports.iter().map(|i| i.source_file.as_str()).collect();
    report::rows_missing(
        table,
        files.first().copied().unwrap_or_default(),
        (found, imported),
        dry_run,
    );
    Ok(found)
}

/// The count differs: are there rows that this role cannot see, or that would not go?
fn check_none_left(
    table: &TableName,
    pairs: &Pairs<'_>,
    found: i64,
    imported: i64,
    dry_run: bool,
) -> Result<(), Failure> {
    let Some(oid) = catalog::find(table)? else {
        return Ok(());
    };
    if dependants::row_security_active(oid)? {
        return Err(Failure::new(
            "42501",
            format!("row-level security may hide rows of {} from this role", table.display()),
        )
        .detail(format!("{imported} rows were imported, this role can remove {found} of them. An import is removed whole or not at all."))
        .hint("Run it as a role with BYPASSRLS, or as one whose policies let it see and delete all of them."));
    }
    if dry_run || found >= imported || !import_rows::may_keep_rows(oid)? {
        return Ok(());
    }
    let left = import_rows::count(table, pairs)?;
    if left == 0 {
        return Ok(());
    }
    Err(Failure::new(
        "55000",
        format!("{left} rows of {} were not removed", table.display()),
    )
    .detail("A trigger or rule of the table kept them. An import is removed whole or not at all.")
    .hint("Disable the trigger for this statement: ALTER TABLE … DISABLE TRIGGER …"))
}
