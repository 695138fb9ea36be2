//! How a text cell becomes a value of another type, where a setting says that it may.
//!
//! Without a setting text stays text whatever it looks like. `infer_text`,
//! `format` and `decimal` say otherwise for a column, and a column of a type
//! that a user chose takes text in the few spellings that mean one thing
//! ([`moment`], [`decimal`]). What a text becomes depends on the text and the
//! settings alone, so that the order of rows and files does not matter.

pub mod decimal;
mod infer;
pub mod moment;
mod pattern;

pub use decimal::Mark;
pub use pattern::{BadPattern, Pattern};

use crate::overrides;
use crate::text_form;
use crate::value::Value;
use decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What the settings say of the text cells of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRule {
    /// `infer_text`: a number, date or timestamp that reads back as the same text.
    #[serde(default)]
    pub infer: bool,
    /// `format`: how dates, times and timestamps are written.
    #[serde(default)]
    pub format: Option<Pattern>,
    /// `decimal`: the mark before the fraction.
    #[serde(default)]
    pub decimal: Option<Mark>,
    /// `time_zone`: the zone of local times that enter a timestamptz column.
    #[serde(default)]
    pub time_zone: Option<String>,
}

impl TextRule {
    /// The value that a text stands for, if the rule gives it another type.
    ///
    /// `format` and `decimal` take the whole text or nothing. A number is one only
    /// where a double keeps every digit: a longer one stays text.
    pub fn convert(&self, text: &str) -> Option<Value<'static>> {
        if let Some(value) = self.format.as_ref().and_then(|format| format.parse(text)) {
            return Some(value);
        }
        match self.decimal {
            Some(mark) => number(&Decimal::parse_marked(text, mark)?),
            None if self.infer && self.format.is_none() => infer::infer(text),
            None => None,
        }
    }

    /// The value as its column's type is decided by it.
    pub fn understand<'a>(&self, value: Value<'a>) -> Value<'a> {
        match &value {
            Value::Text(text) => self.convert(text).unwrap_or(value),
            _ => value,
        }
    }
}

/// A decimal as a number cell would hold it, where that is exact to every digit.
fn number(decimal: &Decimal) -> Option<Value<'static>> {
    let value = Value::from_number(decimal.to_string().parse().ok()?)?;
    let back = Decimal::parse_number(&text_form::render(&value))?;
    (back == *decimal).then_some(value)
}

/// The rules of a sheet's columns, by header.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRules {
    /// Of every column that `headers` does not name.
    #[serde(default)]
    pub others: TextRule,
    /// Of the columns with these headers ([`overrides::matching`]).
    #[serde(default)]
    pub headers: Vec<(String, TextRule)>,
}

impl TextRules {
    /// The rule of the column with this header; empty for a blank one.
    pub fn of(&self, header: &str) -> &TextRule {
        let named = self.headers.iter().map(|(header, _)| header.as_str());
        match overrides::matching(header, named).and_then(|at| self.headers.get(at)) {
            Some((_, rule)) => rule,
            None => &self.others,
        }
    }
}

#[cfg(test)]
mod tests;
