//! The columns of a sheet, as far as it has been read.

use pgdatahub_core::columns::{Assigned, SheetHeader};
use pgdatahub_core::evolve;
use pgdatahub_core::protocol::{Header, Misfit};
use pgdatahub_core::types::ColumnType;
use std::collections::BTreeMap;

/// What is known of the sheet's columns so far: header and joined type, by index.
#[derive(Debug, Clone, Default)]
pub struct SheetColumns(BTreeMap<u32, (String, ColumnType)>);

impl SheetColumns {
    /// From the sheet's head.
    pub fn new(headers: &[Header]) -> SheetColumns {
        SheetColumns(
            headers
                .iter()
                .map(|h| (h.index, (h.text.clone(), h.found)))
                .collect(),
        )
    }

    /// Joins what a misfit says of the rest of the sheet; whether that is news.
    pub fn widen(&mut self, misfit: &Misfit) -> bool {
        let mut news = false;
        for (index, column_type) in misfit
            .rest
            .iter()
            .chain([&(misfit.column, misfit.value_type)])
        {
            let known = self
                .0
                .entry(*index)
                .or_insert_with(|| (String::new(), ColumnType::None));
            let joined = known.1.join(*column_type);
            news |= joined != known.1;
            known.1 = joined;
        }
        news
    }

    /// Joins what an earlier attempt at the same file found.
    pub fn join(&mut self, other: &SheetColumns) {
        for (index, (text, column_type)) in &other.0 {
            let known = self
                .0
                .entry(*index)
                .or_insert_with(|| (text.clone(), ColumnType::None));
            known.1 = known.1.join(*column_type);
        }
    }

    pub(super) fn headers(&self) -> Vec<SheetHeader> {
        self.0
            .iter()
            .map(|(index, (text, found))| SheetHeader {
                index: *index,
                text: text.clone(),
                has_data: *found != ColumnType::None,
            })
            .collect()
    }

    pub(super) fn found(&self, assigned: &[Assigned]) -> Vec<evolve::Found> {
        assigned
            .iter()
            .map(|a| evolve::Found {
                index: a.index,
                header: a.header.clone(),
                column: a.column.clone(),
                found: self.0.get(&a.index).map_or(ColumnType::None, |(_, t)| *t),
            })
            .collect()
    }
}
