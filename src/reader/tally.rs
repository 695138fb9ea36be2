//! Per-column knowledge gathered over rows: joined types, formulas without values.

use crate::fail::{Failed, FailureKind, Result, failed, over_limit};
use crate::row::{Content, Row};
use crate::rules::ColumnRules;
use pgdatahub_core::naming;
use pgdatahub_core::types::ColumnType;
use std::fmt;
use std::rc::Rc;

/// Counts non-empty cells against `pgdatahub.max_cells`.
#[derive(Debug, Clone)]
pub struct CellCount {
    seen: u64,
    most: u64,
}

impl CellCount {
    /// A count that may reach `most`.
    pub fn new(most: u64) -> CellCount {
        CellCount { seen: 0, most }
    }

    /// Counts a row's cells.
    ///
    /// # Errors
    /// OverLimit (54000).
    pub fn add(&mut self, row: &Row) -> Result<()> {
        self.add_cells(row.cells().len())
    }

    /// Counts so many cells.
    ///
    /// # Errors
    /// OverLimit (54000).
    pub(crate) fn add_cells(&mut self, cells: usize) -> Result<()> {
        self.seen += cells as u64;
        if self.seen <= self.most {
            return Ok(());
        }
        Err(over_limit(
            format!("the sheet has more than {} cells", self.most),
            "Raise \"pgdatahub.max_cells\", or split the sheet.",
        ))
    }
}

/// The joined types of columns, by index.
#[derive(Debug, Clone)]
pub struct RestTypes {
    types: Vec<ColumnType>,
    cells: CellCount,
    rules: Rc<ColumnRules>,
}

impl RestTypes {
    /// No column has a value yet.
    pub fn new(cells: CellCount, rules: Rc<ColumnRules>) -> RestTypes {
        RestTypes {
            types: Vec::new(),
            cells,
            rules,
        }
    }

    /// Joins a row's values.
    ///
    /// # Errors
    /// OverLimit (54000) above `pgdatahub.max_cells`.
    pub fn join(&mut self, row: &Row) -> Result<()> {
        self.cells.add(row)?;
        for cell in row.cells() {
            let found = match &cell.content {
                Content::Value(value) => value.column_type(),
                _ => match row.value(cell) {
                    Some(value) => self.rules.understand(cell.index, value).column_type(),
                    None => continue,
                },
            };
            let index = cell.index as usize;
            if self.types.len() <= index {
                self.types.resize(index + 1, ColumnType::None);
            }
            self.types[index] = self.types[index].join(found);
        }
        Ok(())
    }

    /// The joined type of one column.
    pub fn of(&self, index: u32) -> ColumnType {
        self.types
            .get(index as usize)
            .copied()
            .unwrap_or(ColumnType::None)
    }

    /// Every column that holds a value, by index.
    pub fn columns(&self) -> Vec<(u32, ColumnType)> {
        (0u32..)
            .zip(&self.types)
            .filter(|(_, found)| **found != ColumnType::None)
            .map(|(index, found)| (index, *found))
            .collect()
    }
}

/// What a cell gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// A value.
    Value,
    /// A blank text.
    Blank,
    /// A formula that was never computed.
    Nothing,
}

/// What is known of one column's formulas.
#[derive(Debug, Clone, Copy, Default)]
struct ColumnFormulas {
    has_value: bool,
    has_computed: bool,
    has_uncomputed: bool,
}

/// Formulas with and without cached values, per column.
#[derive(Clone, Default)]
pub struct Formulas {
    columns: Vec<ColumnFormulas>,
    without_value: u64,
    /// So many columns from the first on have a value: of those one more tells nothing.
    valued: usize,
}

/// Without what is only remembered of the columns: two readers that counted the same show the same.
impl fmt::Debug for Formulas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Formulas")
            .field("columns", &self.columns)
            .field("without_value", &self.without_value)
            .finish()
    }
}

impl Formulas {
    /// Whether cells without formulas, up to the column `last`, tell anything new.
    #[inline]
    pub(crate) fn learns_from(&mut self, last: usize) -> bool {
        while self
            .columns
            .get(self.valued)
            .is_some_and(|column| column.has_value)
        {
            self.valued += 1;
        }
        last >= self.valued
    }

    /// Takes a row's cells into account.
    pub fn add(&mut self, row: &Row) {
        if let Some(last) = row.cells().last()
            && self.columns.len() <= last.index as usize
        {
            self.columns
                .resize(last.index as usize + 1, ColumnFormulas::default());
        }
        for cell in row.cells() {
            let column = &mut self.columns[cell.index as usize];
            if cell.content == Content::FormulaWithoutValue {
                column.has_uncomputed = true;
                self.without_value += 1;
            } else {
                column.has_computed |= cell.formula;
                // A blank text is no value, unless a formula gave it.
                column.has_value = column.has_value
                    || cell.formula
                    || !matches!(cell.content, Content::Text { .. })
                    || row.value(cell).is_some();
            }
        }
    }

    /// Takes a cell into account.
    #[inline]
    pub(crate) fn add_cell(&mut self, index: u32, formula: bool, given: Given) {
        if self.columns.len() <= index as usize {
            self.columns
                .resize(index as usize + 1, ColumnFormulas::default());
        }
        let column = &mut self.columns[index as usize];
        if given == Given::Nothing {
            column.has_uncomputed = true;
            self.without_value += 1;
        } else {
            column.has_computed |= formula;
            column.has_value |= formula || given == Given::Value;
        }
    }

    /// Formulas without a cached value.
    pub fn without_value(&self) -> u64 {
        self.without_value
    }

    /// The last column that holds anything, plus one.
    pub fn width(&self) -> u32 {
        self.columns.len() as u32
    }

    /// Columns all of whose formulas lack a cached value.
    pub fn columns_without_value(&self) -> Vec<u32> {
        (0u32..)
            .zip(&self.columns)
            .filter(|(_, column)| column.has_uncomputed && !column.has_computed)
            .map(|(index, _)| index)
            .collect()
    }

    /// A column of formulas without a single value (22000): stored as it is, it
    /// would be silently empty.
    pub fn failure(&self, header_of: impl Fn(u32) -> Option<String>) -> Option<Failed> {
        let empty = self
            .columns
            .iter()
            .position(|c| c.has_uncomputed && !c.has_value)? as u32;
        let name = match header_of(empty) {
            Some(header) => format!("column {} (\"{header}\")", naming::column_letters(empty)),
            None => format!("column {}", naming::column_letters(empty)),
        };
        Some(Failed {
            detail: Some("The program that wrote the workbook did not compute them.".into()),
            hint: Some(
                "Open the workbook in Excel or LibreOffice, recalculate and save it again.".into(),
            ),
            ..failed(
                FailureKind::NoCachedValues,
                format!("the formulas of {name} have no cached values"),
            )
        })
    }
}
