//! What of a file's schema changes can be undone: the rules of revert_schema.
//!
//! The table's rows and dependants decide; they are asked through [`Facts`], so
//! that the rules themselves can be tested without a table.

use crate::types::ColumnType;
use std::collections::HashMap;

/// What a recorded change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// CREATE TABLE
    CreateTable,
    /// ADD COLUMN, or a column of CREATE TABLE
    AddColumn,
    /// ALTER COLUMN TYPE
    AlterType,
    /// Anything else: no import makes it.
    Other,
}

impl Kind {
    /// The change_type in etl_schema_changes.
    pub fn change_type(self) -> &'static str {
        match self {
            Kind::CreateTable => "CREATE TABLE",
            Kind::AddColumn => "ADD COLUMN",
            Kind::AlterType => "ALTER COLUMN TYPE",
            Kind::Other => "",
        }
    }
}

/// A recorded change that is still in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Larger for later changes.
    pub id: i64,
    /// What it did.
    pub kind: Kind,
    /// The column, empty for a table.
    pub column: String,
    /// The type before, as `format_type` prints it; empty for a new column.
    pub old_type: String,
    /// The type after.
    pub new_type: String,
    /// The file that needed it, empty for none.
    pub source_file: String,
}

/// The answer to whether something may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It may; with what is worth saying about it.
    Yes(Option<String>),
    /// It may not, because of this.
    No(String),
}

/// What only the table itself can tell.
pub trait Facts {
    /// A query failed.
    type Error;

    /// The column's type as `format_type` prints it; `None` for no such column.
    fn column_type(&self, column: &str) -> Option<String>;

    /// Whether the table is empty and unneeded.
    ///
    /// # Errors
    /// The query's.
    fn may_drop_table(&mut self) -> Result<Answer, Self::Error>;

    /// Whether the column holds no other file's value and is unneeded.
    ///
    /// # Errors
    /// The query's.
    fn may_drop_column(&mut self, column: &str) -> Result<Answer, Self::Error>;

    /// Whether the column, now of type `from`, can become `to` without loss.
    /// `to` is text only for a column that was text for want of a value.
    ///
    /// # Errors
    /// The query's.
    fn may_narrow(
        &mut self,
        column: &str,
        from: ColumnType,
        to: ColumnType,
    ) -> Result<Answer, Self::Error>;
}

/// What undoes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// DROP TABLE
    DropTable,
    /// DROP COLUMN
    DropColumn {
        /// Its name.
        column: String,
        /// The type it has.
        column_type: String,
    },
    /// ALTER COLUMN TYPE
    Narrow {
        /// Its name.
        column: String,
        /// The type it has.
        from: ColumnType,
        /// The type it had.
        to: ColumnType,
    },
}

/// What becomes of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The change.
    pub id: i64,
    /// What undoes it (or would, if it were not refused).
    pub undo: Undo,
    /// Whether it is refused.
    pub refused: bool,
    /// Why it is refused, or what goes with it.
    pub why: Option<String>,
}

/// Decides each of `source_file`'s changes, the latest first. `changes` are all
/// changes of the table that are in force, in any order.
///
/// A table that may go takes its columns along; a column that may go takes its
/// widenings along; a widening is undone only while nobody has altered the
/// column since.
///
/// # Errors
/// Those of `facts`.
pub fn plan<F: Facts>(
    changes: &[Past],
    source_file: &str,
    facts: &mut F,
) -> Result<Vec<Verdict>, F::Error> {
    let mut own: Vec<&Past> = changes
        .iter()
        .filter(|c| c.source_file == source_file && c.kind != Kind::Other)
        .collect();
    own.sort_by_key(|change| std::cmp::Reverse(change.id));
    let mut kept = None;
    if own.iter().any(|change| change.kind == Kind::CreateTable) {
        match facts.may_drop_table()? {
            Answer::No(why) => kept = Some(why),
            Answer::Yes(why) => {
                return Ok(own.iter().map(|c| with_table(c, why.as_deref())).collect());
            }
        }
    }
    let mut columns: HashMap<&str, ColumnPlan> = HashMap::new();
    let mut verdicts = Vec::with_capacity(own.len());
    for change in &own {
        if change.kind == Kind::CreateTable {
            verdicts.push(Verdict {
                id: change.id,
                undo: Undo::DropTable,
                refused: true,
                why: kept.clone(),
            });
            continue;
        }
        let column = change.column.as_str();
        if !columns.contains_key(column) {
            columns.insert(column, ColumnPlan::make(column, &own, changes, facts)?);
        }
        verdicts.extend(columns.get(column).map(|plan| plan.verdict(change)));
    }
    Ok(verdicts)
}

fn with_table(change: &Past, why: Option<&str>) -> Verdict {
    let why = match change.kind {
        Kind::CreateTable => why.map(str::to_owned),
        _ => Some("goes with the table".to_owned()),
    };
    Verdict {
        id: change.id,
        undo: Undo::DropTable,
        refused: false,
        why,
    }
}

/// What becomes of one column.
struct ColumnPlan {
    name: String,
    now: String,
    /// It goes; with what is worth saying.
    drop: Option<Option<String>>,
    /// Where it narrows to: the verdict on each widening.
    narrow: HashMap<i64, Answer>,
    /// Why the column itself stays.
    stays: String,
}

impl ColumnPlan {
    fn make<F: Facts>(
        column: &str,
        own: &[&Past],
        all: &[Past],
        facts: &mut F,
    ) -> Result<ColumnPlan, F::Error> {
        let mut plan = ColumnPlan {
            name: column.to_owned(),
            now: facts.column_type(column).unwrap_or_default(),
            drop: None,
            narrow: HashMap::new(),
            stays: "the column is not there any more".to_owned(),
        };
        if plan.now.is_empty() {
            return Ok(plan);
        }
        let of_column = |c: &&&Past| c.column == column;
        if own
            .iter()
            .filter(of_column)
            .any(|c| c.kind == Kind::AddColumn)
        {
            match facts.may_drop_column(column)? {
                Answer::Yes(why) => {
                    plan.drop = Some(why);
                    return Ok(plan);
                }
                Answer::No(why) => plan.stays = why,
            }
        }
        let mut reached = plan.now.clone();
        let mut stuck = None;
        for change in own.iter().filter(of_column) {
            if change.kind != Kind::AlterType {
                continue;
            }
            let answer = match &stuck {
                Some(_) => Answer::No("a later change of the column stays".to_owned()),
                None if change.new_type != reached => Answer::No(altered_since(change, all)),
                None => narrow(column, &plan.now, &change.old_type, facts)?,
            };
            match &answer {
                Answer::Yes(_) => reached.clone_from(&change.old_type),
                Answer::No(why) => stuck = Some(why.clone()),
            }
            plan.narrow.insert(change.id, answer);
        }
        Ok(plan)
    }

    fn verdict(&self, change: &Past) -> Verdict {
        let drop = || Undo::DropColumn {
            column: self.name.clone(),
            column_type: self.now.clone(),
        };
        if let Some(note) = &self.drop {
            let why = match change.kind {
                Kind::AddColumn => note.clone(),
                _ => Some("goes with the column".to_owned()),
            };
            return Verdict {
                id: change.id,
                undo: drop(),
                refused: false,
                why,
            };
        }
        let undo = match change.kind {
            Kind::AlterType => Undo::Narrow {
                column: self.name.clone(),
                from: ColumnType::from_display_name(&self.now).unwrap_or(ColumnType::Text),
                to: ColumnType::from_display_name(&change.old_type).unwrap_or(ColumnType::Text),
            },
            _ => drop(),
        };
        let (refused, why) = match self.narrow.get(&change.id) {
            Some(Answer::Yes(why)) => (false, why.clone()),
            Some(Answer::No(why)) => (true, Some(why.clone())),
            None => (true, Some(self.stays.clone())),
        };
        Verdict {
            id: change.id,
            undo,
            refused,
            why,
        }
    }
}

fn narrow<F: Facts>(
    column: &str,
    now: &str,
    old_type: &str,
    facts: &mut F,
) -> Result<Answer, F::Error> {
    match (
        ColumnType::from_display_name(now),
        ColumnType::from_display_name(old_type),
    ) {
        (Some(from), Some(to)) => facts.may_narrow(column, from, to),
        _ => Ok(Answer::No(format!(
            "the column was {old_type}, which no import makes"
        ))),
    }
}

fn altered_since(change: &Past, all: &[Past]) -> String {
    let later = all
        .iter()
        .filter(|c| c.column == change.column && c.kind == Kind::AlterType && c.id > change.id)
        .max_by_key(|c| c.id);
    match later {
        Some(later) if !later.source_file.is_empty() => {
            format!(
                "the column was altered to {} since, for {}",
                later.new_type, later.source_file
            )
        }
        _ => format!(
            "the column is not {} any more, it was altered since",
            change.new_type
        ),
    }
}

/// The least set of undos of what is not refused: one per column, the narrowest.
pub fn undos(verdicts: &[Verdict]) -> Vec<Undo> {
    let mut out: Vec<Undo> = Vec::new();
    // The latest first: of one column's narrowings the last is the narrowest.
    for verdict in verdicts.iter().filter(|v| !v.refused) {
        let place = out
            .iter_mut()
            .find(|made| subject(made) == subject(&verdict.undo));
        match place {
            Some(made) => made.clone_from(&verdict.undo),
            None => out.push(verdict.undo.clone()),
        }
    }
    out
}

fn subject(undo: &Undo) -> &str {
    match undo {
        Undo::DropTable => "",
        Undo::DropColumn { column, .. } | Undo::Narrow { column, .. } => column,
    }
}

#[cfg(test)]
mod tests;
