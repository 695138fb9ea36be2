//! `columns:`, a mapping from headers to what is said of their columns.
//!
//! ```yaml
//! columns:
//!   Premium (EUR): {name: premium, type: "numeric(12,2)", decimal: ","}
//!   Reported: {type: date, format: DD.MM.YYYY}
//! ```

use super::error::{ConfigError, Place};
use super::levels::{duplicate, key_text};
use super::reading::{boolean, one_of, put};
use super::yaml::{Node, Value};
use crate::columns::RESERVED;
use crate::naming;
use crate::nearest::nearest;
use crate::overrides::ColumnOverride;
use crate::text_input::{Mark, Pattern};

/// The reserved word; a folder of that name stands under `folders:`.
pub(super) const WORD: &str = "columns";

/// Most bytes of a PostgreSQL identifier (NAMEDATALEN - 1).
const MAX_NAME: usize = 63;

/// Sets one property from its value's text; the error is the end of the sentence "the value of … ".
type Set = fn(&mut ColumnOverride, &str) -> Result<(), String>;

const PROPERTIES: &[(&str, Set)] = &[
    ("name", |to, value| put(&mut to.name, column_name(value))),
    ("type", |to, value| put(&mut to.sql_type, type_name(value))),
    ("format", |to, value| {
        put(
            &mut to.format,
            Pattern::parse_pattern(value).map_err(|bad| bad.0),
        )
    }),
    ("decimal", |to, value| {
        put(
            &mut to.decimal,
            one_of(value, &[(",", Mark::Comma), (".", Mark::Point)]),
        )
    }),
    ("time_zone", |to, value| {
        put(&mut to.time_zone, time_zone(value))
    }),
    ("infer_text", |to, value| {
        put(&mut to.infer_text, boolean(value))
    }),
];

/// Adds a level's overrides to those of the levels above. What is said of a
/// header replaces all that was said of it.
pub(super) fn apply(level: &[ColumnOverride], to: &mut Vec<ColumnOverride>) {
    for column in level {
        match to.iter_mut().find(|known| known.header == column.header) {
            Some(known) => *known = column.clone(),
            None => to.push(column.clone()),
        }
    }
}

/// Reads the mapping.
pub(super) fn read(node: &Node) -> Result<Vec<ColumnOverride>, ConfigError> {
    let hint = "Below it stand headers, such as \"Premium: {type: 'numeric(12,2)'}\"; a folder of that name goes under \"folders:\".";
    let Value::Mapping(entries) = &node.value else {
        return Err(ConfigError::new(
            node.place,
            "\"columns\" is not a mapping",
            hint,
        ));
    };
    let mut columns: Vec<ColumnOverride> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let header = naming::trim(key_text(key)?);
        if columns.iter().any(|known| known.header == header) {
            return Err(duplicate(header, key.place, None));
        }
        let Value::Mapping(properties) = &value.value else {
            let message = format!("column \"{header}\" is not a mapping");
            return Err(ConfigError::new(value.place, message, hint));
        };
        columns.push(column(header, properties, key.place)?);
    }
    Ok(columns)
}

fn column(
    header: &str,
    properties: &[(Node, Node)],
    place: Place,
) -> Result<ColumnOverride, ConfigError> {
    let mut column = ColumnOverride {
        header: header.to_owned(),
        line: place.line,
        ..ColumnOverride::default()
    };
    let mut seen: Vec<&str> = Vec::new();
    for (key, value) in properties {
        let name = key_text(key)?;
        let Some((known, set)) = PROPERTIES.iter().find(|(known, _)| *known == name) else {
            return Err(unknown(name, key.place));
        };
        if seen.contains(known) {
            return Err(duplicate(name, key.place, None));
        }
        seen.push(known);
        let Value::Text(text) = &value.value else {
            let message = format!("\"{name}\" takes one value");
            return Err(ConfigError::new(value.place, message, ""));
        };
        set(&mut column, text).map_err(|reason| {
            ConfigError::new(value.place, format!("the value of \"{name}\" {reason}"), "")
        })?;
    }
    check(&column).map_err(|(message, hint)| ConfigError::new(place, message, hint))?;
    Ok(column)
}

/// Properties that contradict each other.
fn check(column: &ColumnOverride) -> Result<(), (&'static str, &'static str)> {
    if column.infer_text != Some(true) {
        return Ok(());
    }
    if column.sql_type.is_some() {
        return Err((
            "a column cannot have both \"type\" and \"infer_text: true\"",
            "A given type is kept: remove one of the two.",
        ));
    }
    if column.format.is_some() || column.decimal.is_some() {
        return Err((
            "a column cannot have \"infer_text: true\" beside \"format\" or \"decimal\"",
            "They say how its texts are written, so that nothing is inferred: remove \"infer_text\".",
        ));
    }
    Ok(())
}

fn unknown(name: &str, place: Place) -> ConfigError {
    let words = || PROPERTIES.iter().map(|(word, _)| *word);
    let hint = match nearest(name, words()) {
        Some(word) => format!("Perhaps you meant \"{word}\"."),
        None => format!("A column has {}.", words().collect::<Vec<_>>().join(", ")),
    };
    ConfigError::new(place, format!("unknown column property \"{name}\""), hint)
}

fn column_name(value: &str) -> Result<String, String> {
    let name = text(value)?;
    if name.len() > MAX_NAME {
        return Err(format!("is longer than {MAX_NAME} bytes"));
    }
    if RESERVED.contains(&name.as_str()) {
        return Err(format!("is \"{name}\", which names the import"));
    }
    if naming::avoid_system_columns(&name) != name {
        return Err(format!("is \"{name}\", a system column"));
    }
    Ok(name)
}

/// Only what can be part of a type's name; PostgreSQL reads it when a file needs it.
fn type_name(value: &str) -> Result<String, String> {
    let name = text(value)?;
    let part = |c: char| c.is_alphanumeric() || "_$ .,()[]\"".contains(c);
    match name.chars().find(|c| !part(*c)) {
        Some(c) => Err(format!("has '{c}', which no type's name has")),
        None => Ok(name),
    }
}

/// The names of the time zone database; abbreviations and offsets have no daylight saving time.
fn time_zone(value: &str) -> Result<String, String> {
    let name = text(value)?;
    let part = |c: char| c.is_ascii_alphanumeric() || "_/+-".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !name.chars().all(part) {
        return Err(format!(
            "is \"{name}\", not the name of a zone such as Europe/Berlin"
        ));
    }
    Ok(name)
}

fn text(value: &str) -> Result<String, String> {
    match value.trim() {
        "" => Err("is blank".into()),
        value if value.contains('\0') => Err("contains a NUL character".into()),
        value => Ok(value.to_owned()),
    }
}
