//! Making the table fit the sheet: headers to columns, types to DDL, all audited.

use super::ledger::Ledger;
use crate::pg::catalog::{self, TableName};
use crate::pg::ddl::{self, Executed};
use crate::pg::error::Failure;
use crate::pg::{audit, registry};
use pgdatahub_core::columns::{self, Assigned, Remembered, SheetHeader};
use pgdatahub_core::config::{FolderSettings, OnTypeConflict};
use pgdatahub_core::evolve::{
    self, Change, ColumnKind, Evolution, LikelyRename, TableColumn, Target, WantedColumns,
};
use pgdatahub_core::protocol::{Header, Misfit, Wire};
use pgdatahub_core::types::ColumnType;
use std::collections::{BTreeMap, HashSet};

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

    fn headers(&self) -> Vec<SheetHeader> {
        self.0
            .iter()
            .map(|(index, (text, found))| SheetHeader {
                index: *index,
                text: text.clone(),
                has_data: *found != ColumnType::None,
            })
            .collect()
    }

    fn found(&self, assigned: &[Assigned]) -> Vec<evolve::Found> {
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

    /// Makes the changes and records them.
    fn make(
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

    fn likely_renames(&self, evolution: &Evolution) -> Vec<LikelyRename> {
        let columns = self.table.iter().flat_map(|table| &table.columns);
        let missing: Vec<(String, ColumnKind)> = columns
            .filter(|c| evolution.missing.contains(&c.name))
            .filter(|c| !self.provisional.contains(&c.name))
            .map(|c| (c.name.clone(), c.kind.clone()))
            .collect();
        let added: Vec<(String, String, ColumnKind)> = evolution
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::AddColumn(new) if !new.provisional => {
                    Some((new.header.clone(), new.name.clone(), new.kind()))
                }
                _ => None,
            })
            .collect();
        evolve::likely_renames(&missing, &added)
    }

    /// The plan, with the two questions that only the table's rows can answer.
    fn evolve(
        &self,
        found: &[evolve::Found],
        wanted: &WantedColumns,
    ) -> Result<Evolution, Failure> {
        let Some(table) = &self.table else {
            return evolve::evolve_wanted(None, found, wanted)
                .map_err(|conflict| Failure::from(conflict.report()));
        };
        let mut columns: Vec<TableColumn> = table.columns.clone();
        for column in &mut columns {
            // Retyped by hand, it is what its owner wants it to be.
            column.provisional = self.provisional.contains(&column.name)
                && column.kind == ColumnKind::Native(ColumnType::Text);
        }
        let mut evolution = evolve::evolve_wanted(Some(&columns), found, wanted)
            .map_err(|conflict| Failure::from(conflict.report()))?;
        let mut settled = false;
        for change in &evolution.changes {
            if let Change::AlterType {
                column,
                provisional: true,
                ..
            }
            | Change::Declare { column, .. } = change
                && self.stored(column).is_some()
                && catalog::has_value_without(
                    &self.name,
                    column,
                    &self.ledger.removed_from(&self.name),
                )?
            {
                // Somebody filled it by hand: text, and no longer ours to retype freely.
                columns
                    .iter_mut()
                    .filter(|c| c.name == *column)
                    .for_each(|c| c.provisional = false);
                settled = true;
            }
        }
        if settled {
            evolution = evolve::evolve_wanted(Some(&columns), found, wanted)
                .map_err(|conflict| Failure::from(conflict.report()))?;
        }
        for change in &mut evolution.changes {
            if let Change::AlterType {
                column,
                from: ColumnType::Bigint,
                to,
                ..
            } = change
                && *to == ColumnType::Double
                && self
                    .stored(column)
                    .is_some_and(|c| c.kind == ColumnKind::Native(ColumnType::Bigint))
                && catalog::exceeds_double(&self.name, column)?
            {
                *to = ColumnType::Numeric;
                let targets = evolution.targets.iter_mut().filter(|t| t.column == *column);
                targets.for_each(|t| t.wire = Wire::Native(ColumnType::Numeric));
            }
        }
        Ok(evolution)
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

fn not_managed(target: &TableName) -> Failure {
    let name = target.display();
    Failure::new("55000", format!("table {name} exists and is not managed by pgdatahub"))
        .detail("An import never alters or fills a table that it did not create, lest a folder of that name overwrite it.")
        .hint(format!(
            "If its rows are meant to go there: SELECT pgdatahub.adopt_table({}). If not: name another table with table_name => '…' or table: in the configuration.",
            ddl::literal(&name)
        ))
}
