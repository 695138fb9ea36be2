//! Which text cells of a sheet become something else, by column.

use pgdatahub_core::text_input::{TextRule, TextRules};
use pgdatahub_core::value::Value;
use std::collections::BTreeMap;

/// The rules of a sheet's columns.
#[derive(Debug, Clone, Default)]
pub struct ColumnRules {
    others: TextRule,
    /// Only where they differ from `others`.
    by_index: BTreeMap<u32, TextRule>,
}

impl ColumnRules {
    /// The rules for the columns under these headers.
    pub fn new(rules: &TextRules, headers: &BTreeMap<u32, String>) -> ColumnRules {
        let differs = |(index, header): (&u32, &String)| {
            let rule = rules.of(header);
            (*rule != rules.others).then(|| (*index, rule.clone()))
        };
        ColumnRules {
            others: rules.others.clone(),
            by_index: headers.iter().filter_map(differs).collect(),
        }
    }

    /// The rule of one column, counted from 0.
    pub fn of(&self, index: u32) -> &TextRule {
        self.by_index.get(&index).unwrap_or(&self.others)
    }

    /// The value as its column's type is decided by it.
    pub fn understand<'a>(&self, index: u32, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Text(_) => self.of(index).understand(value),
            value => value,
        }
    }
}
