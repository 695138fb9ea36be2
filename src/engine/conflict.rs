//! Values that an established column does not take, by `on_type_conflict`.
//!
//! A column that this import makes, or that held no value before it, becomes
//! what the whole file needs, whatever the setting: else its type would depend
//! on where the sample of the first rows ended. Every other column keeps its
//! type but under `widen`, and a type that pgdatahub does not make is always
//! kept: the reader then rejects its values, or stops at the first one, so that
//! the error names the cell.

use super::schema::{Fitted, TargetTable};
use crate::pg::error::Failure;
use pgdatahub_core::config::OnTypeConflict;
use pgdatahub_core::evolve::{self, ColumnKind, Conflict, Found, TableColumn, Target};
use pgdatahub_core::protocol::{Misfit, OnMisfit, Wire};
use pgdatahub_core::types::ColumnType;

impl TargetTable {
    /// Takes what established columns do not take out of what was found, so
    /// that no change of the table is planned for it. The sheet columns whose
    /// column cannot be filled at all.
    pub(super) fn leave_conflicts(&self, found: &mut [Found]) -> Vec<u32> {
        let mut unfillable = Vec::new();
        for file in found {
            let Some(column) = self.established(&file.column) else {
                continue;
            };
            if !column.fillable {
                file.found = ColumnType::None;
                unfillable.push(file.index);
            } else if let Some(most) = self.keeps(column)
                && !most.holds(file.found)
            {
                file.found = most;
            }
        }
        unfillable
    }

    /// The widest type of values that a column takes; none where it takes or becomes any.
    fn keeps(&self, column: &TableColumn) -> Option<ColumnType> {
        match &column.kind {
            ColumnKind::Native(_) if self.on_conflict == OnTypeConflict::Widen => None,
            ColumnKind::Native(native) => Some(*native),
            ColumnKind::Input { .. } => None,
            // Each value by itself, whatever its type.
            ColumnKind::Typed { .. } if !column.kind.needs_time_zone() => None,
            ColumnKind::Typed { .. } => Some(ColumnType::None),
            ColumnKind::InputNumber { .. } => Some(ColumnType::Numeric),
            ColumnKind::Refused { .. } => Some(ColumnType::None),
        }
    }

    fn established(&self, name: &str) -> Option<&TableColumn> {
        let columns = self.table.iter().flat_map(|table| &table.columns);
        columns
            .filter(|column| self.is_established(&column.name))
            .find(|column| column.name == name)
    }

    /// What the reader does with a value that does not fit a column.
    pub fn on_misfit(&self, target: &Target) -> OnMisfit {
        let kept = || self.established(&target.column).and_then(|c| self.keeps(c));
        // A type that the configuration gives is kept from the first file on.
        let kept = hint(target.wire).is_some() || kept().is_some();
        match (self.on_conflict, kept) {
            (OnTypeConflict::RejectCell, true) => OnMisfit::RejectCell,
            (OnTypeConflict::RejectRow, true) => OnMisfit::RejectRow,
            _ => OnMisfit::Misfit,
        }
    }

    /// The sheet columns that no row may have a value in, where such rows are rejected.
    pub fn unfillable(&self, fitted: &Fitted) -> Vec<u32> {
        match self.on_conflict {
            OnTypeConflict::RejectRow => fitted.unfillable.clone(),
            _ => Vec::new(),
        }
    }

    /// The failure of a value that a type of the user's own does not take unchanged.
    fn refuses_value(&self, target: &Target, misfit: &Misfit) -> Option<Failure> {
        let hint = hint(target.wire)?;
        let mut columns = self.table.iter().flat_map(|table| &table.columns);
        let sql_type = columns
            .find(|column| column.name == target.column)
            .map_or("", TableColumn::sql_type);
        let (column, value) = (&target.column, &misfit.value);
        let conflict = Conflict::value(column, misfit.column, sql_type, value, hint);
        Some(with_setting(Failure::from(conflict.report()), true))
    }

    /// Why a misfit fails the file; none if the table can follow it.
    pub fn refuses(&self, fitted: &Fitted, misfit: &Misfit) -> Option<Failure> {
        let target = fitted.targets.iter().find(|t| t.index == misfit.column);
        if let Some(failure) = target.and_then(|target| self.refuses_value(target, misfit)) {
            return Some(failure);
        }
        let assigned = fitted.assigned.iter().find(|a| a.index == misfit.column)?;
        let column = self.established(&assigned.column)?;
        let found = Found {
            index: misfit.column,
            header: assigned.header.clone(),
            column: assigned.column.clone(),
            found: misfit.value_type,
        };
        if let Err(conflict) = evolve::evolve(Some(std::slice::from_ref(column)), &[found]) {
            return Some(with_setting(
                Failure::from(conflict.report()),
                column.fillable,
            ));
        }
        let kept = self.keeps(column)?;
        (!kept.holds(misfit.value_type)).then(|| {
            Failure::new(
                "42804",
                format!(
                    "column \"{}\" of type {} does not take values of type {}",
                    column.name,
                    kept.display_name(),
                    misfit.value_type.display_name()
                ),
            )
            .detail("on_type_conflict is reject_file: the column is not widened.")
            .hint("on_type_conflict: widen makes it wider, reject_cell or reject_row load the rest and list the value in pgdatahub.rejects.")
        })
    }
}

/// What a column takes that is never widened; none for one that takes or becomes anything.
fn hint(wire: Wire) -> Option<&'static str> {
    match wire {
        Wire::Typed(input) => Some(input.hint()),
        Wire::InputNumber => Some(
            "Only numbers enter; text only with a point, or as \"decimal\" of the column's configuration says.",
        ),
        Wire::Native(_) | Wire::Input | Wire::Exact | Wire::Json => None,
    }
}

/// The failure with the setting that helps in its HINT.
fn with_setting(mut failure: Failure, fillable: bool) -> Failure {
    let words = if fillable {
        "reject_cell (or reject_row) in the configuration loads the rest and lists such cells"
    } else {
        "reject_row in the configuration leaves such rows out and lists them"
    };
    let hint = failure
        .hint
        .take()
        .map(|hint| hint + " ")
        .unwrap_or_default();
    failure.hint(format!(
        "{hint}on_type_conflict: {words} in pgdatahub.rejects."
    ))
}
