//! One sheet: looked up, claimed, fitted to its table, streamed and recorded.

use super::opened::File;
use super::skipping::{Skip, skip};
use super::{Attempt, Call, Step};
use crate::engine::file_sheets::{self, Chosen};
use crate::engine::rejects::{Limits, Rejects};
use crate::engine::replacement::Removed;
use crate::engine::run::seconds_since;
use crate::engine::schema::{Fitted, SheetColumns, TargetTable};
use crate::engine::stream::{self, End, Load, Loaded};
use crate::engine::targets::Source;
use crate::engine::{elsewhere, remarks, replacement, wanted};
use crate::pg::access;
use crate::pg::audit::{self, Claim};
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::guc;
use crate::pg::next_file::NextFile;
use crate::pg::reader::Client;
use pgdatahub_core::config::OnTypeConflict;
use pgdatahub_core::protocol::{Format, HeadRequest, Opened};
use pgrx::datum::TimestampWithTimeZone;
use std::time::Instant;

/// A sheet's turn.
pub(super) struct Turn<'a> {
    pub file: &'a File<'a>,
    pub opened: &'a Opened,
    pub chosen: &'a Chosen<'a>,
    /// The file is read for no other sheet.
    pub only: bool,
    pub source: &'a Source,
    pub call: &'a Call,
    pub attempt: &'a Attempt,
}

impl Turn<'_> {
    /// The sheet's place in the record of imports.
    fn claim<'a>(&'a self, table: &'a TableName, source_file: &'a str) -> Claim<'a> {
        Claim {
            table,
            source_file,
            sheet: self.chosen.key(),
            sha256: &self.opened.sha256,
            format: format_name(self.opened.format),
            stat: self.file.stat,
            run_id: self.call.run_id,
            settings: &self.file.settings,
        }
    }

    /// What is asked for of the sheet, and likely of the same sheet of a file alike.
    fn head(&self, source: &Source, table: &TargetTable) -> Result<HeadRequest, Failure> {
        Ok(HeadRequest {
            sheet: self.chosen.index,
            header: self.chosen.header(source, table.known_headers()),
            sample_rows: guc::CHUNK_SIZE.get().unsigned_abs(),
            options: self.chosen.options(source),
            text: wanted::text_rules(&source.settings)?,
        })
    }

    /// The file that the reader may turn to behind this sheet's rows. Not where a misfit may
    /// have it come back to them, as it may for a table of this transaction.
    fn behind(&self, table: &TargetTable) -> Result<Option<NextFile>, Failure> {
        let Some((grant, next)) = self.file.behind else {
            return Ok(None);
        };
        if !self.only || table.own || table.ledger.plans() {
            return Ok(None);
        }
        // What is wrong with it is found at its turn.
        let Ok(file) = grant.open_file(&next.below) else {
            return Ok(None);
        };
        let Ok(stat) = access::stat(&file) else {
            return Ok(None);
        };
        Ok(Some(NextFile {
            file,
            stat,
            names: file_sheets::names_a_range(&next.settings),
            head: self.head(next, table)?,
        }))
    }
}

/// What a sheet's rows go into.
struct Destination {
    table: TargetTable,
    /// Imports that were taken out for this one.
    removed: Vec<Removed>,
    /// Said of bytes that were in under another path.
    moved_from: Option<String>,
    import_id: i64,
    load_timestamp: TimestampWithTimeZone,
}

/// Loads a sheet, inside its file's subtransaction; the outcome is `row`.
///
/// # Errors
/// The reader's and PostgreSQL's, with the place in the sheet; 22000 for an empty sheet.
pub(super) fn load(
    client: &mut Client,
    turn: &Turn<'_>,
    row: &mut FileRow,
) -> Result<Step, Failure> {
    let started = Instant::now();
    let chosen = turn.chosen;
    row.sheet_name = Some(chosen.info.name.clone());
    let Some(mut into) = destination(turn, row)? else {
        return Ok(Ok(()));
    };
    into.table.settings = turn.source.settings.clone();
    let head = client.head(turn.head(turn.source, &into.table)?)?;
    if head.header_row.is_none() {
        return empty(turn, &into, row).map(Ok);
    }
    into.table.widest_row = head.widest_row as usize;
    turn.call.ledger.header_row(head.header_row);
    let mut sheet = SheetColumns::new(&head.headers);
    let fitted = fit(turn, &mut into, &mut sheet, row)?;
    let renames: Vec<String> = fitted.renames.iter().map(|r| r.describe()).collect();
    let source_file = row.source_file.clone();
    let mut import = Load {
        import_id: into.import_id,
        source_file: &source_file,
        sheet: &chosen.info.name,
        load_timestamp: into.load_timestamp,
        guarded: turn.attempt.guarded,
        only: None,
        behind: turn.behind(&into.table)?,
    };
    let mut rejects = Rejects::new(Limits::of(&turn.source.settings));
    let changes = &mut row.schema_changes;
    let ended = stream::load(
        client,
        &mut into.table,
        &mut sheet,
        fitted,
        &mut import,
        &mut rejects,
        changes,
    )?;
    let loaded = match ended {
        End::Loaded(loaded) => loaded,
        End::Restart(columns) => return Ok(Err((chosen.index, columns))),
    };
    rejects.finish(
        &chosen.info.name,
        loaded.done.rows + loaded.done.rejected_rows,
    )?;
    row.rejected = Some(rejects.entries() as i64);
    finish(turn, &into, (&loaded, head.header_row), started, row)?;
    let noted = renames.into_iter().chain(into.moved_from).collect();
    row.message = remarks::of(&head, chosen.info, &loaded.done, noted);
    Ok(Ok(()))
}

/// Looks the sheet up and claims its place; none where it is skipped.
fn destination(turn: &Turn<'_>, row: &mut FileRow) -> Result<Option<Destination>, Failure> {
    let Turn {
        opened,
        chosen,
        source,
        call,
        ..
    } = *turn;
    let mut table = TargetTable::open(&chosen.target, &source.folder, &call.ledger)?;
    row.table = Some(table.name.clone());
    table.on_conflict = source.settings.on_type_conflict;
    let first = turn.attempt.is_first();
    let key = (chosen.key(), file_sheets::on_change(source));
    let same = match skip(&table.name, key, opened, turn.file, call, row)? {
        Skip::Held => return Ok(None),
        Skip::In(import) => {
            if import.source_file != row.source_file {
                let percent = source.settings.reading.replace_min_percent;
                elsewhere::make_way(&table, key, opened, call, row, (&import, percent, first))?;
            }
            return Ok(None);
        }
        Skip::No(same) => same,
    };
    let moved_from = same.as_ref().filter(|_| !call.reimport);
    let moved_from = moved_from.map(|import| format!("was in as {}", import.source_file));
    let removed = replacement::remove_earlier(&table, key, opened, call, row, (same, first))?;
    let claimed = call
        .ledger
        .claim(&turn.claim(&table.name, &row.source_file))?;
    let Some((import_id, load_timestamp)) = claimed else {
        row.status = "skipped";
        row.message = Some("the same content was imported by another session just now".into());
        return Ok(None);
    };
    row.import_id = (!call.ledger.plans()).then_some(import_id);
    Ok(Some(Destination {
        table,
        removed,
        moved_from,
        import_id,
        load_timestamp,
    }))
}

/// A sheet without any value: skipped if a pattern found it and nothing made way for it.
fn empty(turn: &Turn<'_>, into: &Destination, row: &mut FileRow) -> Result<(), Failure> {
    if turn.chosen.by_pattern && into.removed.is_empty() {
        turn.call.ledger.withdraw(into.import_id)?;
        row.import_id = None;
        row.status = "skipped";
        row.message = Some("the sheet is empty".into());
        return Ok(());
    }
    let name = &turn.chosen.info.name;
    Err(Failure::new("22000", format!("sheet \"{name}\" is empty"))
        .detail("It has no cell with a value: no header and no rows.")
        .hint("Name another sheet with sheet => '…' or sheet: in the configuration."))
}

/// Makes the table fit the sheet, with what earlier attempts found out of it.
fn fit(
    turn: &Turn<'_>,
    into: &mut Destination,
    sheet: &mut SheetColumns,
    row: &mut FileRow,
) -> Result<Fitted, Failure> {
    let known = turn.attempt.known.get(&turn.chosen.index);
    if let Some(known) = known {
        sheet.join(&known.columns);
    }
    let by = (into.import_id, row.source_file.as_str());
    let fitted =
        into.table
            .fit(sheet, by, &mut row.schema_changes)
            .map_err(|failure| match known {
                Some(known) => failure.also(&known.place),
                None => failure,
            })?;
    row.missing_columns.clone_from(&fitted.missing);
    Ok(fitted)
}

/// Records what was loaded.
fn finish(
    turn: &Turn<'_>,
    into: &Destination,
    (loaded, header_row): (&Loaded, Option<u32>),
    started: Instant,
    row: &mut FileRow,
) -> Result<(), Failure> {
    let Turn { source, call, .. } = *turn;
    let Destination { table, removed, .. } = into;
    let rows = loaded.rows as i64;
    say_deferred(table)?;
    let percent = source.settings.reading.replace_min_percent;
    replacement::check(removed, rows, percent, &table.name, &row.source_file)?;
    if !call.ledger.plans() {
        audit::complete(
            into.import_id,
            rows,
            row.rejected.unwrap_or(0),
            seconds_since(started),
            loaded.lane,
            header_row.filter(|row| *row > 0).map(|r| r as i32),
        )?;
    }
    let sha256 = &turn.opened.sha256;
    if !file_sheets::feeds_several(source)
        && let Some(other) = call.ledger.also_in(&table.name, &row.source_file, sha256)?
    {
        call.ledger.warning(
            format!("{} feeds more than one table", source.label),
            Some(format!("Its content or path is in {other} too.")),
            Some("If that is not meant, revert one of the two imports.".into()),
        );
    }
    let claim = turn.claim(&table.name, &row.source_file);
    call.ledger.keep_import(&claim, into.load_timestamp, rows);
    row.status = match (call.ledger.plans(), removed.is_empty()) {
        (true, _) => "planned",
        (false, true) => "imported",
        (false, false) => "replaced",
    };
    row.row_count = Some(rows);
    row.rows_removed = (!removed.is_empty()).then(|| removed.iter().map(|r| r.deleted).sum());
    Ok(())
}

/// Rows can be rejected for what is checked while they are stored, and for no more.
fn say_deferred(table: &TargetTable) -> Result<(), Failure> {
    let (OnTypeConflict::RejectRow, Some(described)) = (table.on_conflict, &table.table) else {
        return Ok(());
    };
    crate::pg::rejects::warn_of_deferred(&table.name, described.oid)
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Xlsx => "xlsx",
        Format::Xlsb => "xlsb",
        Format::Xls => "xls",
        Format::Ods => "ods",
    }
}
