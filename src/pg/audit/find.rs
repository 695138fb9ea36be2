//! Imports on record, found by bytes, path, table or id.

use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::identity::as_owner;
use crate::pg::spi;
use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};

/// A sheet as the dedup key knows it.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    pub name: &'a str,
    /// The range that is read; empty for the whole sheet.
    pub range: &'a str,
}

/// An import as recorded.
#[derive(Debug, Clone)]
pub struct Import {
    pub import_id: i64,
    pub table: TableName,
    pub source_file: String,
    pub sheet_name: String,
    pub sheet_range: String,
    pub sha256: String,
    pub row_count: i64,
    pub load_timestamp: TimestampWithTimeZone,
    pub imported_at: String,
    pub reverted_at: Option<String>,
    pub reverted_by: Option<String>,
}

const IMPORT: &str = "SELECT i.import_id, i.table_schema, i.table_name, i.source_file, i.sheet_name, i.file_sha256, i.row_count, \
     i.load_timestamp, to_char(i.imported_at, 'YYYY-MM-DD HH24:MI'), to_char(i.reverted_at, 'YYYY-MM-DD HH24:MI'), i.reverted_by, \
     i.sheet_range FROM pgdatahub.etl_imports i";

pub(in crate::pg) fn imports(
    condition: &str,
    args: &[DatumWithOid<'_>],
) -> Result<Vec<Import>, Failure> {
    let found = as_owner(|| {
        spi::rows(&format!("{IMPORT} WHERE {condition}"), args, |row| {
            Some(Import {
                import_id: row.value(1)?,
                table: TableName {
                    schema: row.text(2),
                    table: row.text(3),
                },
                source_file: row.text(4),
                sheet_name: row.text(5),
                sha256: row.text(6),
                row_count: row.value(7)?,
                load_timestamp: row.value(8)?,
                imported_at: row.text(9),
                reverted_at: row.value(10),
                reverted_by: row.value(11),
                sheet_range: row.text(12),
            })
        })
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// An import into the table $1.$2. A path or a file's bytes were imported a few times, a table's imports
/// are thousands: this is written so that no index of the tables fits it, as the planner would take
/// that one as long as it has no statistics, which in a first import is to its end.
pub(in crate::pg) const INTO_TABLE: &str =
    "i.table_schema IS NOT DISTINCT FROM $1 AND i.table_name IS NOT DISTINCT FROM $2";

/// An import of the bytes $4 and the sheet $3 (range $5).
const SAME_SHEET: &str = "i.file_sha256 = $4 AND i.sheet_name = $3 AND i.sheet_range = $5";

/// The import of these bytes and this sheet that is in the table now.
///
/// # Errors
/// SPI's own.
pub fn present(
    table: &TableName,
    sheet: Sheet<'_>,
    sha256: &str,
) -> Result<Option<Import>, Failure> {
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        sheet.name.into(),
        sha256.into(),
        sheet.range.into(),
    ];
    let sql = format!("{SAME_SHEET} AND {INTO_TABLE} AND i.reverted_at IS NULL");
    Ok(imports(&sql, &args)?.into_iter().next())
}

/// An import of these bytes that was reverted on purpose and is held.
///
/// # Errors
/// SPI's own.
pub fn held(table: &TableName, sheet: Sheet<'_>, sha256: &str) -> Result<Option<Import>, Failure> {
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        sheet.name.into(),
        sha256.into(),
        sheet.range.into(),
    ];
    let sql = format!(
        "{SAME_SHEET} AND {INTO_TABLE} AND i.held AND i.reverted_at IS NOT NULL ORDER BY i.reverted_at DESC LIMIT 1"
    );
    Ok(imports(&sql, &args)?.into_iter().next())
}

/// The imports of this path that are in the table now: of this sheet, and of
/// sheets that the workbook, whose sheets are `sheets`, has no more.
///
/// # Errors
/// SPI's own.
pub fn at_path(
    table: &TableName,
    sheet: Sheet<'_>,
    source_file: &str,
    sheets: &[&str],
) -> Result<Vec<Import>, Failure> {
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        sheet.name.into(),
        source_file.into(),
        sheets.to_vec().into(),
    ];
    let sql = format!(
        "md5(i.source_file) = md5($4) AND i.source_file = $4 AND {INTO_TABLE} \
         AND (i.sheet_name = $3 OR i.sheet_name <> ALL ($5::text[])) AND i.reverted_at IS NULL ORDER BY i.import_id"
    );
    imports(&sql, &args)
}

/// The imports of this path, whatever their table, whose sheet is none of `sheets`.
///
/// # Errors
/// SPI's own.
pub fn of_lost_sheets(source_file: &str, sheets: &[&str]) -> Result<Vec<Import>, Failure> {
    imports(
        "md5(i.source_file) = md5($1) AND i.source_file = $1 AND i.sheet_name <> ALL ($2::text[]) AND i.reverted_at IS NULL \
         ORDER BY i.import_id",
        &[source_file.into(), sheets.to_vec().into()],
    )
}

/// All imports that are in a table now.
///
/// # Errors
/// SPI's own.
pub fn in_table(table: &TableName) -> Result<Vec<Import>, Failure> {
    let args = [table.schema.as_str().into(), table.table.as_str().into()];
    imports(
        "i.table_schema = $1 AND i.table_name = $2 AND i.reverted_at IS NULL ORDER BY i.import_id",
        &args,
    )
}

/// All imports that are or were in a table.
///
/// # Errors
/// SPI's own.
pub fn ever_in_table(table: &TableName) -> Result<Vec<Import>, Failure> {
    let args = [table.schema.as_str().into(), table.table.as_str().into()];
    imports(
        "i.table_schema = $1 AND i.table_name = $2 ORDER BY i.import_id",
        &args,
    )
}

/// The imports of a table that were taken out again, the latest first.
///
/// # Errors
/// SPI's own.
pub fn reverted_from(table: &TableName) -> Result<Vec<Import>, Failure> {
    let args = [table.schema.as_str().into(), table.table.as_str().into()];
    imports(
        "i.table_schema = $1 AND i.table_name = $2 AND i.reverted_at IS NOT NULL ORDER BY i.reverted_at DESC",
        &args,
    )
}

/// One import by its id, whatever its state.
///
/// # Errors
/// SPI's own.
pub fn by_id(import_id: i64) -> Result<Option<Import>, Failure> {
    Ok(imports("i.import_id = $1", &[import_id.into()])?
        .into_iter()
        .next())
}

/// Paths recorded below a folder and still in some table.
///
/// # Errors
/// SPI's own.
pub fn recorded_below(folder: &str) -> Result<Vec<Import>, Failure> {
    let prefix = format!("{}/", folder.trim_end_matches('/'));
    imports(
        "starts_with(i.source_file, $1) AND i.reverted_at IS NULL ORDER BY i.source_file",
        &[prefix.as_str().into()],
    )
}
