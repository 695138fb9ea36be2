//! Values that do not fit, where the backend wants them rejected rather than told.

use crate::encode::{RAW_CHARACTERS, cut};
use pgdatahub_core::protocol::{OnMisfit, Reject, StreamColumn, Wire};
use pgdatahub_core::text_form;
use pgdatahub_core::types::ColumnType;
use pgdatahub_core::value::Value;

/// What is wrong with one row.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    row: u32,
    pub rejects: Vec<Reject>,
    /// The row is left out.
    pub whole_row: bool,
}

impl Conflicts {
    pub fn clear(&mut self, row: u32) {
        self.row = row;
        self.rejects.clear();
        self.whole_row = false;
    }

    /// A value that its column's wire does not hold.
    pub fn add(&mut self, column: &StreamColumn, value: &Value<'_>) {
        let whole_row = column.on_misfit == OnMisfit::RejectRow;
        let kind = value.column_type().display_name();
        let reason = match column.wire {
            Wire::Native(ColumnType::None) => {
                "the column's type takes no values of workbooks".into()
            }
            Wire::Native(target) => format!(
                "a value of type {kind} does not fit the column's type {}",
                target.display_name()
            ),
            Wire::InputNumber => format!("a value of type {kind}, the column takes numbers only"),
            Wire::Typed(_) => {
                "the column's type would change the value, or could read it in more than one way"
                    .into()
            }
            Wire::Input | Wire::Exact | Wire::Json => {
                format!("a value of type {kind} does not fit the column")
            }
        };
        self.reject(column.index, value, reason, "42804", whole_row);
    }

    /// A value in a column that nothing may be stored in.
    pub fn unfillable(&mut self, column: u32, value: &Value<'_>) {
        let reason = "the column is generated and cannot be filled";
        self.reject(column, value, reason.into(), "428C9", true);
    }

    fn reject(
        &mut self,
        column: u32,
        value: &Value<'_>,
        reason: String,
        sqlstate: &str,
        whole_row: bool,
    ) {
        self.whole_row |= whole_row;
        self.rejects.push(Reject {
            row: self.row,
            column,
            raw_value: cut(&text_form::render(value), RAW_CHARACTERS),
            reason,
            sqlstate: sqlstate.into(),
            whole_row,
        });
    }
}

/// The rows asked for: ascending runs of first row and how many.
#[derive(Debug)]
pub(crate) struct Only {
    runs: Vec<(u32, u32)>,
    next: usize,
}

impl Only {
    pub fn new(runs: Vec<(u32, u32)>) -> Only {
        Only { runs, next: 0 }
    }

    /// Whether a row was asked for; rows come in ascending order.
    pub fn holds(&mut self, row: u32) -> bool {
        while let Some((first, count)) = self.runs.get(self.next) {
            if row < *first {
                return false;
            }
            if row - first < *count {
                return true;
            }
            self.next += 1;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::Only;

    #[test]
    fn only_the_rows_asked_for() {
        let mut only = Only::new(vec![(3, 2), (7, 1), (u32::MAX, 5)]);
        let held: Vec<u32> = (1..12).filter(|row| only.holds(*row)).collect();
        assert_eq!(held, [3, 4, 7]);
        assert!(only.holds(u32::MAX));
        assert!(!Only::new(Vec::new()).holds(1));
    }
}
