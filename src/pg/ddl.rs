//! Changing data tables: as the calling role, one ALTER TABLE per call, with a
//! short lock_timeout, since a waiting AccessExclusive lock queues every reader.

use super::catalog::{TableName, column_sql};
use super::error::Failure;
use super::{guc, identity, rights, spi, subxact, transaction};
use pgdatahub_core::evolve::{Change, NewColumn};
use pgdatahub_core::types::ColumnType;
use pgrx::spi::quote_literal;

/// One change that was made, for the audit.
#[derive(Debug, Clone)]
pub struct Executed {
    pub change_type: &'static str,
    pub column_name: Option<String>,
    pub old_type: Option<String>,
    pub new_type: Option<String>,
    pub statement: String,
}

impl Executed {
    /// Whether it is the table itself and not one of its columns.
    pub fn creates_table(&self) -> bool {
        self.change_type == "CREATE TABLE"
    }
}

/// Creates the table, with the sheet's columns and the two of ours.
///
/// # Errors
/// PostgreSQL's are raised: no right to create in the schema.
pub fn create(
    name: &TableName,
    columns: &[NewColumn],
    folder: &str,
) -> Result<Vec<Executed>, Failure> {
    spi::execute(&create_statement(name, columns), &[])?;
    comment(
        "TABLE",
        &name.sql(),
        &format!("Imported by pgdatahub from {folder}"),
    )?;
    for (column, text) in [
        ("source_file", "Workbook the row was imported from"),
        (
            "load_timestamp",
            "When its import began; with source_file it identifies the import",
        ),
    ] {
        comment("COLUMN", &format!("{}.{column}", name.sql()), text)?;
    }
    for column in columns {
        comment_header(name, column)?;
    }
    Ok(creation(name, columns))
}

fn create_statement(name: &TableName, columns: &[NewColumn]) -> String {
    let mut parts: Vec<String> = columns.iter().map(definition).collect();
    parts.push("source_file pg_catalog.text NOT NULL".into());
    parts.push("load_timestamp pg_catalog.timestamptz NOT NULL".into());
    format!("CREATE TABLE {} ({})", name.sql(), parts.join(", "))
}

/// What [`create`] executes, for the audit or for a plan.
pub fn creation(name: &TableName, columns: &[NewColumn]) -> Vec<Executed> {
    let statement = create_statement(name, columns);
    let mut executed = vec![Executed {
        change_type: "CREATE TABLE",
        column_name: None,
        old_type: None,
        new_type: None,
        statement: statement.clone(),
    }];
    executed.extend(columns.iter().map(|column| Executed {
        change_type: "ADD COLUMN",
        column_name: Some(column.name.clone()),
        old_type: None,
        new_type: Some(column.display_name().into()),
        statement: statement.clone(),
    }));
    executed
}

/// Adds and retypes columns in one ALTER TABLE. `own` says that this transaction
/// created the table, so that nobody else can hold it.
///
/// # Errors
/// 55P03 when the table stays in use; PostgreSQL's own otherwise.
pub fn alter(name: &TableName, changes: &[Change], own: bool) -> Result<Vec<Executed>, Failure> {
    let Some(statement) = alter_statement(name, changes) else {
        return Ok(Vec::new());
    };
    if own {
        spi::execute(&statement, &[])?;
    } else {
        patiently(name, &statement)?;
    }
    for change in changes {
        if let Change::AddColumn(column) = change {
            comment_header(name, column)?;
        }
    }
    Ok(alteration(name, changes))
}

/// The one ALTER TABLE that makes all `changes`; none if they need no DDL.
pub fn alter_statement(name: &TableName, changes: &[Change]) -> Option<String> {
    let clauses: Vec<String> = changes.iter().filter_map(clause).collect();
    let alters = !clauses.is_empty();
    alters.then(|| format!("ALTER TABLE {} {}", name.sql(), clauses.join(", ")))
}

/// What [`alter`] executes, for the audit or for a plan.
pub fn alteration(name: &TableName, changes: &[Change]) -> Vec<Executed> {
    let statement = alter_statement(name, changes).unwrap_or_default();
    changes
        .iter()
        .filter_map(|change| executed(change, &statement))
        .collect()
}

/// Runs an ALTER with a short lock_timeout, again and again.
pub(super) fn patiently(name: &TableName, statement: &str) -> Result<(), Failure> {
    let timeout = guc::LOCK_TIMEOUT.get();
    let retries = guc::LOCK_RETRIES.get();
    for attempt in 0..=retries {
        transaction::check_for_interrupts();
        let result = subxact::run(|| {
            identity::with_setting(c"lock_timeout", &format!("{timeout}ms"), || {
                spi::execute(statement, &[]).map(|_| ())
            })
        });
        match result {
            Err(failure) if failure.sqlstate == "55P03" => {
                if attempt < retries {
                    // Let those pass that queued behind us.
                    transaction::sleep(i32::from(attempt > 2));
                }
            }
            Err(failure) => return Err(explained(failure, statement)),
            Ok(()) => return Ok(()),
        }
    }
    Err(Failure::new("55P03", format!("table {} is in use and could not be altered", name.display()))
        .detail(format!("{} attempts of {timeout} ms each waited for it in vain. Statement: {statement}", retries + 1))
        .hint("Import again when it is free, raise pgdatahub.lock_timeout or pgdatahub.lock_retries, or run the ALTER TABLE yourself."))
}

/// PostgreSQL's refusal of an ALTER, with the statement and what helps.
fn explained(failure: Failure, statement: &str) -> Failure {
    let failure = failure.also(format!("Statement: {statement}"));
    match failure.sqlstate.as_str() {
        "0A000" if failure.hint.is_none() => Failure {
            sqlstate: "2BP01".into(),
            ..failure
        }
        .hint("Drop what depends on the column, import again, and create it anew."),
        "55006" if failure.hint.is_none() => failure
            .hint("Run the import in a statement of its own, not in a query that reads the table."),
        "42501" => rights::not_owner(failure),
        _ => failure,
    }
}

fn definition(column: &NewColumn) -> String {
    format!("{} {}", column_sql(&column.name), column.sql())
}

fn clause(change: &Change) -> Option<String> {
    match change {
        Change::AddColumn(column) => Some(format!("ADD COLUMN {}", definition(column))),
        Change::AlterType {
            column,
            to,
            provisional,
            ..
        } => {
            let column = column_sql(column);
            let using = match to {
                _ if *provisional => format!("NULL::{}", to.sql()),
                ColumnType::Text => format!("pgdatahub.text_form({column})"),
                _ => format!("{column}::{}", to.sql()),
            };
            Some(format!(
                "ALTER COLUMN {column} TYPE {} USING {using}",
                to.sql()
            ))
        }
        Change::Declare { column, declared } => Some(format!(
            "ALTER COLUMN {} TYPE {1} USING NULL::{1}",
            column_sql(column),
            declared.sql
        )),
        Change::CreateTable { .. } | Change::SettleProvisional { .. } => None,
    }
}

fn executed(change: &Change, statement: &str) -> Option<Executed> {
    let statement = statement.to_owned();
    match change {
        Change::AddColumn(column) => Some(Executed {
            change_type: "ADD COLUMN",
            column_name: Some(column.name.clone()),
            old_type: None,
            new_type: Some(column.display_name().into()),
            statement,
        }),
        Change::AlterType {
            column, from, to, ..
        } => Some(Executed {
            change_type: "ALTER COLUMN TYPE",
            column_name: Some(column.clone()),
            old_type: Some(from.display_name().into()),
            new_type: Some(to.display_name().into()),
            statement,
        }),
        Change::Declare { column, declared } => Some(Executed {
            change_type: "ALTER COLUMN TYPE",
            column_name: Some(column.clone()),
            old_type: Some(ColumnType::Text.display_name().into()),
            new_type: Some(declared.display.clone()),
            statement,
        }),
        Change::CreateTable { .. } | Change::SettleProvisional { .. } => None,
    }
}

fn comment_header(name: &TableName, column: &NewColumn) -> Result<(), Failure> {
    if column.header.is_empty() {
        return Ok(());
    }
    comment(
        "COLUMN",
        &format!("{}.{}", name.sql(), column_sql(&column.name)),
        &column.header,
    )
}

/// A text as SQL writes it, for statements that a HINT gives.
pub fn literal(text: &str) -> String {
    quote_literal(text)
}

fn comment(kind: &str, object: &str, text: &str) -> Result<(), Failure> {
    spi::execute(
        &format!("COMMENT ON {kind} {object} IS {}", quote_literal(text)),
        &[],
    )
    .map(|_| ())
}

/// Adds our two columns to a table that is being adopted, where it lacks them.
///
/// # Errors
/// PostgreSQL's are raised: not the owner.
pub fn add_reserved(
    name: &TableName,
    source_file: bool,
    load_timestamp: bool,
) -> Result<Vec<Executed>, Failure> {
    let wanted = [
        ("source_file", "text", !source_file),
        ("load_timestamp", "timestamptz", !load_timestamp),
    ];
    let clauses: Vec<String> = wanted
        .iter()
        .filter(|(_, _, add)| *add)
        .map(|(column, sql_type, _)| format!("ADD COLUMN {column} pg_catalog.{sql_type}"))
        .collect();
    if clauses.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!("ALTER TABLE {} {}", name.sql(), clauses.join(", "));
    patiently(name, &statement)?;
    Ok(wanted
        .iter()
        .filter(|(_, _, add)| *add)
        .map(|(column, sql_type, _)| Executed {
            change_type: "ADD COLUMN",
            column_name: Some((*column).into()),
            old_type: None,
            new_type: Some(
                if *sql_type == "text" {
                    "text"
                } else {
                    "timestamp with time zone"
                }
                .into(),
            ),
            statement: statement.clone(),
        })
        .collect())
}
