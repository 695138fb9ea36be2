//! Undoing schema changes: the questions that only the table's rows can answer, and the DDL.

use super::blockers::{self, Touched};
use super::catalog::{TableName, column_sql};
use super::ddl::{self, Executed};
use super::error::Failure;
use super::{dependants, rewrite, spi, subxact};
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::undo::Undo;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Oid;

/// Keeps writers out (readers may go on) until the transaction ends, with a short lock_timeout and retries.
///
/// # Errors
/// 55P03 when the table stays in use.
pub fn lock_out_writers(name: &TableName) -> Result<(), Failure> {
    lock(name, "SHARE ROW EXCLUSIVE")
}

/// Keeps everybody out until the transaction ends, with a short lock_timeout and retries.
///
/// # Errors
/// 55P03 when the table stays in use.
pub fn lock_out_all(name: &TableName) -> Result<(), Failure> {
    lock(name, "ACCESS EXCLUSIVE")
}

fn lock(name: &TableName, mode: &str) -> Result<(), Failure> {
    patiently(name, &format!("LOCK TABLE {} IN {mode} MODE", name.sql()))
}

/// As an import's ALTER waits, with hints for a statement that somebody gave by hand.
fn patiently(name: &TableName, statement: &str) -> Result<(), Failure> {
    ddl::patiently(name, statement).map_err(|failure| match failure.sqlstate.as_str() {
        "55P03" => failure.hint(
            "Try again when it is free, or raise pgdatahub.lock_timeout or pgdatahub.lock_retries.",
        ),
        "55006" => failure.hint("Run it in a statement of its own, not in a query that reads the table; deferred constraints: SET CONSTRAINTS ALL IMMEDIATE first."),
        "2BP01" => failure.hint("Drop what depends on it first."),
        "42501" => failure.hint("Only the table's owner may alter or drop it."),
        _ => failure,
    })
}

/// Values of one column, by who brought them.
pub struct Owners {
    /// In rows of the file that is asked about.
    pub own: i64,
    /// In all other rows.
    pub others: i64,
    /// One of the other rows' files; none where no import brought it.
    pub example: Option<String>,
}

/// Counts the values of a column in rows of `source_file`'s imports and in all others. Reads the table once.
///
/// # Errors
/// PostgreSQL's are raised: no SELECT right.
pub fn owners(
    name: &TableName,
    column: &str,
    source_file: &str,
    stamps: &[TimestampWithTimeZone],
) -> Result<Owners, Failure> {
    let column = column_sql(column);
    let own = "(t.source_file OPERATOR(pg_catalog.=) $1 AND t.load_timestamp OPERATOR(pg_catalog.=) ANY ($2)) IS TRUE";
    let sql = format!(
        "SELECT pg_catalog.count(*) FILTER (WHERE {own}), pg_catalog.count(*) FILTER (WHERE NOT {own}), \
                pg_catalog.min(t.source_file) FILTER (WHERE NOT {own}) FROM {} AS t WHERE t.{column} IS NOT NULL",
        name.sql()
    );
    let found = spi::first(&sql, &[source_file.into(), stamps.to_vec().into()], |row| {
        Owners {
            own: row.value(1).unwrap_or(0),
            others: row.value(2).unwrap_or(0),
            example: row.value(3),
        }
    })?;
    found.ok_or_else(|| Failure::new("XX000", "an aggregate gave no row"))
}

/// Whether the table has any row.
///
/// # Errors
/// PostgreSQL's are raised: no SELECT right.
pub fn has_rows(name: &TableName) -> Result<bool, Failure> {
    let sql = format!("SELECT EXISTS (SELECT FROM {})", name.sql());
    Ok(spi::first(&sql, &[], |row| row.value::<bool>(1))?
        .flatten()
        .unwrap_or(false))
}

/// Why the values of a column would not survive in a narrower type: None if all do, each of
/// them back as the same value and the same text. Reads the table once.
///
/// # Errors
/// What must end the statement; a value that the type refuses is an answer.
pub fn lost_in(
    name: &TableName,
    column: &str,
    from: ColumnType,
    to: ColumnType,
) -> Result<Option<String>, Failure> {
    let column = format!("t.{}", column_sql(column));
    let narrowed = format!("{column}::{}", to.sql());
    let mut exact = format!(
        "pgdatahub.text_form({narrowed}) OPERATOR(pg_catalog.=) pgdatahub.text_form({column}) COLLATE pg_catalog.\"C\""
    );
    if from != ColumnType::Text {
        exact.push_str(&format!(
            " AND {narrowed}::{} OPERATOR(pg_catalog.=) {column}",
            from.sql()
        ));
    }
    let sql = format!(
        "SELECT pg_catalog.count(*), pg_catalog.min(pgdatahub.text_form({column}) COLLATE pg_catalog.\"C\") FROM {} AS t \
          WHERE {column} IS NOT NULL AND ({exact}) IS NOT TRUE",
        name.sql()
    );
    let result = subxact::run(|| {
        spi::first(&sql, &[], |row| {
            (row.value::<i64>(1).unwrap_or(0), row.text(2))
        })
    });
    let to = to.display_name();
    match result {
        Ok(Some((lost, example))) if lost > 0 => Ok(Some(format!(
            "{} would not survive as {to}, such as {example}",
            counted(lost, "value")
        ))),
        Ok(_) => Ok(None),
        Err(failure) if failure.sqlstate.starts_with("22") => Ok(Some(format!(
            "not every value survives as {to}: {}",
            failure.message
        ))),
        Err(failure) => Err(failure),
    }
}

/// `1 value`, `2 values`
pub fn counted(number: i64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}

/// The statement of one undo alone.
pub fn statement(name: &TableName, undo: &Undo) -> String {
    match undo {
        Undo::DropTable => format!("DROP TABLE {}", name.sql()),
        other => format!("ALTER TABLE {} {}", name.sql(), clause(other)),
    }
}

fn clause(undo: &Undo) -> String {
    match undo {
        Undo::DropTable => String::new(),
        Undo::DropColumn { column, .. } => format!("DROP COLUMN {}", column_sql(column)),
        Undo::Narrow { column, to, .. } => {
            let column = column_sql(column);
            let to_sql = to.sql();
            // Back to text is back to no value at all.
            let using = match to {
                ColumnType::Text => format!("NULL::{to_sql}"),
                _ => format!("{column}::{to_sql}"),
            };
            format!("ALTER COLUMN {column} TYPE {to_sql} USING {using}")
        }
    }
}

/// Drops and narrows columns in one ALTER TABLE.
///
/// # Errors
/// 55P03 when the table stays in use, 2BP01 for what depends on a column.
pub fn alter(name: &TableName, undos: &[Undo]) -> Result<Vec<Executed>, Failure> {
    if undos.is_empty() {
        return Ok(Vec::new());
    }
    let statement = alter_statement(name, undos);
    patiently(name, &statement)?;
    Ok(undos
        .iter()
        .map(|undo| executed(undo, &statement))
        .collect())
}

/// Asks whether the table may be rewritten, if that is what the undos come to. `call` is what
/// the user gave.
///
/// # Errors
/// 54000 over `pgdatahub.max_rewrite`.
pub fn check_rewrite(
    name: &TableName,
    oid: Oid,
    undos: &[Undo],
    call: &str,
) -> Result<(), Failure> {
    let retypes = undos.iter().any(|u| matches!(u, Undo::Narrow { .. }));
    if !retypes || undos.contains(&Undo::DropTable) {
        return Ok(());
    }
    rewrite::check_call(name, oid, &alter_statement(name, undos), call)
}

fn alter_statement(name: &TableName, undos: &[Undo]) -> String {
    let clauses: Vec<String> = undos.iter().map(clause).collect();
    format!("ALTER TABLE {} {}", name.sql(), clauses.join(", "))
}

/// Runs one change as an import's ALTER is run.
///
/// # Errors
/// 55P03 when the table stays in use; PostgreSQL's own.
pub fn run(name: &TableName, change: &Executed) -> Result<(), Failure> {
    super::move_values::precise(|| patiently(name, &change.statement))
}

/// # Errors
/// 42809 for a view or a foreign table.
pub fn check_is_table(oid: Oid, name: &TableName) -> Result<(), Failure> {
    let table = spi::first(
        "SELECT c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog.\"char\"[]) FROM pg_catalog.pg_class c \
          WHERE c.oid OPERATOR(pg_catalog.=) $1",
        &[oid.into()],
        |row| row.value::<bool>(1),
    )?;
    if table.flatten() == Some(true) {
        return Ok(());
    }
    Err(
        Failure::new("42809", format!("{} is not a table", name.display()))
            .hint("Revert its imports, then drop the view or foreign table yourself."),
    )
}

/// Drops the table, never what depends on it.
///
/// # Errors
/// 55P03 when it stays in use, 2BP01 for dependants, each named.
pub fn drop_table(name: &TableName) -> Result<Executed, Failure> {
    let statement = statement(name, &Undo::DropTable);
    patiently(name, &statement)?;
    Ok(executed(&Undo::DropTable, &statement))
}

fn executed(undo: &Undo, statement: &str) -> Executed {
    let (change_type, column_name, old_type, new_type) = match undo {
        Undo::DropTable => ("DROP TABLE", None, None, None),
        Undo::DropColumn {
            column,
            column_type,
        } => (
            "DROP COLUMN",
            Some(column.clone()),
            Some(column_type.clone()),
            None,
        ),
        Undo::Narrow { column, from, to } => (
            "ALTER COLUMN TYPE",
            Some(column.clone()),
            Some(from.display_name().to_owned()),
            Some(to.display_name().to_owned()),
        ),
    };
    Executed {
        change_type,
        column_name,
        old_type,
        new_type,
        statement: statement.to_owned(),
    }
}

/// What stands in the way of an undo, in words.
///
/// # Errors
/// SPI's own.
pub fn blockers(oid: Oid, undo: &Undo) -> Result<Option<String>, Failure> {
    let found = match undo {
        Undo::DropTable => dependants::of_table(oid)?,
        Undo::DropColumn { column, .. } => dependants::of_column(oid, column)?,
        Undo::Narrow { column, to, .. } => {
            let retyped = [(column.clone(), to.sql().to_owned())];
            blockers::objects(&blockers::of(oid, &retyped, false, Touched::default())?)
        }
    };
    Ok((!found.is_empty()).then(|| format!("needed by {}", found.join(", "))))
}
