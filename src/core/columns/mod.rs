//! Which column of the table a sheet's header goes to.
//!
//! A header is known by its exact text and, since a sheet may repeat a text,
//! by its occurrence among equal ones ([`Assigned::occurrence`]). In this order,
//! each step for the whole sheet before the next:
//!
//! 0. the column that the configuration names for it ([`overrides::names`]);
//! 1. the column that is remembered for it;
//! 2. a table column that nobody remembers (of an adopted table) and that bears
//!    exactly its text;
//! 3. the column with its cleaned name, an existing or a new one, unless another
//!    header of this sheet has it;
//! 4. the next free suffix, `_2` and up, by position;
//! 5. headers without a name of their own (blank, or of punctuation alone) last:
//!    `column_c` after Excel's letter. Last, because one may turn up late, when
//!    its first value does, and must not move the others.
//!
//! A suffix or a letter is no name: a column that was given one is not found by
//! step 3. Or a header "Amount 2" would be poured into the column of the second
//! "Amount", or not, depending on which file came first.

mod clash;
mod memory;

pub use clash::Clash;

use crate::naming;
use crate::overrides::{self, ColumnOverride};
use memory::{Memory, Names};
use std::collections::{HashMap, HashSet};

/// The columns that every data table has besides its sheet's.
pub const RESERVED: [&str; 2] = ["source_file", "load_timestamp"];

/// One header cell of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetHeader {
    /// Column of the sheet, counted from 0 (A = 0).
    pub index: u32,
    /// The header as the sheet shows it, trimmed; empty for a blank header.
    pub text: String,
    /// Whether a cell below it is known to hold a value. Matters only for a
    /// header without a name of its own: without data it is no column.
    pub has_data: bool,
}

/// A header that an earlier import assigned to a column (a row of etl_columns).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The header's exact text; empty for a blank one.
    pub header: String,
    /// See [`Assigned::occurrence`].
    pub occurrence: u32,
    /// The table's column.
    pub column: String,
}

/// Where one header of the file goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Column of the sheet, counted from 0.
    pub index: u32,
    /// The header's exact text; empty for a blank one.
    pub header: String,
    /// Which of the sheet's headers with exactly this text, counted from 1 by
    /// position; of a blank header the sheet's column, counted from 1 (A = 1).
    /// `(header, occurrence)` is what is remembered.
    pub occurrence: u32,
    /// The table's column, at most 63 bytes.
    pub column: String,
    /// Not remembered yet, or for another column: the caller stores header, occurrence and column.
    pub new_header: bool,
}

/// Assigns each header of a sheet to a column of its own; the module's head has
/// the rule. The result is in the order of the sheet's columns, without the
/// nameless headers that have no data. Call again with `has_data` set when data
/// turns up below one of those: the others stay where they were.
///
/// `table_columns` are the table's columns as they are now, in any order, the
/// reserved ones or not; empty for a new table.
///
/// # Errors
/// [`Clash`] (42701): two headers of this sheet are remembered for one column.
pub fn assign(
    headers: &[SheetHeader],
    remembered: &[Remembered],
    table_columns: &[String],
) -> Result<Vec<Assigned>, Clash> {
    assign_named(headers, remembered, table_columns, &[])
}

/// As [`assign`], where the configuration names some headers' columns.
///
/// # Errors
/// [`Clash`] (42701): two headers of this sheet are named or remembered for one column.
pub fn assign_named(
    headers: &[SheetHeader],
    remembered: &[Remembered],
    table_columns: &[String],
    overrides: &[ColumnOverride],
) -> Result<Vec<Assigned>, Clash> {
    let memory = Memory::new(remembered, table_columns);
    let keyed = keyed(headers, &memory, overrides);
    let mut plan = Plan {
        memory,
        chosen: vec![None; keyed.len()],
        taken: HashSet::new(),
    };
    plan.remembered(&keyed)?;
    plan.each(&keyed, |header, plan| plan.by_text(header));
    plan.each(&keyed, |header, plan| plan.by_name(header));
    plan.suffixed(&keyed, true);
    plan.each(&keyed, |header, plan| plan.by_letter(header));
    plan.suffixed(&keyed, false);
    Ok(plan.finish(keyed))
}

/// A header with what is needed to place it.
struct Keyed {
    index: u32,
    text: String,
    occurrence: u32,
    names: Names,
    /// The column that the configuration names.
    given: Option<String>,
}

fn keyed(headers: &[SheetHeader], memory: &Memory, overrides: &[ColumnOverride]) -> Vec<Keyed> {
    let mut sorted: Vec<&SheetHeader> = headers.iter().collect();
    sorted.sort_by_key(|header| header.index);
    let texts: Vec<&str> = sorted.iter().map(|header| header.text.as_str()).collect();
    let given = overrides::names(&texts, overrides);
    let mut counts: HashMap<&str, u32> = HashMap::new();
    let mut out = Vec::with_capacity(sorted.len());
    for (header, given) in sorted.into_iter().zip(given) {
        let occurrence = if header.text.is_empty() {
            header.index + 1
        } else {
            let count = counts.entry(&header.text).or_default();
            *count += 1;
            *count
        };
        let names = Names::of(&header.text, header.index);
        let known = !header.text.is_empty() && memory.column(&header.text, occurrence).is_some();
        if names.named || header.has_data || known {
            let text = header.text.clone();
            out.push(Keyed {
                index: header.index,
                text,
                occurrence,
                names,
                given: given.map(str::to_owned),
            });
        }
    }
    out
}

/// The assignment while it is being made.
struct Plan<'a> {
    memory: Memory<'a>,
    chosen: Vec<Option<String>>,
    taken: HashSet<String>,
}

impl Plan<'_> {
    fn remembered(&mut self, headers: &[Keyed]) -> Result<(), Clash> {
        for (at, header) in headers.iter().enumerate() {
            let Some(column) = self.meant(header) else {
                continue;
            };
            let column = column.to_owned();
            self.chosen[at] = Some(column.clone());
            if !self.taken.insert(column.clone()) {
                return Err(self.clash(headers, column));
            }
        }
        Ok(())
    }

    /// The column that is named, or else remembered, for a header.
    fn meant<'s>(&'s self, header: &'s Keyed) -> Option<&'s str> {
        let remembered = || self.memory.column(&header.text, header.occurrence);
        header.given.as_deref().or_else(remembered)
    }

    fn clash(&self, headers: &[Keyed], column: String) -> Clash {
        let on_it = |header: &&Keyed| self.meant(header) == Some(column.as_str());
        let headers = headers
            .iter()
            .filter(on_it)
            .map(|h| (h.index, h.text.clone()))
            .collect();
        Clash { column, headers }
    }

    /// One step over all headers that have no column yet.
    fn each(&mut self, headers: &[Keyed], step: impl Fn(&Keyed, &Self) -> Option<String>) {
        for (at, header) in headers.iter().enumerate() {
            if self.chosen[at].is_none()
                && let Some(column) = step(header, self)
                && self.may_take(&column)
            {
                self.take(at, column);
            }
        }
    }

    fn may_take(&self, column: &str) -> bool {
        !RESERVED.contains(&column) && !self.taken.contains(column)
    }

    fn take(&mut self, at: usize, column: String) {
        self.taken.insert(column.clone());
        self.chosen[at] = Some(column);
    }

    fn by_text(&self, header: &Keyed) -> Option<String> {
        (header.occurrence == 1).then(|| self.memory.bearing(&header.text))?
    }

    fn by_name(&self, header: &Keyed) -> Option<String> {
        let first = header.names.named && header.occurrence == 1;
        first.then(|| self.memory.named(&header.names.name))?
    }

    fn by_letter(&self, header: &Keyed) -> Option<String> {
        let name = &header.names.name;
        (!header.names.named && self.memory.letter_is_free(name)).then(|| name.clone())
    }

    /// The next free suffix for the headers still without a column.
    fn suffixed(&mut self, headers: &[Keyed], named: bool) {
        let mut next: HashMap<&str, u32> = HashMap::new();
        for (at, header) in headers.iter().enumerate() {
            if self.chosen[at].is_some() || header.names.named != named {
                continue;
            }
            let base = header.names.base.as_str();
            let n = next.entry(base).or_insert(2);
            let column = loop {
                let column = naming::with_suffix(base, *n, &header.text);
                *n += 1;
                if self.may_take(&column) && !self.memory.is_owned(&column) {
                    break column;
                }
            };
            self.take(at, column);
        }
    }

    fn finish(self, headers: Vec<Keyed>) -> Vec<Assigned> {
        let place = |(header, column): (Keyed, Option<String>)| {
            let column = column?;
            let new_header =
                self.memory.column(&header.text, header.occurrence) != Some(column.as_str());
            let Keyed {
                index,
                text,
                occurrence,
                ..
            } = header;
            Some(Assigned {
                index,
                header: text,
                occurrence,
                column,
                new_header,
            })
        };
        headers
            .into_iter()
            .zip(self.chosen)
            .filter_map(place)
            .collect()
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
