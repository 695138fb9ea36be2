//! The settings: one line of [`SETTINGS`] and one field of [`FolderSettings`] each.

use super::conflict::OnTypeConflict;
use super::limit::{self, Percent};
use super::reading::{self, ReadingSettings};
use super::template::{self, TableTemplate};
use crate::evolve::SchemaPolicy;
use crate::overrides::ColumnOverride;
use crate::sql_name;
use crate::text_input::{TextRule, TextRules};
use std::collections::BTreeMap;

/// What is configured for one folder, its parents' settings included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderSettings {
    /// The sheet, by name or number (`sheet: 3` is the text `3`): required in every workbook.
    pub sheet: Option<String>,
    /// The sheet where a workbook has several and `sheet` is not set.
    pub default_sheet: Option<String>,
    /// The table.
    pub table: Option<TableSetting>,
    /// The schema's name. Written as SQL writes it: `sales`, `"My Schema"`.
    pub schema: Option<String>,
    /// What a value leads to that its column's type does not take.
    pub on_type_conflict: OnTypeConflict,
    /// Most rejected rows and cells of one file.
    pub max_rejects: Option<u64>,
    /// Most rows of one file, in percent, that have a reject.
    pub max_reject_percent: Option<Percent>,
    /// Which changes of the table's columns are allowed.
    pub schema_policy: Option<SchemaPolicy>,
    /// Whether a file must have all of the table's columns.
    pub missing_columns: Option<MissingColumns>,
    /// Whether text becomes a number, date or timestamp where it reads back the same.
    pub infer_text: Option<bool>,
    /// What is said of single columns; each header once.
    pub columns: Vec<ColumnOverride>,
    /// How workbooks are read.
    pub reading: ReadingSettings,
    /// Every setting that is given, by name, as written.
    pub given: BTreeMap<&'static str, Given>,
}

impl FolderSettings {
    /// Sets one setting of what is read, as an argument of a call does: it
    /// overrides the configuration, and is kept as given.
    ///
    /// # Errors
    /// What is wrong, as the end of a message (22023).
    pub fn set(&mut self, name: &'static str, values: Vec<String>) -> Result<(), String> {
        super::levels::set(self, name, &values)?;
        self.given.insert(name, Given { values, line: 0 });
        Ok(())
    }

    /// How text cells are read, for the reader.
    pub fn text_rules(&self) -> TextRules {
        let infer = self.infer_text.unwrap_or(false);
        TextRules {
            others: TextRule {
                infer,
                ..TextRule::default()
            },
            headers: self
                .columns
                .iter()
                .map(|column| (column.header.clone(), column.text_rule(infer)))
                .collect(),
        }
    }
}

/// `missing_columns`: what becomes of a file that lacks columns of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingColumns {
    /// They stay NULL, and are named.
    Allow,
    /// The file fails.
    Fail,
}

/// A setting as the file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its value, or its values.
    pub values: Vec<String>,
    /// The line it stands on, from 1; 0 for an argument of the call.
    pub line: usize,
}

/// A `table:` setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSetting {
    /// Its schema, where the setting names one: `sales.claims`.
    pub schema: Option<String>,
    /// Its name. Written as SQL writes it: `claims`, `sales.claims`, `"My Table"`.
    pub name: String,
    /// The level that set it: 0 is the top of the configuration, the imported folder.
    pub set_at_depth: usize,
    /// Set for this very folder, not inherited.
    pub own: bool,
    /// Where the name has places for folder and sheet.
    pub template: Option<TableTemplate>,
}

/// Whom a setting concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// What is read and how: may stand in a file that lies in the imported folder.
    Reads,
    /// Where it goes: for the server's own configuration only.
    Goes,
}

/// A setting with a scalar value.
#[derive(Debug)]
pub(super) struct Setting {
    pub name: &'static str,
    pub scope: Scope,
    /// Checks a value, set at this depth, and stores it. The error is the end
    /// of the sentence "value … of … ".
    pub set: fn(&mut FolderSettings, &str, usize) -> Result<(), String>,
}

/// Every setting, by name.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "default_sheet",
        scope: Scope::Reads,
        set: |to, value, _| text(&mut to.default_sheet, value),
    },
    Setting {
        name: "infer_text",
        scope: Scope::Reads,
        set: |to, value, _| reading::put(&mut to.infer_text, reading::boolean(value)),
    },
    Setting {
        name: "max_reject_percent",
        scope: Scope::Reads,
        set: |to, value, _| store(&mut to.max_reject_percent, percent(value)),
    },
    Setting {
        name: "max_rejects",
        scope: Scope::Reads,
        set: |to, value, _| store(&mut to.max_rejects, limit::count(value)),
    },
    Setting {
        name: "missing_columns",
        scope: Scope::Reads,
        set: |to, value, _| {
            reading::put(
                &mut to.missing_columns,
                reading::one_of(value, MISSING_COLUMNS),
            )
        },
    },
    Setting {
        name: "on_type_conflict",
        scope: Scope::Reads,
        set: |to, value, _| store(&mut to.on_type_conflict, OnTypeConflict::parse(value)),
    },
    Setting {
        name: "schema",
        scope: Scope::Goes,
        set: schema,
    },
    Setting {
        name: "schema_policy",
        scope: Scope::Reads,
        set: |to, value, _| {
            reading::put(
                &mut to.schema_policy,
                reading::one_of(value, SchemaPolicy::WORDS),
            )
        },
    },
    Setting {
        name: "table",
        scope: Scope::Goes,
        set: table,
    },
    Setting {
        name: "range",
        scope: Scope::Reads,
        set: |to, value, _| reading::range(to, value),
    },
    Setting {
        name: "skip_footer",
        scope: Scope::Reads,
        set: |to, value, _| reading::put(&mut to.reading.skip_footer, reading::count(value)),
    },
    Setting {
        name: "stop_at_blank",
        scope: Scope::Reads,
        set: |to, value, _| reading::put(&mut to.reading.stop_at_blank, reading::count(value)),
    },
    Setting {
        name: "fill_merged",
        scope: Scope::Reads,
        set: |to, value, _| reading::put(&mut to.reading.fill_merged, reading::boolean(value)),
    },
    Setting {
        name: "row_number",
        scope: Scope::Reads,
        set: |to, value, _| reading::row_number(to, value),
    },
    Setting {
        name: "trim",
        scope: Scope::Reads,
        set: |to, value, _| reading::put(&mut to.reading.trim, reading::boolean(value)),
    },
    Setting {
        name: "error_cells",
        scope: Scope::Reads,
        set: |to, value, _| {
            reading::put(
                &mut to.reading.error_cells,
                reading::one_of(value, reading::ERROR_CELLS),
            )
        },
    },
    Setting {
        name: "on_change",
        scope: Scope::Reads,
        set: |to, value, _| {
            reading::put(
                &mut to.reading.on_change,
                reading::one_of(value, reading::ON_CHANGE),
            )
        },
    },
    Setting {
        name: "replace_min_percent",
        scope: Scope::Reads,
        set: |to, value, _| {
            reading::put(&mut to.reading.replace_min_percent, reading::percent(value))
        },
    },
    Setting {
        name: "duplicate_columns",
        scope: Scope::Reads,
        set: |to, value, _| {
            let found = reading::one_of(value, reading::DUPLICATE_COLUMNS);
            reading::put(&mut to.reading.duplicate_columns, found)
        },
    },
];

const MISSING_COLUMNS: &[(&str, MissingColumns)] = &[
    ("allow", MissingColumns::Allow),
    ("fail", MissingColumns::Fail),
];

/// The setting of that exact name.
pub(super) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

fn store<T>(to: &mut T, value: Result<T, String>) -> Result<(), String> {
    *to = value?;
    Ok(())
}

/// A percentage; `none` sets no bound, where a folder above set one.
fn percent(value: &str) -> Result<Option<Percent>, String> {
    match value.trim() {
        "none" => Ok(None),
        number => Percent::parse(number).map(Some),
    }
}

fn text(to: &mut Option<String>, value: &str) -> Result<(), String> {
    *to = Some(name(value)?);
    Ok(())
}

fn table(to: &mut FolderSettings, value: &str, depth: usize) -> Result<(), String> {
    let mut template = None;
    let (schema, name) = if template::is_template(value) {
        let parsed = TableTemplate::parse(value).map_err(|why| quoted_hint(value, &why))?;
        template = Some(parsed);
        (None, value.to_owned())
    } else {
        sql_name::parse_table(value).map_err(|why| quoted_hint(value, &why))?
    };
    to.table = Some(TableSetting {
        schema,
        name,
        set_at_depth: depth,
        own: false,
        template,
    });
    Ok(())
}

fn schema(to: &mut FolderSettings, value: &str, _: usize) -> Result<(), String> {
    let hint = |why: &str| quoted_hint(value, why);
    let mut parts = sql_name::parse(value).map_err(|why| hint(&why))?;
    match parts.pop() {
        Some(name) if parts.is_empty() => to.schema = Some(name),
        _ => return Err(hint("has more than one part")),
    }
    Ok(())
}

/// Why a value is no name in SQL, and how such a one is written.
fn quoted_hint(value: &str, why: &str) -> String {
    format!("{why}: \"{value}\"; a name with other characters is written '\"My Name\"'")
}

/// A name that a sheet can have.
fn name(value: &str) -> Result<String, String> {
    if value.trim().is_empty() {
        Err("is blank".into())
    } else if value.contains('\0') {
        Err("contains a NUL character".into())
    } else {
        Ok(value.to_owned())
    }
}
