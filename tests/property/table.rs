//! A table that stands in for PostgreSQL's: its columns, its rows, and what DDL does to both.

use crate::model::Rows;
use crate::model::value::{Kind, Value};
use pgdatahub_core::columns::Remembered;
use pgdatahub_core::evolve::{Change, ColumnKind, NewColumn, TableColumn};
use pgdatahub_core::text_form;
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::value as core;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The table and what the product remembers of it.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub columns: Option<Vec<TableColumn>>,
    pub remembered: Vec<Remembered>,
    pub rows: Rows,
    pub rejects: BTreeMap<usize, Vec<(String, String)>>,
}

pub fn kind_of(column: ColumnType) -> Kind {
    match column {
        ColumnType::Boolean => Kind::Boolean,
        ColumnType::Bigint => Kind::Bigint,
        ColumnType::Double => Kind::Double,
        ColumnType::Date => Kind::Date,
        ColumnType::Timestamp => Kind::Timestamp,
        ColumnType::Time => Kind::Time,
        ColumnType::Interval => Kind::Interval,
        ColumnType::Text => Kind::Text,
        ColumnType::None | ColumnType::Numeric => panic!("a column of type {column:?}"),
    }
}

impl Table {
    pub fn columns(&self) -> &[TableColumn] {
        self.columns.as_deref().unwrap_or_default()
    }

    pub fn names(&self) -> Vec<String> {
        self.columns()
            .iter()
            .map(|column| column.name.clone())
            .collect()
    }

    pub fn type_of(&self, name: &str) -> ColumnType {
        match self
            .columns()
            .iter()
            .find(|column| column.name == name)
            .map(|column| &column.kind)
        {
            Some(ColumnKind::Native(found)) => *found,
            other => panic!("column {name}: {other:?}"),
        }
    }

    pub fn kinds(&self) -> BTreeMap<String, Kind> {
        self.columns()
            .iter()
            .map(|column| (column.name.clone(), kind_of(self.type_of(&column.name))))
            .collect()
    }

    /// Executes DDL, as pg/ddl.rs words it.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::CreateTable { columns } => {
                    assert!(self.columns.is_none(), "the table is there already");
                    self.columns = Some(columns.iter().map(made).collect());
                }
                Change::AddColumn(column) => {
                    assert!(
                        !self.names().contains(&column.name),
                        "{} is there already",
                        column.name
                    );
                    self.columns.as_mut().unwrap().push(made(column));
                }
                Change::AlterType {
                    column,
                    from,
                    to,
                    provisional,
                } => {
                    assert_eq!(self.type_of(column), *from);
                    self.retype(column, *to, *provisional);
                }
                Change::Declare { .. } => unreachable!("nothing is declared"),
                Change::SettleProvisional { column } => {
                    let column = self.column(column);
                    assert!(std::mem::take(&mut column.provisional));
                }
            }
        }
    }

    fn column(&mut self, name: &str) -> &mut TableColumn {
        self.columns
            .as_mut()
            .unwrap()
            .iter_mut()
            .find(|column| column.name == name)
            .unwrap()
    }

    fn retype(&mut self, name: &str, to: ColumnType, provisional: bool) {
        for row in self.rows.values_mut() {
            if let Some(value) = row.get_mut(name) {
                assert!(!provisional, "{name} is provisional and holds {value:?}");
                *value = cast(value, to);
            }
        }
        let column = self.column(name);
        assert_eq!(column.provisional, provisional, "{name}");
        *column = TableColumn {
            kind: ColumnKind::Native(to),
            provisional: false,
            ..column.clone()
        };
    }
}

fn made(column: &NewColumn) -> TableColumn {
    TableColumn {
        name: column.name.clone(),
        kind: ColumnKind::Native(column.column_type),
        provisional: column.provisional,
        fillable: true,
    }
}

/// `USING column::type`, and to text the product's own text form.
fn cast(value: &Value, to: ColumnType) -> Value {
    match (value, to) {
        (Value::Bigint(integer), ColumnType::Double) => Value::Double(*integer as f64),
        (Value::Date(day), ColumnType::Timestamp) => {
            Value::Timestamp(day * crate::model::value::DAY)
        }
        (Value::Time(millis), ColumnType::Interval) => Value::Interval(*millis),
        (value, ColumnType::Text) => Value::Text(text_form::render(&match value {
            Value::Boolean(boolean) => core::Value::Boolean(*boolean),
            Value::Bigint(integer) => core::Value::Bigint(*integer),
            Value::Double(number) => core::Value::Double(*number),
            Value::Date(day) => core::Value::Date(*day as i32),
            Value::Timestamp(millis) => core::Value::Timestamp(millis * 1000),
            Value::Time(millis) => core::Value::Time(millis * 1000),
            Value::Interval(millis) => core::Value::Interval(millis * 1000),
            Value::Text(text) => core::Value::Text(Cow::Borrowed(text)),
        })),
        (value, to) => panic!("no cast of {value:?} to {to:?}"),
    }
}
