//! etl_schema_changes and etl_columns seen from their undoing.

use super::catalog::TableName;
use super::error::Failure;
use super::identity::{as_owner, current_role};
use super::spi;
use pgdatahub_core::undo::{Kind, Past};
use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};

fn key(name: &TableName) -> [DatumWithOid<'_>; 2] {
    [name.schema.as_str().into(), name.table.as_str().into()]
}

/// The changes of a table that are in force.
///
/// # Errors
/// SPI's own.
pub fn in_force(name: &TableName) -> Result<Vec<Past>, Failure> {
    as_owner(|| {
        spi::rows(
            "SELECT change_id, change_type, column_name, old_type, new_type, source_file FROM pgdatahub.etl_schema_changes \
              WHERE table_schema = $1 AND table_name = $2 AND reverted_at IS NULL ORDER BY change_id",
            &key(name),
            |row| Past {
                id: row.value(1).unwrap_or(0),
                kind: match row.text(2).as_str() {
                    "CREATE TABLE" => Kind::CreateTable,
                    "ADD COLUMN" => Kind::AddColumn,
                    "ALTER COLUMN TYPE" => Kind::AlterType,
                    _ => Kind::Other,
                },
                column: row.text(3),
                old_type: row.text(4),
                new_type: row.text(5),
                source_file: row.text(6),
            },
        )
    })
}

/// Every file that was ever imported into a table, or that changed it.
///
/// # Errors
/// SPI's own.
pub fn files(name: &TableName) -> Result<Vec<String>, Failure> {
    as_owner(|| {
        spi::rows(
            "SELECT source_file FROM pgdatahub.etl_imports WHERE table_schema = $1 AND table_name = $2 \
             UNION SELECT source_file FROM pgdatahub.etl_schema_changes WHERE table_schema = $1 AND table_name = $2 AND source_file IS NOT NULL \
             ORDER BY 1",
            &key(name),
            |row| row.text(1),
        )
    })
}

/// The load timestamps of all imports of a file into a table, reverted ones too.
///
/// # Errors
/// SPI's own.
pub fn stamps(name: &TableName, source_file: &str) -> Result<Vec<TimestampWithTimeZone>, Failure> {
    let [schema, table] = key(name);
    let found = as_owner(|| {
        spi::rows(
            "SELECT load_timestamp FROM pgdatahub.etl_imports WHERE table_schema = $1 AND table_name = $2 \
                AND md5(source_file) = md5($3) AND source_file = $3",
            &[schema, table, source_file.into()],
            |row| row.value::<TimestampWithTimeZone>(1),
        )
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// Marks changes undone; they stay on record.
///
/// # Errors
/// SPI's own.
pub fn mark_undone(ids: &[i64]) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    let role = current_role();
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_schema_changes SET reverted_at = clock_timestamp(), reverted_by = $2 \
              WHERE change_id = ANY ($1::int8[]) AND reverted_at IS NULL",
            &[ids.to_vec().into(), role.as_str().into()],
        )
        .map(|_| ())
    })
}

/// Forgets the headers of a column that is gone.
///
/// # Errors
/// SPI's own.
pub fn forget_column(name: &TableName, column: &str) -> Result<(), Failure> {
    let [schema, table] = key(name);
    as_owner(|| {
        spi::execute(
            "DELETE FROM pgdatahub.etl_columns WHERE table_schema = $1 AND table_name = $2 AND column_name = $3",
            &[schema, table, column.into()],
        )
        .map(|_| ())
    })
}

/// The columns remembered for a header, each with which of several equal headers of one sheet
/// it takes, counted from 1.
///
/// # Errors
/// SPI's own.
pub fn columns_of(name: &TableName, header: &str) -> Result<Vec<(i32, String)>, Failure> {
    let [schema, table] = key(name);
    as_owner(|| {
        spi::rows(
            "SELECT occurrence, column_name FROM pgdatahub.etl_columns WHERE table_schema = $1 AND table_name = $2 \
                AND md5(header) = md5($3) AND header = $3 ORDER BY 1",
            &[schema, table, header.into()],
            |row| (row.value(1).unwrap_or(1), row.text(2)),
        )
    })
}

/// Sends a header (of several equal ones of a sheet the nth) to a column: with all others of the column it had, or alone where it had none.
///
/// # Errors
/// SPI's own.
pub fn redirect(
    name: &TableName,
    (header, occurrence): (&str, i32),
    from: Option<&str>,
    to: &str,
) -> Result<(), Failure> {
    let [schema, table] = key(name);
    as_owner(|| {
        match from {
            Some(from) => spi::execute(
                "UPDATE pgdatahub.etl_columns SET column_name = $4 \
                  WHERE table_schema = $1 AND table_name = $2 AND column_name = $3",
                &[schema, table, from.into(), to.into()],
            )?,
            None => spi::execute(
                "INSERT INTO pgdatahub.etl_columns (table_schema, table_name, header, occurrence, column_name) VALUES ($1, $2, $3, $5, $4)",
                &[schema, table, header.into(), to.into(), occurrence.into()],
            )?,
        };
        Ok(())
    })
}
