//! A table as [`super::evolve`] sees it.

use crate::input_type::InputType;
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
    /// A user-made type whose input would change or guess at some values: it gets only the others.
    Typed {
        /// As `format_type` prints it.
        sql_type: String,
        /// Which values it gets.
        input: InputType,
    },
    /// A type that no value of a workbook may enter.
    Refused {
        /// As `format_type` prints it.
        sql_type: String,
        /// Why, a sentence.
        reason: String,
    },
}

impl ColumnKind {
    /// timestamptz: a workbook's times enter it only in a zone.
    pub fn needs_time_zone(&self) -> bool {
        let zoned = |input: &InputType| matches!(input, InputType::TimestampTz { .. });
        matches!(self, ColumnKind::Typed { input, .. } if zoned(input))
    }
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

impl TableColumn {
    /// Its type as `format_type` prints it.
    pub fn sql_type(&self) -> &str {
        match &self.kind {
            ColumnKind::Native(native) => native.display_name(),
            ColumnKind::Input { sql_type }
            | ColumnKind::InputNumber { sql_type }
            | ColumnKind::Typed { sql_type, .. }
            | ColumnKind::Refused { sql_type, .. } => sql_type,
        }
    }
}
