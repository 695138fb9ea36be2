//! What a table is after changes: a plan's table, for which there is no catalog to ask.

use super::{Change, ColumnKind, NewColumn, TableColumn};
use crate::columns::RESERVED;
use crate::types::ColumnType;

/// The table's columns once `changes` are made, in the table's order; `None` is a table that is not there yet.
pub fn apply(table: Option<&[TableColumn]>, changes: &[Change]) -> Vec<TableColumn> {
    let mut columns = table.map(<[_]>::to_vec).unwrap_or_default();
    for change in changes {
        match change {
            Change::CreateTable { columns: new } => {
                columns = new.iter().map(made).chain(RESERVED.map(reserved)).collect();
            }
            Change::AddColumn(new) => columns.push(made(new)),
            Change::AlterType { column, to, .. } => {
                for known in columns.iter_mut().filter(|c| c.name == *column) {
                    known.kind = ColumnKind::Native(*to);
                    known.provisional = false;
                }
            }
            Change::Declare { column, declared } => {
                for known in columns.iter_mut().filter(|c| c.name == *column) {
                    known.kind = declared.column_kind();
                    known.provisional = false;
                }
            }
            Change::SettleProvisional { column } => {
                for known in columns.iter_mut().filter(|c| c.name == *column) {
                    known.provisional = false;
                }
            }
        }
    }
    columns
}

fn made(new: &NewColumn) -> TableColumn {
    TableColumn {
        name: new.name.clone(),
        kind: new.kind(),
        provisional: new.provisional,
        fillable: true,
    }
}

/// Imports fill these two themselves: of the kind only the name matters.
fn reserved(name: &str) -> TableColumn {
    TableColumn {
        name: name.to_owned(),
        kind: ColumnKind::Native(ColumnType::Text),
        provisional: false,
        fillable: true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::{Found, evolve};
    use super::*;
    use proptest::prelude::*;

    fn found() -> impl Strategy<Value = Vec<Found>> {
        use ColumnType::*;
        let types = vec![
            None, Boolean, Bigint, Double, Date, Timestamp, Time, Interval, Text,
        ];
        proptest::collection::btree_map(0u32..6, proptest::sample::select(types), 1..5).prop_map(
            |columns| {
                let found = |(index, found): (u32, ColumnType)| Found {
                    index,
                    header: format!("C{index}"),
                    column: format!("c{index}"),
                    found,
                };
                columns.into_iter().map(found).collect()
            },
        )
    }

    proptest! {
        /// The same file again needs nothing: so a plan of many files sees what their imports would see.
        #[test]
        fn a_changed_table_holds_the_file(files in proptest::collection::vec(found(), 1..5)) {
            let mut table: Option<Vec<TableColumn>> = Option::None;
            for file in &files {
                let changes = evolve(table.as_deref(), file).unwrap().changes;
                let after = apply(table.as_deref(), &changes);
                prop_assert_eq!(evolve(Some(&after), file).unwrap().changes, vec![]);
                prop_assert!(RESERVED.iter().all(|name| after.iter().any(|c| c.name == *name)));
                table = Some(after);
            }
            for file in &files {
                prop_assert_eq!(evolve(table.as_deref(), file).unwrap().changes, vec![]);
            }
        }
    }
}
