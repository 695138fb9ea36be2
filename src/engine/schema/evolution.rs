//! What the table must become for the sheet, with what only its rows can tell.

use super::TargetTable;
use crate::pg::contents;
use crate::pg::error::Failure;
use pgdatahub_core::evolve::{
    self, Change, ColumnKind, Evolution, LikelyRename, TableColumn, WantedColumns,
};
use pgdatahub_core::protocol::Wire;
use pgdatahub_core::types::ColumnType;

impl TargetTable {
    /// The changes, with the two questions that only the table's rows can answer.
    pub(super) fn evolve(
        &self,
        found: &[evolve::Found],
        wanted: &WantedColumns,
    ) -> Result<Evolution, Failure> {
        let evolved = |columns: Option<&[TableColumn]>| {
            evolve::evolve_wanted(columns, found, wanted)
                .map_err(|conflict| Failure::from(conflict.report()))
        };
        let Some(table) = &self.table else {
            return evolved(None);
        };
        let mut columns: Vec<TableColumn> = table.columns.clone();
        for column in &mut columns {
            // Retyped by hand, it is what its owner wants it to be.
            column.provisional = self.provisional.contains(&column.name)
                && column.kind == ColumnKind::Native(ColumnType::Text);
        }
        let mut evolution = evolved(Some(&columns))?;
        if self.settle_filled(&mut columns, &evolution.changes)? {
            evolution = evolved(Some(&columns))?;
        }
        self.keep_long_integers(&mut evolution)?;
        Ok(evolution)
    }

    /// A provisional column that somebody filled by hand is text, and no longer ours to retype
    /// freely; whether there is one.
    fn settle_filled(
        &self,
        columns: &mut [TableColumn],
        changes: &[Change],
    ) -> Result<bool, Failure> {
        let mut settled = false;
        for change in changes {
            if let Change::AlterType {
                column,
                provisional: true,
                ..
            }
            | Change::Declare { column, .. } = change
                && self.stored(column).is_some()
                && contents::has_value_without(
                    &self.name,
                    column,
                    &self.ledger.removed_from(&self.name),
                )?
            {
                columns
                    .iter_mut()
                    .filter(|c| c.name == *column)
                    .for_each(|c| c.provisional = false);
                settled = true;
            }
        }
        Ok(settled)
    }

    /// A bigint column becomes numeric where it holds integers that a double precision cannot.
    fn keep_long_integers(&self, evolution: &mut Evolution) -> Result<(), Failure> {
        for change in &mut evolution.changes {
            if let Change::AlterType {
                column,
                from: ColumnType::Bigint,
                to,
                ..
            } = change
                && *to == ColumnType::Double
                && self
                    .stored(column)
                    .is_some_and(|c| c.kind == ColumnKind::Native(ColumnType::Bigint))
                && contents::exceeds_double(&self.name, column)?
            {
                *to = ColumnType::Numeric;
                let targets = evolution.targets.iter_mut().filter(|t| t.column == *column);
                targets.for_each(|t| t.wire = Wire::Native(ColumnType::Numeric));
            }
        }
        Ok(())
    }

    /// Columns that are missing and new ones that may be the same under another name.
    pub(super) fn likely_renames(&self, evolution: &Evolution) -> Vec<LikelyRename> {
        let columns = self.table.iter().flat_map(|table| &table.columns);
        let missing: Vec<(String, ColumnKind)> = columns
            .filter(|c| evolution.missing.contains(&c.name))
            .filter(|c| !self.provisional.contains(&c.name))
            .map(|c| (c.name.clone(), c.kind.clone()))
            .collect();
        let added: Vec<(String, String, ColumnKind)> = evolution
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::AddColumn(new) if !new.provisional => {
                    Some((new.header.clone(), new.name.clone(), new.kind()))
                }
                _ => None,
            })
            .collect();
        evolve::likely_renames(&missing, &added)
    }
}
