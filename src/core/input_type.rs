//! Types that a user chose, and which values survive them.
//!
//! Values go through such a type's own input, as text. But an input may round
//! (`numeric(12,2)`, `timestamp(0)`, `real`) or read more spellings than one
//! (`date`), so that what it would change or guess at is kept from it here.

use crate::protocol::Wire;
use crate::text_form;
use crate::text_input::decimal::Decimal;
use crate::text_input::{TextRule, moment};
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Most digits after the point that a numeric without scale keeps
/// (PostgreSQL documentation, "Arbitrary Precision Numbers").
const NUMERIC_FRACTION: i32 = 16_383;

/// A type whose input would change some values or guess at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// boolean
    Boolean,
    /// smallint, integer, bigint, oid
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// numeric without precision
    Decimal,
    /// numeric(precision, scale)
    Numeric {
        /// Digits in all.
        precision: i32,
        /// Digits after the point; negative: zeros before it.
        scale: i32,
    },
    /// varchar(n), char(n): their input cuts blanks off the end of a longer text
    Characters {
        /// Most characters.
        most: u32,
    },
    /// An array or row of such: blanks before the end of a quoted part might be cut
    CharacterParts,
    /// real
    Real,
    /// double precision
    Double,
    /// date
    Date,
    /// timestamp(digits)
    Timestamp {
        /// Digits after the seconds' point.
        digits: u8,
    },
    /// timestamp(digits) with time zone
    TimestampTz {
        /// Digits after the seconds' point.
        digits: u8,
    },
    /// time(digits)
    Time {
        /// Digits after the seconds' point.
        digits: u8,
    },
    /// interval(digits)
    Interval {
        /// Digits after the seconds' point.
        digits: u8,
    },
}

impl InputType {
    /// Appends the value as the type's input reads it, unchanged. False, and
    /// nothing appended: it does not survive, or could mean several things.
    pub fn enter(self, value: &Value<'_>, rule: &TextRule, out: &mut String) -> bool {
        let entered = match self {
            InputType::Boolean => match value {
                Value::Boolean(_) => Some(text_form::render(value)),
                _ => None,
            },
            InputType::Characters { .. } | InputType::CharacterParts => {
                let text = text_form::render(&rule.understand(value.clone()));
                self.keeps_blanks(&text).then_some(text)
            }
            _ if self.is_number() => self.number(value, rule),
            _ => self.moment(value, rule),
        };
        entered.is_some_and(|text| {
            out.push_str(&text);
            true
        })
    }

    fn number(self, value: &Value<'_>, rule: &TextRule) -> Option<String> {
        let decimal = decimal(value, rule)?;
        let text = decimal.to_string();
        let fits = match self {
            InputType::Integer { min, max } => {
                decimal.is_integral() && text.parse().is_ok_and(|n: i64| (min..=max).contains(&n))
            }
            InputType::Numeric { precision, scale } => decimal.fits(precision, scale),
            InputType::Real => {
                let real: f32 = text.parse().ok()?;
                real.is_finite() && Decimal::parse_point(&real.to_string())? == decimal
            }
            InputType::Double => return double(value, &decimal, &text),
            _ => decimal.fraction_digits() <= NUMERIC_FRACTION,
        };
        fits.then_some(text)
    }

    fn moment(self, value: &Value<'_>, rule: &TextRule) -> Option<String> {
        let (value, offset) = match value {
            Value::Text(text) => self.moment_of_text(text, rule)?,
            value => (value.clone(), None),
        };
        let survives = match (self, &value) {
            (InputType::Date, Value::Date(_)) => true,
            (
                InputType::Timestamp { digits } | InputType::TimestampTz { digits },
                Value::Timestamp(usecs),
            )
            | (InputType::Time { digits }, Value::Time(usecs))
            | (InputType::Interval { digits }, Value::Time(usecs) | Value::Interval(usecs)) => {
                usecs % 10i64.pow(6 - u32::from(digits.min(6))) == 0
            }
            (InputType::Timestamp { .. } | InputType::TimestampTz { .. }, Value::Date(_)) => true,
            _ => false,
        };
        let mut text = survives.then(|| text_form::render(&value))?;
        let InputType::TimestampTz { .. } = self else {
            return offset.is_none().then_some(text);
        };
        if let Value::Date(_) = value {
            text.push_str(" 00:00:00");
        }
        match offset {
            Some(offset) => text.push_str(offset),
            None => {
                text.push(' ');
                text.push_str(rule.time_zone.as_deref()?);
            }
        }
        Some(text)
    }

    /// Text by the column's `format`, else as ISO 8601.
    fn moment_of_text<'t>(
        self,
        text: &'t str,
        rule: &TextRule,
    ) -> Option<(Value<'static>, Option<&'t str>)> {
        if let Some(format) = &rule.format {
            return Some((format.parse(text)?, None));
        }
        match self {
            InputType::Time { .. } => Some((moment::time(text)?, None)),
            InputType::Interval { .. } => Some((moment::interval(text)?, None)),
            _ => moment::date_or_timestamp(text),
        }
    }

    /// Whether the input keeps the blanks at the end of a text. One that is too
    /// long without them it refuses in its own words.
    fn keeps_blanks(self, text: &str) -> bool {
        let InputType::Characters { most } = self else {
            let mut parts = text.split(" \"").skip(1);
            return !parts.any(|after| after.trim_start().starts_with([',', '}', ')']));
        };
        let longer = |text: &str| text.chars().nth(most as usize).is_some();
        !text.ends_with(' ') || !longer(text) || longer(text.trim_end_matches(' '))
    }

    /// Whether it takes numbers.
    pub fn is_number(self) -> bool {
        use InputType::*;
        matches!(
            self,
            Integer { .. } | Decimal | Numeric { .. } | Real | Double
        )
    }

    /// What enters, a sentence for an error's hint.
    pub fn hint(self) -> &'static str {
        match self {
            InputType::Boolean => "Only boolean cells enter; 0, 1, yes and no are not booleans.",
            InputType::Characters { .. } | InputType::CharacterParts => {
                "Only texts enter whose blanks at the end are within the type's length."
            }
            InputType::Integer { .. } => {
                "Only whole numbers in the type's range enter; text only as digits, or as \"decimal\" of the column's configuration says."
            }
            InputType::Decimal
            | InputType::Numeric { .. }
            | InputType::Real
            | InputType::Double => {
                "Only numbers that the type holds without rounding enter; text only with a point, or as \"decimal\" of the column's configuration says."
            }
            InputType::Time { .. } | InputType::Interval { .. } => {
                "Only times that the type holds without rounding enter; text only as HH:MM:SS, or as \"format\" of the column's configuration says."
            }
            _ => {
                "Only dates and times that the type holds without rounding enter; text only as ISO 8601, or as \"format\" of the column's configuration says."
            }
        }
    }
}

/// The value as its column's wire takes it, and over which wire it then goes;
/// none: a misfit.
pub fn enter<'a>(value: Value<'a>, wire: Wire, rule: &TextRule) -> Option<(Value<'a>, Wire)> {
    let text = match wire {
        Wire::Native(_) | Wire::Input | Wire::Exact | Wire::Json => {
            return Some((rule.understand(value), wire));
        }
        Wire::Typed(input @ (InputType::Characters { .. } | InputType::CharacterParts)) => {
            let value = rule.understand(value);
            let keeps = match &value {
                Value::Text(text) => input.keeps_blanks(text),
                _ => true,
            };
            return keeps.then_some((value, Wire::Input));
        }
        Wire::InputNumber => decimal(&value, rule)?.to_string(),
        Wire::Typed(input) => {
            let mut text = String::new();
            input.enter(&value, rule, &mut text).then_some(text)?
        }
    };
    Some((Value::Text(Cow::Owned(text)), Wire::Input))
}

/// The number a value is, to the digit: of a number cell the 15 digits that Excel shows.
fn decimal(value: &Value<'_>, rule: &TextRule) -> Option<Decimal> {
    match value {
        Value::Text(text) => match rule.decimal {
            Some(mark) => Decimal::parse_marked(text, mark),
            None => Decimal::parse_point(text),
        },
        Value::Bigint(_) | Value::Double(_) => Decimal::parse_number(&text_form::render(value)),
        _ => None,
    }
}

/// A double keeps a number cell bit for bit, and a text whose digits it shows again.
fn double(value: &Value<'_>, decimal: &Decimal, text: &str) -> Option<String> {
    let number: f64 = match value {
        Value::Double(number) => return Some(format!("{:?}", number + 0.0)),
        _ => text.parse().ok()?,
    };
    let shortest = Decimal::parse_point(&number.to_string())? == *decimal;
    let shown = || Decimal::parse_number(&text_form::render(&Value::Double(number)));
    (number.is_finite() && (shortest || shown()? == *decimal)).then(|| format!("{number:?}"))
}

#[cfg(test)]
mod tests;
