//! The settings of a submitting session, which the workers of its job take over.

use super::error::Failure;
use super::{report, spi, subxact};

/// What the session itself has set. Not: what is read again between files (`pause_*`, limits),
/// what belongs to the connection, and the transaction's own.
///
/// # Errors
/// SPI's own.
pub fn snapshot() -> Result<String, Failure> {
    Ok(spi::first(
        "SELECT coalesce(pg_catalog.jsonb_object_agg(s.name, pg_catalog.current_setting(s.name)), '{}')::text \
           FROM pg_catalog.pg_settings s \
          WHERE s.source OPERATOR(pg_catalog.=) ANY ('{session,client}'::text[]) \
            AND s.context OPERATOR(pg_catalog.=) ANY ('{user,superuser}'::text[]) \
            AND s.name OPERATOR(pg_catalog.<>) ALL ('{application_name,client_encoding,client_min_messages,session_authorization,role, \
                  is_superuser,default_transaction_isolation,default_transaction_read_only,default_transaction_deferrable, \
                  pgdatahub.dry_run,pgdatahub.pause_every,pgdatahub.pause_seconds,pgdatahub.pause_window, \
                  pgdatahub.max_file_size,pgdatahub.max_cells,pgdatahub.reader_memory,pgdatahub.reader_cpu}'::text[]) \
            AND s.name OPERATOR(pg_catalog.!~) '^(transaction_|log_|debug_|tcp_|idle_|trace_)'",
        &[],
        |row| row.text(1),
    )?
    .unwrap_or_default())
}

/// Says which `pause_*` settings the session has for itself: they are the
/// server's to steer while a job runs, so they would be passed over in silence.
///
/// # Errors
/// SPI's own.
pub fn warn_of_own_pauses() -> Result<(), Failure> {
    let own = spi::rows(
        "SELECT s.name::text FROM pg_catalog.pg_settings s \
          WHERE s.source OPERATOR(pg_catalog.=) 'session' AND s.setting OPERATOR(pg_catalog.<>) s.reset_val \
            AND s.name OPERATOR(pg_catalog.=) ANY ('{pgdatahub.pause_every,pgdatahub.pause_seconds,pgdatahub.pause_window}'::text[]) \
          ORDER BY s.name",
        &[],
        |row| row.text(1),
    )?;
    for name in own {
        report::warning(
            format!("{name} of this session does not hold for the job"),
            Some("A job reads it between files as the server, database or role has it.".into()),
            Some(format!(
                "ALTER ROLE CURRENT_USER SET {name} = … before the job starts; ALTER SYSTEM and a reload reach a running job too."
            )),
        );
    }
    Ok(())
}

/// Takes settings over, as the current role may; one that it may not set is named in the log.
///
/// # Errors
/// SPI's own.
pub fn apply(settings: &str) -> Result<(), Failure> {
    let pairs = spi::rows(
        "SELECT e.key, e.value FROM pg_catalog.jsonb_each_text($1::pg_catalog.jsonb) e",
        &[settings.into()],
        |row| (row.text(1), row.text(2)),
    )?;
    for (name, value) in pairs {
        let set = subxact::run(|| {
            spi::execute(
                "SELECT pg_catalog.set_config($1, $2, false)",
                &[name.as_str().into(), value.as_str().into()],
            )
        });
        if let Err(failure) = set {
            report::warning(
                format!("setting {name} was not taken over: {}", failure.message),
                None,
                None,
            );
        }
    }
    Ok(())
}
