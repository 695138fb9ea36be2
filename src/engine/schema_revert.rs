//! revert_schema: the schema changes of a file's imports undone, where nothing of others is lost.

use super::{drop_table, managed, source_file};
use crate::pg::catalog::{self, Table, TableName};
use crate::pg::error::Failure;
use crate::pg::transaction::{self, OneRun};
use crate::pg::{audit, contents, ddl, dependants, registry, report, schema_history, undo};
use pgdatahub_core::evolve::ColumnKind;
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::undo::{self as rules, Answer, Facts, Past, Undo, Verdict};
use pgrx::datum::TimestampWithTimeZone;

/// What becomes of one change.
#[derive(Debug, Clone)]
pub struct UndoRow {
    pub change_id: i64,
    pub change_type: &'static str,
    pub column_name: Option<String>,
    pub statement: String,
    pub outcome: &'static str,
    pub why: Option<String>,
}

/// Undoes, or would undo, the changes that a file's imports made to a table; the latest first.
///
/// # Errors
/// 42P01 not managed, 42501 for anybody but the owner or where rows are hidden, 22023 no or
/// several such files, 54000 over `pgdatahub.max_rewrite` (a dry run: a WARNING), 55P03 when
/// the table stays in use. Nothing is done then.
pub fn revert_schema(name: &TableName, path: &str, dry_run: bool) -> Result<Vec<UndoRow>, Failure> {
    let _one = OneRun::begin()?;
    managed::own(name)?;
    let file = choose(name, path)?;
    let changes = schema_history::in_force(name)?;
    if !changes.iter().any(|change| change.source_file == file) {
        return Ok(Vec::new());
    }
    if !dry_run {
        transaction::require_read_committed("revert_schema")?;
        undo::lock_out_writers(name)?;
    }
    let oid = catalog::find(name)?.ok_or_else(|| Failure::new("42P01", "the table is gone"))?;
    dependants::check_all_rows_visible(oid, name)?;
    let mut facts = TableFacts {
        name,
        table: catalog::describe(oid)?,
        stamps: schema_history::stamps(name, &file)?,
        file: &file,
    };
    let verdicts = rules::plan(&changes, &file, &mut facts)?;
    let fits = undo::check_rewrite(name, oid, &rules::undos(&verdicts), &call(name, &file));
    if dry_run {
        if let Err(failure) = fits {
            report::warning(failure.message, failure.detail, failure.hint);
        }
    } else {
        fits?;
        apply(name, &changes, &verdicts)?;
    }
    Ok(rows(name, &changes, &verdicts, dry_run))
}

fn call(name: &TableName, file: &str) -> String {
    format!(
        "pgdatahub.revert_schema({}, {}, dry_run => false)",
        ddl::literal(&name.display()),
        ddl::literal(file)
    )
}

fn choose(name: &TableName, path: &str) -> Result<String, Failure> {
    let files = schema_history::files(name)?;
    let paths = || files.iter().map(String::as_str);
    if let Some(file) = source_file::choose(paths(), path)? {
        return Ok(file.to_owned());
    }
    let hint = source_file::did_you_mean(paths(), path);
    Err(Failure::new(
        "22023",
        format!("\"{path}\" was never imported into {}", name.display()),
    )
    .hint(format!(
        "{hint}SELECT DISTINCT source_file FROM pgdatahub.schema_changes WHERE table_name = {};",
        ddl::literal(&name.table)
    )))
}

/// Runs what is not refused, in one ALTER TABLE or DROP TABLE; audits and marks it.
fn apply(name: &TableName, changes: &[Past], verdicts: &[Verdict]) -> Result<(), Failure> {
    let undos = rules::undos(verdicts);
    if undos.contains(&Undo::DropTable) {
        return drop_table::dropped(name);
    }
    let executed = undo::alter(name, &undos)?;
    let mut undone: Vec<i64> = verdicts
        .iter()
        .filter(|verdict| !verdict.refused)
        .map(|verdict| verdict.id)
        .collect();
    for undo in &undos {
        match undo {
            Undo::DropColumn { column, .. } => {
                // What others did to the column is gone with it.
                undone.extend(changes.iter().filter(|c| c.column == *column).map(|c| c.id));
                schema_history::forget_column(name, column)?;
            }
            Undo::Narrow {
                column,
                to: ColumnType::Text,
                ..
            } => registry::set_provisional(name, &[column.as_str()], true)?,
            Undo::Narrow { .. } | Undo::DropTable => {}
        }
    }
    schema_history::mark_undone(&undone)?;
    audit::schema_changes(name, None, &executed)
}

fn rows(name: &TableName, changes: &[Past], verdicts: &[Verdict], dry_run: bool) -> Vec<UndoRow> {
    let row = |verdict: &Verdict| {
        let change = changes.iter().find(|change| change.id == verdict.id)?;
        Some(UndoRow {
            change_id: change.id,
            change_type: change.kind.change_type(),
            column_name: (!change.column.is_empty()).then(|| change.column.clone()),
            statement: undo::statement(name, &verdict.undo),
            outcome: match (verdict.refused, dry_run) {
                (true, _) => "refused",
                (false, true) => "would be done",
                (false, false) => "done",
            },
            why: verdict.why.clone(),
        })
    };
    verdicts.iter().filter_map(row).collect()
}

/// The table's answers.
struct TableFacts<'a> {
    name: &'a TableName,
    table: Table,
    file: &'a str,
    stamps: Vec<TimestampWithTimeZone>,
}

impl TableFacts<'_> {
    fn blocked(&self, undo: &Undo) -> Result<Option<Answer>, Failure> {
        Ok(undo::blockers(self.table.oid, undo)?.map(Answer::No))
    }
}

impl Facts for TableFacts<'_> {
    type Error = Failure;

    fn column_type(&self, column: &str) -> Option<String> {
        let column = self.table.columns.iter().find(|c| c.name == column)?;
        Some(type_name(&column.kind).to_owned())
    }

    fn may_drop_table(&mut self) -> Result<Answer, Failure> {
        if undo::has_rows(self.name)? {
            return Ok(Answer::No("the table has rows".into()));
        }
        if let Some(import) = audit::in_table(self.name)?.first() {
            return Ok(Answer::No(format!(
                "{} is still imported here, with no rows: revert it first",
                import.source_file
            )));
        }
        Ok(self.blocked(&Undo::DropTable)?.unwrap_or(Answer::Yes(None)))
    }

    fn may_drop_column(&mut self, column: &str) -> Result<Answer, Failure> {
        let column_type = String::new();
        let drop = Undo::DropColumn {
            column: column.to_owned(),
            column_type,
        };
        if let Some(answer) = self.blocked(&drop)? {
            return Ok(answer);
        }
        let owners = undo::owners(self.name, column, self.file, &self.stamps)?;
        if owners.others > 0 {
            let values = undo::counted(owners.others, "value");
            return Ok(Answer::No(match owners.example {
                Some(file) => format!("other imports have {values} there, such as {file}"),
                None => format!("{values} there came by other means than an import"),
            }));
        }
        let own = (owners.own > 0).then(|| {
            format!(
                "{} of this file's own go with it",
                undo::counted(owners.own, "value")
            )
        });
        Ok(Answer::Yes(own))
    }

    fn may_narrow(
        &mut self,
        column: &str,
        from: ColumnType,
        to: ColumnType,
    ) -> Result<Answer, Failure> {
        let narrow = Undo::Narrow {
            column: column.to_owned(),
            from,
            to,
        };
        if let Some(answer) = self.blocked(&narrow)? {
            return Ok(answer);
        }
        if to == ColumnType::Text {
            return Ok(match contents::has_value(self.name, column)? {
                true => {
                    Answer::No("the column was text for want of a value and has values now".into())
                }
                false => Answer::Yes(Some("text until its first value again".into())),
            });
        }
        Ok(match undo::lost_in(self.name, column, from, to)? {
            Some(why) => Answer::No(why),
            None => Answer::Yes(None),
        })
    }
}

/// A column's type as `format_type` prints it.
pub fn type_name(kind: &ColumnKind) -> &str {
    match kind {
        ColumnKind::Native(native) => native.display_name(),
        ColumnKind::Input { sql_type }
        | ColumnKind::InputNumber { sql_type }
        | ColumnKind::Typed { sql_type, .. }
        | ColumnKind::Refused { sql_type, .. } => sql_type,
    }
}
