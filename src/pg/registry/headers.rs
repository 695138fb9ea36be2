//! etl_columns: which header goes to which column, and which columns have no type of their own yet.

use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::identity::as_owner;
use crate::pg::spi;
use pgdatahub_core::columns::{Assigned, Remembered};

/// The headers a table remembers, and its provisional columns.
///
/// # Errors
/// SPI's own.
pub fn remembered(name: &TableName) -> Result<(Vec<Remembered>, Vec<String>), Failure> {
    let rows = as_owner(|| {
        spi::rows(
            "SELECT header, occurrence, column_name, provisional FROM pgdatahub.etl_columns \
              WHERE table_schema = $1 AND table_name = $2 ORDER BY remembered_at, header, occurrence",
            &[name.schema.as_str().into(), name.table.as_str().into()],
            |row| {
                let occurrence = row.value::<i32>(2).unwrap_or(1).unsigned_abs();
                let remembered = Remembered {
                    header: row.text(1),
                    occurrence,
                    column: row.text(3),
                };
                (remembered, row.value::<bool>(4).unwrap_or(false))
            },
        )
    })?;
    let provisional = rows
        .iter()
        .filter(|(_, p)| *p)
        .map(|(r, _)| r.column.clone())
        .collect();
    Ok((rows.into_iter().map(|(r, _)| r).collect(), provisional))
}

/// Remembers the new headers among `assigned`, and those that the configuration has moved.
///
/// # Errors
/// SPI's own.
pub fn remember(name: &TableName, assigned: &[Assigned]) -> Result<(), Failure> {
    let new: Vec<&Assigned> = assigned.iter().filter(|a| a.new_header).collect();
    if new.is_empty() {
        return Ok(());
    }
    let headers: Vec<&str> = new.iter().map(|a| a.header.as_str()).collect();
    let occurrences: Vec<i32> = new.iter().map(|a| a.occurrence as i32).collect();
    let columns: Vec<&str> = new.iter().map(|a| a.column.as_str()).collect();
    as_owner(|| {
        spi::execute(
            "INSERT INTO pgdatahub.etl_columns (table_schema, table_name, header, occurrence, column_name) \
             SELECT $1, $2, r.h, r.o, r.c FROM unnest($3::text[], $4::int4[], $5::text[]) AS r(h, o, c) \
             ON CONFLICT (table_schema, table_name, md5(header), occurrence) DO UPDATE SET column_name = excluded.column_name, provisional = false",
            &[
                name.schema.as_str().into(),
                name.table.as_str().into(),
                headers.into(),
                occurrences.into(),
                columns.into(),
            ],
        )
        .map(|_| ())
    })
}

/// Sets or clears the provisional flag of columns.
///
/// # Errors
/// SPI's own.
pub fn set_provisional(
    name: &TableName,
    columns: &[&str],
    provisional: bool,
) -> Result<(), Failure> {
    if columns.is_empty() {
        return Ok(());
    }
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_columns SET provisional = $4 \
              WHERE table_schema = $1 AND table_name = $2 AND column_name = ANY ($3::text[])",
            &[
                name.schema.as_str().into(),
                name.table.as_str().into(),
                columns.to_vec().into(),
                provisional.into(),
            ],
        )
        .map(|_| ())
    })
}
