//! Taking an import out again: exactly its rows, marked, never erased.

use crate::pg::audit::{self, Import};
use crate::pg::catalog::{self, TableName};
use crate::pg::error::Failure;
use crate::pg::lock::{TargetKey, lock_targets};
use crate::pg::transaction::OneRun;
use crate::pg::{ddl, registry, report};

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
    let managed = registry::lookup(table)?
        .filter(|managed| managed.oid.is_some())
        .ok_or_else(|| not_managed(table))?;
    // Before anything is told about its files.
    catalog::check_delete(&managed.name)?;
    lock_targets(&[TargetKey::of(&managed.name.schema, &managed.name.table)])?;
    let all = audit::in_table(&managed.name)?;
    let chosen = match which {
        Which::SourceFile(path) => by_path(&managed.name, all, path)?,
        Which::Sha256(sha256) => by_hash(&managed.name, all, sha256)?,
    };
    remove(&managed.name, chosen, how)
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
    catalog::check_delete(&import.table)?;
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
    catalog::check_delete(table)?;
    check_cascade(table, how)?;
    let mut total = 0;
    for import in imports {
        if how.dry_run {
            total += ddl::count_rows(table, &import.source_file, &import.load_timestamp)? as i64;
            continue;
        }
        let removed = ddl::delete_rows(table, &import.source_file, &import.load_timestamp)? as i64;
        audit::mark_reverted(import.import_id, "revert", how.hold)?;
        if removed != import.row_count {
            report::warning(
                format!(
                    "{removed} rows removed where {} were imported",
                    import.row_count
                ),
                Some(format!(
                    "Rows of {} were deleted or added since by other means.",
                    import.source_file
                )),
                None,
            );
        }
        total += removed;
    }
    Ok(total)
}

/// The imports of that very path, else of those that end in it. An ending is
/// whole path parts, so that "1.xlsx" is not "11.xlsx".
fn at_path(all: &[Import], path: &str) -> Vec<Import> {
    let ending = format!("/{}", path.trim_start_matches('/'));
    let of = |picked: &dyn Fn(&str) -> bool| -> Vec<Import> {
        let imports = all.iter().filter(|i| picked(&i.source_file));
        imports.cloned().collect()
    };
    let exact = of(&|file| file == path);
    if exact.is_empty() {
        of(&|file| file.ends_with(&ending))
    } else {
        exact
    }
}

fn by_path(table: &TableName, all: Vec<Import>, path: &str) -> Result<Vec<Import>, Failure> {
    let found = at_path(&all, path);
    let mut files: Vec<&str> = found.iter().map(|i| i.source_file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    match files.as_slice() {
        [_] => Ok(found),
        [] => {
            if let Some(before) = at_path(&audit::reverted_from(table)?, path).first() {
                return Err(reverted_before(
                    format!("\"{path}\" is no longer in {}", table.display()),
                    before,
                ));
            }
            let names: Vec<&str> = all.iter().map(|i| i.source_file.as_str()).collect();
            let nearest = pgdatahub_core::nearest::nearest(
                path,
                names
                    .iter()
                    .copied()
                    .map(|n| n.rsplit('/').next().unwrap_or(n)),
            );
            let hint = nearest
                .map(|near| format!("Did you mean '{near}'? "))
                .unwrap_or_default();
            Err(Failure::new("22023", format!("no import of \"{path}\" is in {}", table.display())).hint(format!(
                "{hint}SELECT source_file, imported_at FROM pgdatahub.imports WHERE table_name = '{}' AND reverted_at IS NULL;",
                table.table.replace('\'', "''")
            )))
        }
        several => Err(Failure::new(
            "22023",
            format!("\"{path}\" is the end of {} paths", several.len()),
        )
        .detail(
            several
                .iter()
                .take(20)
                .copied()
                .collect::<Vec<_>>()
                .join("\n"),
        )
        .hint("Give more of the path.")),
    }
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
    let Some(oid) = catalog::find(table)? else {
        return Ok(());
    };
    let keys = catalog::cascading_keys(oid)?;
    if how.cascade || keys.is_empty() {
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
    ))
    .hint("cascade => true does it all the same."))
}

fn not_managed(table: &TableName) -> Failure {
    Failure::new(
        "42P01",
        format!("table {} is not managed by pgdatahub", table.display()),
    )
    .hint("SELECT DISTINCT table_schema, table_name FROM pgdatahub.imports; lists those that are.")
}
