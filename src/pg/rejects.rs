//! etl_rejects: what was not stored as read.

use super::catalog::TableName;
use super::error::Failure;
use super::identity::as_owner;
use super::type_input::Refusal;
use super::{report, spi};
use pgdatahub_core::naming;
use pgdatahub_core::protocol::Reject;

/// Longest raw value that is kept, in characters.
const RAW_CHARACTERS: usize = 1_000;

/// A cell or row that was not stored as read.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Sheet row, from 1.
    pub row: u32,
    /// Sheet column, from 0; none where the row as a whole was refused.
    pub column: Option<u32>,
    /// What the cell holds; for a row, the DETAIL of its refusal.
    pub raw_value: Option<String>,
    pub reason: String,
    pub sqlstate: String,
    /// The row was left out; else the column holds NULL.
    pub whole_row: bool,
}

impl Rejected {
    /// A value that its column's type refused.
    pub fn cell(row: u32, column: u32, refusal: Refusal, whole_row: bool) -> Rejected {
        Rejected {
            row,
            column: Some(column),
            reason: without_value(refusal.failure.message, &refusal.raw),
            raw_value: Some(cut(&refusal.raw)),
            sqlstate: refusal.failure.sqlstate,
            whole_row,
        }
    }

    /// A row that a constraint, trigger or partitioning refused.
    pub fn row(row: u32, failure: Failure) -> Rejected {
        Rejected {
            row,
            column: None,
            raw_value: failure.detail.as_deref().map(cut),
            reason: failure.message,
            sqlstate: failure.sqlstate,
            whole_row: true,
        }
    }

    /// Its place: `B12`, `row 12`.
    pub fn place(&self) -> String {
        match self.column {
            Some(column) => naming::cell(self.row, column),
            None => format!("row {}", self.row),
        }
    }
}

impl From<Reject> for Rejected {
    fn from(reject: Reject) -> Rejected {
        Rejected {
            row: reject.row,
            column: Some(reject.column),
            raw_value: Some(reject.raw_value),
            reason: reject.reason,
            sqlstate: reject.sqlstate,
            whole_row: reject.whole_row,
        }
    }
}

/// A type's message without the value it quotes: pg_monitor sees reasons, but
/// not what cells hold.
fn without_value(message: String, raw: &str) -> String {
    match message.find(&format!("\"{raw}\"")) {
        Some(at) if !raw.is_empty() => {
            let words = message[..at].trim_end().trim_end_matches(':').trim_end();
            if words.is_empty() {
                message
            } else {
                words.to_owned()
            }
        }
        _ => message,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(RAW_CHARACTERS).collect()
}

/// Records rejects; `column_of` names the table's column of a sheet column.
///
/// # Errors
/// SPI's own.
pub fn record<'a>(
    import_id: i64,
    sheet: &str,
    rejects: &'a [Rejected],
    column_of: impl Fn(u32) -> Option<&'a str>,
) -> Result<(), Failure> {
    if rejects.is_empty() {
        return Ok(());
    }
    let places: Vec<Option<String>> = rejects
        .iter()
        .map(|r| r.column.map(|column| naming::cell(r.row, column)))
        .collect();
    let each = |pick: &dyn Fn(&'a Rejected) -> Option<&'a str>| -> Vec<Option<&'a str>> {
        rejects.iter().map(pick).collect()
    };
    let mut memory = pgrx::PgMemoryContexts::new("pgdatahub rejects");
    // SAFETY: the arguments' memory goes with the context; the INSERT copies what it keeps.
    unsafe {
        memory.switch_to(|_| {
            as_owner(|| {
                spi::execute(
                    "INSERT INTO pgdatahub.etl_rejects (import_id, sheet_name, sheet_row, cell, column_name, raw_value, reason, sqlstate, scope) \
                     SELECT $1, $2, r.sheet_row, r.cell, r.column_name, r.raw_value, r.reason, r.sqlstate, CASE WHEN r.whole_row THEN 'row' ELSE 'cell' END \
                       FROM unnest($3::int4[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bool[]) \
                         AS r(sheet_row, cell, column_name, raw_value, reason, sqlstate, whole_row)",
                    &[
                        import_id.into(),
                        sheet.into(),
                        rejects.iter().map(|r| r.row as i32).collect::<Vec<_>>().into(),
                        places.iter().map(Option::as_deref).collect::<Vec<_>>().into(),
                        each(&|r| r.column.and_then(&column_of)).into(),
                        each(&|r| r.raw_value.as_deref()).into(),
                        each(&|r| Some(&r.reason)).into(),
                        each(&|r| Some(&r.sqlstate)).into(),
                        rejects.iter().map(|r| r.whole_row).collect::<Vec<_>>().into(),
                    ],
                )
                .map(|_| ())
            })
        })
    }
}

/// What retry_rejects needs to know of an import beside its record.
pub struct Pending {
    /// Header row, from 1.
    pub header_row: Option<u32>,
    /// Rejected rows not retried yet, ascending.
    pub rows: Vec<u32>,
    /// Rejected cells of rows that are in.
    pub cells: i64,
}

/// Names the column of this import's rejects that lie in a column of the sheet (`C`) that had no header, and no value
/// until now, and so no column of the table.
///
/// # Errors
/// SPI's own.
pub fn name_rejects(import_id: i64, letters: &str, column_name: &str) -> Result<(), Failure> {
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_rejects SET column_name = $3 \
              WHERE import_id = $1 AND column_name IS NULL AND rtrim(cell, '0123456789') = $2",
            &[import_id.into(), letters.into(), column_name.into()],
        )
        .map(|_| ())
    })
}

/// # Errors
/// SPI's own.
pub fn pending(import_id: i64) -> Result<Pending, Failure> {
    as_owner(|| {
        let (header_row, cells) = spi::first(
            "SELECT i.header_row, (SELECT count(*) FROM pgdatahub.etl_rejects r WHERE r.import_id = $1 AND r.scope = 'cell') \
               FROM pgdatahub.etl_imports i WHERE i.import_id = $1",
            &[import_id.into()],
            |row| (row.value::<i32>(1), row.value::<i64>(2).unwrap_or(0)),
        )?
        .unwrap_or((None, 0));
        let rows = spi::rows(
            "SELECT DISTINCT r.sheet_row FROM pgdatahub.etl_rejects r \
              WHERE r.import_id = $1 AND r.scope = 'row' AND r.retried_at IS NULL ORDER BY 1",
            &[import_id.into()],
            |row| row.value::<i32>(1).unwrap_or(0).unsigned_abs(),
        )?;
        Ok(Pending {
            header_row: header_row.map(i32::unsigned_abs),
            rows,
            cells,
        })
    })
}

/// Marks the rejects of these sheet rows retried, and counts what they brought in.
///
/// # Errors
/// SPI's own.
pub fn mark_retried(import_id: i64, rows: &[u32], stored: i64) -> Result<(), Failure> {
    let rows: Vec<i32> = rows.iter().map(|row| *row as i32).collect();
    as_owner(|| {
        spi::execute(
            "WITH retried AS (UPDATE pgdatahub.etl_rejects r SET retried_at = clock_timestamp() \
                 WHERE r.import_id = $1 AND r.scope = 'row' AND r.retried_at IS NULL AND r.sheet_row = ANY ($2::int4[]) RETURNING 1) \
             UPDATE pgdatahub.etl_imports i SET row_count = i.row_count + $3, rejected = i.rejected - (SELECT count(*) FROM retried) \
              WHERE i.import_id = $1",
            &[import_id.into(), rows.into(), stored.into()],
        )
        .map(|_| ())
    })
}

/// Says which constraints are checked at commit, where a row can no longer be rejected.
///
/// # Errors
/// SPI's own.
pub fn warn_of_deferred(name: &TableName, table: pgrx::pg_sys::Oid) -> Result<(), Failure> {
    let names = deferred_constraints(table)?;
    if !names.is_empty() {
        report::warning(
            format!("{} has constraints that are checked at commit", name.display()),
            Some(format!("{}: a row that breaks one is not rejected, it fails the commit.", names.join(", "))),
            Some("To have them checked row by row: ALTER TABLE … ALTER CONSTRAINT … INITIALLY IMMEDIATE, or SET CONSTRAINTS … IMMEDIATE before the import in its transaction.".into()),
        );
    }
    Ok(())
}

/// Constraints and unique indexes of a table that are checked at commit only.
///
/// # Errors
/// SPI's own.
fn deferred_constraints(table: pgrx::pg_sys::Oid) -> Result<Vec<String>, Failure> {
    spi::rows(
        "SELECT k.conname::pg_catalog.text FROM pg_catalog.pg_constraint k \
          WHERE k.conrelid OPERATOR(pg_catalog.=) $1 AND k.condeferred ORDER BY 1",
        &[table.into()],
        |row| row.text(1),
    )
}
