//! Which column a header goes to: the only rule that looks at earlier files.

use super::names::{clean, fit, letters};
use std::collections::{BTreeMap, BTreeSet};

/// A sheet's column.
#[derive(Debug, Clone)]
pub struct SheetColumn {
    pub index: usize,
    pub header: String,
    pub has_data: bool,
}

/// How a column came by its name. Only one that was named by a header itself is found by another header of that name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Origin {
    Name,
    Letter,
    Suffix,
}

/// What is known after some files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    /// Header and its occurrence in the sheet (of a blank header: the sheet's column) → column.
    headers: BTreeMap<(String, usize), String>,
    origins: BTreeMap<String, Origin>,
}

impl PartialEq for Assignment {
    fn eq(&self, other: &Assignment) -> bool {
        self.columns == other.columns
    }
}

/// A sheet's columns (by index, from 0) and the table's.
#[derive(Debug, Clone, Default)]
pub struct Assignment {
    pub columns: BTreeMap<usize, String>,
    remembered: Vec<((String, usize), String, Origin)>,
}

struct Wish {
    index: usize,
    key: (String, usize),
    /// The name at its full length; empty if the header has none.
    name: String,
    first: bool,
}

impl Memory {
    /// The column of each header; none where two headers are remembered for one column.
    pub fn assign(&self, sheet: &[SheetColumn]) -> Option<Assignment> {
        let mut out = Assignment::default();
        let mut taken = BTreeSet::from(["source_file".to_owned(), "load_timestamp".to_owned()]);
        let mut left = Vec::new();
        for wish in wishes(sheet) {
            match self.headers.get(&wish.key) {
                Some(column) if !taken.insert(column.clone()) => return None,
                Some(column) => {
                    out.columns.insert(wish.index, column.clone());
                }
                None if !wish.name.is_empty() || sheet[wish.index].has_data => left.push(wish),
                None => {}
            }
        }
        // A blank header or one of signs alone is a column only with data, and stays out of the others' way.
        let (named, nameless): (Vec<Wish>, Vec<Wish>) =
            left.into_iter().partition(|wish| !wish.name.is_empty());
        for (group, origin) in [(named, Origin::Name), (nameless, Origin::Letter)] {
            let mut second_choice = Vec::new();
            for wish in group {
                let (base, may) = match origin {
                    Origin::Name => (wish.name.clone(), wish.first),
                    _ => (
                        format!("column_{}", letters(wish.index).to_lowercase()),
                        true,
                    ),
                };
                let plain = fit(&base, &wish.key.0, 63);
                let free = self
                    .origins
                    .get(&plain)
                    .is_none_or(|known| *known == origin);
                if may && free && taken.insert(plain.clone()) {
                    out.give(&wish, plain, origin);
                } else {
                    second_choice.push((wish, base));
                }
            }
            for (wish, base) in second_choice {
                let column = (2..)
                    .map(|n| format!("_{n}"))
                    .map(|suffix| fit(&base, &wish.key.0, 63 - suffix.len()) + &suffix)
                    .find(|column| !taken.contains(column) && !self.origins.contains_key(column))
                    .unwrap();
                taken.insert(column.clone());
                out.give(&wish, column, Origin::Suffix);
            }
        }
        Some(out)
    }

    pub fn remember(&mut self, assigned: &Assignment) {
        for (key, column, origin) in &assigned.remembered {
            self.headers.insert(key.clone(), column.clone());
            self.origins.entry(column.clone()).or_insert(*origin);
        }
    }
}

impl Assignment {
    fn give(&mut self, wish: &Wish, column: String, origin: Origin) {
        self.columns.insert(wish.index, column.clone());
        self.remembered.push((wish.key.clone(), column, origin));
    }
}

fn wishes(sheet: &[SheetColumn]) -> Vec<Wish> {
    let wish = |column: &SheetColumn| {
        let before = sheet[..column.index]
            .iter()
            .filter(|other| other.header == column.header)
            .count();
        let occurrence = if column.header.is_empty() {
            column.index
        } else {
            before
        };
        Wish {
            index: column.index,
            key: (column.header.clone(), occurrence + 1),
            name: clean(&column.header),
            first: before == 0,
        }
    };
    // A blank header without data is not remembered either.
    sheet
        .iter()
        .filter(|column| !column.header.is_empty() || column.has_data)
        .map(wish)
        .collect()
}

/// Whether no two headers of a file want one name, and each has one: then the order of files does not matter for names.
pub fn undisputed(sheets: &[Vec<SheetColumn>]) -> bool {
    sheets.iter().all(|sheet| {
        let mut names =
            BTreeSet::from([String::new(), "source_file".into(), "load_timestamp".into()]);
        let columns = sheet
            .iter()
            .filter(|column| !column.header.is_empty() || column.has_data);
        columns
            .into_iter()
            .all(|column| names.insert(fit(&clean(&column.header), &column.header, 63)))
    })
}
