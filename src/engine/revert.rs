//! Taking an import out again: exactly its rows, marked, never erased.

use super::{managed, removal, source_file};
use crate::pg::audit::{self, Import};
use crate::pg::catalog::{self, TableName};
use crate::pg::ddl::literal;
use crate::pg::error::Failure;
use crate::pg::lock::{TargetKey, lock_targets};
use crate::pg::transaction::OneRun;
use crate::pg::{registry, rights};

/// What to revert.
pub enum Which<'a> {
    /// By path as recorded, or any unique ending of it.
    SourceFile(&'a str),
    /// By content.
    Sha256(&'a str),
}

/// How.
#[derive(Clone, Copy)]
pub struct How {
    pub dry_run: bool,
    pub hold: bool,
    pub cascade: bool,
}

/// Removes the rows of a file's imports from a table; how many.
///
/// # Errors
/// 42P01 not managed, 22023 no or several such files, 2BP01 foreign keys that would cascade.
pub fn revert(table: &TableName, which: &Which<'_>, how: How) -> Result<i64, Failure> {
    let _one = OneRun::begin()?;
    registry::follow_renames()?;
    managed::check(table)?;
    // Before anything is told about its files.
    rights::check_revert(table)?;
    lock_targets(&[TargetKey::of(&table.schema, &table.table)])?;
    let all = audit::in_table(table)?;
    let chosen = match which {
        Which::SourceFile(path) => by_path(table, all, path)?,
        Which::Sha256(sha256) => by_hash(table, all, sha256)?,
    };
    remove(table, chosen, how)
}

/// Removes the rows of one import by its id.
///
/// # Errors
/// 22023 no such import, 55000 reverted before.
pub fn revert_import(import_id: i64, how: How) -> Result<i64, Failure> {
    let _one = OneRun::begin()?;
    registry::follow_renames()?;
    let import = audit::by_id(import_id)?.ok_or_else(|| {
        Failure::new("22023", format!("there is no import {import_id}"))
            .hint("SELECT import_id, source_file FROM pgdatahub.imports ORDER BY import_id DESC LIMIT 20;")
    })?;
    // Before anything is told about it.
    rights::check_revert(&import.table)?;
    lock_targets(&[TargetKey::of(&import.table.schema, &import.table.table)])?;
    // Again, under the lock.
    let import = audit::by_id(import_id)?
        .ok_or_else(|| Failure::new("22023", format!("there is no import {import_id}")))?;
    if import.reverted_at.is_some() {
        let message = format!("import {import_id} was reverted before");
        return Err(reverted_before(message, &import));
    }
    let table = import.table.clone();
    remove(&table, vec![import], how)
}

fn remove(table: &TableName, imports: Vec<Import>, how: How) -> Result<i64, Failure> {
    rights::check_revert(table)?;
    check_cascade(table, how)?;
    let total = removal::remove(table, &imports, how.dry_run)?;
    if !how.dry_run {
        for import in &imports {
            audit::mark_reverted(import.import_id, "revert", how.hold)?;
        }
    }
    Ok(total)
}

fn by_path(table: &TableName, all: Vec<Import>, path: &str) -> Result<Vec<Import>, Failure> {
    let names = || all.iter().map(|import| import.source_file.as_str());
    if let Some(file) = source_file::choose(names(), path)? {
        let file = file.to_owned();
        return Ok(all.into_iter().filter(|i| i.source_file == file).collect());
    }
    let reverted = audit::reverted_from(table)?;
    let earlier = source_file::choose(reverted.iter().map(|i| i.source_file.as_str()), path)?;
    if let Some(before) = reverted
        .iter()
        .find(|i| Some(i.source_file.as_str()) == earlier)
    {
        return Err(reverted_before(
            format!("\"{path}\" is no longer in {}", table.display()),
            before,
        ));
    }
    let hint = source_file::did_you_mean(names(), path);
    Err(Failure::new("22023", format!("no import of \"{path}\" is in {}", table.display())).hint(format!(
        "{hint}SELECT source_file, imported_at FROM pgdatahub.imports WHERE table_name = {} AND reverted_at IS NULL;",
        literal(&table.table)
    )))
}

fn reverted_before(message: String, import: &Import) -> Failure {
    Failure::new("55000", message).detail(format!(
        "Its rows were removed by {} on {}.",
        import.reverted_by.as_deref().unwrap_or_default(),
        import.reverted_at.as_deref().unwrap_or_default()
    ))
}

fn by_hash(table: &TableName, all: Vec<Import>, sha256: &str) -> Result<Vec<Import>, Failure> {
    let wanted = sha256.trim().to_ascii_lowercase();
    let found: Vec<Import> = all.into_iter().filter(|i| i.sha256 == wanted).collect();
    if found.is_empty() {
        let reverted = audit::reverted_from(table)?;
        if let Some(before) = reverted.iter().find(|i| i.sha256 == wanted) {
            let message = format!("SHA-256 {sha256} is no longer in {}", table.display());
            return Err(reverted_before(message, before));
        }
        return Err(Failure::new(
            "22023",
            format!("no import with SHA-256 {sha256} is in {}", table.display()),
        )
        .hint("SELECT file_sha256, source_file FROM pgdatahub.imports;"));
    }
    Ok(found)
}

fn check_cascade(table: &TableName, how: How) -> Result<(), Failure> {
    if how.cascade {
        return Ok(());
    }
    no_cascade(table).map_err(|failure| failure.hint("cascade => true does it all the same."))
}

/// # Errors
/// 2BP01 where foreign keys would pass a DELETE on to other tables.
pub fn no_cascade(table: &TableName) -> Result<(), Failure> {
    let Some(oid) = catalog::find(table)? else {
        return Ok(());
    };
    let keys = catalog::cascading_keys(oid)?;
    if keys.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        "2BP01",
        format!(
            "removing rows of {} would change other tables",
            table.display()
        ),
    )
    .detail(format!(
        "Foreign keys that would pass the DELETE on: {}.",
        keys.join(", ")
    )))
}
