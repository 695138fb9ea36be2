//! Which of many files are in as they are, asked at once: by their stat, or by their bytes.

use super::access::FileStat;
use super::audit::{self, Import};
use super::catalog::TableName;
use super::error::Failure;

/// A file's path, stat and settings.
pub struct Asked {
    pub source_file: String,
    pub stat: FileStat,
    pub settings: String,
}

/// The imports of those of the files whose stat is as it was at their import, as
/// [`audit::unchanged`] finds them one by one.
///
/// # Errors
/// SPI's own.
pub fn among(table: &TableName, files: &[Asked]) -> Result<Vec<Import>, Failure> {
    let numbers =
        |of: fn(&FileStat) -> i64| files.iter().map(|file| of(&file.stat)).collect::<Vec<_>>();
    let texts = |of: fn(&Asked) -> &str| files.iter().map(of).collect::<Vec<_>>();
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        texts(|file| &file.source_file).into(),
        numbers(|stat| stat.device).into(),
        numbers(|stat| stat.inode).into(),
        numbers(|stat| stat.bytes).into(),
        numbers(|stat| stat.mtime).into(),
        numbers(|stat| stat.ctime).into(),
        texts(|file| &file.settings).into(),
    ];
    let condition = format!(
        "i.table_schema = $1 AND i.table_name = $2 AND i.reverted_at IS NULL AND EXISTS (SELECT FROM \
         unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[]) \
           AS f (path, device, inode, bytes, mtime, ctime, settings) \
         WHERE md5(i.source_file) = md5(f.path) AND i.source_file = f.path AND i.file_device = f.device AND i.file_inode = f.inode \
           AND i.file_bytes = f.bytes AND i.file_mtime = f.mtime AND i.file_ctime = f.ctime AND {})",
        audit::same_reading("f.settings")
    );
    audit::imports(&condition, &args)
}

/// The imports of those of the files that are in with these bytes: `hashes` has
/// the SHA-256 of each, in their order.
///
/// # Errors
/// SPI's own.
pub fn with_bytes(
    table: &TableName,
    files: &[Asked],
    hashes: &[String],
) -> Result<Vec<Import>, Failure> {
    let texts = |of: fn(&Asked) -> &str| files.iter().map(of).collect::<Vec<_>>();
    let args = [
        table.schema.as_str().into(),
        table.table.as_str().into(),
        texts(|file| &file.source_file).into(),
        hashes.iter().map(String::as_str).collect::<Vec<_>>().into(),
        texts(|file| &file.settings).into(),
    ];
    let condition = format!(
        "i.table_schema = $1 AND i.table_name = $2 AND i.reverted_at IS NULL AND EXISTS (SELECT FROM \
         unnest($3::text[], $4::text[], $5::text[]) AS f (path, sha256, settings) \
         WHERE i.file_sha256 = f.sha256 AND i.source_file = f.path AND {})",
        audit::same_reading("f.settings")
    );
    audit::imports(&condition, &args)
}
