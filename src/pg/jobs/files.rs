//! The files of a job: claimed by a worker within its transaction, and marked there when they are done.

use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::identity::as_owner;
use crate::pg::spi;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// A file that a worker has claimed.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub file_no: i64,
    pub below: PathBuf,
    pub label: String,
    pub folder: String,
    pub target: TableName,
}

/// The tables that files of a job are still to go to, in the order of their first file.
///
/// # Errors
/// SPI's own.
pub fn tables_left(run_id: i64) -> Result<Vec<TableName>, Failure> {
    as_owner(|| {
        spi::rows(
            "SELECT f.target_schema, f.target_name FROM pgdatahub.etl_job_files f WHERE f.run_id = $1 AND f.status IS NULL \
              GROUP BY 1, 2 ORDER BY min(f.file_no)",
            &[run_id.into()],
            |row| TableName {
                schema: row.text(1),
                table: row.text(2),
            },
        )
    })
}

/// Claims the next file for a table, or all that are left of its folder, until
/// this transaction ends. What another worker has claimed is passed over.
///
/// # Errors
/// SPI's own.
pub fn claim(run_id: i64, table: &TableName, folder: bool) -> Result<Vec<Claimed>, Failure> {
    const FILES: &str = "SELECT f.file_no, f.below, f.label, f.folder FROM pgdatahub.etl_job_files f \
          WHERE f.run_id = $1 AND f.target_schema = $2 AND f.target_name = $3 AND f.status IS NULL";
    let args = || {
        vec![
            run_id.into(),
            table.schema.as_str().into(),
            table.table.as_str().into(),
        ]
    };
    let claimed = |row: &spi::Row<'_>| {
        let below = row.value::<Vec<u8>>(2)?;
        Some(Claimed {
            file_no: row.value(1)?,
            below: PathBuf::from(std::ffi::OsStr::from_bytes(&below)),
            label: row.text(3),
            folder: row.text(4),
            target: table.clone(),
        })
    };
    as_owner(|| {
        let first = spi::first(
            &format!("{FILES} ORDER BY f.file_no LIMIT 1 FOR UPDATE SKIP LOCKED"),
            &args(),
            claimed,
        )?
        .flatten();
        let Some(first) = first else {
            return Ok(Vec::new());
        };
        if !folder {
            return Ok(vec![first]);
        }
        let mut args = args();
        args.push(first.folder.as_str().into());
        let all = spi::rows(
            &format!("{FILES} AND f.folder = $4 ORDER BY f.file_no FOR UPDATE SKIP LOCKED"),
            &args,
            claimed,
        )?;
        Ok(all.into_iter().flatten().collect())
    })
}

/// Claims one file again, to record what became of it; false if that is on record.
///
/// # Errors
/// SPI's own.
pub fn claim_again(run_id: i64, file_no: i64) -> Result<bool, Failure> {
    as_owner(|| {
        Ok(spi::execute(
            "SELECT FROM pgdatahub.etl_job_files f WHERE f.run_id = $1 AND f.file_no = $2 AND f.status IS NULL FOR UPDATE SKIP LOCKED",
            &[run_id.into(), file_no.into()],
        )? > 0)
    })
}

/// Makes room for a file's new outcome, if an earlier attempt left one.
///
/// # Errors
/// SPI's own.
pub fn forget_attempt(run_id: i64, file_no: i64) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "DELETE FROM pgdatahub.etl_run_files WHERE run_id = $1 AND file_no = $2",
            &[run_id.into(), file_no.into()],
        )
        .map(|_| ())
    })
}

/// A file is done with.
///
/// # Errors
/// SPI's own.
pub fn mark(run_id: i64, file_no: i64, status: &str) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_job_files SET status = $3 WHERE run_id = $1 AND file_no = $2",
            &[run_id.into(), file_no.into(), status.into()],
        )
        .map(|_| ())
    })
}
