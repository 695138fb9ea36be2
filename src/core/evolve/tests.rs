#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use ColumnType::*;

fn found(columns: &[(&str, ColumnType)]) -> Vec<Found> {
    let one = |(index, (name, found)): (u32, &(&str, ColumnType))| Found {
        index,
        header: name.to_uppercase(),
        column: (*name).into(),
        found: *found,
    };
    (0..).zip(columns).map(one).collect()
}

fn column(name: &str, kind: ColumnKind) -> TableColumn {
    TableColumn {
        name: name.into(),
        kind,
        provisional: false,
        fillable: true,
    }
}

fn native(name: &str, column_type: ColumnType) -> TableColumn {
    column(name, ColumnKind::Native(column_type))
}

fn provisional(name: &str) -> TableColumn {
    TableColumn {
        provisional: true,
        ..native(name, Text)
    }
}

fn wires(evolution: &Evolution) -> Vec<Wire> {
    evolution.targets.iter().map(|target| target.wire).collect()
}

fn described(evolution: &Evolution) -> Vec<String> {
    evolution.changes.iter().map(describe).collect()
}

#[test]
fn a_new_table_has_the_files_columns() {
    let evolution = evolve(Option::None, &found(&[("a", Bigint), ("b", None)])).unwrap();
    let [Change::CreateTable { columns }] = evolution.changes.as_slice() else {
        panic!("{evolution:?}")
    };
    let seen: Vec<_> = columns
        .iter()
        .map(|c| (c.name.as_str(), c.column_type, c.provisional))
        .collect();
    assert_eq!(seen, [("a", Bigint, false), ("b", Text, true)]);
    assert_eq!(columns[0].header, "A");
    assert_eq!(
        wires(&evolution),
        [Wire::Native(Bigint), Wire::Native(None)]
    );
    assert_eq!(described(&evolution), ["new table with 2 columns"]);
}

#[test]
fn a_narrower_or_empty_column_changes_nothing() {
    let table = [
        native("a", Double),
        native("b", Text),
        native("c", Timestamp),
        native("d", Bigint),
    ];
    let file = found(&[("a", Bigint), ("b", Date), ("c", Date), ("d", None)]);
    let evolution = evolve(Some(&table), &file).unwrap();
    assert_eq!(evolution.changes, []);
    let native = [Double, Text, Timestamp, Bigint].map(Wire::Native);
    assert_eq!(
        wires(&evolution),
        native,
        "the column's own type, so that later values just fit"
    );
}

#[test]
fn a_wider_file_widens() {
    let table = [
        native("a", Bigint),
        native("b", Date),
        native("c", Time),
        native("d", Boolean),
    ];
    let file = found(&[
        ("a", Double),
        ("b", Timestamp),
        ("c", Interval),
        ("d", Bigint),
    ]);
    let evolution = evolve(Some(&table), &file).unwrap();
    assert_eq!(
        described(&evolution),
        [
            "a bigint → double precision",
            "b date → timestamp without time zone",
            "c time without time zone → interval",
            "d boolean → text",
        ]
    );
    assert_eq!(
        wires(&evolution),
        [Double, Timestamp, Interval, Text].map(Wire::Native)
    );
}

#[test]
fn a_provisional_column_becomes_its_first_values_type() {
    let table = [provisional("a"), provisional("b"), provisional("c")];
    let evolution = evolve(
        Some(&table),
        &found(&[("a", Date), ("b", Text), ("c", None)]),
    )
    .unwrap();
    assert_eq!(
        evolution.changes,
        [
            Change::AlterType {
                column: "a".into(),
                from: Text,
                to: Date,
                provisional: true
            },
            Change::SettleProvisional { column: "b".into() },
        ]
    );
    assert_eq!(wires(&evolution), [Date, Text, None].map(Wire::Native));
    assert_eq!(
        described(&evolution),
        ["a text (no value yet) → date", "b text (first value)"]
    );
}

#[test]
fn new_and_missing_columns_are_named() {
    let generated = TableColumn {
        fillable: false,
        ..native("id", Bigint)
    };
    let table = [
        generated,
        native("a", Text),
        native("b", Text),
        native("source_file", Text),
    ];
    let file = found(&[("new", Bigint), ("b", Text), ("blank", None)]);
    let evolution = evolve(Some(&table), &file).unwrap();
    assert_eq!(
        described(&evolution),
        ["+ new bigint", "+ blank text (no value yet)"]
    );
    assert_eq!(
        evolution.missing,
        ["a"],
        "neither reserved nor generated ones"
    );
    let order: Vec<_> = evolution
        .targets
        .iter()
        .map(|t| (t.index, t.column.as_str()))
        .collect();
    assert_eq!(order, [(0, "new"), (1, "b"), (2, "blank")]);
}

#[test]
fn user_made_types_take_what_they_can() {
    let table = [
        column(
            "code",
            ColumnKind::Input {
                sql_type: "character varying(10)".into(),
            },
        ),
        column(
            "sum",
            ColumnKind::InputNumber {
                sql_type: "numeric(12,2)".into(),
            },
        ),
        column(
            "raw",
            ColumnKind::Refused {
                sql_type: "bytea".into(),
                reason: "No.".into(),
            },
        ),
    ];
    let file = |code, sum, raw| found(&[("code", code), ("sum", sum), ("raw", raw)]);
    for sum in [None, Bigint, Double, Numeric] {
        let evolution = evolve(Some(&table), &file(Interval, sum, None)).unwrap();
        assert_eq!(evolution.changes, []);
        assert_eq!(
            wires(&evolution),
            [Wire::Input, Wire::InputNumber, Wire::Native(None)]
        );
    }
    let text = evolve(Some(&table), &file(None, Text, None)).unwrap();
    assert_eq!(wires(&text)[1], Wire::InputNumber, "digits may be text");
    for sum in [Boolean, Date, Interval] {
        let conflict = evolve(Some(&table), &file(None, sum, None)).unwrap_err();
        assert_eq!((conflict.column.as_str(), conflict.index), ("sum", Some(1)));
        assert_eq!(conflict.report().sqlstate, "42804");
        assert!(conflict.report().message.contains("numeric(12,2)"));
        assert!(
            conflict
                .report()
                .detail
                .unwrap()
                .contains(sum.display_name())
        );
    }
    let report = evolve(Some(&table), &file(None, None, Text))
        .unwrap_err()
        .report();
    assert!(report.detail.unwrap().ends_with(" No."));
}

#[test]
fn a_generated_column_is_left_alone_or_refused() {
    let table = [
        TableColumn {
            fillable: false,
            ..native("total", Double)
        },
        native("a", Text),
    ];
    let evolution = evolve(Some(&table), &found(&[("total", None), ("a", Text)])).unwrap();
    assert_eq!(evolution.targets.len(), 1);
    let conflict = evolve(Some(&table), &found(&[("total", Bigint)])).unwrap_err();
    assert_eq!(conflict.report().sqlstate, "428C9");
}

#[test]
fn the_column_limit_counts_the_reserved_ones() {
    let names: Vec<String> = (0..1599).map(|n| format!("c{n}")).collect();
    let file: Vec<(&str, ColumnType)> = names.iter().map(|name| (name.as_str(), Text)).collect();
    assert!(evolve(Option::None, &found(&file[..1598])).is_ok());
    let conflict = evolve(Option::None, &found(&file)).unwrap_err();
    assert_eq!(conflict.report().sqlstate, "54011");
    let mut table: Vec<TableColumn> = names[..1598]
        .iter()
        .map(|name| native(name, Text))
        .collect();
    assert!(
        evolve(Some(&table), &found(&file[..1598])).is_ok(),
        "adds nothing"
    );
    assert!(evolve(Some(&table), &found(&file)).is_err());
    table.truncate(1597);
    table.extend([native("source_file", Text), native("load_timestamp", Text)]);
    assert!(evolve(Some(&table), &found(&file[..1598])).is_ok());
}
