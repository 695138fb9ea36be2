//! What a plan has imagined so far: tables and imports as they would be by now.

use crate::pg::audit::Import;
use crate::pg::blockers::Touched;
use crate::pg::catalog::{self, ImportKey, TableName};
use crate::pg::file_plan::FilePlan;
use pgdatahub_core::columns::Remembered;
use pgdatahub_core::evolve::TableColumn;
use std::collections::{HashMap, HashSet};

/// The state of a plan; a copy of it is a savepoint.
#[derive(Clone, Default)]
pub struct Imagined {
    /// All files in one transaction: what one leaves behind is there for the next.
    pub one_transaction: bool,
    pub tables: HashMap<TableName, ImaginedTable>,
    /// Renamed since the last import: what the record still calls them.
    pub recorded: HashMap<TableName, TableName>,
    /// Dropped by hand, by the names on record: their imports count as reverted.
    pub dropped: HashSet<TableName>,
    pub loaded: Vec<Import>,
    pub removed: HashSet<i64>,
    pub file: FilePlan,
}

/// A table as it would be by now.
#[derive(Clone, Default)]
pub struct ImaginedTable {
    pub table: Option<catalog::Table>,
    /// Its columns as they are.
    pub stored: Vec<TableColumn>,
    pub remembered: Vec<Remembered>,
    pub provisional: Vec<String>,
    /// Imports whose rows would be gone.
    pub removed: Vec<ImportKey>,
    pub touched: Touched,
}
