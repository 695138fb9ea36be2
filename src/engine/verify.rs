//! verify_setup(path): is everything in place, and if not, what helps.

use crate::pg::access::Grant;
use crate::pg::error::Failure;
use crate::pg::process::{self, EndReader};
use crate::pg::reader::{self};
use crate::pg::transaction::OneRun;
use crate::pg::{guc, setup};

mod server;

const VERSION: &str = env!("CARGO_PKG_VERSION");

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

    fn failed(name: &'static str, detail: impl Into<String>) -> Check {
        Check {
            name,
            ok: false,
            detail: detail.into(),
            hint: None,
        }
    }

    /// What helps.
    fn hint(mut self, hint: impl Into<String>) -> Check {
        self.hint = Some(hint.into());
        self
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
/// 55000 inside an import of this session.
pub fn verify(path: Option<&str>) -> Result<Vec<Check>, Failure> {
    let _one = OneRun::reading()?;
    let _end = EndReader;
    let mut checks = vec![
        Check::passed(
            "version",
            format!(
                "pgdatahub {} on PostgreSQL {}",
                VERSION,
                setup::server_version()
            ),
        ),
        encoding(),
        reader(),
        backtrace(),
        file_rights(),
    ];
    checks.extend(server::checks()?);
    checks.extend(configuration(path));
    if let Some(path) = path {
        checks.push(Check::from("path", folder(path).map_err(guarded)));
    }
    Ok(checks)
}

/// The reader starts, is of this version, and confined as far as the kernel can.
fn reader() -> Check {
    let path = process::reader_path();
    let confinement = match reader::probe() {
        Ok(confinement) => confinement,
        Err(failure) => return Check::from("reader", Err(failure)),
    };
    let has = |name: &str| confinement.iter().any(|one| one == name);
    if !has("oom_score_adj") {
        return Check::failed("reader", format!(
                "{path} cannot offer itself when memory runs out, so that the kernel may end the server instead"
            ))
.hint("It writes /proc/self/oom_score_adj: mount /proc where the server runs.");
    }
    let lacking = match has("seccomp") {
        true => "",
        false => "; without seccomp, which this kernel or processor has not",
    };
    Check::passed(
        "reader",
        format!("{path}, confined by {}{lacking}", confinement.join(", ")),
    )
}

/// The configuration in force, for all folders or in the one that is looked at.
fn configuration(path: Option<&str>) -> Option<Check> {
    let central = guc::text(&guc::CONFIG_FILE);
    let folder = match (&central, path) {
        (Some(_), _) => "/",
        (None, Some(path)) => path,
        (None, None) => return None,
    };
    // A folder that cannot be read is what the check of the path says.
    let grant = Grant::new(folder).ok()?;
    match (super::targets::configuration_file(&grant), central) {
        (Ok(Some((_, name))), _) => {
            Some(Check::passed("configuration", format!("{name} is valid")))
        }
        (Ok(None), _) => None,
        (Err(failure), None)
            if matches!(failure.sqlstate.as_str(), "42809" | "42501" | "58P01") =>
        {
            None
        }
        (Err(failure), _) => Some(Check::from("configuration", Err(failure))),
    }
}

fn encoding() -> Check {
    match setup::database_encoding() {
        encoding if encoding == "UTF8" => Check::passed("encoding", "the database is UTF8"),
        other => Check::failed("encoding", format!("the database is {other}"))
            .hint("Workbooks hold Unicode text: create the database with ENCODING 'UTF8'."),
    }
}

fn backtrace() -> Check {
    match std::env::var("RUST_BACKTRACE") {
        Ok(value) if value != "0" => Check::failed("RUST_BACKTRACE", format!("it is set to {value} in the server's environment"))
.hint("Errors will carry some 45 lines of backtrace in their DETAIL. Unset it where the server is started."),
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
        None => Check::failed("rights", "this role is no member of pg_read_server_files, and pgdatahub.data_roots is empty")
.hint("GRANT pg_read_server_files TO the role, or ALTER SYSTEM SET pgdatahub.data_roots = '/srv/excel'."),
    }
}

/// File modes alone do not always say why the system refuses a file.
fn guarded(failure: Failure) -> Failure {
    match setup::access_control() {
        Some(guard) if failure.sqlstate == "42501" => failure.also(format!(
            "{guard}, which may refuse what the file's mode allows."
        )),
        _ => failure,
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
