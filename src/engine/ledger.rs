//! The record of imports as one call sees it: the audit tables, or, in a plan,
//! what they and the tables would be by then, kept in memory.
//!
//! An import and its plan run the same code up to here; each effect is one
//! method, which does it or imagines it.

use super::imagined::{Imagined, Shape};
use super::removal;
use super::schema::TargetTable;
use crate::pg::audit::{self, Claim, Import, Sheet};
use crate::pg::blockers::{Blocker, Touched};
use crate::pg::catalog::{ImportKey, TableName};
use crate::pg::ddl::Executed;
use crate::pg::error::Failure;
use crate::pg::file_plan::{Blocked, FilePlan};
use crate::pg::file_row::FileRow;
use crate::pg::registry::{self, Managed};
use crate::pg::rewrite::Rewrite;
use crate::pg::{blockers, report, rights};
use pgrx::datum::TimestampWithTimeZone;
use std::cell::RefCell;
use std::rc::Rc;

/// See the module. The default one does what it is told.
#[derive(Clone, Default)]
pub struct Ledger(Option<Rc<RefCell<Imagined>>>);

/// See [`Ledger::save`].
pub struct Savepoint {
    ledger: Ledger,
    length: usize,
    file: FilePlan,
}

impl Drop for Savepoint {
    fn drop(&mut self) {
        // Not `imagine`: nothing may panic here.
        if let Some(Ok(mut state)) = self.ledger.0.as_ref().map(|state| state.try_borrow_mut()) {
            state.release();
        }
    }
}

impl Ledger {
    /// A ledger that only imagines.
    pub fn imagined(one_transaction: bool) -> Ledger {
        Ledger(Some(Rc::new(RefCell::new(Imagined::new(one_transaction)))))
    }

    /// Whether nothing is done.
    pub fn plans(&self) -> bool {
        self.0.is_some()
    }

    fn imagine<T>(&self, with: impl FnOnce(&mut Imagined) -> T) -> Option<T> {
        self.0.as_ref().map(|state| with(&mut state.borrow_mut()))
    }

    /// What was imagined up to here, to go back to as long as it is kept: a plan's savepoint.
    pub fn save(&self) -> Option<Savepoint> {
        self.imagine(|state| Savepoint {
            ledger: self.clone(),
            length: state.save(),
            file: state.file.clone(),
        })
    }

    /// Back to a savepoint. What stopped the file is kept for its row.
    pub fn restore(&self, saved: &Option<Savepoint>) {
        if let Some(saved) = saved {
            self.imagine(|state| {
                state.restore(saved.length);
                let blocked = state.file.blocked.take();
                state.file.clone_from(&saved.file);
                state.file.blocked = blocked;
            });
        }
    }

    /// Here the import would commit: what its transaction has touched is free again.
    pub fn commits(&self) {
        self.imagine(|state| {
            if !state.one_transaction {
                state.untouch();
            }
        });
    }

    /// Hands over what was noted of the file that ends, or of one of its sheets.
    pub fn hand_over(&self, row: &mut FileRow) {
        self.imagine(|state| row.plan = std::mem::take(&mut state.file));
    }

    /// What was noted of the file is again what the row says.
    pub fn back_to(&self, row: &FileRow) {
        self.imagine(|state| state.file = row.plan.clone());
    }

    /// Takes a claim back: there was nothing to import.
    ///
    /// # Errors
    /// The audit's.
    pub fn withdraw(&self, import_id: i64) -> Result<(), Failure> {
        if self.plans() {
            return Ok(());
        }
        audit::withdraw(import_id)
    }

    /// A word for the user: a NOTICE, or the plan's.
    pub fn notice(&self, message: String) {
        if self
            .imagine(|state| state.file.notes.push(message.clone()))
            .is_none()
        {
            report::notice(message);
        }
    }

    /// A WARNING, or the plan's.
    pub fn warning(&self, message: String, detail: Option<String>, hint: Option<String>) {
        if self
            .imagine(|state| state.file.notes.push(message.clone()))
            .is_none()
        {
            report::warning(message, detail, hint);
        }
    }

    /// Notes the header row.
    pub fn header_row(&self, row: Option<u32>) {
        self.imagine(|state| state.file.header_row = row);
    }

    /// Notes what cannot run, and why.
    pub fn blocked(&self, statement: &str, rewrite: Option<Rewrite>, objects: &[Blocker]) {
        self.imagine(|state| {
            state.file.blocked = Some(Blocked {
                statement: statement.to_owned(),
                rewrite,
                objects: blockers::objects(objects),
            });
        });
    }

    /// A managed table was dropped by hand.
    ///
    /// # Errors
    /// The audit's.
    pub fn mark_dropped(&self, managed: &Managed) -> Result<(), Failure> {
        match self.imagine(|state| state.drop_table(&managed.recorded)) {
            Some(()) => Ok(()),
            None => registry::mark_dropped(&managed.name),
        }
    }

    /// The table as an earlier file of the plan would have left it.
    pub fn table(&self, name: &TableName) -> Option<Shape> {
        self.imagine(|state| state.table(name).map(|known| known.shape.clone()))?
    }

    /// Begins to imagine a table that is there.
    pub fn know(&self, managed: Option<&Managed>, table: &TargetTable) {
        self.imagine(|state| {
            if let Some(managed) = managed.filter(|m| m.name != m.recorded) {
                state.set_recorded(managed.name.clone(), managed.recorded.clone());
            }
            let stored = table.table.as_ref().map(|t| t.columns.clone());
            state.set_shape(&table.name, |known| {
                known.stored = stored.unwrap_or_default();
            });
        });
        self.keep(table, Vec::new(), None);
    }

    /// Keeps what a table has become, by which changes.
    pub fn keep(&self, table: &TargetTable, changes: Vec<Executed>, rewrite: Option<Rewrite>) {
        self.imagine(|state| {
            state.set_shape(&table.name, |known| {
                known.table.clone_from(&table.table);
                known.remembered.clone_from(&table.remembered);
                known.provisional.clone_from(&table.provisional);
            });
            state.file.changes.extend(changes);
            state.file.rewrite = rewrite.or(state.file.rewrite.take());
        });
    }

    /// What the catalogs cannot know yet of this transaction's work on the table.
    pub fn touched(&self, name: &TableName) -> Touched {
        self.imagine(|state| state.table(name).map(|known| known.touched))
            .flatten()
            .unwrap_or_default()
    }

    /// Imports whose rows would be gone by now.
    pub fn removed_from(&self, name: &TableName) -> Vec<ImportKey> {
        self.imagine(|state| state.table(name).map(|known| known.removed.clone()))
            .flatten()
            .unwrap_or_default()
    }

    /// The name that the record has for a table; none where its imports count as reverted.
    fn on_record(&self, name: &TableName) -> Option<TableName> {
        self.imagine(|state| {
            let recorded = state.recorded(name).unwrap_or(name);
            (!state.is_dropped(recorded)).then(|| recorded.clone())
        })
        .unwrap_or_else(|| Some(name.clone()))
    }

    fn is_removed(&self, import: &Import) -> bool {
        self.imagine(|state| state.is_removed(import.import_id))
            .unwrap_or(false)
    }

    /// See [`audit::present`]; [`Import::import_id`] 0 is one of this plan.
    ///
    /// # Errors
    /// The audit's.
    pub fn present(
        &self,
        name: &TableName,
        sheet: Sheet<'_>,
        sha256: &str,
    ) -> Result<Option<Import>, Failure> {
        let planned = self.imagine(|state| state.loaded().present(name, sheet, sha256).cloned());
        if let Some(Some(planned)) = planned {
            return Ok(Some(planned));
        }
        let Some(recorded) = self.on_record(name) else {
            return Ok(None);
        };
        let found = audit::present(&recorded, sheet, sha256)?;
        Ok(found.filter(|import| !self.is_removed(import)))
    }

    /// See [`audit::held`].
    ///
    /// # Errors
    /// The audit's.
    pub fn held(
        &self,
        name: &TableName,
        sheet: Sheet<'_>,
        sha256: &str,
    ) -> Result<Option<Import>, Failure> {
        let recorded = self.imagine(|state| state.recorded(name).cloned());
        audit::held(recorded.flatten().as_ref().unwrap_or(name), sheet, sha256)
    }

    /// See [`audit::at_path`].
    ///
    /// # Errors
    /// The audit's.
    pub fn at_path(
        &self,
        name: &TableName,
        sheet: Sheet<'_>,
        source_file: &str,
        sheets: &[&str],
    ) -> Result<Vec<Import>, Failure> {
        let Some(recorded) = self.on_record(name) else {
            return Ok(Vec::new());
        };
        let mut found = audit::at_path(&recorded, sheet, source_file, sheets)?;
        found.retain(|import| !self.is_removed(import));
        Ok(found)
    }

    /// See [`audit::of_lost_sheets`].
    ///
    /// # Errors
    /// The audit's.
    pub fn of_lost_sheets(
        &self,
        source_file: &str,
        sheets: &[&str],
    ) -> Result<Vec<Import>, Failure> {
        let mut found = audit::of_lost_sheets(source_file, sheets)?;
        found.retain(|import| !self.is_removed(import));
        Ok(found)
    }

    /// See [`registry::also_in`].
    ///
    /// # Errors
    /// The audit's.
    pub fn also_in(
        &self,
        name: &TableName,
        source_file: &str,
        sha256: &str,
    ) -> Result<Option<String>, Failure> {
        let planned = self.imagine(|state| {
            let other = state.loaded().elsewhere(name, source_file, sha256);
            other.map(|import| import.table.display())
        });
        if let Some(Some(other)) = planned {
            return Ok(Some(other));
        }
        let recorded = self.on_record(name).unwrap_or_else(|| name.clone());
        registry::also_in(&recorded, source_file, sha256)
    }

    /// Removes the rows of an import and marks it; how many there were.
    ///
    /// # Errors
    /// As [`removal::remove`]; 42501 when the calling role may not delete.
    pub fn remove(
        &self,
        table: &TargetTable,
        import: &Import,
        why: &str,
        say: bool,
    ) -> Result<i64, Failure> {
        let name = &table.name;
        let removed = std::slice::from_ref(import);
        if !self.plans() {
            let deleted = removal::remove_again(name, removed, say)?;
            audit::mark_reverted(import.import_id, why, false)?;
            return Ok(deleted);
        }
        let key = (import.source_file.clone(), import.load_timestamp);
        if import.import_id == 0 {
            self.imagine(|state| state.unload(name, &key));
            return Ok(import.row_count);
        }
        let Some(known) = table.table.as_ref().filter(|t| t.exists()) else {
            return Ok(0);
        };
        rights::check_delete(name, known.oid)?;
        let deleted = removal::remove(name, removed, true)?;
        self.imagine(|state| {
            state.remove(name, import.import_id, key);
            state.touch(name, |touched| touched.deleted |= deleted > 0);
        });
        Ok(deleted)
    }

    /// See [`audit::claim`].
    ///
    /// # Errors
    /// The audit's.
    pub fn claim(
        &self,
        claim: &Claim<'_>,
    ) -> Result<Option<(i64, TimestampWithTimeZone)>, Failure> {
        if self.plans() {
            return Ok(Some((0, audit::now()?)));
        }
        audit::claim(claim)
    }

    /// Keeps that a file would be in.
    pub fn keep_import(&self, claim: &Claim<'_>, load_timestamp: TimestampWithTimeZone, rows: i64) {
        self.imagine(|state| {
            state.touch(claim.table, |touched| touched.inserted |= rows > 0);
            state.load(Import {
                import_id: 0,
                table: claim.table.clone(),
                source_file: claim.source_file.to_owned(),
                sheet_name: claim.sheet.name.to_owned(),
                sheet_range: claim.sheet.range.to_owned(),
                sha256: claim.sha256.to_owned(),
                row_count: rows,
                load_timestamp,
                imported_at: String::new(),
                reverted_at: None,
                reverted_by: None,
            });
        });
    }
}
