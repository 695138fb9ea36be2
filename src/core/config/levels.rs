//! The checked configuration: a level per folder.

use super::Origin;
use super::columns;
use super::error::{ConfigError, Place};
use super::lists::{self, LISTS, ListSetting};
use super::settings::{self, FolderSettings, Given, SETTINGS, Scope, Setting};
use super::yaml::{Node, Value};
use crate::nearest::nearest;
use crate::overrides::ColumnOverride;
use std::collections::HashMap;

/// The word under which folders with a reserved name stand.
const FOLDERS: &str = "folders";

/// One folder's settings and the folders below it.
#[derive(Debug, Clone, Default)]
pub(super) struct Level {
    /// Each setting once, its value checked.
    settings: Vec<Entry>,
    /// Each header once.
    columns: Vec<ColumnOverride>,
    /// By [`fold`]ed name.
    folders: HashMap<String, Level>,
    /// The folder's name as it is written there, and the line.
    name: String,
    line: usize,
}

/// A setting and its value or values.
#[derive(Debug, Clone)]
struct Entry {
    word: Word,
    values: Vec<String>,
    line: usize,
}

#[derive(Debug, Clone, Copy)]
enum Word {
    One(&'static Setting),
    Many(&'static ListSetting),
}

impl Word {
    fn name(self) -> &'static str {
        match self {
            Word::One(setting) => setting.name,
            Word::Many(setting) => setting.name,
        }
    }

    fn scope(self) -> Scope {
        match self {
            Word::One(setting) => setting.scope,
            Word::Many(setting) => setting.scope,
        }
    }

    fn set(self, to: &mut FolderSettings, values: &[String], depth: usize) -> Result<(), String> {
        match (self, values) {
            (Word::Many(setting), values) => (setting.set)(to, values),
            (Word::One(setting), [value]) => (setting.set)(to, value, depth),
            (Word::One(_), _) => Err("is a list".into()),
        }
    }
}

/// Sets what was given before; names and values that are none any more are passed over.
pub(super) fn restore(to: &mut FolderSettings, name: &str, values: &[String]) {
    let _ = set(to, name, values);
}

/// Sets one setting.
pub(super) fn set(to: &mut FolderSettings, name: &str, values: &[String]) -> Result<(), String> {
    let word = settings::find(name)
        .map(Word::One)
        .or_else(|| lists::find(name).map(Word::Many));
    match word {
        Some(word) => word.set(to, values, 0),
        None => Err("is no setting".into()),
    }
}

impl Level {
    /// Overrides what the levels above said.
    pub fn apply(&self, depth: usize, to: &mut FolderSettings) {
        for entry in &self.settings {
            // Every value was tried when the file was read.
            let _ = entry.word.set(to, &entry.values, depth);
            let (values, line) = (entry.values.clone(), entry.line);
            to.given.insert(entry.word.name(), Given { values, line });
        }
        columns::apply(&self.columns, &mut to.columns);
    }

    /// All folders below this one, whose own path is `above`, with their lines.
    pub fn collect_folders(&self, above: &[String], into: &mut Vec<(Vec<String>, usize)>) {
        for below in self.folders.values() {
            let mut path = above.to_vec();
            path.push(below.name.clone());
            below.collect_folders(&path, into);
            into.push((path, below.line));
        }
    }

    /// The folder of that name, regardless of letter case.
    pub fn folder(&self, name: &str) -> Option<&Level> {
        self.folders.get(&fold(name))
    }
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// Checks the whole file.
pub(super) fn top(node: &Node, origin: Origin) -> Result<Level, ConfigError> {
    let Value::Mapping(entries) = &node.value else {
        let hint = "Begin with a setting such as \"default_sheet: Sheet1\", or with a folder's name and \":\".";
        return Err(ConfigError::new(
            node.place,
            "the file is not a YAML mapping",
            hint,
        ));
    };
    Reading { origin }.level(entries, 0)
}

struct Reading {
    origin: Origin,
}

impl Reading {
    fn level(&self, entries: &[(Node, Node)], depth: usize) -> Result<Level, ConfigError> {
        let mut level = Level::default();
        let mut lines = HashMap::new();
        let mut folders_line = None;
        let mut columns_line = None;
        for (key, value) in entries {
            let name = key_text(key)?;
            let word = settings::find(name)
                .map(Word::One)
                .or_else(|| lists::find(name).map(Word::Many));
            match (&value.value, word) {
                (Value::Mapping(inner), _) if name == FOLDERS => {
                    once(&mut folders_line, key.place, name)?;
                    for (key, value) in inner {
                        let name = key_text(key)?;
                        self.folder(&mut level, &mut lines, (name, key.place), value, depth)?;
                    }
                }
                (_, None) if name == columns::WORD => {
                    once(&mut columns_line, key.place, name)?;
                    level.columns = columns::read(value)?;
                }
                (Value::Null, None) if name == FOLDERS => once(&mut folders_line, key.place, name)?,
                (Value::Mapping(_) | Value::Null, None) if name != FOLDERS => {
                    self.folder(&mut level, &mut lines, (name, key.place), value, depth)?;
                }
                (Value::Mapping(_), Some(_)) => {
                    self.folder(&mut level, &mut lines, (name, key.place), value, depth)?;
                }
                (_, Some(word)) => {
                    self.setting(&mut level, word, key.place, value, depth)?;
                }
                (_, None) => return Err(unknown(name, key.place, &value.value)),
            }
        }
        Ok(level)
    }

    fn setting(
        &self,
        level: &mut Level,
        word: Word,
        place: Place,
        value: &Node,
        depth: usize,
    ) -> Result<(), ConfigError> {
        let name = word.name();
        if self.origin == Origin::ImportedFolder && word.scope() == Scope::Goes {
            let message =
                format!("\"{name}\" is not allowed in a file that lies in the imported folder");
            let hint = "Say where data goes in the file that pgdatahub.config_file names.";
            return Err(ConfigError::new(place, message, hint));
        }
        let values = match (&value.value, word) {
            (Value::Text(text), _) => vec![text.clone()],
            (Value::List(items), Word::Many(_)) => items
                .iter()
                .map(|item| match &item.value {
                    Value::Text(text) => Ok(text.clone()),
                    _ => {
                        let message = format!("an item of \"{name}\" is not a single value");
                        let hint = "Quote it if it holds \": \" or is empty.";
                        Err(ConfigError::new(item.place, message, hint))
                    }
                })
                .collect::<Result<_, _>>()?,
            (Value::Null, _) => {
                let message = format!("\"{name}\" has no value");
                let hint = format!(
                    "Write \"{name}: value\"; a folder of that name goes under \"folders:\"."
                );
                return Err(ConfigError::new(place, message, hint));
            }
            (Value::List(_) | Value::Mapping(_), _) => {
                let message = format!("\"{name}\" takes one value, not a list");
                return Err(ConfigError::new(value.place, message, ""));
            }
        };
        if level.settings.iter().any(|known| known.word.name() == name) {
            return Err(duplicate(name, place, None));
        }
        word.set(&mut FolderSettings::default(), &values, depth)
            .map_err(|reason| {
                ConfigError::new(value.place, format!("the value of \"{name}\" {reason}"), "")
            })?;
        level.settings.push(Entry {
            word,
            values,
            line: place.line,
        });
        Ok(())
    }

    fn folder(
        &self,
        level: &mut Level,
        lines: &mut HashMap<String, usize>,
        (name, place): (&str, Place),
        value: &Node,
        depth: usize,
    ) -> Result<(), ConfigError> {
        if name.contains('/') {
            let message = format!("the folder name \"{name}\" contains \"/\"");
            return Err(ConfigError::new(
                place,
                message,
                "Write a level for each folder, one below the other.",
            ));
        }
        if let Some(line) = lines.insert(fold(name), place.line) {
            return Err(duplicate(name, place, Some(line)));
        }
        let mut below = match &value.value {
            Value::Mapping(entries) => self.level(entries, depth + 1)?,
            Value::Null => Level::default(),
            Value::Text(_) | Value::List(_) => {
                let message = format!("folder \"{name}\" is not a mapping");
                let hint = "Below a folder stand its settings, such as \"sheet: Claims\", and its folders.";
                return Err(ConfigError::new(value.place, message, hint));
            }
        };
        below.name = name.to_owned();
        below.line = place.line;
        level.folders.insert(fold(name), below);
        Ok(())
    }
}

pub(super) fn key_text(key: &Node) -> Result<&str, ConfigError> {
    match &key.value {
        Value::Text(text) if !text.trim().is_empty() => Ok(text),
        Value::Text(_) | Value::Null => Err(ConfigError::new(key.place, "a key is blank", "")),
        Value::Mapping(_) | Value::List(_) => {
            let hint = "A key is the name of a setting or of a folder.";
            Err(ConfigError::new(
                key.place,
                "a key is a list or mapping",
                hint,
            ))
        }
    }
}

fn once(line: &mut Option<usize>, place: Place, name: &str) -> Result<(), ConfigError> {
    match line.replace(place.line) {
        None => Ok(()),
        first => Err(duplicate(name, place, first)),
    }
}

pub(super) fn duplicate(name: &str, place: Place, first: Option<usize>) -> ConfigError {
    let hint = match first {
        Some(line) => {
            format!("It stands on line {line} already; letter case does not tell folders apart.")
        }
        None => "It stands in this mapping already.".into(),
    };
    ConfigError::new(place, format!("\"{name}\" is given twice"), hint)
}

/// A scalar or list under a word that is no setting.
fn unknown(name: &str, place: Place, value: &Value) -> ConfigError {
    if name == FOLDERS {
        let hint = "Below it stand folder names, each with a mapping.";
        return ConfigError::new(place, "\"folders\" is not a mapping", hint);
    }
    let words = || {
        let lists = LISTS.iter().map(|setting| setting.name);
        let scalars = SETTINGS.iter().map(|setting| setting.name);
        scalars.chain(lists).chain([columns::WORD, FOLDERS])
    };
    let meant = match nearest(name, words()) {
        Some(word) => format!("Perhaps you meant \"{word}\"."),
        None => format!(
            "The settings are {}.",
            words().collect::<Vec<_>>().join(", ")
        ),
    };
    let folder = match value {
        Value::Text(text) => {
            format!(" For a folder of that name write \"{name}: {{sheet: {text}}}\".")
        }
        _ => String::new(),
    };
    ConfigError::new(
        place,
        format!("unknown setting \"{name}\""),
        meant + &folder,
    )
}
