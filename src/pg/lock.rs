//! The lock of a target, one import into a table at a time, before the table
//! exists; and the lock of a job, held by each of its workers.
//!
//! LOCKTAG_OBJECT entries of class etl_tables and etl_runs, which SQL cannot
//! take as it can advisory locks. A target's is held until the transaction
//! ends, a job's until its worker lets go of it, ends or aborts a transaction.

use super::compat;
use super::error::Failure;
use super::spi;
use pgrx::pg_sys;
use std::cell::Cell;
use std::hash::Hasher;

thread_local! {
    static HOOKED: Cell<bool> = const { Cell::new(false) };
}

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

/// The oid of one of the extension's tables, as a class of locks.
fn class(table: &str) -> Result<pg_sys::Oid, Failure> {
    spi::first(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE n.nspname OPERATOR(pg_catalog.=) 'pgdatahub' AND c.relname OPERATOR(pg_catalog.=) $1::pg_catalog.name",
        &[table.into()],
        |row| row.value::<pg_sys::Oid>(1),
    )?
    .flatten()
    .ok_or_else(|| Failure::new("55000", format!("table pgdatahub.{table} is missing")))
}

/// Takes the locks of all `targets`, in key order. Waits; cancellable.
///
/// # Errors
/// The extension's tables are missing.
pub fn lock_targets(targets: &[TargetKey]) -> Result<(), Failure> {
    let class = class("etl_tables")?;
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

/// Takes the lock of a target unless another session has it; whether it could.
///
/// # Errors
/// The extension's tables are missing.
pub fn try_lock_target(TargetKey(key): TargetKey) -> Result<bool, Failure> {
    let tag = tag(class("etl_tables")?, key);
    // SAFETY: as lock_targets; what was committed meanwhile is made known, as LockDatabaseObject does.
    unsafe {
        let mode = pg_sys::ExclusiveLock as pg_sys::LOCKMODE;
        let got = pg_sys::LockAcquire(&raw const tag, mode, false, true);
        pg_sys::AcceptInvalidationMessages();
        Ok(got != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL)
    }
}

fn tag(class: pg_sys::Oid, object: u32) -> pg_sys::LOCKTAG {
    pg_sys::LOCKTAG {
        // SAFETY: set once, when the session connected.
        locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
        locktag_field2: class.to_u32(),
        locktag_field3: object,
        locktag_field4: 0,
        locktag_type: pg_sys::LockTagType::LOCKTAG_OBJECT as u8,
        locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
    }
}

/// The lock of a job: held in share mode by each of its workers. Two jobs that
/// are 4 billion runs apart share one.
#[derive(Clone, Copy)]
pub struct JobLock(pg_sys::LOCKTAG);

const OWNER: pg_sys::LOCKMODE = pg_sys::ShareLock as pg_sys::LOCKMODE;

impl JobLock {
    /// # Errors
    /// The extension's tables are missing.
    pub fn of(run_id: i64) -> Result<JobLock, Failure> {
        Ok(JobLock(tag(class("etl_runs")?, run_id as u32)))
    }

    /// Makes this session an owner, beyond the transaction: until `release`, or until one of its
    /// transactions aborts, which releases session locks too.
    pub fn hold(self) {
        if !HOOKED.replace(true) {
            // SAFETY: called last in, first out: before the session's own end, while locks can
            // still be released. It raises nothing.
            unsafe { pg_sys::before_shmem_exit(Some(at_exit), pg_sys::Datum::from(0)) };
        }
        if !self.is_held() {
            // SAFETY: a session lock; nobody takes it in a mode that share mode waits for.
            unsafe { pg_sys::LockAcquire(&raw const self.0, OWNER, true, false) };
        }
    }

    fn is_held(self) -> bool {
        // SAFETY: looks into this session's own lock table.
        unsafe { compat::is_lock_held(&raw const self.0, OWNER) }
    }

    /// Ends that.
    pub fn release(self) {
        if self.is_held() {
            // SAFETY: releases what `hold` took.
            unsafe { pg_sys::LockRelease(&raw const self.0, OWNER, true) };
        }
    }

    /// The processes that are owners now.
    ///
    /// # Errors
    /// SPI's own.
    pub fn owners(self) -> Result<Vec<i32>, Failure> {
        let object = i64::from(self.0.locktag_field3);
        let owners = spi::rows(
            "SELECT l.pid FROM pg_catalog.pg_locks l \
              WHERE l.locktype OPERATOR(pg_catalog.=) 'object' AND l.granted AND l.mode OPERATOR(pg_catalog.=) 'ShareLock' \
                AND l.database OPERATOR(pg_catalog.=) $1 AND l.classid OPERATOR(pg_catalog.=) $2 \
                AND l.objid OPERATOR(pg_catalog.=) $3::pg_catalog.oid AND l.objsubid OPERATOR(pg_catalog.=) 0",
            &[
                pg_sys::Oid::from(self.0.locktag_field1).into(),
                pg_sys::Oid::from(self.0.locktag_field2).into(),
                object.into(),
            ],
            |row| row.value::<i32>(1),
        )?;
        Ok(owners.into_iter().flatten().collect())
    }
}

/// A session that ends inside a transaction aborts it, and with that its session locks. One that
/// is terminated between two transactions would leave them behind, held by nobody until the
/// server is restarted: the server releases only advisory locks then.
unsafe extern "C-unwind" fn at_exit(_code: std::ffi::c_int, _arg: pg_sys::Datum) {
    // SAFETY: the session's end, with interrupts held; nothing else uses its locks any more.
    unsafe {
        if !pg_sys::IsTransactionOrTransactionBlock() {
            pg_sys::LockReleaseAll(pg_sys::DEFAULT_LOCKMETHOD as pg_sys::LOCKMETHODID, true);
        }
    }
}
