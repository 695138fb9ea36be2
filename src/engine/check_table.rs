//! check_table: each import held against what the table holds of it.

use super::managed;
use crate::pg::audit::{self, Import};
use crate::pg::catalog::{self, TableName};
use crate::pg::error::Failure;
use crate::pg::import_rows::{self, Group};
use crate::pg::{dependants, registry, transaction};
use pgrx::datum::TimestampWithTimeZone;
use std::collections::HashMap;

/// One import, or rows of none.
#[derive(Debug, Clone)]
pub struct CheckRow {
    pub import_id: Option<i64>,
    pub source_file: Option<String>,
    pub sheet_name: Option<String>,
    pub load_timestamp: Option<TimestampWithTimeZone>,
    /// None where no import in force accounts for the rows.
    pub row_count: Option<i64>,
    pub rows_found: i64,
    /// None for rows that no import can have brought.
    pub difference: Option<i64>,
    pub note: Option<String>,
}

/// Holds each import of a managed table against its rows.
///
/// # Errors
/// 42P01 not managed, 42501 without the right to read all its rows.
pub fn check_table(name: &TableName) -> Result<Vec<CheckRow>, Failure> {
    if transaction::writable() {
        registry::follow_renames()?;
    }
    managed::check(name)?;
    let oid = catalog::find(name)?
        .ok_or_else(|| Failure::new("42P01", format!("table {} does not exist", name.display())))?;
    dependants::check_all_rows_visible(oid, name)?;
    let mut imports = audit::ever_in_table(name)?;
    // An import may commit between the two queries: then once more.
    for _ in 0..5 {
        let groups = import_rows::groups(name)?;
        let after = audit::ever_in_table(name)?;
        if state(&imports) == state(&after) {
            return Ok(compare(&after, groups));
        }
        imports = after;
    }
    Err(Failure::new(
        "55006",
        format!("table {} changes while it is checked", name.display()),
    )
    .hint("Check it again when no import is running."))
}

fn state(imports: &[Import]) -> Vec<(i64, bool)> {
    imports
        .iter()
        .map(|import| (import.import_id, import.reverted_at.is_some()))
        .collect()
}

/// One row per import in force, then one per group of rows that none accounts for.
pub fn compare(imports: &[Import], groups: Vec<Group>) -> Vec<CheckRow> {
    let mut by_pair: HashMap<(&str, i64), &Import> = HashMap::new();
    for import in imports {
        by_pair.insert((&import.source_file, import.load_timestamp.into()), import);
    }
    let mut found: HashMap<i64, i64> = HashMap::new();
    let mut strangers = Vec::new();
    for group in groups {
        let import = match (&group.source_file, group.load_timestamp) {
            (Some(file), Some(stamp)) => by_pair.get(&(file.as_str(), stamp.into())).copied(),
            _ => None,
        };
        match import {
            Some(import) if import.reverted_at.is_none() => {
                found.insert(import.import_id, group.rows);
            }
            import => strangers.push(stranger(group, import)),
        }
    }
    let in_force = imports.iter().filter(|i| i.reverted_at.is_none());
    let mut rows: Vec<CheckRow> = in_force
        .map(|import| expected(import, found.get(&import.import_id).copied().unwrap_or(0)))
        .collect();
    rows.extend(strangers);
    rows
}

fn expected(import: &Import, rows_found: i64) -> CheckRow {
    let difference = rows_found - import.row_count;
    let note = match difference {
        0 => None,
        d if d < 0 => Some("rows were removed by other means; reimport => true repairs it"),
        _ => Some("rows were added by other means; reimport => true repairs it"),
    };
    CheckRow {
        import_id: Some(import.import_id),
        source_file: Some(import.source_file.clone()),
        sheet_name: Some(import.sheet_name.clone()),
        load_timestamp: Some(import.load_timestamp),
        row_count: Some(import.row_count),
        rows_found,
        difference: Some(difference),
        note: note.map(str::to_owned),
    }
}

fn stranger(group: Group, import: Option<&Import>) -> CheckRow {
    let note = match (import, &group.source_file) {
        (Some(import), _) => format!(
            "the import was reverted by {} on {}, its rows are here",
            import.reverted_by.as_deref().unwrap_or_default(),
            import.reverted_at.as_deref().unwrap_or_default()
        ),
        (None, Some(_)) => "no import has this source_file and load_timestamp".to_owned(),
        (None, None) => "rows of the table's own, without source_file".to_owned(),
    };
    CheckRow {
        import_id: import.map(|i| i.import_id),
        sheet_name: import.map(|i| i.sheet_name.clone()),
        load_timestamp: group.load_timestamp,
        row_count: None,
        rows_found: group.rows,
        difference: group.source_file.is_some().then_some(group.rows),
        source_file: group.source_file,
        note: Some(note),
    }
}
