//! The values of one column moved into another, and the column dropped.

use super::checks::{check_blockers, check_made_by_import, check_values};
use super::{describe, mapped};
use crate::engine::map_header::{Header, call};
use crate::engine::schema_revert::type_name;
use crate::pg::catalog::{Table, TableName};
use crate::pg::ddl::Executed;
use crate::pg::error::Failure;
use crate::pg::move_values::{Into, Move};
use crate::pg::{
    audit, contents, dependants, registry, rewrite, schema_history, transaction, undo,
};
use pgdatahub_core::evolve::ColumnKind;
use pgdatahub_core::input_type::InputType;
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::undo::Undo;

/// The two columns, while nobody else writes to their table.
pub(super) struct Mend<'a> {
    name: &'a TableName,
    header: Header<'a>,
    table: Table,
    /// The column that goes.
    old: &'a str,
    /// The column that its values go to.
    target: &'a str,
    has_old: bool,
    has_target: bool,
    /// The target has no type of its own yet.
    provisional: bool,
}

impl<'a> Mend<'a> {
    /// # Errors
    /// 55000 above READ COMMITTED and for a column that no import made, 55P03 when the table stays
    /// in use, 42501 where rows are hidden.
    pub(super) fn begin(
        name: &'a TableName,
        header: Header<'a>,
        old: &'a str,
        target: &'a str,
    ) -> Result<Mend<'a>, Failure> {
        transaction::require_read_committed("map_column")?;
        undo::lock_out_writers(name)?;
        let table = describe(name)?;
        dependants::check_all_rows_visible(table.oid, name)?;
        check_made_by_import(name, old)?;
        let (_, provisional) = registry::remembered(name)?;
        let has_target = contents::has_value(name, target)?;
        let has_old = contents::has_value(name, old)?;
        Ok(Mend {
            name,
            header,
            table,
            old,
            target,
            has_old,
            has_target,
            provisional: provisional.iter().any(|column| column == target),
        })
    }

    /// Moves the values and drops their column; how many values.
    ///
    /// # Errors
    /// As [`super::map_column`].
    pub(super) fn run(&self) -> Result<i64, Failure> {
        let step = self.step()?;
        let drop = Undo::DropColumn {
            column: self.old.to_owned(),
            column_type: step.old_type.display_name().to_owned(),
        };
        check_blockers(&self.table, &drop)?;
        if self.has_old {
            check_values(&step)?;
        }
        let retype = self.retype(&step)?;
        // The strong lock before any row is written.
        undo::lock_out_all(self.name)?;
        let mut executed: Vec<Executed> = Vec::new();
        if let Some(change) = retype {
            undo::run(self.name, &change)?;
            executed.push(change);
        }
        let (moved, statement) = match self.has_old {
            true => step.run().map(|(moved, sql)| (moved, Some(sql)))?,
            false => (0, None),
        };
        executed.push(mapped(self.name, self.header, self.target, statement));
        executed.extend(undo::alter(self.name, &[drop])?);
        self.record(&executed)?;
        Ok(moved)
    }

    /// The change of the target's type, if it needs one, permitted.
    fn retype(&self, step: &Move<'_>) -> Result<Option<Executed>, Failure> {
        let Some(change) = step.retype(!self.has_target) else {
            return Ok(None);
        };
        if let (Some(from), Into::Native(to)) = (step.target_type, &step.into) {
            let narrow = Undo::Narrow {
                column: self.target.to_owned(),
                from,
                to: *to,
            };
            check_blockers(&self.table, &narrow)?;
        }
        let call = call(self.name, self.header, self.target, false);
        rewrite::check_call(self.name, self.table.oid, &change.statement, &call)?;
        Ok(Some(change))
    }

    fn record(&self, executed: &[Executed]) -> Result<(), Failure> {
        let gone: Vec<i64> = schema_history::in_force(self.name)?
            .iter()
            .filter(|change| change.column == self.old)
            .map(|change| change.id)
            .collect();
        schema_history::mark_undone(&gone)?;
        audit::schema_changes(self.name, None, executed)?;
        let key = (self.header.text, self.header.occurrence);
        schema_history::redirect(self.name, key, Some(self.old), self.target)?;
        let still = self.provisional && !self.has_old && !self.has_target;
        registry::set_provisional(self.name, &[self.target], still)
    }

    /// How the values get there: as they are, or in the join of both types.
    fn step(&self) -> Result<Move<'a>, Failure> {
        let ColumnKind::Native(old_type) = self.kind(self.old)? else {
            return Err(unmet(
                self.old,
                type_name(self.kind(self.old)?),
                self.target,
            ));
        };
        let old_type = *old_type;
        let free = !self.has_target && self.provisional;
        let (target_type, into) = match self.kind(self.target)? {
            ColumnKind::Native(native) if !self.has_old => (Some(*native), Into::Native(*native)),
            ColumnKind::Native(native) if free => (Some(*native), Into::Native(old_type)),
            ColumnKind::Native(native) => {
                let to = joined(self.name, (self.old, old_type), (self.target, *native))?;
                (Some(*native), Into::Native(to))
            }
            ColumnKind::Input { sql_type } => (None, input(sql_type, false)),
            ColumnKind::InputNumber { sql_type } => (None, input(sql_type, true)),
            ColumnKind::Typed {
                sql_type,
                input: kind,
            } if kind.is_number() => (None, input(sql_type, true)),
            ColumnKind::Typed {
                sql_type,
                input: InputType::Characters { .. } | InputType::CharacterParts,
            } => (None, input(sql_type, false)),
            ColumnKind::Typed { sql_type, .. } | ColumnKind::Refused { sql_type, .. } => {
                return Err(unmet(self.target, sql_type, self.old));
            }
        };
        Ok(Move {
            table: self.name,
            old: self.old,
            old_type,
            target: self.target,
            target_type,
            into,
        })
    }

    fn kind(&self, column: &str) -> Result<&ColumnKind, Failure> {
        let found = self.table.columns.iter().find(|c| c.name == column);
        found.map(|c| &c.kind).ok_or_else(|| {
            Failure::new(
                "42703",
                format!("column \"{column}\" does not exist any more"),
            )
        })
    }
}

fn input(sql_type: &str, number: bool) -> Into {
    Into::Input {
        sql_type: sql_type.to_owned(),
        number,
    }
}

/// The join of both columns' types; numeric where a double would round one's integers.
fn joined(
    name: &TableName,
    one: (&str, ColumnType),
    other: (&str, ColumnType),
) -> Result<ColumnType, Failure> {
    let to = one.1.join(other.1);
    if to == ColumnType::Double {
        for (column, column_type) in [one, other] {
            if column_type == ColumnType::Bigint && contents::exceeds_double(name, column)? {
                return Ok(ColumnType::Numeric);
            }
        }
    }
    Ok(to)
}

fn unmet(column: &str, sql_type: &str, other: &str) -> Failure {
    Failure::new(
        "42804",
        format!("column \"{column}\" is of type {sql_type}, which takes no values of \"{other}\""),
    )
    .hint(format!("Give it a type that imports make, such as text: ALTER TABLE … ALTER COLUMN \"{column}\" TYPE text;"))
}
