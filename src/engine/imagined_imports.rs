//! The imports that a plan would have made by now, found by their bytes and by their path.

use crate::pg::audit::{Import, Sheet};
use crate::pg::catalog::{ImportKey, TableName};
use std::collections::HashMap;

/// In the order in which they were made; one that made way leaves its place empty.
#[derive(Default)]
pub struct ImaginedImports {
    places: Vec<Option<Import>>,
    by_sha256: HashMap<String, Vec<usize>>,
    by_source: HashMap<String, Vec<usize>>,
}

impl ImaginedImports {
    pub fn push(&mut self, import: Import) {
        let at = self.places.len();
        let places = self.by_sha256.entry(import.sha256.clone()).or_default();
        places.push(at);
        let places = self.by_source.entry(import.source_file.clone());
        places.or_default().push(at);
        self.places.push(Some(import));
    }

    /// Forgets the latest one.
    pub fn pop(&mut self) {
        let Some(Some(import)) = self.places.pop() else {
            return;
        };
        // It is the last of each list too.
        if let Some(places) = self.by_sha256.get_mut(&import.sha256) {
            places.pop();
        }
        if let Some(places) = self.by_source.get_mut(&import.source_file) {
            places.pop();
        }
    }

    /// Takes out what a key identifies in a table, with its places.
    pub fn take(&mut self, table: &TableName, key: &ImportKey) -> Vec<(usize, Import)> {
        let is_it = |i: &Import| i.table == *table && i.load_timestamp == key.1;
        let Some(places) = self.by_source.get(&key.0) else {
            return Vec::new();
        };
        let taken = places.iter().filter_map(|at| {
            let import = self.places[*at].take_if(|import| is_it(import))?;
            Some((*at, import))
        });
        taken.collect()
    }

    /// Puts back what was taken out.
    pub fn put_back(&mut self, at: usize, import: Import) {
        self.places[at] = Some(import);
    }

    /// These bytes, this sheet, this table.
    pub fn present(&self, table: &TableName, sheet: Sheet<'_>, sha256: &str) -> Option<&Import> {
        let same = |i: &&Import| {
            let same_sheet =
                (i.sheet_name.as_str(), i.sheet_range.as_str()) == (sheet.name, sheet.range);
            i.table == *table && same_sheet
        };
        self.of(&self.by_sha256, sha256).find(same)
    }

    /// The same bytes, or the same path, in another table.
    pub fn elsewhere(&self, table: &TableName, source_file: &str, sha256: &str) -> Option<&Import> {
        let bytes = self.of(&self.by_sha256, sha256);
        let path = self.of(&self.by_source, source_file);
        bytes.chain(path).find(|import| import.table != *table)
    }

    fn of<'a>(
        &'a self,
        index: &'a HashMap<String, Vec<usize>>,
        key: &str,
    ) -> impl Iterator<Item = &'a Import> {
        let places = index.get(key).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|at| self.places[*at].as_ref())
    }
}
