//! The slow, obvious model: what the final table must be, from the rules alone.
//!
//! It calls nothing of the product. It looks at all files at once: no chunks, no types that grow, no resumptions. Only the
//! names of columns depend on the order of files, and only where two headers want one name.

pub mod columns;
pub mod names;
pub mod text;
pub mod value;

use crate::case::{Cell, File};
use columns::{Memory, SheetColumn};
use std::collections::{BTreeMap, BTreeSet};
use value::{Found, Kind, Value};

/// A table's content: for each file and sheet row (from 1) the values by column.
pub type Rows = BTreeMap<(usize, u32), BTreeMap<String, Value>>;

/// What is left of the imports.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    pub columns: BTreeMap<String, Kind>,
    pub rows: Rows,
    /// By file: cell, and what the sheet holds there.
    pub rejects: BTreeMap<usize, Vec<(String, String)>>,
    /// The files that fail, with the SQLSTATE.
    pub failed: BTreeMap<usize, String>,
}

/// The outcome of importing `files` in this order.
pub fn outcome(files: &[File], order: &[usize]) -> (Outcome, Memory) {
    let mut out = Outcome::default();
    let mut memory = Memory::default();
    let mut cells: Vec<(usize, u32, String, Value)> = Vec::new();
    let mut columns: BTreeMap<String, BTreeSet<Kind>> = BTreeMap::new();
    for &number in order {
        let sheet = Sheet::of(&files[number]);
        let assigned = match sheet.failure(&memory) {
            Err(sqlstate) => {
                out.failed.insert(number, sqlstate.into());
                continue;
            }
            Ok(assigned) => assigned,
        };
        memory.remember(&assigned);
        for (index, column) in &assigned.columns {
            let kinds = columns.entry(column.clone()).or_default();
            kinds.extend(sheet.values(*index).map(|(_, value)| value.kind()));
            cells.extend(
                sheet
                    .values(*index)
                    .map(|(row, value)| (number, row, column.clone(), value)),
            );
        }
        out.rejects.insert(number, sheet.rejects());
        for (row, _) in &sheet.rows {
            out.rows.insert((number, *row), BTreeMap::new());
        }
    }
    out.columns = columns
        .iter()
        .map(|(name, kinds)| (name.clone(), value::join(kinds)))
        .collect();
    for (file, row, column, value) in cells {
        let stored = value.stored_as(out.columns[&column]);
        out.rows
            .entry((file, row))
            .or_default()
            .insert(column, stored);
    }
    (out, memory)
}

/// A file as a person sees it: header texts, and the rows that are not blank.
pub struct Sheet {
    /// One per column; empty where the header is blank.
    pub headers: Vec<String>,
    header_is_blank: bool,
    /// Row number from 1, and what each cell comes to.
    rows: Vec<(u32, Vec<(Found, bool)>)>,
}

impl Sheet {
    pub fn of(file: &File) -> Sheet {
        let look = |cell: &Cell| (value::look(cell, file.date1904), value::has_formula(cell));
        let header: Vec<(Found, bool)> = file.header.iter().map(look).collect();
        let rows = (2..)
            .zip(&file.rows)
            .map(|(row, cells)| (row, cells.iter().map(look).collect()));
        let blank =
            |cells: &[(Found, bool)]| cells.iter().all(|(found, _)| *found == Found::Nothing);
        Sheet {
            headers: header
                .iter()
                .map(|(found, _)| value::shown(found))
                .collect(),
            header_is_blank: blank(&header),
            rows: rows
                .filter(|(_, cells): &(u32, Vec<_>)| !blank(cells))
                .collect(),
        }
    }

    fn cells(&self, index: usize) -> impl Iterator<Item = (u32, &(Found, bool))> {
        self.rows
            .iter()
            .filter_map(move |(row, cells)| Some((*row, cells.get(index)?)))
    }

    fn values(&self, index: usize) -> impl Iterator<Item = (u32, Value)> {
        self.cells(index)
            .filter_map(|(row, (found, _))| match found {
                Found::Value(value) => Some((row, value.clone())),
                _ => None,
            })
    }

    fn width(&self) -> usize {
        self.rows
            .iter()
            .map(|(_, cells)| cells.len())
            .max()
            .unwrap_or(0)
            .max(self.headers.len())
    }

    fn rejects(&self) -> Vec<(String, String)> {
        let mut rejects = Vec::new();
        for (row, cells) in &self.rows {
            for (index, (found, _)) in cells.iter().enumerate() {
                if let Found::Rejected(raw) = found {
                    rejects.push((format!("{}{row}", names::letters(index)), raw.clone()));
                }
            }
        }
        rejects
    }

    pub fn columns(&self) -> Vec<SheetColumn> {
        (0..self.width())
            .map(|index| SheetColumn {
                index,
                header: self.headers.get(index).cloned().unwrap_or_default(),
                has_data: self.values(index).next().is_some(),
            })
            .collect()
    }

    /// Where the columns go, or why the file fails.
    fn failure(&self, memory: &Memory) -> Result<columns::Assignment, &'static str> {
        if self.header_is_blank {
            return Err("22023");
        }
        let assigned = memory.assign(&self.columns()).ok_or("42701")?;
        match (0..self.width()).any(|index| self.is_never_computed(index)) {
            true => Err("22000"),
            false => Ok(assigned),
        }
    }

    /// A column of formulas without a single cached value.
    fn is_never_computed(&self, index: usize) -> bool {
        let any = |test: &dyn Fn(&Found, bool) -> bool| {
            self.cells(index)
                .any(|(_, (found, formula))| test(found, *formula))
        };
        any(&|found, _| *found == Found::Uncomputed)
            && !any(&|found, formula| match found {
                Found::Uncomputed => false,
                Found::Nothing => formula,
                Found::Value(_) | Found::Rejected(_) => true,
            })
    }

    /// Whether row 1 can only be the header, for a table that knows these headers.
    pub fn header_is_certain(&self, known: &[String]) -> bool {
        let filled = |cells: &[(Found, bool)]| {
            cells
                .iter()
                .filter(|(found, _)| !value::shown(found).is_empty())
                .count()
        };
        let own = self.headers.iter().filter(|text| !text.is_empty()).count();
        let early = || self.rows.iter().filter(|(row, _)| *row <= 50);
        if known.is_empty() {
            let widest = early().map(|(_, cells)| filled(cells)).max().unwrap_or(0);
            return own > 0 && own * 2 >= widest;
        }
        // A header of signs alone is known by itself.
        let key = |text: &String| {
            Some(names::clean(text))
                .filter(|name| !name.is_empty())
                .unwrap_or(text.clone())
        };
        let known: BTreeSet<String> = known.iter().map(key).collect();
        let knows = |text: &String| known.contains(&key(text));
        let matched = self
            .headers
            .iter()
            .filter(|text| !text.is_empty() && knows(text))
            .count();
        let rival = early().flat_map(|(_, cells)| cells).any(|(found, _)| {
            let text = value::shown(found);
            !text.is_empty() && names::may_head(&text) && knows(&text)
        });
        matched > 0 && matched * 2 >= own && !rival
    }
}
