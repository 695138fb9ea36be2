//! What verify_setup finds of the server, the role and the session.

use super::Check;
use crate::pg::catalog::column_sql;
use crate::pg::error::Failure;
use crate::pg::launcher;
use crate::pg::setup::{self, Session, Workers};

/// # Errors
/// SPI's own.
pub fn checks() -> Result<Vec<Check>, Failure> {
    let (Some(session), Some(running)) = (setup::session()?, setup::workers()?) else {
        return Ok(Vec::new());
    };
    Ok(vec![
        objects(&session),
        writable(&session),
        grants(&session),
        schema(&session),
        timeout(&session),
        login(&session),
        workers(&session, &running),
        launcher(&running),
    ])
}

/// The SQL objects belong to the library that is loaded.
fn objects(session: &Session) -> Check {
    let library = env!("CARGO_PKG_VERSION");
    match &session.extension {
        Some(version) if version != library => Check::failed("sql_objects", format!("they are of version {version}, the library of {library}"))
.hint("ALTER EXTENSION pgdatahub UPDATE; or, where the library is the older one, install the newer and connect anew."),
        _ => Check::passed(
            "sql_objects",
            format!("of version {library}, as the library"),
        ),
    }
}

fn writable(session: &Session) -> Check {
    if session.is_standby {
        return Check::failed("writable", "this server is a standby")
            .hint("Run imports on the primary; the standby receives their rows.");
    }
    if session.is_read_only {
        return Check::failed("writable", "this transaction is read-only")
.hint("SET transaction_read_only = off, or RESET default_transaction_read_only where the role or database sets it.");
    }
    Check::passed("writable", "this session may write")
}

fn grants(session: &Session) -> Check {
    if session.forbidden.is_empty() {
        return Check::passed(
            "grants",
            "this role may execute all of pgdatahub's functions",
        );
    }
    Check::failed(
        "grants",
        format!(
            "role {} may not execute {}",
            session.role,
            session.forbidden.join(", ")
        ),
    )
    .hint(format!(
        "As the extension's owner: GRANT EXECUTE ON ALL ROUTINES IN SCHEMA pgdatahub TO {};",
        column_sql(&session.role)
    ))
}

/// Where tables go for which neither call nor configuration names a schema.
fn schema(session: &Session) -> Check {
    match &session.schema {
        None => Check::failed("schema", "no schema of search_path exists")
.hint("SET search_path to the schema that shall have the tables, or name it with target_schema => '…'."),
        Some(schema) if !session.may_create => Check::failed("schema", format!(
                "role {} may not create tables in schema {schema}",
                session.role
            ))
.hint(format!(
                "GRANT CREATE ON SCHEMA {} TO {}; or name another one with target_schema => '…'.",
                column_sql(schema),
                column_sql(&session.role)
            )),
        Some(schema) => Check::passed("schema", format!("new tables go to schema {schema}")),
    }
}

fn timeout(session: &Session) -> Check {
    match &session.statement_timeout {
        None => Check::passed("statement_timeout", "not set"),
        Some(timeout) => Check::failed("statement_timeout", format!("a call that takes longer than {timeout} is cancelled"))
.hint(format!(
                "SET statement_timeout = 0 before an import, or ALTER ROLE {} SET statement_timeout = 0.",
                column_sql(&session.role)
            )),
    }
}

/// Workers connect as the role that submits.
fn login(session: &Session) -> Check {
    match session.may_log_in {
        true => Check::passed("login", "jobs can connect as this role"),
        false => Check::failed(
            "login",
            format!(
                "role {} may not log in, and jobs connect as the role that submits them",
                session.role
            ),
        )
        .hint(format!(
            "ALTER ROLE {} LOGIN, or submit jobs as another role.",
            column_sql(&session.role)
        )),
    }
}

fn workers(session: &Session, running: &Workers) -> Check {
    let free = i64::from(session.worker_slots) - running.running;
    if free > 0 {
        let slots = session.worker_slots;
        return Check::passed(
            "workers",
            format!("{free} of {slots} slots for background workers are free"),
        );
    }
    Check::failed("workers", format!(
            "none of {} slots for background workers is free",
            session.worker_slots
        ))
.hint("Raise max_worker_processes and restart the server; start_import queues until then, run_import needs none.")
}

/// Nothing but jobs that go on by themselves and watched folders needs it.
fn launcher(running: &Workers) -> Check {
    if !launcher::is_registered() {
        return Check::passed(
            "launcher",
            "not preloaded: interrupted jobs wait for resume_import, and folders are not watched",
        );
    }
    if !launcher::looks_here() {
        return Check::failed(
            "launcher",
            "pgdatahub.databases does not name this database",
        )
        .hint("ALTER SYSTEM SET pgdatahub.databases = '…'; SELECT pg_reload_conf();");
    }
    if !running.has_launcher {
        return Check::failed("launcher", "it is preloaded, but does not run")
.hint("The server log says why; it needs a slot of max_worker_processes when the server starts.");
    }
    Check::passed("launcher", "it runs, and looks into this database")
}
