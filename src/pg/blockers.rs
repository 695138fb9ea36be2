//! What stands in the way of an ALTER TABLE, named before anything runs.
//!
//! The catalogs say what PostgreSQL will refuse, and by name (blockers.sql). What
//! it rebuilds (plain indexes, CHECK constraints, statistics, indexes on
//! expressions) stands in the way only where its expression does not hold for
//! the new type: that is tried by parsing it over a row of NULLs, as the ALTER
//! will parse it over the table.

use super::catalog::{TableName, column_sql};
use super::error::Failure;
use super::identity::with_setting;
use super::{spi, subxact};
use pgrx::pg_sys;

/// One thing in the way, and the column it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// None: it is about the table.
    pub column: Option<String>,
    /// Kind and name: `view public.totals`.
    pub object: String,
}

/// Rows that an import put into, or took from, a table earlier in its transaction.
#[derive(Debug, Clone, Copy, Default)]
pub struct Touched {
    pub inserted: bool,
    pub deleted: bool,
}

/// What is in the way of retyping `retyped`, and of adding columns if `adds`.
/// `touched` is what the transaction will have done to the table by then, as
/// far as PostgreSQL does not know of it yet (a plan).
///
/// # Errors
/// SPI's own.
pub fn of(
    oid: pg_sys::Oid,
    retyped: &[(String, String)],
    adds: bool,
    touched: Touched,
) -> Result<Vec<Blocker>, Failure> {
    let mut found = retyping(oid, retyped)?;
    if adds {
        found.extend(adding(oid)?);
    }
    for relation in tree(oid)? {
        // SAFETY: looks through this backend's own queue of trigger events.
        let pending = unsafe { pg_sys::AfterTriggerPendingOnRel(relation) };
        let deferred = if pending {
            deferred(relation, true, true)?
        } else {
            deferred(relation, touched.inserted, touched.deleted)?
        };
        found.extend(deferred.into_iter().map(|object| Blocker {
            column: None,
            object,
        }));
    }
    found.dedup();
    Ok(found)
}

/// The objects alone, each once.
pub fn objects(blockers: &[Blocker]) -> Vec<String> {
    let mut objects: Vec<String> = Vec::with_capacity(blockers.len());
    for blocker in blockers {
        if !objects.contains(&blocker.object) {
            objects.push(blocker.object.clone());
        }
    }
    objects
}

/// 2BP01, naming them all.
pub fn failure(name: &TableName, blockers: &[Blocker], statement: &str) -> Failure {
    let count = objects(blockers).len();
    let things = if count == 1 { "object" } else { "objects" };
    let lines: Vec<String> = blockers
        .iter()
        .map(|blocker| match &blocker.column {
            Some(column) => format!("Column \"{column}\" is held by {}.", blocker.object),
            None => format!("The table is held by {}.", blocker.object),
        })
        .collect();
    Failure::new(
        "2BP01",
        format!(
            "table {} cannot be altered: {count} {things} in the way",
            name.display()
        ),
    )
    .detail(format!("{}\nStatement: {statement}", lines.join("\n")))
    .hint("Drop what is named, import again, and create it anew; or take the columns out of the workbook.")
}

/// A candidate from the catalogs, and what must hold for it not to be one.
struct Candidate {
    column: Option<String>,
    object: String,
    relation: Option<pg_sys::Oid>,
    expression: Option<String>,
}

fn retyping(oid: pg_sys::Oid, retyped: &[(String, String)]) -> Result<Vec<Blocker>, Failure> {
    if retyped.is_empty() {
        return Ok(Vec::new());
    }
    let columns: Vec<&str> = retyped.iter().map(|(column, _)| column.as_str()).collect();
    let types: Vec<&str> = retyped.iter().map(|(_, to)| to.as_str()).collect();
    let candidates = with_setting(c"search_path", "pg_catalog, pg_temp", || {
        spi::rows(
            include_str!("blockers.sql"),
            &[oid.into(), columns.into(), types.into()],
            |row| Candidate {
                column: row.value(1),
                object: row.text(2),
                relation: row.value(3),
                expression: row.value(4),
            },
        )
    })?;
    let mut blockers = Vec::new();
    for candidate in candidates {
        let survives = match (candidate.relation, &candidate.expression) {
            (Some(relation), Some(expression)) => holds(relation, expression, retyped)?,
            _ => false,
        };
        if !survives {
            blockers.push(Blocker {
                column: candidate.column,
                object: candidate.object,
            });
        }
    }
    Ok(blockers)
}

/// Whether an expression over the relation is still valid once the columns are retyped.
fn holds(
    relation: pg_sys::Oid,
    expression: &str,
    retyped: &[(String, String)],
) -> Result<bool, Failure> {
    let (columns, table) = with_setting(c"search_path", "pg_catalog, pg_temp", || {
        let columns = spi::rows(
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a \
              WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            &[relation.into()],
            |row| (row.text(1), row.text(2)),
        )?;
        let table = spi::first(
            "SELECT c.relname::text FROM pg_class c WHERE c.oid = $1",
            &[relation.into()],
            |row| row.text(1),
        )?;
        Ok((columns, table.unwrap_or_default()))
    })?;
    let row: Vec<String> = columns
        .into_iter()
        .map(|(name, sql_type)| {
            let new = retyped.iter().find(|(column, _)| *column == name);
            let sql_type = new.map_or(sql_type, |(_, to)| to.clone());
            format!("NULL::{sql_type} AS {}", column_sql(&name))
        })
        .collect();
    let statement = format!(
        "SELECT {expression} FROM (SELECT {}) AS {}",
        row.join(", "),
        column_sql(&table)
    );
    let parsed = subxact::run(|| {
        // The expression was printed under this search_path too.
        with_setting(c"search_path", "pg_catalog, pg_temp", || {
            spi::parse(&statement)
        })
    });
    Ok(parsed.is_ok())
}

/// What stands in the way of ADD COLUMN.
fn adding(oid: pg_sys::Oid) -> Result<Vec<Blocker>, Failure> {
    with_setting(c"search_path", "pg_catalog, pg_temp", || {
        spi::rows(
            "SELECT format('partition of table %s', i.inhparent::regclass) FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid \
              WHERE c.oid = $1 AND c.relispartition \
             UNION ALL \
             SELECT format('type %s, which table %s is made of', c.reloftype::regtype, c.oid::regclass) FROM pg_class c \
              WHERE c.oid = $1 AND c.reloftype <> 0",
            &[oid.into()],
            |row| Blocker {
                column: None,
                object: row.text(1),
            },
        )
    })
}

/// The relation, its partitions and the tables that inherit from it.
fn tree(oid: pg_sys::Oid) -> Result<Vec<pg_sys::Oid>, Failure> {
    let found = with_setting(c"search_path", "pg_catalog, pg_temp", || {
        spi::rows(
            "WITH RECURSIVE tree(relid) AS (SELECT $1::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.relid) \
             SELECT relid FROM tree",
            &[oid.into()],
            |row| row.value::<pg_sys::Oid>(1),
        )
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// Constraints whose check of inserted or deleted rows is put off to the commit:
/// as long as one is due, the table cannot be altered.
fn deferred(oid: pg_sys::Oid, inserted: bool, deleted: bool) -> Result<Vec<String>, Failure> {
    if !inserted && !deleted {
        return Ok(Vec::new());
    }
    with_setting(c"search_path", "pg_catalog, pg_temp", || {
        spi::rows(
            "SELECT DISTINCT format('deferred constraint %I of table %s, whose check is due', k.conname, k.conrelid::regclass) \
               FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint \
              WHERE t.tgrelid = $1 AND t.tginitdeferred AND t.tgenabled IN ('O', 'A') \
                AND t.tgfoid <> 'unique_key_recheck'::regproc \
                AND (($2 AND t.tgtype & 4 <> 0) OR ($3 AND t.tgtype & 8 <> 0)) \
              ORDER BY 1",
            &[oid.into(), inserted.into(), deleted.into()],
            |row| row.text(1),
        )
    })
}
