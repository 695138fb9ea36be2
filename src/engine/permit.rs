//! What a folder's policies and PostgreSQL's bounds have against a change, before the first of it is made.

use super::schema::TargetTable;
use crate::pg::catalog;
use crate::pg::error::Failure;
use pgdatahub_core::config::MissingColumns;
use pgdatahub_core::evolve::{self, Change, Evolution, LikelyRename};
use pgdatahub_core::protocol::Wire;
use pgdatahub_core::types::ColumnType;

impl TargetTable {
    /// # Errors
    /// 42703 by `missing_columns`, 54011 too many columns, 54000 too wide a row,
    /// 42P16 by `schema_policy`.
    pub(super) fn permit(
        &self,
        evolution: &Evolution,
        renames: &[LikelyRename],
    ) -> Result<(), Failure> {
        let fails = self.settings.missing_columns == Some(MissingColumns::Fail);
        if fails && !evolution.missing.is_empty() {
            return Err(lacks(evolution, renames));
        }
        let used = self.table.as_ref().map_or(0, |table| table.attributes);
        let new = new_columns(&evolution.changes);
        if used > 0 && new > 0 {
            evolve::check_column_limit(used, new)
                .map_err(|conflict| Failure::from(conflict.report()))?;
        }
        let types = evolution.targets.iter().map(|target| match target.wire {
            Wire::Native(native) => native,
            // Any type of the user's own takes a byte or more.
            _ => ColumnType::Boolean,
        });
        let attributes = used.max(catalog::RESERVED.len()) + new;
        evolve::check_row_width(types, self.widest_row, attributes)?;
        if !self.own {
            let policy = self.settings.schema_policy.unwrap_or_default();
            policy.check(&evolution.changes)?;
        }
        Ok(())
    }
}

/// How many columns the table gets.
pub(super) fn new_columns(changes: &[Change]) -> usize {
    let of = |change: &Change| match change {
        Change::CreateTable { columns } => columns.len(),
        Change::AddColumn(_) => 1,
        _ => 0,
    };
    changes.iter().map(of).sum()
}

/// `missing_columns: fail`
fn lacks(evolution: &Evolution, renames: &[LikelyRename]) -> Failure {
    let failure = Failure::new(
        "42703",
        format!("the file lacks {}", evolution.missing.join(", ")),
    )
    .detail("missing_columns: fail asks for every column of the table.")
    .hint("Correct the workbook, or set missing_columns: allow in the configuration.");
    renames.iter().fold(failure, |failure, rename| {
        failure.also(format!("Likely renamed: {}.", rename.describe()))
    })
}
