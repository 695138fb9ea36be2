//! The final table does not depend on the order of files, nor on where each was cut.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Values' types per column: one file is a list of rows.
type Row = Vec<(u8, ColumnType)>;

fn column_type() -> impl Strategy<Value = ColumnType> {
    use ColumnType::*;
    proptest::sample::select(vec![
        None, None, Boolean, Bigint, Double, Date, Timestamp, Time, Interval, Text,
    ])
}

fn file() -> impl Strategy<Value = Vec<Row>> {
    proptest::collection::btree_set(0u8..6, 1..5).prop_flat_map(|columns| {
        let row: Vec<_> = columns
            .into_iter()
            .map(|c| (Just(c), column_type()))
            .collect();
        proptest::collection::vec(row, 1..5)
    })
}

fn found_in(rows: &[Row]) -> Vec<Found> {
    let mut joined: BTreeMap<u8, ColumnType> = BTreeMap::new();
    for (column, value) in rows.iter().flatten() {
        let entry = joined.entry(*column).or_insert(ColumnType::None);
        *entry = entry.join(*value);
    }
    let found = |(column, found): (u8, ColumnType)| Found {
        index: column.into(),
        header: format!("C{column}"),
        column: format!("c{column}"),
        found,
    };
    joined.into_iter().map(found).collect()
}

/// Does to a model table what the changes do to a real one.
fn apply(table: &mut Option<Vec<TableColumn>>, changes: &[Change]) {
    let made = |new: &NewColumn| TableColumn {
        name: new.name.clone(),
        kind: ColumnKind::Native(new.column_type),
        provisional: new.provisional,
        fillable: true,
    };
    for change in changes {
        let columns = table.get_or_insert_with(Vec::new);
        let at = |columns: &[TableColumn], name: &str| {
            columns.iter().position(|c| c.name == name).unwrap()
        };
        match change {
            Change::CreateTable { columns: new } => columns.extend(new.iter().map(made)),
            Change::AddColumn(new) => columns.push(made(new)),
            Change::AlterType {
                column,
                from,
                to,
                provisional,
            } => {
                let at = at(columns, column);
                assert_eq!(columns[at].kind, ColumnKind::Native(*from));
                assert_eq!(columns[at].provisional, *provisional);
                assert!(*provisional || to.holds(*from));
                columns[at].kind = ColumnKind::Native(*to);
                columns[at].provisional = false;
            }
            Change::Declare { .. } => unreachable!("nothing is declared"),
            Change::SettleProvisional { column } => {
                let at = at(columns, column);
                assert!(std::mem::take(&mut columns[at].provisional));
            }
        }
    }
}

/// Imports a file in pieces: the first one decides, the rest widens.
fn import(table: &mut Option<Vec<TableColumn>>, rows: &[Row], cut: usize) {
    let (first, rest) = rows.split_at(cut.clamp(1, rows.len()));
    for part in [first, rest].into_iter().filter(|part| !part.is_empty()) {
        let found = found_in(part);
        let evolution = evolve(table.as_deref(), &found).unwrap();
        apply(table, &evolution.changes);
        assert_eq!(evolution.targets.len(), found.len());
        for (target, file) in evolution.targets.iter().zip(&found) {
            let Wire::Native(wire) = target.wire else {
                unreachable!()
            };
            assert!(wire.holds(file.found));
        }
        assert_eq!(
            evolve(table.as_deref(), &found).unwrap().changes,
            [],
            "done is done"
        );
    }
}

fn types(files: &[Vec<Row>], cuts: &[usize]) -> BTreeMap<String, (ColumnKind, bool)> {
    let mut table = None;
    for (rows, cut) in files.iter().zip(cuts) {
        import(&mut table, rows, *cut);
    }
    let columns = table.unwrap_or_default().into_iter();
    columns
        .map(|column| (column.name, (column.kind, column.provisional)))
        .collect()
}

proptest! {
    #[test]
    fn any_order_and_any_cut_give_the_same_types(
        (files, shuffled) in proptest::collection::vec(file(), 1..6)
            .prop_flat_map(|files| (Just(files.clone()), Just(files).prop_shuffle())),
        cuts in proptest::collection::vec(1usize..5, 6),
    ) {
        let whole = types(&files, &[usize::MAX; 6]);
        prop_assert_eq!(&whole, &types(&shuffled, &[usize::MAX; 6]));
        prop_assert_eq!(&whole, &types(&shuffled, &cuts));
        let all: Vec<Row> = files.into_iter().flatten().collect();
        for found in found_in(&all) {
            let (kind, provisional) = &whole[&found.column];
            let empty = found.found == ColumnType::None;
            prop_assert_eq!(*provisional, empty);
            let expected = if empty { ColumnType::Text } else { found.found };
            prop_assert_eq!(kind, &ColumnKind::Native(expected));
        }
    }
}
