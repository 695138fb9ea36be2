//! The lock of a target: one import into a table at a time, before the table exists.
//!
//! A LOCKTAG_OBJECT entry of class etl_tables, which SQL cannot take as it can
//! an advisory lock. Held until the transaction ends.

use super::error::Failure;
use super::spi;
use pgrx::pg_sys;
use std::hash::Hasher;

/// What a target's lock is taken by; ordered, so that several are taken alike everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetKey(u32);

impl TargetKey {
    /// The key of a table by name. Two names may share one: then they wait for each other.
    pub fn of(schema: &str, table: &str) -> TargetKey {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        hasher.write(schema.as_bytes());
        hasher.write(&[0]);
        hasher.write(table.as_bytes());
        let hash = hasher.finish();
        TargetKey((hash ^ (hash >> 32)) as u32)
    }
}

/// FNV-1a: the same key in every backend, which std's default hasher does not promise.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Takes the locks of all `targets`, in key order. Waits; cancellable.
///
/// # Errors
/// The extension's tables are missing.
pub fn lock_targets(targets: &[TargetKey]) -> Result<(), Failure> {
    let class = spi::first(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE n.nspname OPERATOR(pg_catalog.=) 'pgdatahub' AND c.relname OPERATOR(pg_catalog.=) 'etl_tables'",
        &[],
        |row| row.value::<pg_sys::Oid>(1),
    )?
    .flatten()
    .ok_or_else(|| Failure::new("55000", "table pgdatahub.etl_tables is missing"))?;
    let mut keys = targets.to_vec();
    keys.sort_unstable();
    keys.dedup();
    for TargetKey(key) in keys {
        // SAFETY: any pair of oids names a lock; a wait is interruptible.
        unsafe {
            pg_sys::LockDatabaseObject(
                class,
                pg_sys::Oid::from(key),
                0,
                pg_sys::ExclusiveLock as pg_sys::LOCKMODE,
            );
        }
    }
    Ok(())
}
