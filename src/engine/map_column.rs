//! map_column: a renamed header mended. Its values move to the column that it
//! should have gone to, the column it made for itself goes, the header is remembered.

use super::map_header::{Header, call, which};
use super::{managed, schema_revert::type_name};
use crate::pg::catalog::{self, RESERVED, Table, TableName};
use crate::pg::ddl::Executed;
use crate::pg::error::Failure;
use crate::pg::move_values::{Against, Into, Move};
use crate::pg::transaction::{self, OneRun};
use crate::pg::{audit, contents, dependants, registry, report, rewrite, schema_history, undo};
use pgdatahub_core::evolve::{ColumnKind, TableColumn};
use pgdatahub_core::input_type::InputType;
use pgdatahub_core::nearest::nearest;
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::undo::{Kind, Undo};

/// Sends a header to a column from now on, and moves what its own column held; how many values.
/// `occurrence`: of several equal headers of one sheet the nth from the left; may be left out
/// where there is only one.
///
/// # Errors
/// 42P01 not managed, 42501 for anybody but the owner or where rows are hidden, 42703 no such
/// column, 22023 which of several equal headers, 22000 rows where both columns have a value and
/// not the same, 42804 types that do not meet, 2BP01 for what depends on the column that goes,
/// 54000 over `pgdatahub.max_rewrite`, 55P03 when the table stays in use.
pub fn map_column(
    name: &TableName,
    header: &str,
    column: &str,
    occurrence: Option<i32>,
) -> Result<i64, Failure> {
    let _one = OneRun::begin()?;
    managed::own(name)?;
    let header = header.trim();
    if header.is_empty() {
        return Err(Failure::new("22023", "header must not be empty").hint(
            "A column without a header is named after its letter: rename it in the workbook.",
        ));
    }
    let target = target(&describe(name)?, name, column)?.name.clone();
    let (header, had) = which(name, header, occurrence, &target)?;
    let there = describe(name)?;
    let old = had
        .as_deref()
        .filter(|old| there.columns.iter().any(|c| c.name == **old));
    match old {
        Some(old) if old == target => Ok(0),
        Some(old) => mend(name, header, old, &target),
        None => {
            unseen(name, header.text, had.is_some())?;
            let (_, provisional) = registry::remembered(name)?;
            let key = (header.text, header.occurrence);
            schema_history::redirect(name, key, had.as_deref(), &target)?;
            registry::set_provisional(name, &[&target], provisional.contains(&target))?;
            let call = mapped(name, header, &target, None);
            audit::schema_changes(name, None, &[call])?;
            Ok(0)
        }
    }
}

fn describe(name: &TableName) -> Result<Table, Failure> {
    let oid = catalog::find(name)?.ok_or_else(|| Failure::new("42P01", "the table is gone"))?;
    catalog::describe(oid)
}

/// The column that is to take the header.
fn target<'a>(
    table: &'a Table,
    name: &TableName,
    column: &str,
) -> Result<&'a TableColumn, Failure> {
    let names = || table.columns.iter().map(|c| c.name.as_str());
    let found = table.columns.iter().find(|c| c.name == column);
    let Some(found) = found else {
        let hint = nearest(column, names())
            .map(|near| format!("Did you mean \"{near}\"?"))
            .unwrap_or_else(|| "Column names are lower case, as \\d prints them.".to_owned());
        return Err(Failure::new(
            "42703",
            format!("table {} has no column \"{column}\"", name.display()),
        )
        .hint(hint));
    };
    if RESERVED.contains(&column) || !found.fillable {
        return Err(Failure::new(
            "22023",
            format!("column \"{column}\" cannot take a header's values"),
        )
        .detail(if found.fillable {
            "It tells where a row came from."
        } else {
            "It is generated."
        }));
    }
    Ok(found)
}

/// A header that no workbook had so far is more likely a slip than foresight; it is said.
fn unseen(name: &TableName, header: &str, known: bool) -> Result<(), Failure> {
    if known {
        return Ok(());
    }
    let (remembered, _) = registry::remembered(name)?;
    let near = nearest(header, remembered.iter().map(|r| r.header.as_str()));
    report::notice(match near {
        Some(near) => format!("no import has had the header \"{header}\" so far; \"{near}\" was"),
        None => format!("no import has had the header \"{header}\" so far"),
    });
    Ok(())
}

/// Moves the values of `old` to `target` and drops `old`.
fn mend(
    name: &TableName,
    header: Header<'_>,
    old: &str,
    target_name: &str,
) -> Result<i64, Failure> {
    transaction::require_read_committed("map_column")?;
    undo::lock_out_writers(name)?;
    let table = describe(name)?;
    dependants::check_all_rows_visible(table.oid, name)?;
    check_made_by_import(name, old)?;
    let (_, provisional) = registry::remembered(name)?;
    let has_target = contents::has_value(name, target_name)?;
    let has_old = contents::has_value(name, old)?;
    let step = plan(
        name,
        &table,
        old,
        target_name,
        has_old,
        has_target,
        &provisional,
    )?;
    let drop = Undo::DropColumn {
        column: old.to_owned(),
        column_type: step.old_type.display_name().to_owned(),
    };
    check_blockers(&table, &drop)?;
    if has_old {
        check_values(&step)?;
    }
    let retype = step.retype(!has_target);
    if let (Some(_), Some(from), Into::Native(to)) = (&retype, step.target_type, &step.into) {
        let narrow = Undo::Narrow {
            column: target_name.to_owned(),
            from,
            to: *to,
        };
        check_blockers(&table, &narrow)?;
    }
    if let Some(change) = &retype {
        let call = call(name, header, target_name, false);
        rewrite::check_call(name, table.oid, &change.statement, &call)?;
    }
    // The strong lock before any row is written.
    undo::lock_out_all(name)?;
    let mut executed: Vec<Executed> = Vec::new();
    if let Some(change) = retype {
        undo::run(name, &change)?;
        executed.push(change);
    }
    let moved = if has_old {
        let (moved, statement) = step.run()?;
        executed.push(mapped(name, header, target_name, Some(statement)));
        moved
    } else {
        executed.push(mapped(name, header, target_name, None));
        0
    };
    executed.extend(undo::alter(name, &[drop])?);
    let gone: Vec<i64> = schema_history::in_force(name)?
        .iter()
        .filter(|change| change.column == old)
        .map(|change| change.id)
        .collect();
    schema_history::mark_undone(&gone)?;
    audit::schema_changes(name, None, &executed)?;
    let key = (header.text, header.occurrence);
    schema_history::redirect(name, key, Some(old), target_name)?;
    let still = provisional.contains(&target_name.to_owned()) && !has_old && !has_target;
    registry::set_provisional(name, &[target_name], still)?;
    Ok(moved)
}

/// How the values get there: as they are, or in the join of both types.
fn plan<'a>(
    name: &'a TableName,
    table: &Table,
    old: &'a str,
    target_name: &'a str,
    has_old: bool,
    has_target: bool,
    provisional: &[String],
) -> Result<Move<'a>, Failure> {
    let kind = |column: &str| {
        let found = table.columns.iter().find(|c| c.name == column);
        found.map(|c| &c.kind).ok_or_else(|| {
            Failure::new(
                "42703",
                format!("column \"{column}\" does not exist any more"),
            )
        })
    };
    let ColumnKind::Native(old_type) = kind(old)? else {
        return Err(unmet(old, type_name(kind(old)?), target_name));
    };
    let old_type = *old_type;
    let free = !has_target && provisional.iter().any(|c| c == target_name);
    let (target_type, into) = match kind(target_name)? {
        ColumnKind::Native(native) if !has_old => (Some(*native), Into::Native(*native)),
        ColumnKind::Native(native) if free => (Some(*native), Into::Native(old_type)),
        ColumnKind::Native(native) => {
            let to = joined(name, (old, old_type), (target_name, *native))?;
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
            return Err(unmet(target_name, sql_type, old));
        }
    };
    Ok(Move {
        table: name,
        old,
        old_type,
        target: target_name,
        target_type,
        into,
    })
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

/// The column that goes must be one that an import made, not one of the user's.
fn check_made_by_import(name: &TableName, old: &str) -> Result<(), Failure> {
    let made = schema_history::in_force(name)?.iter().any(|change| {
        change.kind == Kind::AddColumn && change.column == old && !change.source_file.is_empty()
    });
    if made {
        return Ok(());
    }
    Err(Failure::new(
        "55000",
        format!("column \"{old}\" was not made by an import, so it is not dropped"),
    )
    .detail("The header has gone to that column so far.")
    .hint(format!("Move its values and drop it yourself, then map the header again: ALTER TABLE {} DROP COLUMN \"{old}\";", name.sql())))
}

fn check_blockers(table: &Table, undo: &Undo) -> Result<(), Failure> {
    let (column, doing) = match undo {
        Undo::DropColumn { column, .. } => (column, "dropped"),
        Undo::Narrow { column, .. } => (column, "altered"),
        Undo::DropTable => return Ok(()),
    };
    match undo::blockers(table.oid, undo)? {
        None => Ok(()),
        Some(needed) => Err(Failure::new(
            "2BP01",
            format!("column \"{column}\" cannot be {doing}"),
        )
        .detail(format!("It is {needed}."))
        .hint("Drop what depends on it first, and create it anew on the other column.")),
    }
}

fn check_values(step: &Move<'_>) -> Result<(), Failure> {
    let such_as = |against: &Against| match &against.example {
        Some(file) => format!("For example in rows of {file}."),
        None => "In rows that no import brought.".to_owned(),
    };
    let conflicts = step.conflicts()?;
    if conflicts.rows > 0 {
        return Err(Failure::new(
            "22000",
            format!(
                "{} have different values in \"{}\" and \"{}\"",
                undo::counted(conflicts.rows, "row"),
                step.old,
                step.target
            ),
        )
        .detail(such_as(&conflicts))
        .hint("Both columns were filled in those rows: the headers do not mean the same, or one of them must be corrected first."));
    }
    let inexact = step.inexact()?;
    if inexact.rows > 0 {
        return Err(Failure::new(
            "22000",
            format!(
                "{} of \"{}\" would change in the type of \"{}\"",
                undo::counted(inexact.rows, "value"),
                step.old,
                step.target
            ),
        )
        .detail(such_as(&inexact))
        .hint(format!(
            "Give column \"{}\" a wider type first.",
            step.target
        )));
    }
    Ok(())
}

/// The audit of the mapping itself: the UPDATE, or the call where nothing moved.
fn mapped(
    name: &TableName,
    header: Header<'_>,
    target: &str,
    statement: Option<String>,
) -> Executed {
    Executed {
        change_type: "MAP COLUMN",
        column_name: Some(target.to_owned()),
        old_type: None,
        new_type: None,
        statement: statement.unwrap_or_else(|| call(name, header, target, false)),
    }
}
