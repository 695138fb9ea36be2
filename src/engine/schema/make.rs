//! Making the changes, and recording them.

use super::TargetTable;
use crate::pg::ddl::{self, Executed};
use crate::pg::error::Failure;
use crate::pg::{audit, catalog, registry};
use pgdatahub_core::columns::Assigned;
use pgdatahub_core::evolve::{Change, Evolution};

impl TargetTable {
    /// Makes the changes and records them.
    pub(super) fn make(
        &mut self,
        evolution: &Evolution,
        assigned: &[Assigned],
        import: (i64, &str),
    ) -> Result<(), Failure> {
        let executed = self.apply(&evolution.changes, import.1)?;
        audit::schema_changes(&self.name, Some(import), &executed)?;
        registry::remember(&self.name, assigned)?;
        self.flag(&evolution.changes)?;
        if !evolution.changes.is_empty() || assigned.iter().any(|a| a.new_header) {
            (self.remembered, self.provisional) = registry::remembered(&self.name)?;
        }
        Ok(())
    }

    fn apply(&mut self, changes: &[Change], source_file: &str) -> Result<Vec<Executed>, Failure> {
        if let [Change::CreateTable { columns }] = changes {
            let executed = ddl::create(&self.name, columns, &self.folder)
                .map_err(|failure| failure.also(format!("Needed by {source_file}.")))?;
            let oid = catalog::find(&self.name)?
                .ok_or_else(|| Failure::new("42P01", "the table that was just created is gone"))?;
            registry::register(&self.name, &self.name, Some(&self.folder), "created", oid)?;
            self.own = true;
            self.table = Some(catalog::describe(oid)?);
            return Ok(executed);
        }
        let executed = ddl::alter(&self.name, changes, self.own)?;
        if let (false, Some(table)) = (executed.is_empty(), &self.table) {
            self.table = Some(catalog::describe(table.oid)?);
        }
        Ok(executed)
    }

    /// Remembers which columns have no type of their own yet, and which have one now.
    fn flag(&self, changes: &[Change]) -> Result<(), Failure> {
        let mut provisional = Vec::new();
        let mut settled = Vec::new();
        for change in changes {
            match change {
                Change::CreateTable { columns } => {
                    provisional.extend(
                        columns
                            .iter()
                            .filter(|c| c.provisional)
                            .map(|c| c.name.as_str()),
                    );
                }
                Change::AddColumn(column) if column.provisional => {
                    provisional.push(column.name.as_str())
                }
                Change::AlterType {
                    column,
                    provisional: true,
                    ..
                }
                | Change::Declare { column, .. }
                | Change::SettleProvisional { column } => {
                    settled.push(column.as_str());
                }
                _ => {}
            }
        }
        registry::set_provisional(&self.name, &provisional, true)?;
        registry::set_provisional(&self.name, &settled, false)
    }
}
