//! `fill_merged`: a merged range's value in all of its cells.

use crate::row::{Cell, Content, Row};
use pgdatahub_core::area::Area;

/// Merged ranges in the order of their first rows, and those under way.
#[derive(Debug, Default)]
pub struct Filler {
    /// By descending first row: the next one is the last.
    waiting: Vec<Area>,
    open: Vec<(Area, Source)>,
}

/// What a range's top-left cell holds.
#[derive(Debug, Clone)]
enum Source {
    Text(String),
    Other(Content),
}

impl Filler {
    /// A filler for rows that come in ascending order.
    pub fn new(mut merged: Vec<Area>) -> Filler {
        merged.sort_by_key(|area| std::cmp::Reverse((area.first_row, area.first_column)));
        Filler {
            waiting: merged,
            open: Vec::new(),
        }
    }

    /// Fills the row's empty cells. A blank row stays blank: whether writers put
    /// empty cells there differs between them.
    pub fn fill(&mut self, row: &mut Row) {
        self.open.retain(|(area, _)| area.last_row >= row.number);
        while let Some(area) = self.waiting.pop_if(|area| area.first_row <= row.number) {
            if area.first_row == row.number
                && let Some(source) = source(row, area.first_column)
            {
                self.open.push((area, source));
            }
        }
        if self.open.is_empty() || row.is_blank() {
            return;
        }
        for (area, source) in &self.open {
            for index in area.first_column..=area.last_column {
                if row
                    .cells()
                    .iter()
                    .all(|cell| cell.index != index || row.is_empty_text(cell))
                {
                    put(row, index, source);
                }
            }
        }
        row.sort();
    }
}

fn source(row: &Row, index: u32) -> Option<Source> {
    let cell = row.cells().iter().find(|cell| cell.index == index)?;
    Some(match &cell.content {
        Content::Text { .. } => Source::Text(row.text_of(cell)?.to_owned()),
        other => Source::Other(other.clone()),
    })
}

fn put(row: &mut Row, index: u32, source: &Source) {
    row.cells_mut().retain(|cell| cell.index != index);
    let content = match source {
        Source::Other(content) => content.clone(),
        Source::Text(text) => {
            let start = row.arena().len() as u32;
            row.arena().push_str(text);
            Content::Text {
                start,
                end: row.arena().len() as u32,
            }
        }
    };
    row.cells_mut().push(Cell {
        index,
        formula: false,
        content,
    });
}
