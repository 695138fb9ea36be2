//! What is known of a table's columns and the headers they were made for.

use super::Remembered;
use crate::naming;
use std::collections::{HashMap, HashSet};

/// The names a header gives.
pub(super) struct Names {
    /// Whether the header has a letter or digit to be named by.
    pub named: bool,
    /// The cleaned name at its full length.
    pub base: String,
    /// The cleaned name, at most 63 bytes.
    pub name: String,
}

impl Names {
    /// The names of a header in column `index` (counted from 0) of the sheet.
    pub fn of(text: &str, index: u32) -> Names {
        let cleaned = naming::clean(text);
        if cleaned.is_empty() {
            let name = naming::blank_header(index);
            return Names {
                named: false,
                base: name.clone(),
                name,
            };
        }
        let base = naming::avoid_system_columns(&cleaned);
        let name = naming::fit(&base, text);
        Names {
            named: true,
            base,
            name,
        }
    }
}

/// How a column came by its name; of several headers' answers the greatest counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    /// From a header's own name.
    Name,
    /// From Excel's letter.
    Letter,
    /// By a suffix: only its own headers find it.
    Suffix,
}

/// The remembered headers and the table's columns.
pub(super) struct Memory<'a> {
    columns: HashMap<(&'a str, u32), &'a str>,
    owners: HashMap<&'a str, Owner>,
    /// Columns that no header is remembered for, of an adopted table.
    free: HashSet<&'a str>,
    /// Those by their cleaned name; none where several have it.
    free_by_name: HashMap<String, Option<&'a str>>,
}

impl<'a> Memory<'a> {
    pub fn new(remembered: &'a [Remembered], table_columns: &'a [String]) -> Memory<'a> {
        let mut columns = HashMap::new();
        let mut owners = HashMap::new();
        for row in remembered {
            columns.insert((row.header.as_str(), row.occurrence), row.column.as_str());
            let owner = owner(row);
            let known = owners.entry(row.column.as_str()).or_insert(owner);
            *known = owner.max(*known);
        }
        let free: HashSet<&str> = table_columns
            .iter()
            .map(String::as_str)
            .filter(|column| !owners.contains_key(column))
            .filter(|column| !super::RESERVED.contains(column))
            .collect();
        let mut free_by_name: HashMap<String, Option<&str>> = HashMap::new();
        for column in &free {
            let names = Names::of(column, 0);
            if names.named {
                let only = free_by_name.entry(names.name).or_insert(Some(column));
                *only = only.filter(|first| first == column);
            }
        }
        Memory {
            columns,
            owners,
            free,
            free_by_name,
        }
    }

    /// The column remembered for a header.
    pub fn column(&self, header: &str, occurrence: u32) -> Option<&'a str> {
        self.columns.get(&(header, occurrence)).copied()
    }

    /// Whether any header is remembered for the column.
    pub fn is_owned(&self, column: &str) -> bool {
        self.owners.contains_key(column)
    }

    /// An adopted column that bears exactly this text.
    pub fn bearing(&self, text: &str) -> Option<String> {
        self.free.get(text).map(|column| (*column).to_owned())
    }

    /// The column with this cleaned name, an existing or a new one.
    pub fn named(&self, name: &str) -> Option<String> {
        if self.free.contains(name) {
            return Some(name.to_owned());
        }
        match self.owners.get(name) {
            Some(Owner::Name) => Some(name.to_owned()),
            Some(Owner::Letter | Owner::Suffix) => None,
            None => {
                let adopted = self.free_by_name.get(name).copied().flatten();
                Some(adopted.unwrap_or(name).to_owned())
            }
        }
    }

    /// Whether a nameless header may have the column named after its letter.
    pub fn letter_is_free(&self, column: &str) -> bool {
        matches!(self.owners.get(column), None | Some(Owner::Letter))
    }
}

fn owner(row: &Remembered) -> Owner {
    let names = Names::of(&row.header, row.occurrence.saturating_sub(1));
    if !names.named {
        let letters = row.column.strip_prefix("column_");
        let plain = letters.is_some_and(|s| s.bytes().all(|b| b.is_ascii_lowercase()));
        return if plain { Owner::Letter } else { Owner::Suffix };
    }
    let digits = row
        .column
        .rsplit('_')
        .next()
        .and_then(|digits| digits.parse().ok());
    let suffixed = digits.is_some_and(|n: u32| {
        n >= 2 && naming::with_suffix(&names.base, n, &row.header) == row.column
    });
    if suffixed && names.name != row.column {
        Owner::Suffix
    } else {
        Owner::Name
    }
}
