//! pgdatahub.max_rewrite: how large a table may be rewritten without being asked.
//!
//! Retyping a column writes the whole table anew, under a lock that nobody else
//! passes, and needs its size on disk once more meanwhile.

use super::catalog::TableName;
use super::error::Failure;
use super::identity::with_setting;
use super::{guc, spi};
use pgrx::pg_sys;

/// What would be rewritten.
#[derive(Debug, Clone, Default)]
pub struct Rewrite {
    /// Bytes of the table with its TOAST data and its partitions, without indexes.
    pub bytes: i64,
    /// The same as people read it.
    pub size: String,
}

/// The size of what retyping a column of the table rewrites.
///
/// # Errors
/// SPI's own.
pub fn of(oid: pg_sys::Oid) -> Result<Rewrite, Failure> {
    let found = with_setting(c"search_path", "pg_catalog, pg_temp", || {
        spi::first(
            "WITH RECURSIVE tree(relid) AS (SELECT $1::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.relid) \
             SELECT s.bytes, pg_size_pretty(s.bytes) FROM ( \
               SELECT sum(pg_relation_size(c.oid) + CASE c.reltoastrelid WHEN 0 THEN 0 ELSE pg_relation_size(c.reltoastrelid) END)::int8 AS bytes \
                 FROM tree t JOIN pg_class c ON c.oid = t.relid) s",
            &[oid.into()],
            |row| Rewrite {
                bytes: row.value(1).unwrap_or(0),
                size: row.text(2),
            },
        )
    })?;
    Ok(found.unwrap_or_default())
}

/// # Errors
/// 54000 when it is more than `pgdatahub.max_rewrite`; the HINT is the statement.
pub fn check(name: &TableName, rewrite: &Rewrite, statement: &str) -> Result<(), Failure> {
    refused(name, rewrite, "by an import")?.map_or(Ok(()), |failure| {
        Err(failure.hint(format!(
            "Run it when the table may be locked, and import again: {statement}; or SET pgdatahub.max_rewrite = -1."
        )))
    })
}

/// As [`check`], of a statement that is not run by an import but by the user's `call` of a function:
/// run by hand, it would not be on record.
///
/// # Errors
/// 54000 when it is more than `pgdatahub.max_rewrite`; the HINT is the call.
pub fn check_call(
    name: &TableName,
    oid: pg_sys::Oid,
    statement: &str,
    call: &str,
) -> Result<(), Failure> {
    refused(name, &of(oid)?, "unasked")?.map_or(Ok(()), |failure| {
        Err(failure
            .also(format!("Statement: {statement}"))
            .hint(format!(
                "When the table may be locked: SET pgdatahub.max_rewrite = -1; SELECT * FROM {call};"
            )))
    })
}

fn refused(name: &TableName, rewrite: &Rewrite, how: &str) -> Result<Option<Failure>, Failure> {
    let most = i64::from(guc::MAX_REWRITE.get());
    if most < 0 || rewrite.bytes <= most << 10 {
        return Ok(None);
    }
    let most = spi::first(
        "SELECT pg_catalog.pg_size_pretty($1)",
        &[(most << 10).into()],
        |row| row.text(1),
    )?;
    let failure = Failure::new(
        "54000",
        format!(
            "table {} is too large to be rewritten {how}: {}",
            name.display(),
            rewrite.size
        ),
    )
    .detail(format!(
        "A column must be retyped, which rewrites the table under a lock that nobody else passes; pgdatahub.max_rewrite is {}.",
        most.unwrap_or_default()
    ));
    Ok(Some(failure))
}
