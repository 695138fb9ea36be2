//! NOTIFY pgdatahub.

use crate::pg::error::Failure;
use crate::pg::spi;

/// Sends a NOTIFY pgdatahub at this transaction's commit.
///
/// # Errors
/// SPI's own.
pub fn notify_at_commit(payload: &str) -> Result<(), Failure> {
    spi::execute(
        "SELECT pg_catalog.pg_notify('pgdatahub', $1)",
        &[payload.into()],
    )
    .map(|_| ())
}

/// As [`notify_at_commit`], in a transaction that does nothing else.
///
/// # Errors
/// SPI's own.
pub fn notify(payload: &str) -> Result<(), Failure> {
    // A word that a crash loses is told by the tables: it need not wait for the disk.
    spi::execute(
        "SELECT pg_catalog.set_config('synchronous_commit', 'off', true), pg_catalog.pg_notify('pgdatahub', $1)",
        &[payload.into()],
    )
    .map(|_| ())
}
