//! map_column: a renamed header mended. Its values move to the column that it
//! should have gone to, the column it made for itself goes, the header is remembered.

mod checks;
mod mend;

use super::managed;
use super::map_header::{Header, call, which};
use crate::pg::catalog::{self, RESERVED, Table, TableName};
use crate::pg::ddl::Executed;
use crate::pg::error::Failure;
use crate::pg::transaction::OneRun;
use crate::pg::{audit, registry, report, schema_history};
use mend::Mend;
use pgdatahub_core::evolve::TableColumn;
use pgdatahub_core::nearest::nearest;

/// Sends a header to a column from now on, and moves what its own column held; how many values.
/// `occurrence`: of several equal headers of one sheet the nth from the left; may be left out
/// where there is only one.
///
/// # Errors
/// 42P01 not managed, 42501 for anybody but the owner or where rows are hidden, 42703 no such
/// column, 22023 which of several equal headers, 22000 rows where both columns have a value and
/// not the same, 42804 types that do not meet, 2BP01 for what depends on the column that goes,
/// 54000 over `pgdatahub.max_rewrite`, 55P03 when the table stays in use.
pub fn map_column(
    name: &TableName,
    header: &str,
    column: &str,
    occurrence: Option<i32>,
) -> Result<i64, Failure> {
    let _one = OneRun::begin()?;
    managed::own(name)?;
    let header = header.trim();
    if header.is_empty() {
        return Err(Failure::new("22023", "header must not be empty").hint(
            "A column without a header is named after its letter: rename it in the workbook.",
        ));
    }
    let target = target(&describe(name)?, name, column)?.name.clone();
    let (header, had) = which(name, header, occurrence, &target)?;
    let there = describe(name)?;
    let old = had
        .as_deref()
        .filter(|old| there.columns.iter().any(|c| c.name == **old));
    match old {
        Some(old) if old == target => Ok(0),
        Some(old) => Mend::begin(name, header, old, &target)?.run(),
        None => {
            unseen(name, header.text, had.is_some())?;
            let (_, provisional) = registry::remembered(name)?;
            let key = (header.text, header.occurrence);
            schema_history::redirect(name, key, had.as_deref(), &target)?;
            registry::set_provisional(name, &[&target], provisional.contains(&target))?;
            let call = mapped(name, header, &target, None);
            audit::schema_changes(name, None, &[call])?;
            Ok(0)
        }
    }
}

fn describe(name: &TableName) -> Result<Table, Failure> {
    let oid = catalog::find(name)?.ok_or_else(|| Failure::new("42P01", "the table is gone"))?;
    catalog::describe(oid)
}

/// The column that is to take the header.
fn target<'a>(
    table: &'a Table,
    name: &TableName,
    column: &str,
) -> Result<&'a TableColumn, Failure> {
    let names = || table.columns.iter().map(|c| c.name.as_str());
    let found = table.columns.iter().find(|c| c.name == column);
    let Some(found) = found else {
        let hint = nearest(column, names())
            .map(|near| format!("Did you mean \"{near}\"?"))
            .unwrap_or_else(|| "Column names are lower case, as \\d prints them.".to_owned());
        return Err(Failure::new(
            "42703",
            format!("table {} has no column \"{column}\"", name.display()),
        )
        .hint(hint));
    };
    if RESERVED.contains(&column) || !found.fillable {
        return Err(Failure::new(
            "22023",
            format!("column \"{column}\" cannot take a header's values"),
        )
        .detail(if found.fillable {
            "It tells where a row came from."
        } else {
            "It is generated."
        }));
    }
    Ok(found)
}

/// A header that no workbook had so far is more likely a slip than foresight; it is said.
fn unseen(name: &TableName, header: &str, known: bool) -> Result<(), Failure> {
    if known {
        return Ok(());
    }
    let (remembered, _) = registry::remembered(name)?;
    let near = nearest(header, remembered.iter().map(|r| r.header.as_str()));
    report::notice(match near {
        Some(near) => format!("no import has had the header \"{header}\" so far; \"{near}\" was"),
        None => format!("no import has had the header \"{header}\" so far"),
    });
    Ok(())
}

/// The audit of the mapping itself: the UPDATE, or the call where nothing moved.
fn mapped(
    name: &TableName,
    header: Header<'_>,
    target: &str,
    statement: Option<String>,
) -> Executed {
    Executed {
        change_type: "MAP COLUMN",
        column_name: Some(target.to_owned()),
        old_type: None,
        new_type: None,
        statement: statement.unwrap_or_else(|| call(name, header, target, false)),
    }
}
