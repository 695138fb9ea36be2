//! The lattice of native column types.
//!
//! A column's type is the join of its values' types:
//! none < boolean | bigint < double precision < numeric | date < timestamp |
//! time < interval; everything < text. Because the join is associative,
//! commutative and idempotent, the type never depends on the order of rows,
//! chunks or files.

use serde::{Deserialize, Serialize};

/// A native column type, ordered by [`ColumnType::holds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// No value seen: the bottom of the lattice.
    None,
    /// boolean
    Boolean,
    /// bigint
    Bigint,
    /// double precision
    Double,
    /// numeric: where a bigint column holds integers past 2^53 and a fraction arrives
    Numeric,
    /// date
    Date,
    /// timestamp without time zone
    Timestamp,
    /// time without time zone
    Time,
    /// interval
    Interval,
    /// text: the top of the lattice
    Text,
}

impl ColumnType {
    /// Whether a column of this type holds every value of `other` unchanged.
    pub fn holds(self, other: ColumnType) -> bool {
        self.join(other) == self
    }

    /// The narrowest type that holds the values of both.
    #[must_use]
    pub fn join(self, other: ColumnType) -> ColumnType {
        use ColumnType::*;
        match (self, other) {
            (a, b) if a == b => a,
            (None, x) | (x, None) => x,
            (Bigint, Double) | (Double, Bigint) => Double,
            (Bigint | Double, Numeric) | (Numeric, Bigint | Double) => Numeric,
            (Date, Timestamp) | (Timestamp, Date) => Timestamp,
            (Time, Interval) | (Interval, Time) => Interval,
            _ => Text,
        }
    }

    /// The type's name in SQL, qualified so that no search_path can shadow it.
    /// A column without values is text until its first value.
    pub fn sql(self) -> &'static str {
        match self {
            ColumnType::Boolean => "pg_catalog.bool",
            ColumnType::Bigint => "pg_catalog.int8",
            ColumnType::Double => "pg_catalog.float8",
            ColumnType::Numeric => "pg_catalog.\"numeric\"",
            ColumnType::Date => "pg_catalog.date",
            ColumnType::Timestamp => "pg_catalog.\"timestamp\"",
            ColumnType::Time => "pg_catalog.\"time\"",
            ColumnType::Interval => "pg_catalog.\"interval\"",
            ColumnType::None | ColumnType::Text => "pg_catalog.text",
        }
    }

    /// The type's name as `format_type` prints it and people read it.
    pub fn display_name(self) -> &'static str {
        match self {
            ColumnType::Boolean => "boolean",
            ColumnType::Bigint => "bigint",
            ColumnType::Double => "double precision",
            ColumnType::Numeric => "numeric",
            ColumnType::Date => "date",
            ColumnType::Timestamp => "timestamp without time zone",
            ColumnType::Time => "time without time zone",
            ColumnType::Interval => "interval",
            ColumnType::None | ColumnType::Text => "text",
        }
    }

    /// The type of that [`display_name`](Self::display_name); `None` for any other.
    pub fn from_display_name(name: &str) -> Option<ColumnType> {
        use ColumnType::*;
        [
            Boolean, Bigint, Double, Numeric, Date, Timestamp, Time, Interval, Text,
        ]
        .into_iter()
        .find(|column_type| column_type.display_name() == name)
    }
}

#[cfg(test)]
mod tests;
