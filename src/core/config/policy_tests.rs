//! `schema_policy`, `missing_columns`, `infer_text`, `columns`.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::evolve::SchemaPolicy;
use crate::text_input::Mark;

fn settings(text: &str, path: &str) -> FolderSettings {
    let folders: Vec<String> = path
        .split('/')
        .filter(|p| !p.is_empty())
        .map(str::to_owned)
        .collect();
    match parse(text.as_bytes(), Origin::ImportedFolder) {
        Ok(config) => config.settings_for(&folders),
        Err(error) => panic!("{error:?}\n{text}"),
    }
}

/// Line, column, and message with hint of the error.
fn refused(text: &str) -> (usize, usize, String) {
    let Err(error) = parse(text.as_bytes(), Origin::Server) else {
        panic!("accepted: {text}")
    };
    (
        error.line,
        error.column,
        format!("{} | {}", error.message, error.hint.unwrap_or_default()),
    )
}

const FILE: &str = "\
schema_policy: freeze
infer_text: true
columns:
  Premium (EUR): {name: premium, type: 'numeric(12,2)', decimal: ','}
  Reported: {format: DD.MM.YYYY}
claims:
  schema_policy: add_columns
  missing_columns: fail
  infer_text: false
  columns:
    Reported: {type: date}
    When: {time_zone: Europe/Berlin, infer_text: false}
folders:
  columns:
    columns: {X: {name: y}}
";

#[test]
fn are_inherited_and_overridden() {
    let top = settings(FILE, "other");
    assert_eq!(top.schema_policy, Some(SchemaPolicy::Freeze));
    assert_eq!((top.missing_columns, top.infer_text), (None, Some(true)));
    assert_eq!(top.columns.len(), 2);
    assert_eq!(top.columns[0].name.as_deref(), Some("premium"));
    assert_eq!(top.columns[0].sql_type.as_deref(), Some("numeric(12,2)"));
    assert_eq!(top.columns[0].decimal, Some(Mark::Comma));
    let claims = settings(FILE, "Claims/2024");
    assert_eq!(claims.schema_policy, Some(SchemaPolicy::AddColumns));
    assert_eq!(claims.missing_columns, Some(MissingColumns::Fail));
    assert_eq!(claims.infer_text, Some(false));
    let headers: Vec<&str> = claims.columns.iter().map(|c| c.header.as_str()).collect();
    assert_eq!(headers, ["Premium (EUR)", "Reported", "When"]);
    assert_eq!(claims.columns[1].format, None, "replaced as a whole");
    let named = settings(FILE, "columns");
    assert_eq!(named.columns[2].name.as_deref(), Some("y"));
}

#[test]
fn become_text_rules() {
    let rules = settings(FILE, "").text_rules();
    assert!(rules.others.infer && rules.of("x").infer);
    assert_eq!(rules.of("premium_eur").decimal, Some(Mark::Comma));
    assert!(!rules.of("Premium (EUR)").infer, "its type is given");
    assert!(rules.of("Reported").format.is_some());
    let when = settings(FILE, "claims").text_rules().of("When").clone();
    assert_eq!(when.time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(FolderSettings::default().text_rules(), Default::default());
}

#[test]
fn mistakes_are_told_with_place_and_nearest_word() {
    for (text, place, words) in [
        (
            "schema_policy: freez\n",
            (1, 16),
            "is \"freez\", not one of evolve, add_columns, freeze; perhaps you meant \"freeze\"",
        ),
        (
            "a:\n  missing_columns: yes\n",
            (2, 20),
            "not one of allow, fail",
        ),
        ("infer_text: 1\n", (1, 13), "not one of true, false"),
        (
            "infer_txt: true\n",
            (1, 1),
            "Perhaps you meant \"infer_text\"",
        ),
        ("columns: x\n", (1, 10), "\"columns\" is not a mapping"),
        ("columns:\n", (1, 8), "\"columns\" is not a mapping"),
        ("column: [a]\n", (1, 1), "Perhaps you meant \"columns\""),
        (
            "columns:\n  Premium: text\n",
            (2, 12),
            "column \"Premium\" is not a mapping",
        ),
        (
            "columns:\n  A: {nme: x}\n",
            (2, 7),
            "Perhaps you meant \"name\"",
        ),
        (
            "columns:\n  A: {typ: x}\n",
            (2, 7),
            "Perhaps you meant \"type\"",
        ),
        (
            "columns:\n  A: {name: x}\n  A: {name: y}\n",
            (3, 3),
            "\"A\" is given twice",
        ),
        (
            "columns:\n  A: {name: x, name: y}\n",
            (2, 16),
            "\"name\" is given twice",
        ),
        (
            "columns: {A: {}}\ncolumns: {B: {}}\n",
            (2, 1),
            "\"columns\" is given twice",
        ),
        (
            "columns:\n  A: {name: source_file}\n",
            (2, 13),
            "names the import",
        ),
        ("columns:\n  A: {name: ctid}\n", (2, 13), "a system column"),
        ("columns:\n  A: {name: ''}\n", (2, 13), "is blank"),
        (
            "columns:\n  A: {type: 'int; DROP TABLE x'}\n",
            (2, 13),
            "has ';'",
        ),
        (
            "columns:\n  A: {format: DD.MM.JJJJ}\n",
            (2, 15),
            "unknown token \"JJJJ\"",
        ),
        (
            "columns:\n  A: {decimal: ';'}\n",
            (2, 16),
            "not one of ,, .",
        ),
        (
            "columns:\n  A: {time_zone: '+01'}\n",
            (2, 18),
            "not the name of a zone",
        ),
        ("columns:\n  A: {name: [x]}\n", (2, 13), "takes one value"),
        (
            "columns:\n  A: {type: date, infer_text: true}\n",
            (2, 3),
            "both \"type\"",
        ),
        (
            "columns:\n  A: {decimal: ',', infer_text: true}\n",
            (2, 3),
            "beside \"format\"",
        ),
    ] {
        let (line, column, message) = refused(text);
        assert!(message.contains(words), "{text}: {message}");
        assert_eq!((line, column), place, "{text}: {message}");
    }
}
