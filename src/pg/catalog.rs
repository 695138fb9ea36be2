//! What the catalogs say of a target table: columns, size, and what is special about it.

use super::error::Failure;
use super::{spi, types};
use pgdatahub_core::evolve::TableColumn;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_qualified_identifier};
use std::ffi::CString;

/// A table's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    pub schema: String,
    pub table: String,
}

impl TableName {
    /// Quoted for SQL.
    pub fn sql(&self) -> String {
        quote_qualified_identifier(&self.schema, &self.table)
    }

    /// As a person reads it: quoted only where SQL needs it.
    pub fn display(&self) -> String {
        self.sql()
    }
}

/// The rows of one import, by what identifies them.
pub type ImportKey = (String, TimestampWithTimeZone);

/// A name of one part, of a column or a role, quoted for SQL.
pub fn column_sql(name: &str) -> String {
    quote_identifier(name)
}

/// A relation that exists.
#[derive(Debug, Clone)]
pub struct Table {
    pub oid: pg_sys::Oid,
    pub columns: Vec<TableColumn>,
    /// Highest attribute number: columns, dropped ones included.
    pub attributes: usize,
    /// COPY may write it: a plain heap, or partitions of such, with nothing in between.
    pub plain_heap: bool,
    /// Why not, in words.
    pub not_plain: Option<String>,
    /// A BEFORE or INSTEAD OF row trigger may drop rows.
    pub may_drop_rows: bool,
}

impl Table {
    /// A table that a plan would have made by now.
    pub fn imagined(columns: Vec<TableColumn>) -> Table {
        Table {
            oid: pg_sys::InvalidOid,
            attributes: columns.len(),
            columns,
            plain_heap: true,
            not_plain: None,
            may_drop_rows: false,
        }
    }

    /// Whether the catalogs know it.
    pub fn exists(&self) -> bool {
        self.oid != pg_sys::InvalidOid
    }
}

/// The columns that every data table has besides the sheet's.
pub const RESERVED: [&str; 2] = ["source_file", "load_timestamp"];

/// The relation of that name, whatever it is.
///
/// Asked for every file several times, so the catalog caches answer and not a statement; but
/// in a transaction that keeps to its first snapshot what is seen of the catalogs and of the
/// audit is to be of one time.
///
/// # Errors
/// SPI's own.
pub fn find(name: &TableName) -> Result<Option<pg_sys::Oid>, Failure> {
    // SAFETY: reads this transaction's isolation level.
    match unsafe { pg_sys::XactIsoLevel } >= pg_sys::XACT_REPEATABLE_READ as i32 {
        true => in_snapshot(name),
        false => Ok(by_caches(name)),
    }
}

fn in_snapshot(name: &TableName) -> Result<Option<pg_sys::Oid>, Failure> {
    Ok(spi::first(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE n.nspname OPERATOR(pg_catalog.=) ($1)::pg_catalog.name AND c.relname OPERATOR(pg_catalog.=) ($2)::pg_catalog.name",
        &[name.schema.as_str().into(), name.table.as_str().into()],
        |row| row.value::<pg_sys::Oid>(1),
    )?
    .flatten())
}

fn by_caches(name: &TableName) -> Option<pg_sys::Oid> {
    let (schema, table) = (identifier(&name.schema)?, identifier(&name.table)?);
    // SAFETY: terminated strings, which the caches do not keep. What other sessions committed is seen, as by a statement.
    let found = unsafe {
        pg_sys::AcceptInvalidationMessages();
        let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        match schema {
            pg_sys::InvalidOid => schema,
            schema => pg_sys::get_relname_relid(table.as_ptr(), schema),
        }
    };
    (found != pg_sys::InvalidOid).then_some(found)
}

/// A name as the catalogs have it: cut as a cast to name cuts it. None for what no catalog can hold.
fn identifier(name: &str) -> Option<CString> {
    let longest = pg_sys::NAMEDATALEN as usize - 1;
    let end = (0..=name.len().min(longest))
        .rev()
        .find(|end| name.is_char_boundary(*end))?;
    CString::new(&name[..end]).ok()
}

/// The schema and name of a relation.
///
/// # Errors
/// 42P01 when there is none.
pub fn name_of(oid: pg_sys::Oid) -> Result<TableName, Failure> {
    spi::first(
        "SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE c.oid OPERATOR(pg_catalog.=) $1",
        &[oid.into()],
        |row| TableName { schema: row.text(1), table: row.text(2) },
    )?
    .ok_or_else(|| Failure::new("42P01", format!("relation with oid {} does not exist", oid.to_u32())))
}

/// Holds a table's definition until the (sub)transaction ends, as an INSERT does.
pub fn lock_for_insert(oid: pg_sys::Oid) {
    // SAFETY: any oid names a lock; a wait is interruptible.
    unsafe { pg_sys::LockRelationOid(oid, pg_sys::RowExclusiveLock as pg_sys::LOCKMODE) };
}

/// Everything an import must know of its target. Provisional flags are the registry's to add.
///
/// # Errors
/// SPI's own.
pub fn describe(oid: pg_sys::Oid) -> Result<Table, Failure> {
    let columns = spi::rows(
        "SELECT a.attname::pg_catalog.text, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod), \
                a.attgenerated OPERATOR(pg_catalog.=) '' AND a.attidentity OPERATOR(pg_catalog.<>) 'a' \
           FROM pg_catalog.pg_attribute a \
          WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped ORDER BY a.attnum",
        &[oid.into()],
        |row| TableColumn {
            name: row.text(1),
            kind: types::kind(
                row.value::<pg_sys::Oid>(2).unwrap_or(pg_sys::InvalidOid),
                row.value::<i32>(3).unwrap_or(-1),
                row.text(4),
            ),
            provisional: false,
            fillable: row.value::<bool>(5).unwrap_or(false),
        },
    )?;
    let not_plain = why_not_plain(oid)?;
    let (may_drop_rows, attributes) = spi::first(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) $1 AND NOT t.tgisinternal \
                          AND (t.tgtype::pg_catalog.int4 OPERATOR(pg_catalog.&) 66) OPERATOR(pg_catalog.<>) 0), \
                (SELECT c.relnatts FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) $1)",
        &[oid.into()],
        |row| (row.value::<bool>(1).unwrap_or(false), row.value::<i16>(2).unwrap_or(0)),
    )?
    .unwrap_or((false, 0));
    Ok(Table {
        oid,
        columns,
        attributes: usize::try_from(attributes).unwrap_or(0),
        plain_heap: not_plain.is_none(),
        not_plain,
        may_drop_rows,
    })
}

/// Why COPY's engine may not write the relation directly (reliability rule 12).
fn why_not_plain(oid: pg_sys::Oid) -> Result<Option<String>, Failure> {
    let reason = spi::first(
        "SELECT CASE \
           WHEN c.relkind OPERATOR(pg_catalog.<>) ALL ('{r,p}'::pg_catalog.\"char\"[]) THEN 'it is not a table' \
           WHEN EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid::pg_catalog.regclass) t JOIN pg_catalog.pg_class l ON l.oid OPERATOR(pg_catalog.=) t.relid \
                         WHERE t.isleaf AND (l.relkind OPERATOR(pg_catalog.<>) 'r' OR l.relam OPERATOR(pg_catalog.<>) 2)) \
             OR (c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relam OPERATOR(pg_catalog.<>) 2) THEN 'its storage is not a heap' \
           WHEN c.relhasrules THEN 'it has rules' \
           WHEN pg_catalog.row_security_active(c.oid) THEN 'row level security applies to it' \
         END FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) $1",
        &[oid.into()],
        |row| row.value::<String>(1),
    )?
    .flatten();
    if reason.is_some() {
        return Ok(reason);
    }
    // Tables of these look plain in pg_class and lose what is written past their hooks.
    for (extension, query, words) in [
        (
            "citus",
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition d WHERE d.logicalrelid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass)",
            "it is a Citus table",
        ),
        (
            "timescaledb",
            "SELECT EXISTS (SELECT FROM _timescaledb_catalog.hypertable h JOIN pg_catalog.pg_class c ON c.relname OPERATOR(pg_catalog.=) h.table_name \
               JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace AND n.nspname OPERATOR(pg_catalog.=) h.schema_name \
              WHERE c.oid OPERATOR(pg_catalog.=) $1)",
            "it is a hypertable",
        ),
    ] {
        let installed = spi::first(
            "SELECT true FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) ($1)::pg_catalog.name",
            &[extension.into()],
            |_| (),
        )?;
        if installed.is_some()
            && spi::first(query, &[oid.into()], |row| row.value::<bool>(1))?.flatten() == Some(true)
        {
            return Ok(Some(words.into()));
        }
    }
    Ok(None)
}

/// The schema new tables go to when none is named: current_schema(), never pg_temp.
///
/// # Errors
/// 3F000 when search_path names no schema that exists.
pub fn current_schema() -> Result<String, Failure> {
    spi::first(
        "SELECT pg_catalog.current_schema()::pg_catalog.text",
        &[],
        |row| row.value::<String>(1),
    )?
    .flatten()
    .ok_or_else(|| {
        Failure::new("3F000", "no schema to create tables in")
            .hint("Pass target_schema => '…', or set search_path to a schema that exists.")
    })
}

/// Constraints of other tables through which a DELETE here would change them too.
///
/// # Errors
/// SPI's own.
pub fn cascading_keys(oid: pg_sys::Oid) -> Result<Vec<String>, Failure> {
    spi::rows(
        "SELECT pg_catalog.format('%s on %s (ON DELETE %s)', k.conname, k.conrelid::pg_catalog.regclass, \
                CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END) \
           FROM pg_catalog.pg_constraint k \
          WHERE k.confrelid OPERATOR(pg_catalog.=) $1 AND k.contype OPERATOR(pg_catalog.=) 'f' \
            AND k.confdeltype OPERATOR(pg_catalog.=) ANY ('{c,n,d}'::pg_catalog.\"char\"[]) ORDER BY 1",
        &[oid.into()],
        |row| row.text(1),
    )
}

/// # Errors
/// 42804 when source_file or load_timestamp is there with another type than ours.
pub fn check_reserved_types(oid: pg_sys::Oid, name: &TableName) -> Result<(), Failure> {
    let wrong = spi::first(
        "SELECT a.attname::pg_catalog.text, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a \
          WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND NOT a.attisdropped AND \
                ((a.attname OPERATOR(pg_catalog.=) 'source_file' AND a.atttypid OPERATOR(pg_catalog.<>) 'pg_catalog.text'::pg_catalog.regtype) \
              OR (a.attname OPERATOR(pg_catalog.=) 'load_timestamp' AND a.atttypid OPERATOR(pg_catalog.<>) 'pg_catalog.timestamptz'::pg_catalog.regtype))",
        &[oid.into()],
        |row| (row.text(1), row.text(2)),
    )?;
    match wrong {
        None => Ok(()),
        Some((column, sql_type)) => {
            Err(Failure::new("42804", format!("column {column} of {} is of type {sql_type}", name.display()))
                .detail("Imports need source_file text and load_timestamp timestamp with time zone for themselves.")
                .hint(format!("ALTER TABLE {} RENAME COLUMN {column} TO …", name.display())))
        }
    }
}
