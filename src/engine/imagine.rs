//! A plan's side of [`super::schema`]: what is asked before an ALTER, and the
//! table that it would leave.

use super::permit::new_columns;
use super::schema::TargetTable;
use crate::pg::catalog;
use crate::pg::ddl::{self, Executed};
use crate::pg::error::Failure;
use crate::pg::rewrite::Rewrite;
use crate::pg::{blockers, rewrite, rights};
use pgdatahub_core::columns::{Assigned, Remembered};
use pgdatahub_core::evolve::{self, Change, TableColumn};

impl TargetTable {
    /// Asks all that can be asked before DDL: rights (of a plan, an import meets
    /// them), what is in the way, whether the table is too large. What would be rewritten.
    ///
    /// # Errors
    /// 42501 and 3F000 rights, 2BP01 blockers, 54000 over `pgdatahub.max_rewrite`.
    pub(super) fn check(&self, changes: &[Change]) -> Result<Option<Rewrite>, Failure> {
        let plans = self.ledger.plans();
        let Some(table) = &self.table else {
            if plans {
                rights::check_create(&self.name)?;
            }
            return Ok(None);
        };
        let retyped: Vec<(String, String)> = changes.iter().filter_map(retyped).collect();
        let rewritten = (!retyped.is_empty()).then(Rewrite::default);
        let Some(statement) = ddl::alter_statement(&self.name, changes) else {
            return Ok(None);
        };
        if self.own || !table.exists() {
            return Ok(rewritten);
        }
        if plans {
            rights::check_alter(&self.name, table.oid, &statement)?;
        }
        let rewritten = match rewritten {
            Some(_) => Some(rewrite::of(table.oid)?),
            None => None,
        };
        let adds = changes.iter().any(|c| matches!(c, Change::AddColumn(_)));
        let touched = self.ledger.touched(&self.name);
        let stored = self.on_disk(retyped);
        let blockers = blockers::of(table.oid, &stored, adds, touched)?;
        if !blockers.is_empty() {
            self.ledger.blocked(&statement, rewritten, &blockers);
            return Err(blockers::failure(&self.name, &blockers, &statement));
        }
        if let Some(size) = &rewritten
            && let Err(failure) = rewrite::check(&self.name, size, &statement)
        {
            self.ledger.blocked(&statement, rewritten, &[]);
            return Err(failure);
        }
        Ok(rewritten)
    }

    /// Those of the columns that are not only planned.
    fn on_disk(&self, retyped: Vec<(String, String)>) -> Vec<(String, String)> {
        match self.ledger.table(&self.name) {
            None => retyped,
            Some(known) => retyped
                .into_iter()
                .filter(|(name, _)| known.stored.iter().any(|c| c.name == *name))
                .collect(),
        }
    }

    /// The column as it is on disk: what its rows can be asked for. None: it is only planned.
    pub(super) fn stored(&self, column: &str) -> Option<TableColumn> {
        match self.ledger.table(&self.name) {
            Some(known) => known.stored.into_iter().find(|c| c.name == column),
            None => {
                let columns = &self.table.as_ref()?.columns;
                columns.iter().find(|c| c.name == column).cloned()
            }
        }
    }

    /// The table as the changes would leave it, and what they would have executed.
    pub(super) fn imagine(
        &mut self,
        changes: &[Change],
        assigned: &[Assigned],
        rewrite: Option<Rewrite>,
    ) {
        let executed: Vec<Executed> = match changes {
            [Change::CreateTable { columns }] => ddl::creation(&self.name, columns),
            changes => ddl::alteration(&self.name, changes),
        };
        let before = self.table.take();
        self.own |= before.is_none();
        let mut columns = before.as_ref().map(|t| t.columns.clone());
        for column in columns.iter_mut().flatten() {
            column.provisional = self.provisional.contains(&column.name);
        }
        let columns = evolve::apply(columns.as_deref(), changes);
        let provisional = columns.iter().filter(|c| c.provisional);
        self.provisional = provisional.map(|c| c.name.clone()).collect();
        self.table = Some(match before {
            Some(table) => catalog::Table {
                columns,
                attributes: table.attributes + new_columns(changes),
                ..table
            },
            None => catalog::Table::imagined(columns),
        });
        let new = assigned.iter().filter(|a| a.new_header);
        // The configuration may have moved a header that was remembered.
        let moved = |r: &Remembered| {
            let mut new = new.clone();
            new.any(|a| a.header == r.header && a.occurrence == r.occurrence)
        };
        self.remembered.retain(|remembered| !moved(remembered));
        self.remembered.extend(new.map(|a| Remembered {
            header: a.header.clone(),
            occurrence: a.occurrence,
            column: a.column.clone(),
        }));
        self.ledger.keep(self, executed, rewrite);
    }
}

/// Column and SQL type.
fn retyped(change: &Change) -> Option<(String, String)> {
    match change {
        Change::AlterType { column, to, .. } => Some((column.clone(), to.sql().to_owned())),
        Change::Declare { column, declared } => Some((column.clone(), declared.sql.clone())),
        _ => None,
    }
}
