#![allow(clippy::unwrap_used)]

use super::*;
use std::convert::Infallible;

/// A table as the rules see it.
#[derive(Default)]
struct Table {
    types: HashMap<&'static str, &'static str>,
    empty: bool,
    /// Columns with other files' values.
    needed: Vec<&'static str>,
    /// Narrowings that would lose something.
    lossy: Vec<(&'static str, ColumnType)>,
}

impl Facts for Table {
    type Error = Infallible;

    fn column_type(&self, column: &str) -> Option<String> {
        self.types.get(column).map(|t| (*t).to_owned())
    }
    fn may_drop_table(&mut self) -> Result<Answer, Infallible> {
        Ok(if self.empty {
            Answer::Yes(None)
        } else {
            Answer::No("it has rows".into())
        })
    }
    fn may_drop_column(&mut self, column: &str) -> Result<Answer, Infallible> {
        Ok(if self.needed.contains(&column) {
            Answer::No("other files have values there".into())
        } else {
            Answer::Yes(Some("noted".into()))
        })
    }
    fn may_narrow(
        &mut self,
        column: &str,
        _: ColumnType,
        to: ColumnType,
    ) -> Result<Answer, Infallible> {
        Ok(
            if self.lossy.iter().any(|(c, t)| *c == column && *t == to) {
                Answer::No("lossy".into())
            } else {
                Answer::Yes(None)
            },
        )
    }
}

fn created(id: i64, file: &str) -> Past {
    change(id, Kind::CreateTable, "", "", "", file)
}

fn added(id: i64, column: &str, to: &str, file: &str) -> Past {
    change(id, Kind::AddColumn, column, "", to, file)
}

fn altered(id: i64, column: &str, from: &str, to: &str, file: &str) -> Past {
    change(id, Kind::AlterType, column, from, to, file)
}

fn change(id: i64, kind: Kind, column: &str, from: &str, to: &str, file: &str) -> Past {
    Past {
        id,
        kind,
        column: column.into(),
        old_type: from.into(),
        new_type: to.into(),
        source_file: file.into(),
    }
}

/// Per change: its id, whether it is refused, and why.
fn said(verdicts: &[Verdict]) -> Vec<(i64, bool, &str)> {
    verdicts
        .iter()
        .map(|v| (v.id, v.refused, v.why.as_deref().unwrap_or_default()))
        .collect()
}

#[test]
fn an_empty_table_takes_its_columns_along() {
    let changes = [created(1, "a"), added(2, "x", "bigint", "a")];
    let mut table = Table {
        empty: true,
        ..Table::default()
    };
    let verdicts = plan(&changes, "a", &mut table).unwrap();
    assert_eq!(
        said(&verdicts),
        [(2, false, "goes with the table"), (1, false, "")]
    );
    assert_eq!(undos(&verdicts), [Undo::DropTable]);
}

#[test]
fn a_needed_table_may_lose_columns_that_nobody_needs() {
    let changes = [
        created(1, "a"),
        added(2, "x", "bigint", "a"),
        added(3, "y", "text", "a"),
    ];
    let mut table = Table {
        types: [("x", "bigint"), ("y", "text")].into(),
        needed: vec!["x"],
        ..Table::default()
    };
    let verdicts = plan(&changes, "a", &mut table).unwrap();
    assert_eq!(
        said(&verdicts),
        [
            (3, false, "noted"),
            (2, true, "other files have values there"),
            (1, true, "it has rows")
        ]
    );
    let drop = Undo::DropColumn {
        column: "y".into(),
        column_type: "text".into(),
    };
    assert_eq!(undos(&verdicts), [drop]);
}

#[test]
fn a_dropped_column_takes_its_widenings_along() {
    let changes = [
        added(2, "x", "bigint", "a"),
        altered(3, "x", "bigint", "text", "a"),
    ];
    let mut table = Table {
        types: [("x", "text")].into(),
        ..Table::default()
    };
    let verdicts = plan(&changes, "a", &mut table).unwrap();
    assert_eq!(
        said(&verdicts),
        [(3, false, "goes with the column"), (2, false, "noted")]
    );
    assert_eq!(undos(&verdicts).len(), 1);
}

#[test]
fn widenings_are_undone_from_the_latest_to_the_narrowest() {
    let changes = [
        altered(3, "x", "bigint", "double precision", "a"),
        altered(5, "x", "double precision", "text", "a"),
    ];
    let mut table = Table {
        types: [("x", "text")].into(),
        ..Table::default()
    };
    let verdicts = plan(&changes, "a", &mut table).unwrap();
    assert_eq!(said(&verdicts), [(5, false, ""), (3, false, "")]);
    let narrow = Undo::Narrow {
        column: "x".into(),
        from: ColumnType::Text,
        to: ColumnType::Bigint,
    };
    assert_eq!(undos(&verdicts), [narrow]);

    table.lossy = vec![("x", ColumnType::Bigint)];
    let verdicts = plan(&changes, "a", &mut table).unwrap();
    assert_eq!(said(&verdicts), [(5, false, ""), (3, true, "lossy")]);
    table.lossy = vec![("x", ColumnType::Double)];
    let verdicts = plan(&changes, "a", &mut table).unwrap();
    assert_eq!(
        said(&verdicts),
        [
            (5, true, "lossy"),
            (3, true, "a later change of the column stays")
        ]
    );
}

#[test]
fn another_files_later_widening_is_in_the_way() {
    let changes = [
        altered(3, "x", "bigint", "double precision", "a"),
        altered(5, "x", "double precision", "text", "b"),
    ];
    let mut table = Table {
        types: [("x", "text")].into(),
        ..Table::default()
    };
    let verdicts = plan(&changes, "a", &mut table).unwrap();
    assert_eq!(
        said(&verdicts),
        [(3, true, "the column was altered to text since, for b")]
    );
    // Altered by hand, nobody's file.
    table.types = [("x", "numeric(12,2)")].into();
    let verdicts = plan(&changes[..1], "a", &mut table).unwrap();
    assert_eq!(
        said(&verdicts),
        [(
            3,
            true,
            "the column is not double precision any more, it was altered since"
        )]
    );
}

#[test]
fn a_column_that_is_gone() {
    let changes = [
        added(2, "x", "bigint", "a"),
        altered(3, "x", "bigint", "text", "a"),
    ];
    let verdicts = plan(&changes, "a", &mut Table::default()).unwrap();
    assert!(
        said(&verdicts)
            .iter()
            .all(|(_, refused, why)| *refused && *why == "the column is not there any more")
    );
    assert_eq!(verdicts.len(), 2);
    assert!(undos(&verdicts).is_empty());
}

#[test]
fn a_type_that_no_import_makes() {
    let changes = [altered(3, "x", "money", "text", "a")];
    let mut table = Table {
        types: [("x", "text")].into(),
        ..Table::default()
    };
    let verdicts = plan(&changes, "a", &mut table).unwrap();
    assert_eq!(
        said(&verdicts),
        [(3, true, "the column was money, which no import makes")]
    );
}
