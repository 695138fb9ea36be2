//! One section of a number format code, token by token.

use super::FormatClass;

/// What a section shows, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Section {
    /// None: only literal text, or nothing.
    pub class: Option<FormatClass>,
    pub condition: Option<Condition>,
}

/// `[>=100]`
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Condition {
    operator: Operator,
    operand: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl Condition {
    pub fn holds(self, number: f64) -> bool {
        match self.operator {
            Operator::Less => number < self.operand,
            Operator::LessOrEqual => number <= self.operand,
            Operator::Equal => number == self.operand,
            Operator::NotEqual => number != self.operand,
            Operator::GreaterOrEqual => number >= self.operand,
            Operator::Greater => number > self.operand,
        }
    }

    fn parse(text: &str) -> Option<Condition> {
        use Operator::*;
        let operators = [
            ("<=", LessOrEqual),
            (">=", GreaterOrEqual),
            ("<>", NotEqual),
            ("<", Less),
            (">", Greater),
            ("=", Equal),
        ];
        let (operand, operator) = operators
            .into_iter()
            .find_map(|(sign, operator)| Some((text.strip_prefix(sign)?, operator)))?;
        Some(Condition {
            operator,
            operand: operand.trim().parse().ok()?,
        })
    }
}

/// The tokens that decide a class, in the order in which they stand.
#[derive(Debug, Default)]
struct Found {
    elapsed: bool,
    date: bool,
    time: bool,
    number: bool,
    text: bool,
    /// `m` or `mm` whose meaning the next token decides.
    open_m: bool,
    /// The token before was an hour.
    after_hour: bool,
}

impl Found {
    fn hour(&mut self) {
        self.settle_m(false);
        self.time = true;
        self.after_hour = true;
    }

    fn second(&mut self) {
        self.settle_m(true);
        self.time = true;
        self.after_hour = false;
    }

    fn date(&mut self) {
        self.settle_m(false);
        self.date = true;
        self.after_hour = false;
    }

    /// `m` and `mm` are minutes right after an hour or right before a second, else months; `mmm` and more are months.
    fn month_or_minute(&mut self, count: usize) {
        self.settle_m(false);
        match count {
            1 | 2 if self.after_hour => self.time = true,
            1 | 2 => self.open_m = true,
            _ => self.date = true,
        }
        self.after_hour = false;
    }

    fn settle_m(&mut self, minute: bool) {
        if std::mem::take(&mut self.open_m) {
            if minute {
                self.time = true
            } else {
                self.date = true
            }
        }
    }

    fn class(mut self) -> Option<FormatClass> {
        self.settle_m(false);
        match self {
            Found { elapsed: true, .. } => Some(FormatClass::Elapsed),
            Found { date: true, .. } => Some(FormatClass::Date),
            Found { time: true, .. } => Some(FormatClass::Time),
            Found { number: true, .. } => Some(FormatClass::Number),
            Found { text: true, .. } => Some(FormatClass::Text),
            _ => None,
        }
    }
}

/// Reads the first section of `code`; with it what follows the `;`, if there is one.
pub(super) fn section(code: &str) -> (Section, Option<&str>) {
    let (mut found, mut condition) = (Found::default(), None);
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or("");
        rest = match first {
            ';' => {
                return (
                    Section {
                        class: found.class(),
                        condition,
                    },
                    Some(after),
                );
            }
            '"' => after.split_once('"').map_or("", |(_, rest)| rest),
            // The next character is literal, as wide as this one, or repeated.
            '\\' | '_' | '*' => skip(after, 1),
            '[' => {
                let (inside, rest) = after.split_once(']').unwrap_or((after, ""));
                bracket(inside, &mut found, &mut condition);
                rest
            }
            _ => token(rest, first, &mut found),
        };
    }
    (
        Section {
            class: found.class(),
            condition,
        },
        None,
    )
}

/// `[h]`, `[>100]`, `[Red]`, `[$-409]`, `[$€-407]`, `[DBNum1]`
fn bracket(inside: &str, found: &mut Found, condition: &mut Option<Condition>) {
    let mut letters = inside.chars().map(|letter| letter.to_ascii_lowercase());
    if let Some(first @ ('h' | 'm' | 's')) = letters.next()
        && letters.all(|letter| letter == first)
    {
        if first == 's' {
            found.second()
        } else {
            found.hour()
        }
        found.elapsed = true;
        return;
    }
    // The system's long date and its time: whatever tokens follow are replaced by Windows's own.
    match inside.to_ascii_lowercase().as_str() {
        "$-f800" | "$-x-sysdate" => found.date(),
        "$-f400" | "$-x-systime" => found.second(),
        _ => *condition = condition.or_else(|| Condition::parse(inside)),
    }
}

/// One token outside quotes and brackets; the text after it.
fn token<'a>(rest: &'a str, first: char, found: &mut Found) -> &'a str {
    for (word, is_time) in [("general", false), ("am/pm", true), ("a/p", true)] {
        if starts_with(rest, word) {
            if is_time {
                found.time = true
            } else {
                found.number = true
            }
            return skip(rest, word.len());
        }
    }
    let letter = first.to_ascii_lowercase();
    let run = rest
        .chars()
        .take_while(|next| next.to_ascii_lowercase() == letter)
        .count();
    let after = skip(rest, run);
    match letter {
        'h' => found.hour(),
        's' => found.second(),
        'm' => found.month_or_minute(run),
        // Scientific: 0.00E+00.
        'e' if run == 1 && after.starts_with(['+', '-']) => found.number = true,
        // Years, days, eras (Japanese, Taiwanese), Buddhist years, weekdays of East Asian Excels.
        'y' | 'd' | 'e' | 'g' | 'b' => found.date(),
        'a' if run >= 3 => found.date(),
        '0' | '#' | '?' | '%' => found.number = true,
        '@' => found.text = true,
        _ => {}
    }
    after
}

fn starts_with(text: &str, word: &str) -> bool {
    text.as_bytes()
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

fn skip(text: &str, count: usize) -> &str {
    text.char_indices()
        .nth(count)
        .and_then(|(at, _)| text.get(at..))
        .unwrap_or("")
}
