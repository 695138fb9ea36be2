//! What each column of a sheet holds, in one pass and in memory that does not grow with its rows.

use crate::fail::Result;
use crate::row::Row;
use crate::rules::ColumnRules;
use crate::tally::CellCount;
use pgdatahub_core::protocol::{ColumnProfile, SheetProfile};
use pgdatahub_core::text_form;
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::value::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

const SAMPLES: usize = 3;
const SHOWN_CHARACTERS: usize = 200;
/// Texts that agree in so many characters count as equal when the least is sought.
const COMPARED_CHARACTERS: usize = 1_000;

/// Columns and what was seen of them.
pub struct Profile {
    columns: BTreeMap<u32, Column>,
    rows: u64,
    cells: CellCount,
    rules: Rc<ColumnRules>,
}

struct Column {
    found: ColumnType,
    non_null: u64,
    samples: Vec<String>,
    /// Least and greatest value while they are all of one kind; none once they are not.
    values: Option<(Value<'static>, Value<'static>)>,
    /// Least and greatest text form.
    texts: Option<(String, String)>,
}

impl Profile {
    /// Nothing seen yet; at most `max_cells` cells, their texts understood by `rules`.
    pub fn new(max_cells: u64, rules: Rc<ColumnRules>) -> Profile {
        Profile {
            columns: BTreeMap::new(),
            rows: 0,
            cells: CellCount::new(max_cells),
            rules,
        }
    }

    /// Takes a row into account.
    ///
    /// # Errors
    /// OverLimit (54000) above `pgdatahub.max_cells`.
    pub fn add(&mut self, row: &Row) -> Result<()> {
        if row.is_blank() {
            return Ok(());
        }
        self.rows += 1;
        self.cells.add(row)?;
        for cell in row.cells() {
            if let Some(value) = row.value(cell) {
                let value = self.rules.understand(cell.index, value);
                self.columns
                    .entry(cell.index)
                    .or_insert_with(Column::new)
                    .add(&value);
            }
        }
        Ok(())
    }

    /// The profile of columns with these headers, and of those with values.
    pub fn finish(mut self, headers: &BTreeMap<u32, String>) -> SheetProfile {
        for index in headers.keys() {
            self.columns.entry(*index).or_insert_with(Column::new);
        }
        let columns = self.columns.into_iter().map(|(index, column)| {
            let header = headers.get(&index).cloned().unwrap_or_default();
            column.finish(index, header)
        });
        SheetProfile {
            rows: self.rows,
            columns: columns.collect(),
        }
    }
}

impl Column {
    fn new() -> Column {
        Column {
            found: ColumnType::None,
            non_null: 0,
            samples: Vec::new(),
            values: None,
            texts: None,
        }
    }

    fn add(&mut self, value: &Value<'_>) {
        let first = self.non_null == 0;
        self.non_null += 1;
        self.found = self.found.join(value.column_type());
        let text: String = text_form::render(value)
            .chars()
            .take(COMPARED_CHARACTERS)
            .collect();
        if self.samples.len() < SAMPLES {
            let sample = shown(&text);
            if !self.samples.contains(&sample) {
                self.samples.push(sample);
            }
        }
        self.values = match self.values.take() {
            None if first => owned(value).map(|value| (value.clone(), value)),
            None => None,
            Some(bounds) => widened(bounds, value),
        };
        match &mut self.texts {
            None => self.texts = Some((text.clone(), text)),
            Some((least, greatest)) => {
                if text < *least {
                    *least = text;
                } else if text > *greatest {
                    *greatest = text;
                }
            }
        }
    }

    fn finish(self, index: u32, header: String) -> ColumnProfile {
        let bounds = match (self.found, self.values) {
            (ColumnType::Text, _) | (_, None) => self.texts,
            (_, Some((least, greatest))) => {
                Some((text_form::render(&least), text_form::render(&greatest)))
            }
        };
        let (least, greatest) = bounds.unzip();
        ColumnProfile {
            index,
            header,
            found: self.found,
            non_null: self.non_null,
            samples: self.samples,
            least: least.as_deref().map(shown),
            greatest: greatest.as_deref().map(shown),
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARACTERS).collect()
}

fn owned(value: &Value<'_>) -> Option<Value<'static>> {
    Some(match value {
        Value::Boolean(value) => Value::Boolean(*value),
        Value::Bigint(value) => Value::Bigint(*value),
        Value::Double(value) => Value::Double(*value),
        Value::Date(value) => Value::Date(*value),
        Value::Timestamp(value) => Value::Timestamp(*value),
        Value::Time(value) => Value::Time(*value),
        Value::Interval(value) => Value::Interval(*value),
        Value::Text(_) => return None,
    })
}

fn widened(
    (least, greatest): (Value<'static>, Value<'static>),
    value: &Value<'_>,
) -> Option<(Value<'static>, Value<'static>)> {
    let new = owned(value)?;
    Some(match (compare(&new, &least)?, compare(&new, &greatest)?) {
        (Ordering::Less, _) => (new, greatest),
        (_, Ordering::Greater) => (least, new),
        _ => (least, greatest),
    })
}

/// How two values compare as their common type; none if that is text.
fn compare(one: &Value<'_>, other: &Value<'_>) -> Option<Ordering> {
    use pgdatahub_core::value::DAY_USECS;
    let number = |value: &Value<'_>| match value {
        Value::Bigint(integer) => Some(*integer as f64),
        Value::Double(number) => Some(*number),
        _ => None,
    };
    let instant = |value: &Value<'_>| match value {
        Value::Date(days) => Some(i64::from(*days).saturating_mul(DAY_USECS)),
        Value::Timestamp(usecs) => Some(*usecs),
        _ => None,
    };
    let span = |value: &Value<'_>| match value {
        Value::Time(usecs) | Value::Interval(usecs) => Some(*usecs),
        _ => None,
    };
    if let (Value::Boolean(one), Value::Boolean(other)) = (one, other) {
        return Some(one.cmp(other));
    }
    if let (Some(one), Some(other)) = (number(one), number(other)) {
        return one.partial_cmp(&other);
    }
    if let (Some(one), Some(other)) = (instant(one), instant(other)) {
        return Some(one.cmp(&other));
    }
    Some(span(one)?.cmp(&span(other)?))
}
