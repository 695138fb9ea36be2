//! What the name of a type or time zone in the configuration means.

use super::error::Failure;
use super::types::{native, user_kind};
use super::{compat, spi};
use pgdatahub_core::evolve::{ColumnKind, DeclaredType};
use pgdatahub_core::nearest::nearest;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::{CStr, CString};

/// Names that a misspelt type may have meant.
const KNOWN: [&str; 22] = [
    "bigint",
    "boolean",
    "bytea",
    "character",
    "character varying",
    "date",
    "double precision",
    "integer",
    "interval",
    "json",
    "jsonb",
    "numeric",
    "real",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timestamp with time zone",
    "timestamptz",
    "uuid",
    "varchar",
    "xml",
];

/// A type that the configuration names.
///
/// # Errors
/// 42704 when there is none of that name, 0A000 for one that takes no values;
/// 42601 is raised by PostgreSQL for what is no type's name.
pub fn resolve(text: &str) -> Result<DeclaredType, Failure> {
    let known = spi::first(
        "SELECT true FROM (SELECT pg_catalog.to_regtype($1) AS t) r WHERE r.t IS NOT NULL",
        &[text.into()],
        |_| (),
    )?;
    let word = text.split('(').next().unwrap_or(text);
    if known.is_none() {
        let failure = Failure::new("42704", format!("type \"{text}\" does not exist"))
            .detail("The configuration gives it to a column under \"columns\".");
        return Err(match nearest(word, KNOWN) {
            Some(meant) => failure.hint(format!("Perhaps you meant \"{meant}\".")),
            None => {
                failure.hint("Create it, put its schema into search_path, or qualify its name.")
            }
        });
    }
    let name =
        CString::new(text).map_err(|_| Failure::new("22021", "the type's name holds NUL"))?;
    let (oid, typmod) = compat::parse_type(&name);
    let given = pg_sys::FORMAT_TYPE_TYPEMOD_GIVEN as u16;
    let display = format_type(oid, typmod, given);
    let kind = user_kind(oid, typmod, display.clone());
    if let ColumnKind::Refused { reason, .. } = &kind {
        return Err(Failure::new(
            "0A000",
            format!("columns of type {display} cannot be imported into"),
        )
        .detail(reason.clone())
        .hint("Give the column another type under \"columns\" in the configuration."));
    }
    Ok(DeclaredType {
        sql: format_type(
            oid,
            typmod,
            given | pg_sys::FORMAT_TYPE_FORCE_QUALIFY as u16,
        ),
        native: native(oid).filter(|_| typmod == -1),
        display,
        kind,
    })
}

fn format_type(oid: pg_sys::Oid, typmod: i32, flags: u16) -> String {
    // SAFETY: returns a palloc'd, terminated string for any type.
    let text = unsafe { CStr::from_ptr(pg_sys::format_type_extended(oid, typmod, flags)) };
    text.to_string_lossy().into_owned()
}

thread_local! {
    /// Zones that were found: pg_timezone_names reads hundreds of files.
    static ZONES: RefCell<HashSet<String>> = RefCell::default();
}

/// Checks the name of a time zone: one of the time zone database, letter case aside.
///
/// # Errors
/// 22023 for any other, with the nearest name.
pub fn check_time_zone(name: &str) -> Result<(), Failure> {
    if ZONES.with_borrow(|zones| zones.contains(name)) {
        return Ok(());
    }
    let names = spi::rows(
        "SELECT z.name FROM pg_catalog.pg_timezone_names z WHERE z.name OPERATOR(pg_catalog.!~) '^(posix|right)/'",
        &[],
        |row| row.text(1),
    )?;
    if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        ZONES.with_borrow_mut(|zones| zones.insert(name.to_owned()));
        return Ok(());
    }
    let failure = Failure::new("22023", format!("time zone \"{name}\" does not exist"))
        .detail("The configuration gives it to a column under \"columns\".");
    Err(match nearest(name, names.iter().map(String::as_str)) {
        Some(meant) => failure.hint(format!("Perhaps you meant \"{meant}\".")),
        None => failure.hint("pg_timezone_names lists the zones, for example Europe/Berlin."),
    })
}
