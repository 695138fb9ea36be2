//! `schema_policy`: which changes of a table an import may make.

use super::{Change, describe};
use crate::report::Report;

/// `schema_policy`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SchemaPolicy {
    /// Any change that loses nothing.
    #[default]
    Evolve,
    /// New columns, and the first type of a column without values; no column is widened.
    AddColumns,
    /// None.
    Freeze,
}

impl SchemaPolicy {
    /// The words of the setting.
    pub const WORDS: &[(&str, SchemaPolicy)] = &[
        ("evolve", SchemaPolicy::Evolve),
        ("add_columns", SchemaPolicy::AddColumns),
        ("freeze", SchemaPolicy::Freeze),
    ];

    /// The word of the setting.
    pub fn word(self) -> &'static str {
        match self {
            SchemaPolicy::Evolve => "evolve",
            SchemaPolicy::AddColumns => "add_columns",
            SchemaPolicy::Freeze => "freeze",
        }
    }

    /// Whether the changes of an existing table are allowed. A table that this
    /// import creates is not its concern: create it by hand and adopt it to rule that too.
    ///
    /// # Errors
    /// 42P16 (invalid_table_definition), with all that was wanted.
    pub fn check(self, changes: &[Change]) -> Result<(), Report> {
        let refused: Vec<String> = changes
            .iter()
            .filter(|change| !self.allows(change))
            .map(describe)
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        let allowing = match self {
            SchemaPolicy::Freeze if changes.iter().all(|c| SchemaPolicy::AddColumns.allows(c)) => {
                "add_columns"
            }
            _ => "evolve",
        };
        Err(Report {
            sqlstate: "42P16",
            message: format!(
                "schema_policy: {} does not allow what the file needs",
                self.word()
            ),
            detail: Some(format!("It needs: {}.", refused.join("; "))),
            hint: Some(format!(
                "Correct the workbook, set schema_policy: {allowing}, or change the table by hand."
            )),
        })
    }

    fn allows(self, change: &Change) -> bool {
        match change {
            Change::CreateTable { .. } | Change::SettleProvisional { .. } => true,
            Change::AlterType {
                provisional: false, ..
            } => self == SchemaPolicy::Evolve,
            Change::AddColumn(_) | Change::Declare { .. } | Change::AlterType { .. } => {
                self != SchemaPolicy::Freeze
            }
        }
    }
}
