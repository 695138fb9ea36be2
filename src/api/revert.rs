//! revert, revert_hash, revert_import, adopt_table.

use crate::engine::adopt;
use crate::engine::revert::{self, How, Which};
use crate::pg::catalog;
use crate::pg::error::{Failure, or_raise};
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;

fn how(dry_run: Option<bool>, hold: Option<bool>, cascade: Option<bool>) -> How {
    How {
        dry_run: dry_run.unwrap_or(false),
        hold: hold.unwrap_or(true),
        cascade: cascade.unwrap_or(false),
    }
}

pub(super) fn required<T>(value: Option<T>, name: &str) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::new("22004", format!("{name} must not be null")))
}

#[pg_extern(sql = false)]
fn revert(
    table_name: Option<Oid>,
    source_file: Option<&str>,
    dry_run: Option<bool>,
    hold: Option<bool>,
    cascade: Option<bool>,
) -> i64 {
    or_raise(required(table_name, "table_name").and_then(|oid| {
        let file = required(source_file, "source_file")?;
        revert::revert(
            &catalog::name_of(oid)?,
            &Which::SourceFile(file),
            how(dry_run, hold, cascade),
        )
    }))
}

#[pg_extern(sql = false)]
fn revert_hash(
    table_name: Option<Oid>,
    sha256: Option<&str>,
    dry_run: Option<bool>,
    hold: Option<bool>,
    cascade: Option<bool>,
) -> i64 {
    or_raise(required(table_name, "table_name").and_then(|oid| {
        let sha256 = required(sha256, "sha256")?;
        revert::revert(
            &catalog::name_of(oid)?,
            &Which::Sha256(sha256),
            how(dry_run, hold, cascade),
        )
    }))
}

#[pg_extern(sql = false)]
fn revert_import(
    import_id: Option<i64>,
    dry_run: Option<bool>,
    hold: Option<bool>,
    cascade: Option<bool>,
) -> i64 {
    or_raise(
        required(import_id, "import_id")
            .and_then(|id| revert::revert_import(id, how(dry_run, hold, cascade))),
    )
}

#[pg_extern(sql = false)]
fn adopt_table(table_name: Option<Oid>) -> String {
    or_raise(
        required(table_name, "table_name").and_then(|oid| adopt::adopt(&catalog::name_of(oid)?)),
    )
}
