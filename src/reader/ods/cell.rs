//! One cell of a table: its type and value from the attributes, its text from
//! the paragraphs (ODF 1.3 part 3 §9.1.4, §19.385).

use crate::fail::Result;
use crate::number;
use crate::part::Part;
use crate::row::{Content, Rejected, Row};
use crate::scan::{Scanner, Token};
use crate::scan_text::{self, Attributes};
use crate::xlsx::Style;
use pgdatahub_core::iso;
use pgdatahub_core::serial::DateSystem;
use pgdatahub_core::value::{DAY_USECS, Value};

/// office:value-type (ODF 1.3 part 3 §19.387).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ValueType {
    #[default]
    None,
    Number,
    Date,
    Time,
    Boolean,
    String,
}

/// Reads cells; keeps its buffers between them.
#[derive(Debug, Default)]
pub struct CellReader {
    kind: ValueType,
    error: bool,
    formula: bool,
    has_string: bool,
    /// The value attribute that belongs to the type, or the string value.
    value: String,
}

impl CellReader {
    /// Takes a cell's attributes apart.
    ///
    /// # Errors
    /// Corrupt (22000).
    pub fn start(&mut self, attributes: Attributes<'_>) -> Result<()> {
        self.kind = ValueType::None;
        (self.error, self.formula, self.has_string) = (false, false, false);
        self.value.clear();
        for (key, value) in attributes.iter() {
            match crate::scan::local(key) {
                b"value-type" if key.starts_with(b"calcext:") => self.error = value == b"error",
                b"value-type" => self.kind = value_type(value),
                b"formula" => self.formula = true,
                b"value" | b"date-value" | b"time-value" | b"boolean-value" => {
                    scan_text::append(&mut self.value, value, false)?;
                }
                b"string-value" => {
                    self.has_string = true;
                    scan_text::append(&mut self.value, value, false)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads the cell's paragraphs and adds it to `row`, if it holds anything.
    ///
    /// # Errors
    /// Corrupt (22000), OverLimit (54000).
    pub fn read(&mut self, scanner: &mut Scanner<Part>, index: u32, row: &mut Row) -> Result<()> {
        let start = row.arena().len();
        read_paragraphs(scanner, row.arena())?;
        if self.is_error(&row.arena()[start..]) {
            let literal = row.arena().split_off(start);
            row.push_rejected(index, self.formula, number::error_value(&literal));
            return Ok(());
        }
        match self.kind {
            ValueType::String | ValueType::None => self.push_text(start, index, row),
            _ => {
                row.arena().truncate(start);
                match self.content() {
                    Ok(value) => row.push(index, self.formula, Content::Value(value)),
                    Err(rejected) => row.push_rejected(index, self.formula, rejected),
                }
                Ok(())
            }
        }
    }

    /// Writers without the calcext type store an error as an empty string that shows its literal.
    fn is_error(&self, shown: &str) -> bool {
        let literal = || shown.starts_with('#') || shown.starts_with("Err:");
        self.error || (self.formula && self.has_string && self.value.is_empty() && literal())
    }

    fn push_text(&self, start: usize, index: u32, row: &mut Row) -> Result<()> {
        if self.has_string {
            row.arena().truncate(start);
            row.arena().push_str(&self.value);
        }
        let end = row.arena().len();
        if start == end {
            if self.formula && self.kind == ValueType::None {
                row.push(index, true, Content::FormulaWithoutValue);
            }
            return Ok(());
        }
        if row.arena()[start..].contains('\0') {
            let tail = row.arena().split_off(start);
            row.replaced += tail.matches('\0').count() as u64;
            row.arena().push_str(&tail.replace('\0', "\u{FFFD}"));
        }
        row.push_text(index, self.formula, start)
    }

    fn content(&self) -> std::result::Result<Value<'static>, Rejected> {
        let value = self.value.trim_ascii();
        let reject = |reason: &str, sqlstate| Rejected {
            raw: value.into(),
            reason: reason.into(),
            sqlstate,
        };
        match self.kind {
            ValueType::Boolean => match value {
                "true" => Ok(Value::Boolean(true)),
                "false" => Ok(Value::Boolean(false)),
                _ => Err(reject("not a boolean", "22P02")),
            },
            ValueType::Date => iso::parse_date_or_timestamp(value)
                .ok_or_else(|| reject("not an ISO 8601 date", "22007")),
            // Times of day and elapsed times are stored alike: under a day it is a time.
            ValueType::Time => match iso::parse_duration(value) {
                Some(usecs) if (0..DAY_USECS).contains(&usecs) => Ok(Value::Time(usecs)),
                Some(usecs) => Ok(Value::Interval(usecs)),
                None => Err(reject("not an ISO 8601 duration", "22007")),
            },
            _ => number::parse(value, &Style::Plain, DateSystem::Y1900),
        }
    }
}

fn value_type(name: &[u8]) -> ValueType {
    match name {
        b"float" | b"percentage" | b"currency" => ValueType::Number,
        b"date" => ValueType::Date,
        b"time" => ValueType::Time,
        b"boolean" => ValueType::Boolean,
        b"string" => ValueType::String,
        _ => ValueType::None,
    }
}

/// Appends the cell's paragraphs, one line each, with white space collapsed
/// (ODF 1.3 part 3 §6.1.2). Ends behind the cell's end tag.
fn read_paragraphs(scanner: &mut Scanner<Part>, out: &mut String) -> Result<()> {
    let cell_depth = scanner.depth();
    let start = out.len();
    let mut paragraphs = 0;
    let mut piece = String::new();
    while scanner.depth() >= cell_depth {
        let depth = scanner.depth();
        let skip = match scanner.next_token()? {
            Token::Start {
                name: b"p" | b"h", ..
            } if depth == cell_depth => {
                if paragraphs > 0 {
                    out.push('\n');
                }
                paragraphs += 1;
                false
            }
            Token::Start {
                name: b"s",
                attributes,
            } => {
                let spaces = attributes
                    .raw_prefixed(b"c")
                    .and_then(scan_text::parse_digits);
                let spaces = spaces.unwrap_or(1).min(scan_text::MAX_TEXT as u64) as usize;
                out.extend(std::iter::repeat_n(' ', spaces));
                false
            }
            Token::Start { name: b"tab", .. } => {
                out.push('\t');
                false
            }
            Token::Start {
                name: b"line-break",
                ..
            } => {
                out.push('\n');
                false
            }
            Token::Start {
                name: b"span" | b"a" | b"ruby" | b"ruby-base",
                ..
            } => false,
            // Fields show their text; comments, drawings and phonetic guides are no text of the cell.
            Token::Start {
                name: b"annotation" | b"ruby-text" | b"frame" | b"table",
                ..
            } => true,
            Token::Start { .. } => depth == cell_depth,
            Token::Text { raw, cdata } if depth > cell_depth => {
                piece.clear();
                scan_text::append(&mut piece, raw, cdata)?;
                append_collapsed(out, start, &piece);
                false
            }
            Token::Text { .. } | Token::End => false,
            Token::Eof => break,
        };
        if skip {
            scanner.skip_element()?;
        }
        if out.len() - start > scan_text::MAX_TEXT {
            return Err(scanner.broken("has a text of over 16 MB"));
        }
    }
    Ok(())
}

fn append_collapsed(out: &mut String, start: usize, piece: &str) {
    for character in piece.chars() {
        if !matches!(character, ' ' | '\t' | '\n' | '\r') {
            out.push(character);
        } else if out.len() > start && !out.ends_with([' ', '\n', '\t']) {
            out.push(' ');
        }
    }
}
