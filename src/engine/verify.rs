//! verify_setup(path): is everything in place, and if not, what helps.

use crate::pg::access::Grant;
use crate::pg::error::Failure;
use crate::pg::process::{self, EndReader};
use crate::pg::reader::{self};
use crate::pg::transaction::OneRun;
use crate::pg::{guc, setup};

/// One check.
pub struct Check {
    pub name: &'static str,
    pub ok: bool,
    pub detail: String,
    pub hint: Option<String>,
}

impl Check {
    fn passed(name: &'static str, detail: impl Into<String>) -> Check {
        Check {
            name,
            ok: true,
            detail: detail.into(),
            hint: None,
        }
    }

    fn failed(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Check {
        Check {
            name,
            ok: false,
            detail: detail.into(),
            hint: Some(hint.into()),
        }
    }

    fn from(name: &'static str, result: Result<String, Failure>) -> Check {
        match result {
            Ok(detail) => Check::passed(name, detail),
            Err(failure) => Check {
                name,
                ok: false,
                detail: match failure.detail {
                    Some(detail) => format!("{}: {detail}", failure.message),
                    None => failure.message,
                },
                hint: failure.hint,
            },
        }
    }
}

/// The checks, with a folder or file if one is given.
///
/// # Errors
/// Those of a call as a whole: nested.
pub fn verify(path: Option<&str>) -> Result<Vec<Check>, Failure> {
    let _one = OneRun::reading()?;
    let _end = EndReader;
    let mut checks = vec![
        Check::passed(
            "version",
            format!(
                "pgdatahub {} on PostgreSQL {}",
                env!("CARGO_PKG_VERSION"),
                setup::server_version()
            ),
        ),
        encoding(),
        Check::from(
            "reader",
            reader::probe().map(|confinement| {
                let path = process::reader_path();
                let has = |name: &str| confinement.iter().any(|one| one == name);
                let lacking = if has("seccomp") {
                    ""
                } else {
                    "; without seccomp, which this kernel or processor has not"
                };
                format!("{path}, confined by {}{lacking}", confinement.join(", "))
            }),
        ),
        backtrace(),
        file_rights(),
    ];
    if let Some(path) = guc::text(&guc::CONFIG_FILE) {
        let result = Grant::new("/").and_then(|root| super::targets::configuration(&root));
        checks.push(Check::from(
            "configuration",
            result.map(|_| format!("{path} is valid")),
        ));
    }
    if let Some(path) = path {
        checks.push(Check::from("path", folder(path)));
    }
    Ok(checks)
}

fn encoding() -> Check {
    match setup::database_encoding() {
        encoding if encoding == "UTF8" => Check::passed("encoding", "the database is UTF8"),
        other => Check::failed(
            "encoding",
            format!("the database is {other}"),
            "Workbooks hold Unicode text: create the database with ENCODING 'UTF8'.",
        ),
    }
}

fn backtrace() -> Check {
    match std::env::var("RUST_BACKTRACE") {
        Ok(value) if value != "0" => Check::failed(
            "RUST_BACKTRACE",
            format!("it is set to {value} in the server's environment"),
            "Errors will carry some 45 lines of backtrace in their DETAIL. Unset it where the server is started.",
        ),
        _ => Check::passed("RUST_BACKTRACE", "not set"),
    }
}

fn file_rights() -> Check {
    let roots = guc::text(&guc::DATA_ROOTS);
    if setup::reads_server_files() {
        return Check::passed("rights", "this role may read any file that the server may");
    }
    match roots {
        Some(_) => Check::passed("rights", "this role may read below pgdatahub.data_roots"),
        None => Check::failed(
            "rights",
            "this role is no member of pg_read_server_files, and pgdatahub.data_roots is empty",
            "GRANT pg_read_server_files TO the role, or ALTER SYSTEM SET pgdatahub.data_roots = '/srv/excel'.",
        ),
    }
}

/// A folder's workbooks are counted and one is opened; a file is opened.
fn folder(path: &str) -> Result<String, Failure> {
    let path = super::options::required_path(Some(path))?;
    let grant = Grant::new(&path)?;
    match grant.list() {
        Ok(listing) => {
            if let Some((folder, reason)) = listing.unreadable.first() {
                return Err(
                    Failure::new("42501", format!("{folder} cannot be read: {reason}"))
                        .hint("Give the operating system user that runs the server access to it."),
                );
            }
            if let Some(found) = listing.workbooks.first() {
                grant.open_file(&found.relative)?;
            }
            Ok(format!(
                "{} workbooks, {} other files",
                listing.workbooks.len(),
                listing.ignored
            ))
        }
        Err(failure) if failure.sqlstate == "42809" => {
            grant.open_file(std::path::Path::new(""))?;
            Ok("the file can be read".into())
        }
        Err(failure) => Err(failure),
    }
}
