//! An import's rows in its data table: found by source_file and load_timestamp, which identify it.

use super::catalog::TableName;
use super::error::Failure;
use super::spi;
use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};
use pgrx::pg_sys::Oid;

/// The pairs that identify some imports of one table.
pub struct Pairs<'a> {
    files: Vec<&'a str>,
    stamps: Vec<TimestampWithTimeZone>,
}

impl<'a> Pairs<'a> {
    /// From source_file and load_timestamp of each import.
    pub fn new(pairs: impl IntoIterator<Item = (&'a str, TimestampWithTimeZone)>) -> Pairs<'a> {
        let (files, stamps) = pairs.into_iter().unzip();
        Pairs { files, stamps }
    }

    fn args(&self) -> [DatumWithOid<'a>; 2] {
        [self.files.clone().into(), self.stamps.clone().into()]
    }

    /// The condition on a row of `t`, for `args`. The first two terms serve an index on
    /// (source_file, load_timestamp) or on either, and partitions; with several files the
    /// last one keeps one file's stamp from meeting another's name.
    fn condition(&self) -> String {
        let mut sql = "t.source_file OPERATOR(pg_catalog.=) ANY ($1) AND t.load_timestamp OPERATOR(pg_catalog.=) ANY ($2)".to_owned();
        if self
            .files
            .iter()
            .any(|file| Some(file) != self.files.first())
        {
            sql.push_str(
                " AND EXISTS (SELECT FROM unnest($1, $2) AS p(f, s) WHERE p.f OPERATOR(pg_catalog.=) t.source_file \
                   AND p.s OPERATOR(pg_catalog.=) t.load_timestamp)",
            );
        }
        sql
    }
}

/// Deletes the rows of some imports in one statement, so that the table is read once at most; how many.
///
/// # Errors
/// PostgreSQL's are raised: no DELETE right.
pub fn delete(name: &TableName, pairs: &Pairs<'_>) -> Result<i64, Failure> {
    let statement = format!(
        "DELETE FROM {} AS t WHERE {}",
        name.sql(),
        pairs.condition()
    );
    Ok(spi::execute(&statement, &pairs.args())? as i64)
}

/// Counts the rows of some imports.
///
/// # Errors
/// PostgreSQL's are raised: no SELECT right.
pub fn count(name: &TableName, pairs: &Pairs<'_>) -> Result<i64, Failure> {
    let statement = format!(
        "SELECT pg_catalog.count(*) FROM {} AS t WHERE {}",
        name.sql(),
        pairs.condition()
    );
    let count = spi::first(&statement, &pairs.args(), |row| row.value::<i64>(1))?;
    Ok(count.flatten().unwrap_or(0))
}

/// Whether a DELETE may leave rows behind without an error: a trigger or a rule decides.
///
/// # Errors
/// SPI's own.
pub fn may_keep_rows(oid: Oid) -> Result<bool, Failure> {
    // tgtype: 8 DELETE, 2 BEFORE, 64 INSTEAD (catalog/pg_trigger.h); ev_type '4' is DELETE.
    Ok(spi::first(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal \
                          AND (t.tgtype::pg_catalog.int4 OPERATOR(pg_catalog.&) 8) OPERATOR(pg_catalog.<>) 0 \
                          AND (t.tgtype::pg_catalog.int4 OPERATOR(pg_catalog.&) 66) OPERATOR(pg_catalog.<>) 0 \
                          AND (t.tgrelid OPERATOR(pg_catalog.=) $1 OR EXISTS (SELECT FROM pg_catalog.pg_partition_tree($1::pg_catalog.regclass) p \
                                WHERE p.relid::pg_catalog.oid OPERATOR(pg_catalog.=) t.tgrelid))) \
             OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class OPERATOR(pg_catalog.=) $1 AND r.ev_type OPERATOR(pg_catalog.=) '4')",
        &[oid.into()],
        |row| row.value::<bool>(1),
    )?
    .flatten()
    .unwrap_or(false))
}

/// Rows that share source_file and load_timestamp.
pub struct Group {
    /// None for rows that no import can have brought.
    pub source_file: Option<String>,
    /// Likewise.
    pub load_timestamp: Option<TimestampWithTimeZone>,
    /// How many there are.
    pub rows: i64,
}

/// All rows of a table, by import. Reads the table once.
///
/// # Errors
/// PostgreSQL's are raised: no SELECT right.
pub fn groups(name: &TableName) -> Result<Vec<Group>, Failure> {
    let sql = format!(
        "SELECT t.source_file, t.load_timestamp, pg_catalog.count(*) FROM {} AS t GROUP BY 1, 2 \
          ORDER BY t.source_file USING OPERATOR(pg_catalog.<), t.load_timestamp USING OPERATOR(pg_catalog.<)",
        name.sql()
    );
    spi::rows(&sql, &[], |row| Group {
        source_file: row.value(1),
        load_timestamp: row.value(2),
        rows: row.value(3).unwrap_or(0),
    })
}
