//! Decimal numbers as text, exact to the digit.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Largest exponent of a number's text form; a double has none beyond 308.
const MAX_EXPONENT: i32 = 400;

/// The mark before a number's fraction; the other one may group the digits before it in threes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// `1.234,56`
    #[serde(rename = ",")]
    Comma,
    /// `1,234.56`
    #[serde(rename = ".")]
    Point,
}

impl Mark {
    fn characters(self) -> (char, char) {
        match self {
            Mark::Comma => (',', '.'),
            Mark::Point => ('.', ','),
        }
    }
}

/// A decimal number: its significant digits × 10^-scale. Equal numbers are equal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// Neither leading nor trailing zeros; empty for 0.
    digits: String,
    scale: i32,
}

impl Decimal {
    /// Digits with an optional sign and an optional point followed by digits: the
    /// only numbers that text means without a `decimal` setting.
    pub fn parse_point(text: &str) -> Option<Decimal> {
        let (negative, unsigned) = split_sign(text);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        (!whole.is_empty() && all_digits(whole) && all_digits(fraction)).then_some(())?;
        Some(Decimal::new(negative, whole, fraction))
    }

    /// As [`Decimal::parse_point`] with this mark for the point, and the digits
    /// before it either plain or grouped in threes throughout. A first group of
    /// 0 is none: `0.123` is not 123.
    pub fn parse_marked(text: &str, mark: Mark) -> Option<Decimal> {
        let (point, group) = mark.characters();
        let (negative, unsigned) = split_sign(text);
        let (whole, fraction) = match unsigned.split_once(point) {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        let mut groups = whole.split(group);
        let first = groups.next()?;
        let mut plain = first.to_owned();
        for following in groups {
            let grouped = (1..=3).contains(&first.len()) && !first.starts_with('0');
            (grouped && following.len() == 3).then(|| plain.push_str(following))?;
        }
        (!plain.is_empty() && all_digits(&plain) && all_digits(fraction)).then_some(())?;
        Some(Decimal::new(negative, &plain, fraction))
    }

    /// A number's text form, exponents included.
    pub fn parse_number(text: &str) -> Option<Decimal> {
        let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
            return Decimal::parse_point(text);
        };
        let exponent: i32 = exponent.parse().ok()?;
        (exponent.abs() <= MAX_EXPONENT).then_some(())?;
        let mut decimal = Decimal::parse_point(mantissa)?;
        if !decimal.digits.is_empty() {
            decimal.scale -= exponent;
        }
        Some(decimal)
    }

    fn new(negative: bool, whole: &str, fraction: &str) -> Decimal {
        let all = format!("{whole}{fraction}");
        let mut scale = fraction.len() as i32;
        let significant = all.trim_end_matches('0');
        scale -= (all.len() - significant.len()) as i32;
        let digits = significant.trim_start_matches('0').to_owned();
        match digits.is_empty() {
            true => Decimal {
                negative: false,
                digits,
                scale: 0,
            },
            false => Decimal {
                negative,
                digits,
                scale,
            },
        }
    }

    /// Whether it is whole.
    pub fn is_integral(&self) -> bool {
        self.scale <= 0
    }

    /// Whether numeric(precision, scale) holds it without rounding. A negative
    /// scale rounds before the point (PostgreSQL documentation, "Numeric Types").
    pub fn fits(&self, precision: i32, scale: i32) -> bool {
        let magnitude = self.digits.len() as i32 - self.scale;
        self.digits.is_empty() || (self.scale <= scale && magnitude <= precision - scale)
    }

    /// Digits after the point.
    pub fn fraction_digits(&self) -> i32 {
        self.scale.max(0)
    }
}

/// Plain, with a point, without exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return out.write_str("0");
        }
        if self.negative {
            out.write_str("-")?;
        }
        let zeros = |count: i32| "0".repeat(count.max(0) as usize);
        let whole = self.digits.len() as i32 - self.scale;
        if self.scale <= 0 {
            write!(out, "{}{}", self.digits, zeros(-self.scale))
        } else if whole <= 0 {
            write!(out, "0.{}{}", zeros(-whole), self.digits)
        } else {
            let (before, after) = self.digits.split_at(whole as usize);
            write!(out, "{before}.{after}")
        }
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
