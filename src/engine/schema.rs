//! Making the table fit the sheet: headers to columns, types to DDL, all audited.
//!
//! [`TargetTable::fit`] is the story: the sheet's columns ([`sheet_columns`]) are assigned to the table's, what the
//! table must become for them is worked out ([`evolution`]), permitted and checked by others, and made ([`make`]) or
//! imagined.

mod evolution;
mod make;
mod sheet_columns;

pub use sheet_columns::SheetColumns;

use super::ledger::Ledger;
use crate::pg::catalog::{self, TableName};
use crate::pg::ddl;
use crate::pg::error::Failure;
use crate::pg::registry;
use pgdatahub_core::columns::{self, Assigned, Remembered};
use pgdatahub_core::config::{FolderSettings, OnTypeConflict};
use pgdatahub_core::evolve::{self, Change, LikelyRename, Target};
use std::collections::HashSet;

/// The target as the import sees it, kept up to date as it changes.
pub struct TargetTable {
    pub name: TableName,
    pub folder: String,
    /// None until it is created.
    pub table: Option<catalog::Table>,
    /// This transaction created it: nobody else can hold it.
    pub own: bool,
    /// The folder's: policies and what is said of single columns.
    pub settings: FolderSettings,
    /// Most values in one of the sheet's rows, as far as known.
    pub widest_row: usize,
    pub(super) remembered: Vec<Remembered>,
    pub(super) provisional: Vec<String>,
    /// What a value leads to that an established column does not take.
    pub on_conflict: OnTypeConflict,
    /// Columns that had a type before this import.
    established: HashSet<String>,
    pub(super) ledger: Ledger,
}

/// Where the sheet's columns go now.
pub struct Fitted {
    pub targets: Vec<Target>,
    pub missing: Vec<String>,
    /// Columns that are missing and new ones that may be the same under another name.
    pub renames: Vec<LikelyRename>,
    pub assigned: Vec<Assigned>,
    /// Sheet columns that go to a generated column.
    pub unfillable: Vec<u32>,
}

impl TargetTable {
    /// The target by name: managed and there, or new.
    ///
    /// # Errors
    /// 55000 when a table of that name is there that pgdatahub does not manage.
    pub fn open(target: &TableName, folder: &str, ledger: &Ledger) -> Result<TargetTable, Failure> {
        let mut name = target.clone();
        let mut oid = None;
        let managed = registry::lookup(target)?;
        match &managed {
            Some(managed) => {
                oid = managed.oid;
                if oid.is_none() {
                    ledger.mark_dropped(managed)?;
                    if catalog::find(target)?.is_some() {
                        return Err(not_managed(target));
                    }
                } else {
                    name = managed.name.clone();
                }
            }
            None if catalog::find(target)?.is_some() => return Err(not_managed(target)),
            None => {}
        }
        let mut opened = TargetTable {
            name,
            folder: folder.to_owned(),
            table: None,
            own: false,
            settings: FolderSettings::default(),
            widest_row: 0,
            remembered: Vec::new(),
            provisional: Vec::new(),
            on_conflict: OnTypeConflict::Widen,
            established: HashSet::new(),
            ledger: ledger.clone(),
        };
        if let Some(known) = ledger.table(&opened.name) {
            opened.table = known.table;
            (opened.remembered, opened.provisional) = (known.remembered, known.provisional);
            opened.establish();
            return Ok(opened);
        }
        if let (Some(oid), Some(managed)) = (oid, &managed) {
            opened.table = Some(catalog::describe(oid)?);
            (opened.remembered, opened.provisional) = registry::remembered(&managed.recorded)?;
        }
        opened.establish();
        ledger.know(managed.as_ref(), &opened);
        Ok(opened)
    }

    /// Headers and column names that a header row is recognised by.
    pub fn known_headers(&self) -> Vec<String> {
        let columns: Vec<&str> = self
            .table
            .iter()
            .flat_map(|table| &table.columns)
            .map(|c| c.name.as_str())
            .filter(|name| !catalog::RESERVED.contains(name))
            .collect();
        let named = |name: &Option<String>| name.as_deref().is_some_and(|n| columns.contains(&n));
        let configured = self.settings.columns.iter().filter(|c| named(&c.name));
        self.remembered
            .iter()
            .map(|r| r.header.clone())
            .filter(|h| !h.is_empty())
            .chain(configured.map(|c| c.header.clone()))
            .chain(columns.iter().map(|name| (*name).to_owned()))
            .collect()
    }

    /// Makes the table fit what is known of the sheet; the changes are audited
    /// and described in `described`.
    ///
    /// # Errors
    /// 42701 two headers for one column, 42804 a user's type that cannot take
    /// the values, 54011 too many columns, 54000 too wide a row, 42P16 and 42703 by
    /// policy, and the DDL's own.
    pub fn fit(
        &mut self,
        sheet: &SheetColumns,
        import: (i64, &str),
        described: &mut Vec<String>,
    ) -> Result<Fitted, Failure> {
        let existing: Vec<String> = self
            .table
            .iter()
            .flat_map(|table| &table.columns)
            .map(|c| c.name.clone())
            .collect();
        let overrides = &self.settings.columns;
        let assigned =
            columns::assign_named(&sheet.headers(), &self.remembered, &existing, overrides)
                .map_err(|clash| Failure::from(clash.report()))?;
        let mut found = sheet.found(&assigned);
        let wanted = super::wanted::columns(overrides, &assigned)?;
        let unfillable = self.leave_conflicts(&mut found);
        let evolution = self.evolve(&found, &wanted)?;
        let renames = self.likely_renames(&evolution);
        self.permit(&evolution, &renames)?;
        let rewrite = self.check(&evolution.changes)?;
        described.extend(
            evolution
                .changes
                .iter()
                .filter(|c| !matches!(c, Change::SettleProvisional { .. }))
                .map(evolve::describe),
        );
        if self.ledger.plans() {
            self.imagine(&evolution.changes, &assigned, rewrite);
        } else {
            self.make(&evolution, &assigned, import)?;
        }
        Ok(Fitted {
            targets: evolution.targets,
            missing: evolution.missing,
            renames,
            assigned,
            unfillable,
        })
    }

    /// Takes down which columns have a type, before the import changes any.
    fn establish(&mut self) {
        let columns = self.table.iter().flat_map(|table| &table.columns);
        self.established = columns
            .map(|column| column.name.clone())
            .filter(|name| !self.provisional.contains(name))
            .collect();
    }

    /// Whether a column had a type before this import.
    pub fn is_established(&self, column: &str) -> bool {
        self.established.contains(column)
    }
}

fn not_managed(target: &TableName) -> Failure {
    let name = target.display();
    Failure::new("55000", format!("table {name} exists and is not managed by pgdatahub"))
        .detail("An import never alters or fills a table that it did not create, lest a folder of that name overwrite it.")
        .hint(format!(
            "If its rows are meant to go there: SELECT pgdatahub.adopt_table({}). If not: name another table with table_name => '…' or table: in the configuration.",
            ddl::literal(&name)
        ))
}
