//! One sheet row: its cells and, in one arena, their text. Reused from row to row.

use crate::fail::{Result, corrupt, over_limit};
use pgdatahub_core::naming;
use pgdatahub_core::protocol::frame::MAX_ROW_BYTES;
use pgdatahub_core::value::Value;
use std::borrow::Cow;

/// Most rows of a sheet (Excel's own bound).
pub const MAX_ROWS: u32 = 1_048_576;

/// Most columns of a sheet (Excel's own bound).
pub const MAX_COLUMNS: u32 = 16_384;

/// A cell that holds something.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Column, from 0.
    pub index: u32,
    /// Whether the cell has a formula (known for .xlsx, .xlsb).
    pub formula: bool,
    /// What it holds.
    pub content: Content,
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Anything but text.
    Value(Value<'static>),
    /// Text: a range of the row's arena; neither trimmed nor known to be non-empty.
    Text {
        /// First byte.
        start: u32,
        /// Behind the last byte.
        end: u32,
    },
    /// Something that cannot be stored.
    Rejected(Box<Rejected>),
    /// A formula whose result was never computed.
    FormulaWithoutValue,
}

/// Why a cell cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// What the sheet holds.
    pub raw: String,
    /// A phrase in PostgreSQL's message style.
    pub reason: String,
    /// Its SQLSTATE.
    pub sqlstate: &'static str,
}

impl Rejected {
    /// Whether the sheet itself holds an error value there, such as `#N/A`.
    pub fn is_error_value(&self) -> bool {
        self.reason.starts_with("error value ")
    }
}

/// A sheet row.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Row number, from 1.
    pub number: u32,
    /// Whether Excel hides it.
    pub hidden: bool,
    /// Characters replaced in its texts: U+0000 and lone surrogates.
    pub replaced: u64,
    /// Whether text keeps the white space at its ends.
    pub keep_spaces: bool,
    cells: Vec<Cell>,
    text: String,
    unsorted: bool,
}

impl Row {
    /// Empties the row and numbers it.
    pub fn clear(&mut self, number: u32) {
        self.number = number;
        self.hidden = false;
        self.replaced = 0;
        self.keep_spaces = false;
        self.cells.clear();
        self.text.clear();
        self.unsorted = false;
    }

    /// The cells by ascending column, each column at most once.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// A cell's value as the sheet stores it, its text trimmed (unless it keeps
    /// its spaces); none for empty text, a rejected cell or a formula without value.
    pub fn value<'a>(&'a self, cell: &Cell) -> Option<Value<'a>> {
        match &cell.content {
            Content::Value(value) => Some(value.clone()),
            Content::Text { start, end } => {
                let text = &self.text[*start as usize..*end as usize];
                let text = if self.keep_spaces {
                    text
                } else {
                    naming::trim(text)
                };
                (!text.is_empty()).then_some(Value::Text(Cow::Borrowed(text)))
            }
            Content::Rejected(_) | Content::FormulaWithoutValue => None,
        }
    }

    /// Whether no cell holds a value, was rejected, or is a formula without value.
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| match &cell.content {
            Content::Text { .. } => self.value(cell).is_none(),
            _ => false,
        })
    }

    /// A text cell's text as it stands; none for any other cell.
    pub fn text_of(&self, cell: &Cell) -> Option<&str> {
        match &cell.content {
            Content::Text { start, end } => Some(&self.text[*start as usize..*end as usize]),
            _ => None,
        }
    }

    /// Whether a cell holds text that is no value.
    pub fn is_empty_text(&self, cell: &Cell) -> bool {
        self.text_of(cell).is_some() && self.value(cell).is_none()
    }

    /// The cells, to be changed; call [`Row::sort`] where their order may change.
    pub fn cells_mut(&mut self) -> &mut Vec<Cell> {
        &mut self.cells
    }

    /// Brings changed cells into order again.
    pub fn sort(&mut self) {
        self.cells.sort_by_key(|cell| cell.index);
    }

    /// Roughly how many bytes the row keeps.
    pub fn weight(&self) -> usize {
        size_of::<Row>() + self.cells.len() * size_of::<Cell>() + self.text.len()
    }

    /// The arena, to append a cell's text to.
    pub fn arena(&mut self) -> &mut String {
        &mut self.text
    }

    /// Adds a cell.
    pub fn push(&mut self, index: u32, formula: bool, content: Content) {
        if let Some(last) = self.cells.last()
            && last.index >= index
        {
            self.unsorted = true;
        }
        self.cells.push(Cell {
            index,
            formula,
            content,
        });
    }

    /// Adds a cell whose text stands in the arena from `start` to its end.
    ///
    /// # Errors
    /// OverLimit (54000) where the row's text passes [`MAX_ROW_BYTES`].
    pub fn push_text(&mut self, index: u32, formula: bool, start: usize) -> Result<()> {
        let end = self.text.len();
        if end > MAX_ROW_BYTES {
            return Err(self.too_large());
        }
        self.push(
            index,
            formula,
            Content::Text {
                start: start as u32,
                end: end as u32,
            },
        );
        Ok(())
    }

    /// Adds a rejected cell. U+0000, which neither PostgreSQL's text nor the
    /// protocol holds, is replaced as in texts.
    pub fn push_rejected(&mut self, index: u32, formula: bool, mut rejected: Rejected) {
        let nuls = rejected.raw.matches('\0').count();
        if nuls > 0 {
            self.replaced += nuls as u64;
            rejected.raw = rejected.raw.replace('\0', "\u{fffd}");
            rejected.reason = rejected.reason.replace('\0', "\u{fffd}");
        }
        self.push(index, formula, Content::Rejected(Box::new(rejected)));
    }

    /// A row over [`MAX_ROW_BYTES`] (54000).
    pub fn too_large(&self) -> crate::fail::Failed {
        over_limit(
            format!(
                "row {} holds more than {} MB",
                self.number,
                MAX_ROW_BYTES >> 20
            ),
            "Split the row's texts over several rows.",
        )
    }

    /// Brings the cells into order. Cells that come late are sorted in; a cell
    /// that occurs twice would lose one of its values.
    ///
    /// # Errors
    /// Corrupt (22000) for a cell that occurs twice.
    pub fn finish(&mut self) -> Result<()> {
        if !self.unsorted {
            return Ok(());
        }
        self.unsorted = false;
        self.cells.sort_by_key(|cell| cell.index);
        match self
            .cells
            .windows(2)
            .find(|pair| pair[0].index == pair[1].index)
        {
            None => Ok(()),
            Some(pair) => Err(corrupt(format!(
                "Cell {} occurs twice.",
                naming::cell(self.number, pair[0].index)
            ))),
        }
    }
}
