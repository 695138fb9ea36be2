//! Tables that a dump brought here under another name than the record has for
//! them: renamed after their last import, and dumped before the next one could
//! follow the rename by its oid, which says nothing in another database.
//!
//! An import is identified in its table by source_file and load_timestamp, so
//! the rows tell which table it is. What only looks like it is not taken.

use super::catalog::{ImportKey, TableName};
use super::error::Failure;
use super::identity::as_owner;
use super::{contents, rights, spi};
use pgrx::pg_sys;
use std::collections::BTreeMap;

/// A managed table that is here under another name.
pub struct Restored {
    /// The name on record.
    pub recorded: TableName,
    pub name: TableName,
    pub oid: pg_sys::Oid,
}

/// Several tables hold rows of one on record: none is taken for it.
pub struct Ambiguous {
    pub recorded: TableName,
    pub names: Vec<TableName>,
}

/// What was looked for, in this database and by the calling role's rights.
#[derive(Default)]
pub struct Found {
    pub restored: Vec<Restored>,
    pub ambiguous: Vec<Ambiguous>,
}

/// Imports that a table is recognised by, the latest ones.
const KEYS: i64 = 100;

/// Tables on record that came from another cluster or database and are not
/// here by name, with the unmanaged ones that have all their columns.
/// $1 and $2 are this cluster and database.
const CANDIDATES: &str = "SELECT t.table_schema, t.table_name, n.nspname::text, c.relname::text, c.oid \
   FROM pgdatahub.etl_tables t JOIN pg_class c ON c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' \
   JOIN pg_namespace n ON n.oid = c.relnamespace \
  WHERE t.dropped_at IS NULL AND (t.cached_system, t.cached_database) IS DISTINCT FROM ($1, $2) \
    AND NOT EXISTS (SELECT FROM pg_class k JOIN pg_namespace s ON s.oid = k.relnamespace \
                     WHERE (s.nspname, k.relname) = (t.table_schema, t.table_name)) \
    AND NOT EXISTS (SELECT FROM pgdatahub.etl_tables o \
                     WHERE (o.table_schema, o.table_name) = (n.nspname, c.relname) AND o.dropped_at IS NULL) \
    AND 2 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped \
                AND (a.attnotnull OR t.origin = 'adopted') \
                AND (a.attname, a.atttypid) IN (('source_file', 'text'::regtype), ('load_timestamp', 'timestamptz'::regtype))) \
    AND NOT EXISTS (SELECT FROM pgdatahub.etl_columns h \
                     WHERE (h.table_schema, h.table_name) = (t.table_schema, t.table_name) \
                       AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = h.column_name)) \
  ORDER BY 3, 4";

/// Looks for them; nothing is changed.
///
/// # Errors
/// SPI's own.
pub fn find(system: &str, database: &str) -> Result<Found, Failure> {
    let candidates = as_owner(|| {
        spi::rows(CANDIDATES, &[system.into(), database.into()], |row| {
            let name = |schema, table| TableName {
                schema: row.text(schema),
                table: row.text(table),
            };
            let oid = row.value::<pg_sys::Oid>(5);
            (name(1, 2), (name(3, 4), oid.unwrap_or(pg_sys::InvalidOid)))
        })
    })?;
    let mut by_recorded: BTreeMap<TableName, Vec<(TableName, pg_sys::Oid)>> = BTreeMap::new();
    for (recorded, candidate) in candidates {
        by_recorded.entry(recorded).or_default().push(candidate);
    }
    let mut found = Found::default();
    for (recorded, candidates) in by_recorded {
        let keys = keys(&recorded)?;
        let mut holding = Vec::new();
        for (name, oid) in candidates {
            if !keys.is_empty() && rights::may_select(oid)? && contents::holds_any(&name, &keys)? {
                holding.push((name, oid));
            }
        }
        if holding.len() > 1 {
            let names = holding.into_iter().map(|(name, _)| name).collect();
            found.ambiguous.push(Ambiguous { recorded, names });
        } else if let Some((name, oid)) = holding.pop() {
            found.restored.push(Restored {
                recorded,
                name,
                oid,
            });
        }
    }
    Ok(found)
}

fn keys(recorded: &TableName) -> Result<Vec<ImportKey>, Failure> {
    let keys = as_owner(|| {
        spi::rows(
            "SELECT source_file, load_timestamp FROM pgdatahub.etl_imports \
              WHERE table_schema = $1 AND table_name = $2 AND reverted_at IS NULL AND row_count > 0 ORDER BY import_id DESC LIMIT $3",
            &[
                recorded.schema.as_str().into(),
                recorded.table.as_str().into(),
                KEYS.into(),
            ],
            |row| row.value(2).map(|time| (row.text(1), time)),
        )
    })?;
    Ok(keys.into_iter().flatten().collect())
}
