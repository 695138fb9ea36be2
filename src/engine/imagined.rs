//! What a plan has imagined so far: tables and imports as they would be by now.
//!
//! A savepoint is a length of the journal, not a copy: a plan of ten thousand
//! files would copy what all files before had left, for each of them.

use super::imagined_imports::ImaginedImports;
use crate::pg::audit::Import;
use crate::pg::blockers::Touched;
use crate::pg::catalog::{self, ImportKey, TableName};
use crate::pg::file_plan::FilePlan;
use pgdatahub_core::columns::Remembered;
use pgdatahub_core::evolve::TableColumn;
use std::collections::{HashMap, HashSet};

/// The state of a plan.
#[derive(Default)]
pub struct Imagined {
    /// All files in one transaction: what one leaves behind is there for the next.
    pub one_transaction: bool,
    pub file: FilePlan,
    tables: HashMap<TableName, ImaginedTable>,
    /// Renamed since the last import: what the record still calls them.
    recorded: HashMap<TableName, TableName>,
    /// Dropped by hand, by the names on record: their imports count as reverted.
    dropped: HashSet<TableName>,
    loaded: ImaginedImports,
    removed: HashSet<i64>,
    journal: Vec<Undo>,
    /// Savepoints that may still be gone back to.
    savepoints: usize,
}

/// A table as it would be by now.
#[derive(Default)]
pub struct ImaginedTable {
    pub shape: Shape,
    /// Imports whose rows would be gone.
    pub removed: Vec<ImportKey>,
    pub touched: Touched,
}

/// The table itself, and what is remembered of it.
#[derive(Clone, Default)]
pub struct Shape {
    pub table: Option<catalog::Table>,
    /// Its columns as they are.
    pub stored: Vec<TableColumn>,
    pub remembered: Vec<Remembered>,
    pub provisional: Vec<String>,
}

/// How to take one step back.
enum Undo {
    /// The table was not known.
    Unknown(TableName),
    Shape(TableName, Shape),
    Touched(TableName, Touched),
    Recorded(TableName, Option<TableName>),
    Dropped(TableName),
    /// The latest import was not there.
    Loaded,
    /// This one was.
    Unloaded(usize, Import),
    /// The latest import that was removed from the table.
    Removed(TableName, i64),
}

impl Imagined {
    pub fn new(one_transaction: bool) -> Imagined {
        Imagined {
            one_transaction,
            ..Imagined::default()
        }
    }

    pub fn table(&self, name: &TableName) -> Option<&ImaginedTable> {
        self.tables.get(name)
    }

    /// What the record still calls the table, where that is another name.
    pub fn recorded(&self, name: &TableName) -> Option<&TableName> {
        self.recorded.get(name)
    }

    pub fn is_dropped(&self, recorded: &TableName) -> bool {
        self.dropped.contains(recorded)
    }

    pub fn is_removed(&self, import_id: i64) -> bool {
        self.removed.contains(&import_id)
    }

    pub fn loaded(&self) -> &ImaginedImports {
        &self.loaded
    }

    fn entry(&mut self, name: &TableName) -> &mut ImaginedTable {
        if !self.tables.contains_key(name) {
            self.journal.push(Undo::Unknown(name.clone()));
        }
        self.tables.entry(name.clone()).or_default()
    }

    pub fn set_shape(&mut self, name: &TableName, change: impl FnOnce(&mut Shape)) {
        let mut shape = self.entry(name).shape.clone();
        change(&mut shape);
        let before = std::mem::replace(&mut self.entry(name).shape, shape);
        self.journal.push(Undo::Shape(name.clone(), before));
    }

    pub fn touch(&mut self, name: &TableName, change: impl FnOnce(&mut Touched)) {
        let touched = &mut self.entry(name).touched;
        let before = *touched;
        change(touched);
        self.journal.push(Undo::Touched(name.clone(), before));
    }

    /// A transaction has ended: what it did to the tables is known to the catalogs.
    pub fn untouch(&mut self) {
        let tables = self.tables.values_mut();
        tables.for_each(|table| table.touched = Touched::default());
    }

    pub fn set_recorded(&mut self, name: TableName, recorded: TableName) {
        let before = self.recorded.insert(name.clone(), recorded);
        self.journal.push(Undo::Recorded(name, before));
    }

    pub fn drop_table(&mut self, recorded: &TableName) {
        if self.dropped.insert(recorded.clone()) {
            self.journal.push(Undo::Dropped(recorded.clone()));
        }
    }

    pub fn load(&mut self, import: Import) {
        self.loaded.push(import);
        self.journal.push(Undo::Loaded);
    }

    /// An import of this plan makes way.
    pub fn unload(&mut self, table: &TableName, key: &ImportKey) {
        for (at, import) in self.loaded.take(table, key) {
            self.journal.push(Undo::Unloaded(at, import));
        }
    }

    /// An import on record makes way.
    pub fn remove(&mut self, table: &TableName, import_id: i64, key: ImportKey) {
        self.entry(table).removed.push(key);
        self.removed.insert(import_id);
        self.journal.push(Undo::Removed(table.clone(), import_id));
    }

    /// Opens a savepoint.
    pub fn save(&mut self) -> usize {
        self.savepoints += 1;
        self.journal.len()
    }

    /// Goes back to a savepoint that is open.
    pub fn restore(&mut self, length: usize) {
        while self.journal.len() > length {
            if let Some(undo) = self.journal.pop() {
                self.undo(undo);
            }
        }
    }

    /// Closes a savepoint. Nobody goes back to before the first one.
    pub fn release(&mut self) {
        self.savepoints = self.savepoints.saturating_sub(1);
        if self.savepoints == 0 {
            self.journal.clear();
        }
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Unknown(name) => {
                self.tables.remove(&name);
            }
            Undo::Shape(name, before) => {
                if let Some(table) = self.tables.get_mut(&name) {
                    table.shape = before;
                }
            }
            Undo::Touched(name, before) => {
                if let Some(table) = self.tables.get_mut(&name) {
                    table.touched = before;
                }
            }
            Undo::Recorded(name, Some(before)) => {
                self.recorded.insert(name, before);
            }
            Undo::Recorded(name, None) => {
                self.recorded.remove(&name);
            }
            Undo::Dropped(name) => {
                self.dropped.remove(&name);
            }
            Undo::Loaded => self.loaded.pop(),
            Undo::Unloaded(at, import) => self.loaded.put_back(at, import),
            Undo::Removed(name, import_id) => {
                self.removed.remove(&import_id);
                if let Some(table) = self.tables.get_mut(&name) {
                    table.removed.pop();
                }
            }
        }
    }
}
