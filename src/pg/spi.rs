//! SPI in the form the rest of `pg` uses: a statement, its parameters, rows or a count.

use super::error::Failure;
use super::{prepared, transaction};
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys;
use pgrx::spi::{Spi, SpiHeapTupleData};
use pgrx::{FromDatum, IntoDatum};
use std::cell::Cell;

thread_local! {
    /// A plan is under way: nothing is written, not even a transaction id is taken.
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// A result row.
pub struct Row<'a>(&'a SpiHeapTupleData<'a>);

impl Row<'_> {
    /// The value of column `ordinal` (from 1), NULL as `None`.
    pub fn value<T: FromDatum + IntoDatum>(&self, ordinal: usize) -> Option<T> {
        self.0.get::<T>(ordinal).ok().flatten()
    }

    /// A text column, NULL as the empty string.
    pub fn text(&self, ordinal: usize) -> String {
        self.value::<String>(ordinal).unwrap_or_default()
    }
}

/// Runs a statement and returns how many rows it touched.
///
/// # Errors
/// SPI's own; 25006 on a standby; PostgreSQL's are raised.
pub fn execute(sql: &str, args: &[DatumWithOid<'_>]) -> Result<u64, Failure> {
    if transaction::on_standby() {
        return Err(transaction::standby());
    }
    Spi::connect_mut(|client| {
        Ok(match prepared::statement(client, sql, args)? {
            Some(statement) => client.update(&*statement, None, args)?.len() as u64,
            None => client.update(sql, None, args)?.len() as u64,
        })
    })
}

/// Runs a statement and maps its rows. It sees what this command has written so far.
///
/// # Errors
/// SPI's own; PostgreSQL's are raised.
pub fn rows<T>(
    sql: &str,
    args: &[DatumWithOid<'_>],
    mut map: impl FnMut(&Row<'_>) -> T,
) -> Result<Vec<T>, Failure> {
    Spi::connect_mut(|client| {
        // pgrx assigns a transaction id before an update, whatever the statement;
        // a standby has none to give.
        let reading = READING.get() || transaction::on_standby();
        let table = match (prepared::statement(client, sql, args)?, reading) {
            (Some(statement), true) => client.select(&*statement, None, args)?,
            (Some(statement), false) => client.update(&*statement, None, args)?,
            (None, true) => client.select(sql, None, args)?,
            (None, false) => client.update(sql, None, args)?,
        };
        let mut out = Vec::with_capacity(table.len());
        for tuple in table {
            out.push(map(&Row(&tuple)));
        }
        Ok(out)
    })
}

/// Runs a query of a function that is STABLE: where nothing was written before
/// in this transaction, all of them see what the calling statement sees.
///
/// # Errors
/// SPI's own; PostgreSQL's are raised.
pub fn look<T>(
    sql: &str,
    args: &[DatumWithOid<'_>],
    mut map: impl FnMut(&Row<'_>) -> T,
) -> Result<Vec<T>, Failure> {
    Spi::connect(|client| {
        let table = client.select(sql, None, args)?;
        Ok(table.map(|tuple| map(&Row(&tuple))).collect())
    })
}

/// The first row of a statement's result, if any.
///
/// # Errors
/// SPI's own; PostgreSQL's are raised.
pub fn first<T>(
    sql: &str,
    args: &[DatumWithOid<'_>],
    map: impl FnMut(&Row<'_>) -> T,
) -> Result<Option<T>, Failure> {
    Ok(rows(sql, args, map)?.into_iter().next())
}

/// Parses and analyses a statement, without planning or running it.
///
/// # Errors
/// PostgreSQL's are raised.
pub fn parse(sql: &str) -> Result<(), Failure> {
    Spi::connect(|client| {
        client.prepare(sql, &[])?;
        Ok(())
    })
}

/// Whether [`reading`] is under way.
pub fn is_reading() -> bool {
    READING.get()
}

/// Runs `body` such that nothing is written: PostgreSQL itself refuses (25006)
/// tables, sequences and DDL meanwhile, and [`rows`] take no transaction id.
///
/// # Errors
/// Those of `body`.
pub fn reading<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    /// What was before, to go back to; an abort goes back by itself.
    struct Before {
        reading: bool,
        read_only: bool,
    }
    impl Drop for Before {
        fn drop(&mut self) {
            READING.set(self.reading);
            // SAFETY: this backend's only thread.
            unsafe { pg_sys::XactReadOnly = self.read_only };
        }
    }
    let _before = Before {
        reading: READING.replace(true),
        // SAFETY: as above.
        read_only: unsafe { pg_sys::XactReadOnly },
    };
    // By the variable: since PostgreSQL 16 no function may set transaction_read_only.
    // SAFETY: what a read-only transaction has, which each transaction sets anew.
    unsafe { pg_sys::XactReadOnly = true };
    body()
}
