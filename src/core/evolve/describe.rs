//! A change in a few words, for NOTICE and plan.

use super::{Change, NewColumn};

/// A change in a few words: `+ premium bigint`, `premium bigint → double precision`.
pub fn describe(change: &Change) -> String {
    match change {
        Change::CreateTable { columns } => match columns.as_slice() {
            [_] => "new table with 1 column".into(),
            columns => format!("new table with {} columns", columns.len()),
        },
        Change::AddColumn(
            column @ NewColumn {
                name, provisional, ..
            },
        ) => {
            format!(
                "+ {name} {}{}",
                column.display_name(),
                no_value(*provisional)
            )
        }
        Change::AlterType {
            column,
            from,
            to,
            provisional,
        } => format!(
            "{column} {}{} → {}",
            from.display_name(),
            no_value(*provisional),
            to.display_name()
        ),
        Change::Declare { column, declared } => {
            format!("{column} text{} → {}", no_value(true), declared.display)
        }
        Change::SettleProvisional { column } => format!("{column} text (first value)"),
    }
}

fn no_value(provisional: bool) -> &'static str {
    if provisional { " (no value yet)" } else { "" }
}
