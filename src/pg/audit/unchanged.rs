//! Whether a file, and how it is read, is as it was at its import.

use super::find::{INTO_TABLE, Import, imports};
use crate::pg::access::FileStat;
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::identity::as_owner;
use crate::pg::spi;

/// Kept with an import, but no reason to load it anew: they say whether a file
/// may come in, not what of it.
const NO_READING: &str = "'{schema_policy,missing_columns,max_rejects,max_reject_percent}'::text[]";

/// Whether an import was read with these settings, as SQL.
pub(in crate::pg) fn same_reading(settings: &str) -> String {
    format!("i.settings - {NO_READING} = {settings}::jsonb - {NO_READING}")
}

/// The import of a file whose stat is as it was then: it need not be read to know it is in.
///
/// # Errors
/// SPI's own.
pub fn unchanged(
    table: &TableName,
    source_file: &str,
    stat: &FileStat,
    settings: &str,
) -> Result<Vec<Import>, Failure> {
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        source_file.into(),
        stat.device.into(),
        stat.inode.into(),
        stat.bytes.into(),
        stat.mtime.into(),
        stat.ctime.into(),
        settings.into(),
    ];
    let sql = format!(
        "md5(i.source_file) = md5($3) AND i.source_file = $3 AND {INTO_TABLE} AND i.reverted_at IS NULL \
         AND i.file_device = $4 AND i.file_inode = $5 AND i.file_bytes = $6 AND i.file_mtime = $7 AND i.file_ctime = $8 AND {}",
        same_reading("$9")
    );
    imports(&sql, &args)
}

/// Whether a file was written since its import, by size and time of its last change: device,
/// inode and ctime change without that (a mount, a restore, a chmod).
///
/// # Errors
/// SPI's own.
pub fn was_written(import_id: i64, stat: &FileStat) -> Result<bool, Failure> {
    as_owner(|| {
        let changed = spi::first(
            "SELECT (i.file_bytes, i.file_mtime) IS DISTINCT FROM ($2, $3) FROM pgdatahub.etl_imports i WHERE i.import_id = $1",
            &[import_id.into(), stat.bytes.into(), stat.mtime.into()],
            |row| row.value::<bool>(1),
        )?;
        Ok(changed.flatten().unwrap_or(false))
    })
}

/// Whether an import was made with other settings than these.
///
/// # Errors
/// SPI's own.
pub fn settings_differ(import_id: i64, settings: &str) -> Result<bool, Failure> {
    as_owner(|| {
        Ok(spi::first(
            &format!(
                "SELECT NOT ({}) FROM pgdatahub.etl_imports i WHERE i.import_id = $1",
                same_reading("$2")
            ),
            &[import_id.into(), settings.into()],
            |row| row.value::<bool>(1),
        )?
        .flatten()
        .unwrap_or(false))
    })
}

/// The settings that an import was made with, as JSON.
///
/// # Errors
/// SPI's own.
pub fn settings(import_id: i64) -> Result<String, Failure> {
    as_owner(|| {
        Ok(spi::first(
            "SELECT i.settings::text FROM pgdatahub.etl_imports i WHERE i.import_id = $1",
            &[import_id.into()],
            |row| row.text(1),
        )?
        .unwrap_or_default())
    })
}
