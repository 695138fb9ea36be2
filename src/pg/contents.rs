//! What only the rows of a table can tell.

use super::catalog::{ImportKey, TableName, column_sql};
use super::error::Failure;
use super::spi;
use pgrx::datum::TimestampWithTimeZone;

/// Whether any row of the table holds a value in the column.
///
/// # Errors
/// PostgreSQL's own: no SELECT right.
pub fn has_value(table: &TableName, column: &str) -> Result<bool, Failure> {
    has_value_without(table, column, &[])
}

/// The same but for the rows of some imports, which a plan would have removed by then.
///
/// # Errors
/// PostgreSQL's own: no SELECT right.
pub fn has_value_without(
    table: &TableName,
    column: &str,
    without: &[ImportKey],
) -> Result<bool, Failure> {
    let column = column_sql(column);
    let (files, times): (Vec<&str>, Vec<TimestampWithTimeZone>) = without
        .iter()
        .map(|(file, time)| (file.as_str(), *time))
        .unzip();
    let (others, args) = if without.is_empty() {
        ("", vec![])
    } else {
        let others = " AND NOT EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS gone(f, t) \
            WHERE gone.f OPERATOR(pg_catalog.=) imported.source_file AND gone.t OPERATOR(pg_catalog.=) imported.load_timestamp)";
        (others, vec![files.into(), times.into()])
    };
    let sql = format!(
        "SELECT EXISTS (SELECT FROM {} AS imported WHERE imported.{column} IS NOT NULL{others})",
        table.sql(),
    );
    Ok(spi::first(&sql, &args, |row| row.value::<bool>(1))?
        .flatten()
        .unwrap_or(false))
}

/// Whether the table holds rows of any of the imports.
///
/// # Errors
/// PostgreSQL's own: no SELECT right.
pub fn holds_any(table: &TableName, imports: &[ImportKey]) -> Result<bool, Failure> {
    let (files, times): (Vec<&str>, Vec<TimestampWithTimeZone>) = imports
        .iter()
        .map(|(file, time)| (file.as_str(), *time))
        .unzip();
    let sql = format!(
        "SELECT EXISTS (SELECT FROM {} AS imported JOIN ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS known(f, t) \
            ON known.f OPERATOR(pg_catalog.=) imported.source_file AND known.t OPERATOR(pg_catalog.=) imported.load_timestamp)",
        table.sql(),
    );
    let found = spi::first(&sql, &[files.into(), times.into()], |row| {
        row.value::<bool>(1)
    })?;
    Ok(found.flatten().unwrap_or(false))
}

/// Whether a bigint column holds an integer that a double precision cannot.
///
/// # Errors
/// PostgreSQL's own: no SELECT right.
pub fn exceeds_double(table: &TableName, column: &str) -> Result<bool, Failure> {
    let column = column_sql(column);
    let sql = format!(
        "SELECT EXISTS (SELECT FROM {} WHERE {column} OPERATOR(pg_catalog.>) 9007199254740992::pg_catalog.int8 \
         OR {column} OPERATOR(pg_catalog.<) '-9007199254740992'::pg_catalog.int8)",
        table.sql()
    );
    Ok(spi::first(&sql, &[], |row| row.value::<bool>(1))?
        .flatten()
        .unwrap_or(false))
}
