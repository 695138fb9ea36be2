#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

fn config(text: &str) -> Config {
    match parse(text.as_bytes(), Origin::Server) {
        Ok(config) => config,
        Err(error) => panic!("{error:?}\n{text}"),
    }
}

fn settings(config: &Config, path: &str) -> FolderSettings {
    let folders: Vec<String> = path
        .split('/')
        .filter(|p| !p.is_empty())
        .map(str::to_owned)
        .collect();
    config.settings_for(&folders)
}

fn sheet(config: &Config, path: &str) -> Option<String> {
    settings(config, path).sheet
}

/// Line, column, message and hint of the error.
fn refused(text: &str) -> (usize, usize, String, String) {
    refused_bytes(text.as_bytes())
}

fn refused_bytes(bytes: &[u8]) -> (usize, usize, String, String) {
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let Err(error) = parse(bytes, Origin::Server) else {
        panic!("accepted: {shown}")
    };
    (
        error.line,
        error.column,
        error.message,
        error.hint.unwrap_or_default(),
    )
}

const ORIGINAL: &str = "default_sheet: Sheet1\nfolder_a:\n  sheet: Policies\nfolder_b:\n  nested:\n    sheet: Claims\n";

#[test]
fn reads_the_original_format() {
    let config = config(ORIGINAL);
    assert_eq!(
        settings(&config, "").default_sheet.as_deref(),
        Some("Sheet1")
    );
    assert_eq!(sheet(&config, ""), None);
    assert_eq!(sheet(&config, "folder_a").as_deref(), Some("Policies"));
    assert_eq!(sheet(&config, "folder_b"), None);
    assert_eq!(sheet(&config, "folder_b/nested").as_deref(), Some("Claims"));
    assert_eq!(
        settings(&config, "folder_b/nested")
            .default_sheet
            .as_deref(),
        Some("Sheet1")
    );
}

#[test]
fn walks_level_by_level_and_inherits() {
    let config = config(ORIGINAL);
    assert_eq!(
        sheet(&config, "Folder_A/2024/q1").as_deref(),
        Some("Policies"),
        "inherited"
    );
    assert_eq!(sheet(&config, "nested"), None, "a namesake elsewhere");
    assert_eq!(
        sheet(&config, "folder_b/other/nested"),
        None,
        "a level was skipped"
    );
    assert_eq!(sheet(&config, "folder_b/other/folder_a"), None);
    assert_eq!(sheet(&config, "FOLDER_B/Nested").as_deref(), Some("Claims"));
}

#[test]
fn a_folder_overrides_its_parents() {
    let config = config("sheet: A\ntable: t\nclaims:\n  sheet: B\n  2024: {table: u, schema: s}\n");
    assert_eq!(sheet(&config, "other").as_deref(), Some("A"));
    assert_eq!(sheet(&config, "claims/2024").as_deref(), Some("B"));
    let table = |path: &str| {
        settings(&config, path)
            .table
            .map(|t| (t.name, t.set_at_depth, t.own))
    };
    assert_eq!(table(""), Some(("t".into(), 0, true)));
    assert_eq!(table("claims"), Some(("t".into(), 0, false)));
    assert_eq!(table("claims/2024"), Some(("u".into(), 2, true)));
    assert_eq!(table("claims/2024/q1"), Some(("u".into(), 2, false)));
    assert_eq!(
        settings(&config, "claims/2024/q1").schema.as_deref(),
        Some("s")
    );
    assert_eq!(settings(&config, "claims").schema, None);
}

#[test]
fn tables_and_schemas_are_written_as_sql_writes_them() {
    let config =
        config("a: {table: Sales.Claims}\nb: {table: '\"My Table\"', schema: '\"S 1\"'}\n");
    let table = settings(&config, "a").table.map(|t| (t.schema, t.name));
    assert_eq!(table, Some((Some("sales".into()), "claims".into())));
    let table = settings(&config, "b").table.map(|t| (t.schema, t.name));
    assert_eq!(table, Some((None, "My Table".into())));
    assert_eq!(settings(&config, "b").schema.as_deref(), Some("S 1"));
    for text in [
        "table: my table",
        "table: a.b.c",
        "table: 2024",
        "schema: a.b",
    ] {
        let error = parse(text.as_bytes(), Origin::Server).unwrap_err();
        assert_eq!(error.line, 1);
        assert!(error.message.contains("'\"My Name\"'"), "{}", error.message);
    }
}

#[test]
fn reserved_words_name_folders_too() {
    let text = "sheet: Top\ntable:\n  sheet: InTable\nfolders:\n  sheet: {sheet: InSheet}\n  folders: {sheet: InFolders}\n";
    let config = config(text);
    assert_eq!(sheet(&config, "table").as_deref(), Some("InTable"));
    assert_eq!(sheet(&config, "sheet").as_deref(), Some("InSheet"));
    assert_eq!(sheet(&config, "Folders").as_deref(), Some("InFolders"));
    assert_eq!(settings(&config, "").table, None);
}

#[test]
fn scalars_are_texts_as_written() {
    for (yaml, text) in [
        ("3", "3"),
        ("\"3\"", "3"),
        ("2024-01", "2024-01"),
        ("true", "true"),
        ("'null'", "null"),
        ("1e5", "1e5"),
        ("\"a: b # c\"", "a: b # c"),
        ("Données 日期", "Données 日期"),
        ("' Claims '", " Claims "),
    ] {
        assert_eq!(
            sheet(&config(&format!("sheet: {yaml}\n")), "").as_deref(),
            Some(text)
        );
    }
    assert_eq!(
        sheet(&config("2024:\n  0xA: {sheet: x}\n"), "2024/0xa").as_deref(),
        Some("x")
    );
}

#[test]
fn empty_files_and_folders_are_fine() {
    for text in [
        "",
        "\n",
        "# nothing\n",
        "---\n",
        "---\n...\n",
        "{}",
        "~",
        "claims:\n",
        "folders:\n",
    ] {
        assert_eq!(
            settings(&config(text), "claims"),
            FolderSettings::default(),
            "{text:?}"
        );
    }
    let mut bom = b"\xef\xbb\xbf".to_vec();
    bom.extend_from_slice(b"sheet: A\r\nclaims:\r\n  sheet: B\r\n");
    let config = parse(&bom, Origin::Server).unwrap();
    assert_eq!(sheet(&config, "claims").as_deref(), Some("B"));
}

#[test]
fn unknown_settings_name_the_nearest_word() {
    let (line, column, message, hint) = refused("claims:\n  shet: X\n");
    assert_eq!((line, column), (2, 3));
    assert_eq!(message, "unknown setting \"shet\"");
    assert!(hint.starts_with("Perhaps you meant \"sheet\"."), "{hint}");
    let (.., hint) = refused("claims: Policies\n");
    assert!(
        hint.contains("default_sheet") && hint.contains("claims: {sheet: Policies}"),
        "{hint}"
    );
    assert!(refused("Sheet: X\n").3.contains("\"sheet\""));
    assert!(refused("whatever: [a]\n").2.contains("unknown setting"));
}

#[test]
fn wrong_values_are_refused_at_their_place() {
    let place = |text: &str| {
        let (line, column, ..) = refused(text);
        (line, column)
    };
    assert_eq!(place("range: [a, b]\n"), (1, 8));
    assert_eq!(place("sheet: [a, {b: c}]\n"), (1, 12));
    assert_eq!(place("sheet: []\n"), (1, 8));
    assert_eq!(place("a:\n  sheet:\n"), (2, 3));
    assert_eq!(place("sheet: ~\n"), (1, 1));
    assert_eq!(place("sheet: ''\n"), (1, 8));
    assert_eq!(place("sheet: \"a\\0b\"\n"), (1, 8));
    assert_eq!(place("folders: x\n"), (1, 1));
    assert_eq!(place("folders:\n  a: x\n"), (2, 6));
    assert_eq!(place("a/b:\n  sheet: x\n"), (1, 1));
    assert_eq!(place("- a\n- b\n"), (1, 1));
    assert_eq!(place("just text\n"), (1, 1));
    assert_eq!(place("[a]: b\n"), (1, 1));
    assert_eq!(place("'': b\n"), (1, 1));
    assert_eq!(place("sheet: a\n---\nsheet: b\n").0, 2);
}

#[test]
fn duplicates_are_refused() {
    assert_eq!(
        refused("sheet: a\nsheet: b\n").2,
        "\"sheet\" is given twice"
    );
    let (line, _, message, hint) = refused("claims: {sheet: a}\nb: {}\nClaims: {sheet: b}\n");
    assert_eq!((line, message.as_str()), (3, "\"Claims\" is given twice"));
    assert!(hint.contains("line 1"), "{hint}");
    assert_eq!(refused("a: {}\nfolders:\n  A: {}\n").0, 3);
    assert_eq!(refused("folders: {}\nfolders: {}\n").0, 2);
}

#[test]
fn an_imported_folder_may_not_say_where_data_goes() {
    let inside = |text: &str| parse(text.as_bytes(), Origin::ImportedFolder);
    assert!(inside(ORIGINAL).is_ok());
    for text in [
        "table: users\n",
        "a:\n  b: {schema: pg_catalog}\n",
        "folders: {a: {table: x}}\n",
    ] {
        let error = inside(text).unwrap_err();
        assert!(
            error.message.contains("lies in the imported folder"),
            "{}",
            error.message
        );
        assert!(error.hint.unwrap().contains("pgdatahub.config_file"));
    }
    assert!(
        inside("table:\n  sheet: x\n").is_ok(),
        "a folder named table"
    );
}

#[test]
fn aliases_and_tags_are_refused() {
    let (line, column, message, _) = refused("a: &x {sheet: s}\nb: *x\n");
    assert_eq!(
        (line, column, message.as_str()),
        (2, 4, "YAML aliases are not supported")
    );
    assert!(
        refused("a: &x {sheet: s}\nb: {<<: *x}\n")
            .2
            .contains("aliases")
    );
    assert!(refused("sheet: !!str 3\n").2.contains("tags"));
    assert!(refused("a: !x {sheet: s}\n").2.contains("tags"));
}

#[test]
fn broken_yaml_says_where() {
    let (line, column, message, hint) = refused("a:\n  b:\n\tsheet: x\n");
    assert_eq!(
        (line, column, message.as_str()),
        (3, 1, "a tab in the indentation")
    );
    assert_eq!(hint, "Indent by spaces.");
    assert_eq!(refused("a:\n\tsheet: x\n").2, "a tab in the indentation");
    assert!(refused("a: {sheet: x\n").2.starts_with("not valid YAML: "));
    assert!(refused("a: b: c\n").2.starts_with("not valid YAML: "));
    assert_eq!(refused("a:\n    sheet: x\n  b: {}\n").0, 3);
    let (line, column, message, hint) = refused_bytes(b"a: {}\nPr\xe9noms: {}\n");
    assert_eq!(
        (line, column, message.as_str()),
        (2, 3, "the byte 0xe9 is not UTF-8")
    );
    assert_eq!(hint, "Save the file as UTF-8.");
    assert!(refused_bytes(b"\xff\xfea\0").2.contains("UTF-16"));
    assert_eq!(
        parse(b"a: *x", Origin::Server)
            .unwrap_err()
            .report()
            .sqlstate,
        "F0000"
    );
}

#[test]
fn hostile_files_end_soon() {
    assert!(
        refused(&"#".repeat(MAX_BYTES + 1))
            .2
            .contains("more than 1048576")
    );
    let begun = std::time::Instant::now();
    for unit in [
        "[", "{", "- ", "a: {", "? ", "[a,", "!", "&a ", "\"", "a:\n", "a b ", "%", "'", "|\n",
        "{a: ",
    ] {
        let _ = parse(
            unit.repeat(MAX_BYTES / unit.len()).as_bytes(),
            Origin::Server,
        );
    }
    let deep: String = (0..1000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    assert!(refused(&deep).2.contains("nested deeper"));
    let wide: String = (0..50_000)
        .map(|n| format!("f{n}: {{sheet: s}}\n"))
        .collect();
    assert_eq!(sheet(&config(&wide), "f49999").as_deref(), Some("s"));
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        if let Err(error) = parse(&bytes, Origin::Server) {
            proptest::prop_assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty());
        }
    }

    #[test]
    fn any_yaml_like_text_is_answered(text in "([a-c]|: |\n|  |- |\\{|\\}|\\[|\\]|, |sheet|table|#|'|\"|\\?|\\||>|&x|\\*x|!|---\n|\t|~){0,40}") {
        if let Err(error) = parse(text.as_bytes(), Origin::Server) {
            proptest::prop_assert!(error.line <= text.matches('\n').count() + 2, "{:?}", error);
        }
    }
}

#[test]
fn settings_about_reading_are_read() {
    let config = config(
        "range: B3:H\nheader_row: [2, 3]\nskip_footer: 2\nstop_at_blank: 1\nfill_merged: true\n\
         row_number: source_row\nignore: ['*_draft.xlsx', old/**]\nnull_strings: [\"-\", n/a]\ntrim: false\n\
         error_cells: text\non_change: append\nreplace_min_percent: 0\nduplicate_columns: coalesce\n\
         sheet: ['Q*', 2]\na: {sheet: One, header_row: none}\n",
    );
    let top = settings(&config, "");
    let reading = &top.reading;
    assert_eq!(reading.range.as_ref().unwrap().to_string(), "B3:H");
    assert_eq!(reading.header_row.as_ref().unwrap().to_string(), "2, 3");
    assert_eq!(reading.sheets.as_ref().unwrap(), &["Q*", "2"]);
    let options = reading.options(None);
    assert_eq!((options.skip_footer, options.stop_at_blank), (2, 1));
    assert!(options.fill_merged && options.keep_spaces && options.coalesce);
    assert_eq!(options.null_strings, ["-", "n/a"]);
    assert!(reading.ignores("a/b_draft.xlsx") && reading.ignores("old/x/y.xlsx"));
    assert!(!reading.ignores("a/old.xlsx") && !reading.ignores("new/old/y.xlsx"));
    assert_eq!(reading.on_change, Some(OnChange::Append));
    assert_eq!(top.given["header_row"].values, ["2", "3"]);
    let given = top.given.iter();
    let given = given.map(|(name, given)| ((*name).to_owned(), given.values.clone()));
    assert_eq!(
        restored(given).reading,
        top.reading,
        "as kept with an import"
    );
    assert_eq!(top.given["sheet"].line, 14);
    let below = settings(&config, "a");
    assert_eq!(
        (below.sheet.as_deref(), below.reading.sheets),
        (Some("One"), None)
    );
    assert_eq!(below.given["sheet"].line, 15);
}

#[test]
fn wrong_settings_about_reading_are_refused() {
    for (text, part) in [
        ("range: B3\n", "single cell"),
        ("range: XFE1:XFE9\n", "XFD1048576"),
        ("header_row: 0\n", "not auto, none or a row"),
        ("header_row: [3, 2]\n", "out of order"),
        ("skip_footer: -1\n", "not a number from 0 to 1000"),
        ("replace_min_percent: 101\n", "0 to 100"),
        ("trim: yes\n", "not one of true, false"),
        ("error_cells: txet\n", "perhaps you meant \"text\""),
        ("row_number: '--'\n", "no name of a column"),
        ("ignore: 'a['\n", "no pattern"),
        ("on_change: [replace]\n", "takes one value"),
        ("table: '{file}'\n", "braces"),
    ] {
        let (line, _, message, _) = refused(text);
        assert!(line == 1 && message.contains(part), "{text}: {message}");
    }
}

#[test]
fn tables_may_have_places_for_folder_and_sheet() {
    let config = config("table: 'raw.{folder}_{sheet}'\n");
    let template = settings(&config, "claims").table.unwrap().template.unwrap();
    assert!(template.by_sheet());
    let (schema, table) = template.for_sheet("claims", "Q1");
    assert_eq!(
        (schema.as_deref(), table.as_str()),
        (Some("raw"), "claims_q1")
    );
}
