//! Which kind of value a number format shows (ECMA-376 Part 1 §18.8.30, §18.8.31).
//!
//! A date in a workbook is a number whose format has date tokens; nothing else
//! tells. So a format code is read the way Excel does: sections, conditions,
//! quoted and escaped text, and only then letters.

use tokens::{Section, section};

mod tokens;

/// What a number format makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FormatClass {
    /// A number, percentage, amount, fraction, or nothing but literal text.
    Number,
    /// `@`: typed as text.
    Text,
    /// Has year, month, day or era tokens, possibly time tokens too.
    Date,
    /// Only hours, minutes, seconds, AM/PM.
    Time,
    /// Elapsed time: `[h]`, `[m]` or `[s]`.
    Elapsed,
    /// A date or time format whose tokens are not known.
    Unknown,
}

/// A number format code that has been read.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberFormat {
    /// The sections for numbers, at least one and at most three; the one for text is left out.
    sections: Vec<Section>,
}

impl NumberFormat {
    /// Reads a format code. Every text is a code: what Excel would refuse is literal text here.
    pub fn parse(code: &str) -> NumberFormat {
        let mut sections = Vec::new();
        let mut rest = Some(code);
        while let Some(text) = rest {
            let (found, after) = section(text);
            sections.push(found);
            rest = after;
        }
        // The last section is for text if it says so, and the fourth is in any case.
        if sections.len() > 1
            && sections
                .last()
                .is_some_and(|last| last.class == Some(FormatClass::Text))
        {
            sections.pop();
        }
        sections.truncate(3);
        NumberFormat { sections }
    }

    /// The class of the section that shows `serial`. A section without tokens
    /// (`yyyy-mm-dd;;"-"` hides zeros) says nothing about the class, so the
    /// first section's holds.
    pub fn class_for(&self, serial: f64) -> FormatClass {
        let first = self.sections.first().and_then(|section| section.class);
        let shown = self.section_for(serial).and_then(|section| section.class);
        shown.or(first).unwrap_or(FormatClass::Number)
    }

    /// Sections without conditions are for positive, negative and zero; a
    /// missing one is replaced by the first. With conditions the first that
    /// holds is taken, and the last shows the rest.
    fn section_for(&self, serial: f64) -> Option<&Section> {
        let conditional = self
            .sections
            .iter()
            .any(|section| section.condition.is_some());
        let at = match (self.sections.len(), conditional) {
            (..=1, _) => 0,
            (_, false) if serial < 0.0 => 1,
            (3.., false) if serial == 0.0 => 2,
            (_, false) => 0,
            (len, true) => (0..len - 1)
                .find(|&at| self.holds(at, serial))
                .unwrap_or(len - 1),
        };
        self.sections.get(at)
    }

    /// Beside a section with a condition, one without keeps its usual sign.
    fn holds(&self, at: usize, serial: f64) -> bool {
        match self.sections.get(at).and_then(|section| section.condition) {
            Some(condition) => condition.holds(serial),
            None if at == 0 => serial > 0.0,
            None => serial < 0.0,
        }
    }
}

/// The class of a built-in format (`numFmtId` without a code of its own). None:
/// the id is not assigned. Some ids in 34 to 56 mean a date in one language's
/// Excel and a time in another's ([`FormatClass::Unknown`]); 59 to 81 are Thai.
pub fn builtin(id: u32) -> Option<FormatClass> {
    Some(match id {
        0..=13 | 37..=44 | 48 | 59..=62 | 67..=70 => FormatClass::Number,
        14..=17 | 22 | 27..=31 | 36 | 50 | 51 | 54 | 57 | 58 => FormatClass::Date,
        18..=21 | 32 | 33 | 45 | 47 => FormatClass::Time,
        34 | 35 | 52 | 53 | 55 | 56 => FormatClass::Unknown,
        46 | 79 => FormatClass::Elapsed,
        49 => FormatClass::Text,
        71..=74 | 77 | 81 => FormatClass::Date,
        75 | 76 | 78 | 80 => FormatClass::Time,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
