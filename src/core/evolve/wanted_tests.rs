//! Declared types, time zones, policies, widths and renames.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::input_type::InputType;
use ColumnType::*;

fn found(column: &str, found: ColumnType) -> Found {
    Found {
        index: 0,
        header: column.to_uppercase(),
        column: column.into(),
        found,
    }
}

fn column(name: &str, kind: ColumnKind, provisional: bool) -> TableColumn {
    TableColumn {
        name: name.into(),
        kind,
        provisional,
        fillable: true,
    }
}

fn typed(sql_type: &str, input: InputType) -> ColumnKind {
    ColumnKind::Typed {
        sql_type: sql_type.into(),
        input,
    }
}

fn declared(sql_type: &str, input: InputType, native: Option<ColumnType>) -> WantedColumns {
    let declared = DeclaredType {
        sql: format!("q.{sql_type}"),
        display: sql_type.into(),
        kind: typed(sql_type, input),
        native,
    };
    let wanted = Wanted {
        declared: Some(declared),
        ..Wanted::default()
    };
    WantedColumns::from([(0, wanted)])
}

const MONEY: InputType = InputType::Numeric {
    precision: 12,
    scale: 2,
};

fn money() -> WantedColumns {
    declared("numeric(12,2)", MONEY, Option::None)
}

fn described(evolution: &Evolution) -> Vec<String> {
    evolution.changes.iter().map(describe).collect()
}

#[test]
fn a_new_column_has_the_declared_type() {
    for values in [None, Bigint, Text] {
        let evolution = evolve_wanted(Option::None, &[found("a", values)], &money()).unwrap();
        let [Change::CreateTable { columns }] = evolution.changes.as_slice() else {
            panic!("{evolution:?}")
        };
        assert_eq!(columns[0].sql(), "q.numeric(12,2)");
        assert_eq!(columns[0].display_name(), "numeric(12,2)");
        assert!(!columns[0].provisional, "its type is known without a value");
        assert_eq!(evolution.targets[0].wire, Wire::Typed(MONEY));
    }
    let added = evolve_wanted(Some(&[]), &[found("a", Double)], &money()).unwrap();
    assert_eq!(described(&added), ["+ a numeric(12,2)"]);
}

#[test]
fn an_existing_column_keeps_its_type() {
    let same = [column("a", typed("numeric(12,2)", MONEY), false)];
    let evolution = evolve_wanted(Some(&same), &[found("a", Text)], &money()).unwrap();
    assert_eq!(
        (evolution.changes.len(), evolution.targets[0].wire),
        (0, Wire::Typed(MONEY))
    );

    let other = [column("a", ColumnKind::Native(Bigint), false)];
    let report = evolve_wanted(Some(&other), &[found("a", Bigint)], &money())
        .unwrap_err()
        .report();
    assert_eq!(report.sqlstate, "42804");
    assert!(
        report
            .message
            .contains("is of type bigint, the configuration says numeric(12,2)")
    );
    assert!(
        report
            .hint
            .unwrap()
            .contains("ALTER COLUMN a TYPE numeric(12,2)")
    );
    let empty = evolve_wanted(Some(&other), &[found("a", None)], &money()).unwrap();
    assert_eq!(
        (empty.changes.len(), empty.targets[0].wire),
        (0, Wire::Native(None))
    );
}

#[test]
fn a_declared_type_of_ours_may_widen_and_is_then_kept() {
    let text = declared("text", InputType::Decimal, Some(Text));
    let narrow = [column("a", ColumnKind::Native(Bigint), false)];
    let evolution = evolve_wanted(Some(&narrow), &[found("a", Bigint)], &text).unwrap();
    assert_eq!(described(&evolution), ["a bigint → text"]);
    let bigint = declared("bigint", MONEY, Some(Bigint));
    let wide = [column("a", ColumnKind::Native(Text), false)];
    assert!(evolve_wanted(Some(&wide), &[found("a", Bigint)], &bigint).is_err());
    let evolution = evolve_wanted(Some(&narrow), &[found("a", Double)], &bigint).unwrap();
    assert_eq!(
        (evolution.changes.len(), evolution.targets[0].wire),
        (0, Wire::Typed(MONEY))
    );
}

#[test]
fn a_provisional_column_becomes_what_is_declared() {
    let table = [column("a", ColumnKind::Native(Text), true)];
    let evolution = evolve_wanted(Some(&table), &[found("a", Bigint)], &money()).unwrap();
    assert_eq!(
        described(&evolution),
        ["a text (no value yet) → numeric(12,2)"]
    );
    let empty = evolve_wanted(Some(&table), &[found("a", None)], &money()).unwrap();
    assert_eq!(empty.changes, []);
}

#[test]
fn timestamptz_needs_a_zone_and_nothing_else_has_use_for_one() {
    let zoned = InputType::TimestampTz { digits: 6 };
    let table = [column("a", typed("timestamp with time zone", zoned), false)];
    let with = |time_zone| {
        let wanted = Wanted {
            time_zone,
            ..Wanted::default()
        };
        evolve_wanted(
            Some(&table),
            &[found("a", Timestamp)],
            &WantedColumns::from([(0, wanted)]),
        )
    };
    assert_eq!(with(true).unwrap().targets[0].wire, Wire::Typed(zoned));
    let hint = with(false).unwrap_err().report().hint.unwrap();
    assert!(
        hint.contains("columns: {\"A\": {time_zone: Europe/Berlin}}"),
        "{hint}"
    );
    let zone = WantedColumns::from([(
        0,
        Wanted {
            time_zone: true,
            ..Wanted::default()
        },
    )]);
    let plain = [column("a", ColumnKind::Native(Timestamp), false)];
    assert!(evolve_wanted(Some(&plain), &[found("a", Timestamp)], &zone).is_err());
    assert!(evolve_wanted(Some(&plain), &[found("a", None)], &zone).is_ok());
}

#[test]
fn policies_list_what_was_wanted() {
    let table = [
        column("a", ColumnKind::Native(Bigint), false),
        column("p", ColumnKind::Native(Text), true),
    ];
    let file = [found("a", Double), found("new", Date), found("p", Time)];
    let changes = evolve(Some(&table), &file).unwrap().changes;
    assert_eq!(SchemaPolicy::Evolve.check(&changes), Ok(()));
    let report = SchemaPolicy::AddColumns.check(&changes).unwrap_err();
    assert_eq!(report.sqlstate, "42P16");
    assert_eq!(
        report.detail.unwrap(),
        "It needs: a bigint → double precision."
    );
    assert!(report.hint.unwrap().contains("schema_policy: evolve"));
    assert_eq!(SchemaPolicy::AddColumns.check(&changes[1..]), Ok(()));
    let report = SchemaPolicy::Freeze.check(&changes[1..]).unwrap_err();
    let detail = report.detail.unwrap();
    assert!(
        detail.contains("+ new date; p text (no value yet) → time"),
        "{detail}"
    );
    assert!(report.hint.unwrap().contains("schema_policy: add_columns"));
    let created = evolve(Option::None, &file).unwrap().changes;
    assert_eq!(SchemaPolicy::Freeze.check(&created), Ok(()));
    let settled = evolve(Some(&table), &[found("p", Text)]).unwrap().changes;
    assert_eq!(SchemaPolicy::Freeze.check(&settled), Ok(()), "no DDL");
}

#[test]
fn rows_that_cannot_be_stored_are_refused() {
    let of = |columns: usize, found: ColumnType, values: usize| {
        check_row_width(std::iter::repeat_n(found, columns), values, columns + 2)
    };
    assert_eq!(of(1598, Text, 1598), Ok(()), "short texts fit");
    assert_eq!(of(990, Bigint, 990), Ok(()));
    assert_eq!(of(1100, Bigint, 1100).unwrap_err().sqlstate, "54000");
    assert_eq!(of(1100, Bigint, 600), Ok(()), "no row is full");
    let mixed = std::iter::repeat_n(Boolean, 700).chain(std::iter::repeat_n(Interval, 700));
    assert_eq!(
        check_row_width(mixed, 900, 1402),
        Ok(()),
        "it may be the narrow ones"
    );
}

#[test]
fn one_lost_and_one_new_of_a_type_are_a_likely_rename() {
    let lost = |name: &str, t| (name.to_owned(), ColumnKind::Native(t));
    let new = |header: &str, t| {
        (
            header.to_owned(),
            header.to_lowercase(),
            ColumnKind::Native(t),
        )
    };
    let found = likely_renames(
        &[lost("premium", Double), lost("a", Text), lost("b", Text)],
        &[
            new("Premium \"EUR\"", Double),
            new("C", Text),
            new("D", Date),
        ],
    );
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].yaml(),
        r#"columns: {"Premium \"EUR\"": {name: "premium"}}"#
    );
    assert!(
        found[0]
            .describe()
            .starts_with("column premium is missing and")
    );
    assert_eq!(
        likely_renames(&[lost("a", Text)], &[new("C", Text), new("D", Text)]),
        []
    );
}
