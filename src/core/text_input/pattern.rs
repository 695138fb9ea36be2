//! `format: DD.MM.YYYY`: how a column's texts write dates and times.
//!
//! The tokens are those of PostgreSQL's `to_timestamp` (documentation, "Data
//! Type Formatting Functions") that have a fixed number of digits; unlike it, a
//! pattern takes the whole text, digit for digit, or nothing.

use super::moment;
use crate::calendar;
use crate::nearest::nearest;
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// A checked pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

/// Why a pattern is none: the end of the sentence "the value of "format" …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPattern(pub String);

impl std::fmt::Display for BadPattern {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Field(Field),
    Literal(char),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

const TOKENS: [(&str, Field, usize); 6] = [
    ("YYYY", Field::Year, 4),
    ("MM", Field::Month, 2),
    ("DD", Field::Day, 2),
    ("HH24", Field::Hour, 2),
    ("MI", Field::Minute, 2),
    ("SS", Field::Second, 2),
];

impl Pattern {
    /// Reads a pattern of YYYY, MM, DD, HH24, MI, SS and literals between them;
    /// letters and digits are literals only in double quotes.
    ///
    /// # Errors
    /// [`BadPattern`]: another word, a token twice, or neither a whole date nor a time.
    pub fn parse_pattern(text: &str) -> Result<Pattern, BadPattern> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let Some((token, field, _)) = TOKENS.iter().find(|(t, ..)| rest.starts_with(t)) {
                if parts.contains(&Part::Field(*field)) {
                    return Err(BadPattern(format!("has {token} twice")));
                }
                parts.push(Part::Field(*field));
                rest = rest.get(token.len()..).unwrap_or_default();
            } else if next == '"' {
                let (quoted, after) =
                    rest.get(1..)
                        .and_then(|r| r.split_once('"'))
                        .ok_or_else(|| {
                            BadPattern("has a double quote without its second one".into())
                        })?;
                parts.extend(quoted.chars().map(Part::Literal));
                rest = after;
            } else if next.is_alphanumeric() {
                return Err(unknown_token(rest));
            } else {
                parts.push(Part::Literal(next));
                rest = rest.get(next.len_utf8()..).unwrap_or_default();
            }
        }
        let pattern = Pattern {
            text: text.to_owned(),
            parts,
        };
        pattern.check()?;
        Ok(pattern)
    }

    fn has(&self, field: Field) -> bool {
        self.parts.contains(&Part::Field(field))
    }

    fn check(&self) -> Result<(), BadPattern> {
        let date = [Field::Year, Field::Month, Field::Day];
        let dates = date.iter().filter(|field| self.has(**field)).count();
        let clock = self.has(Field::Hour) && self.has(Field::Minute);
        if dates % 3 != 0 {
            return Err(BadPattern("needs all of YYYY, MM and DD, or none".into()));
        }
        if !clock
            && [Field::Hour, Field::Minute, Field::Second]
                .iter()
                .any(|f| self.has(*f))
        {
            return Err(BadPattern("needs both HH24 and MI for a time".into()));
        }
        if dates == 0 && !clock {
            return Err(BadPattern(
                "has neither a date (YYYY, MM, DD) nor a time (HH24, MI)".into(),
            ));
        }
        Ok(())
    }

    /// The date, timestamp or time that a text writes in this form; midnight of a
    /// day is the date, as in a cell. None: not this form, or no such day or time.
    pub fn parse(&self, text: &str) -> Option<Value<'static>> {
        let (mut rest, mut year, mut month, mut day) = (text, 0, 0, 0);
        let (mut hour, mut minute, mut second) = (0, 0, 0);
        for part in &self.parts {
            let field = match part {
                Part::Literal(literal) => {
                    rest = rest.strip_prefix(*literal)?;
                    continue;
                }
                Part::Field(field) => *field,
            };
            let width = if field == Field::Year { 4 } else { 2 };
            let (written, after) = rest.split_at_checked(width)?;
            let number = moment::digits(written)?;
            rest = after;
            *match field {
                Field::Year => &mut year,
                Field::Month => &mut month,
                Field::Day => &mut day,
                Field::Hour => &mut hour,
                Field::Minute => &mut minute,
                Field::Second => &mut second,
            } = number;
        }
        (rest.is_empty() && hour < 24 && minute < 60 && second < 60).then_some(())?;
        let usecs =
            (i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)) * 1_000_000;
        if !self.has(Field::Year) {
            return Some(Value::Time(usecs));
        }
        let days = calendar::days(i32::try_from(year).ok()?, month, day)?;
        Some(moment::at(days, usecs))
    }
}

fn unknown_token(rest: &str) -> BadPattern {
    let word: String = rest
        .chars()
        .take_while(|c| c.is_alphanumeric())
        .take(20)
        .collect();
    if word.starts_with("YY") {
        return BadPattern(format!(
            "has \"{word}\": only years of four digits (YYYY) are no guess"
        ));
    }
    let known = || TOKENS.iter().map(|(token, ..)| *token);
    let meant = match nearest(&word, known()) {
        Some(token) => format!("perhaps {token}"),
        None => format!(
            "known are {}; other letters go in double quotes",
            known().collect::<Vec<_>>().join(", ")
        ),
    };
    BadPattern(format!("has the unknown token \"{word}\" ({meant})"))
}

impl TryFrom<String> for Pattern {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Pattern, BadPattern> {
        Pattern::parse_pattern(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.text
    }
}
