//! A table as [`super::evolve`] sees it.

use crate::types::ColumnType;

/// How a table's column takes values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    /// One of the types pgdatahub makes: widened as needed.
    Native(ColumnType),
    /// A user-made type that takes any value's text form through its own input.
    Input {
        /// As `format_type` prints it.
        sql_type: String,
    },
    /// A user-made number type: takes numbers only.
    InputNumber {
        /// As `format_type` prints it.
        sql_type: String,
    },
    /// A type that no value of a workbook may enter.
    Refused {
        /// As `format_type` prints it.
        sql_type: String,
        /// Why, a sentence.
        reason: String,
    },
}

/// A column of the table as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// How it takes values.
    pub kind: ColumnKind,
    /// Text that no file had a value for yet: the first value decides its type.
    pub provisional: bool,
    /// False: generated, or an identity column that is always generated.
    pub fillable: bool,
}
