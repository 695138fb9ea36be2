//! Moving one column's values into another, for map_column: exactly, or not at all.

use super::catalog::{TableName, column_sql};
use super::ddl::Executed;
use super::error::Failure;
use super::{identity, spi};
use pgdatahub_core::types::ColumnType;

/// What the values become.
#[derive(Debug, Clone)]
pub enum Into {
    /// A type of ours.
    Native(ColumnType),
    /// A user's type, through the text form and its own input.
    Input {
        sql_type: String,
        /// Compared as a number: 12.30 is 12.3.
        number: bool,
    },
}

/// One move.
pub struct Move<'a> {
    pub table: &'a TableName,
    pub old: &'a str,
    pub old_type: ColumnType,
    pub target: &'a str,
    /// What the target is now, if it is a type of ours.
    pub target_type: Option<ColumnType>,
    pub into: Into,
}

/// How many rows stand against a move.
pub struct Against {
    pub rows: i64,
    pub example: Option<String>,
}

impl Move<'_> {
    fn old(&self) -> String {
        format!("t.{}", column_sql(self.old))
    }

    fn target(&self) -> String {
        format!("t.{}", column_sql(self.target))
    }

    /// An old value as the target takes it.
    fn moved(&self) -> String {
        match &self.into {
            Into::Native(to) => converted(&self.old(), self.old_type, *to),
            Into::Input { sql_type, .. } => {
                format!("pgdatahub.text_form({})::{sql_type}", self.old())
            }
        }
    }

    /// A value of the target's final type such that equal values are the same.
    fn comparable(&self, value: &str) -> String {
        match &self.into {
            Into::Native(ColumnType::Text) => format!("({value}) COLLATE pg_catalog.\"C\""),
            Into::Native(_) => format!("({value})"),
            Into::Input { number: true, .. } => format!("({value})::pg_catalog.numeric"),
            Into::Input { .. } => {
                format!("({value})::pg_catalog.text COLLATE pg_catalog.\"C\"")
            }
        }
    }

    /// The target's present value in its final type.
    fn present(&self) -> String {
        match (&self.into, self.target_type) {
            (Into::Native(to), Some(from)) => converted(&self.target(), from, *to),
            _ => self.target(),
        }
    }

    /// Rows where both columns have a value, and not the same.
    ///
    /// # Errors
    /// PostgreSQL's are raised: a value that the user's type refuses.
    pub fn conflicts(&self) -> Result<Against, Failure> {
        self.count(&format!(
            "{} IS NOT NULL AND {} IS NOT NULL AND ({} OPERATOR(pg_catalog.=) {}) IS NOT TRUE",
            self.old(),
            self.target(),
            self.comparable(&self.present()),
            self.comparable(&self.moved()),
        ))
    }

    /// Rows whose value the user's type would change: cut, round, write otherwise.
    ///
    /// # Errors
    /// PostgreSQL's are raised: a value that the type refuses.
    pub fn inexact(&self) -> Result<Against, Failure> {
        let Into::Input { number, .. } = &self.into else {
            return Ok(Against {
                rows: 0,
                example: None,
            });
        };
        let text = match number {
            true => format!(
                "pgdatahub.text_form(({})::pg_catalog.numeric)",
                self.moved()
            ),
            false => format!("({})::pg_catalog.text", self.moved()),
        };
        self.count(&format!(
            "{old} IS NOT NULL AND ({text} OPERATOR(pg_catalog.=) pgdatahub.text_form({old}) COLLATE pg_catalog.\"C\") IS NOT TRUE",
            old = self.old()
        ))
    }

    fn count(&self, condition: &str) -> Result<Against, Failure> {
        let sql = format!(
            "SELECT pg_catalog.count(*), pg_catalog.min(t.source_file) FROM {} AS t WHERE {condition}",
            self.table.sql()
        );
        let found = precise(|| {
            spi::first(&sql, &[], |row| Against {
                rows: row.value(1).unwrap_or(0),
                example: row.value(2),
            })
        })?;
        found.ok_or_else(|| Failure::new("XX000", "an aggregate gave no row"))
    }

    /// The ALTER COLUMN TYPE that the target needs first, if any. `empty`: it has no value.
    pub fn retype(&self, empty: bool) -> Option<Executed> {
        let (Into::Native(to), Some(from)) = (&self.into, self.target_type) else {
            return None;
        };
        if *to == from {
            return None;
        }
        let column = column_sql(self.target);
        let using = match empty {
            true => format!("NULL::{}", to.sql()),
            false => converted(&column, from, *to),
        };
        Some(Executed {
            change_type: "ALTER COLUMN TYPE",
            column_name: Some(self.target.to_owned()),
            old_type: Some(from.display_name().to_owned()),
            new_type: Some(to.display_name().to_owned()),
            statement: format!(
                "ALTER TABLE {} ALTER COLUMN {column} TYPE {} USING {using}",
                self.table.sql(),
                to.sql()
            ),
        })
    }

    /// Moves the values to where the target has none; how many, and the statement.
    ///
    /// # Errors
    /// PostgreSQL's are raised; 55000 where a trigger or rule kept a value back.
    pub fn run(&self) -> Result<(i64, String), Failure> {
        let statement = format!(
            "UPDATE {} AS t SET {} = {} WHERE {} IS NULL AND {} IS NOT NULL",
            self.table.sql(),
            column_sql(self.target),
            self.moved(),
            self.target(),
            self.old()
        );
        let moved = precise(|| spi::execute(&statement, &[]))? as i64;
        let left = self.count(&format!(
            "{} IS NOT NULL AND ({} OPERATOR(pg_catalog.=) {}) IS NOT TRUE",
            self.old(),
            self.comparable(&self.target()),
            self.comparable(&self.moved()),
        ))?;
        if left.rows > 0 {
            return Err(Failure::new(
                "55000",
                format!(
                    "{} rows did not take their value into column \"{}\"",
                    left.rows, self.target
                ),
            )
            .detail("A trigger or rule of the table changed or kept back the UPDATE.")
            .hint("Disable it for this statement."));
        }
        Ok((moved, statement))
    }
}

/// A value of one native type in a wider one.
fn converted(value: &str, from: ColumnType, to: ColumnType) -> String {
    match (from, to) {
        _ if from == to => value.to_owned(),
        (_, ColumnType::Text) => format!("pgdatahub.text_form({value})"),
        // The cast would round to 15 digits; the text is the shortest that is the same double.
        (ColumnType::Double, ColumnType::Numeric) => {
            format!("({value})::pg_catalog.text::{}", to.sql())
        }
        _ => format!("({value})::{}", to.sql()),
    }
}

/// Runs what renders doubles as text with all their digits, whatever the session has set.
pub fn precise<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    identity::with_setting(c"extra_float_digits", "1", body)
}
