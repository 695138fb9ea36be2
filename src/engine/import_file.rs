//! One workbook, all or nothing: rows, DDL, audit and dedup key in one subtransaction.

use super::file_sheets::{self, Chosen};
use super::ledger::{Ledger, Savepoint};
use super::progress;
use super::rejects::{Limits, Rejects};
use super::run::seconds_since;
use super::schema::{SheetColumns, TargetTable};
use super::stream::{self, End, Known, Load};
use super::targets::{self, Source};
use super::{elsewhere, kept_settings, remarks, replacement};
use crate::pg::access::{self, FileStat, Grant};
use crate::pg::audit::{self, Claim, Import, Sheet};
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::guc::{self, Rehash};
use crate::pg::next_file::{self, NextFile};
use crate::pg::reader::Client;
use crate::pg::{registry, subxact};
use pgdatahub_core::config::{OnChange, OnTypeConflict};
use pgdatahub_core::protocol::{Format, HeadRequest, Opened};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::time::Instant;

/// What all files of a call share.
pub struct Call {
    pub run_id: i64,
    /// Load bytes that are in already, or held after a revert.
    pub reimport: bool,
    /// The file was named by the caller: a hold does not apply.
    pub explicit: bool,
    /// What is on record, and where effects go.
    pub ledger: Ledger,
}

/// Imports one workbook; `next` is the one that is likely to be imported after it.
/// Never fails: a failure is the row's status.
pub fn import(grant: &Grant, source: &Source, call: &Call, next: Option<&Source>) -> FileRow {
    progress::file(source);
    let row = imported(grant, source, call, next);
    progress::file_done(source, row.whole().row_count);
    row
}

fn imported(grant: &Grant, source: &Source, call: &Call, next: Option<&Source>) -> FileRow {
    let started = Instant::now();
    let mut row = FileRow {
        source_file: grant.display(&source.below),
        table: Some(source.target.clone()),
        ..FileRow::default()
    };
    let saved = call.ledger.save();
    if let Err(failure) = all_attempts(grant, (source, next), call, &mut row, &saved) {
        call.ledger.restore(&saved);
        failed(&mut row, failure);
    }
    call.ledger.hand_over(&mut row);
    row.seconds = seconds_since(started);
    row
}

/// Tries a file until it is in: an attempt may find out what the next one must know.
fn all_attempts(
    grant: &Grant,
    (source, next): (&Source, Option<&Source>),
    call: &Call,
    row: &mut FileRow,
    saved: &Option<Savepoint>,
) -> Result<(), Failure> {
    let mut attempt = Attempt::default();
    loop {
        let Some(file) = open(grant, source, call, row)? else {
            return Ok(());
        };
        let file = File {
            behind: next
                .filter(|next| attempt.is_first() && likely_alike(source, next))
                .map(|next| (grant, next)),
            ..file
        };
        let fresh = row.clone();
        match subxact::attempt(|| load_sheets(&file, source, call, row, &attempt)) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err((sheet, known))) => {
                attempt.known.insert(sheet, known);
            }
            Err(failure) if failure.while_storing && !attempt.guarded => attempt.guarded = true,
            Err(failure) => return Err(failure),
        }
        call.ledger.restore(saved);
        *row = fresh;
    }
}

/// The row of a file that failed: nothing of it is in.
pub fn failed(row: &mut FileRow, failure: Failure) {
    row.status = "failed";
    row.other_sheets.clear();
    row.row_count = None;
    row.rows_removed = None;
    row.rejected = None;
    row.import_id = None;
    row.schema_changes.clear();
    row.missing_columns.clear();
    let mut failure = failure;
    if let Some(constraint) = failure.constraint.take() {
        failure = failure.also(format!("Constraint \"{constraint}\"."));
    }
    let told = failure
        .detail
        .as_deref()
        .unwrap_or_default()
        .contains("heet \"");
    if let (false, Some(sheet)) = (told, &row.sheet_name) {
        failure = failure.also(format!("Sheet \"{sheet}\"."));
    }
    row.message = Some(failure.message);
    row.sqlstate = Some(failure.sqlstate);
    row.detail = failure.detail;
    row.hint = failure.hint;
}

/// An open workbook, not yet read.
struct File<'a> {
    fd: OwnedFd,
    stat: FileStat,
    settings: String,
    /// The file after it, which the reader may turn to ahead of its turn.
    behind: Option<(&'a Grant, &'a Source)>,
}

/// Whether a file is of the same table and settings, and small enough to be read ahead of its turn.
fn likely_alike(source: &Source, next: &Source) -> bool {
    next.folder == source.folder && next.target == source.target && next_file::is_small(next.bytes)
}

/// Opens the file, unless its stat says that it is in already.
fn open<'a>(
    grant: &Grant,
    source: &Source,
    call: &Call,
    row: &mut FileRow,
) -> Result<Option<File<'a>>, Failure> {
    let fd = grant.open_file(&source.below)?;
    row.source_file = access::resolved_path(&fd)?;
    let stat = access::stat(&fd)?;
    let settings = kept_settings::json(source);
    if guc::REHASH.get() == Rehash::Changed && !call.reimport && !file_sheets::must_open(source) {
        let table = registry::lookup(&source.target)?;
        if let Some(table) = table.filter(|t| t.oid.is_some()) {
            let unchanged = audit::unchanged(&table.recorded, &row.source_file, &stat, &settings)?;
            // No earlier file of a plan can have replaced it: it has the same path.
            if let Some(import) = unchanged.first() {
                row.table = Some(table.name);
                skipped(row, import, None);
                return Ok(None);
            }
        }
    }
    Ok(Some(File {
        fd,
        stat,
        settings,
        behind: None,
    }))
}

pub(super) fn skipped(row: &mut FileRow, import: &Import, note: Option<&str>) {
    row.status = "skipped";
    row.sheet_name = Some(import.sheet_name.clone());
    row.sha256 = Some(import.sha256.clone());
    row.message = Some(match (import.source_file == row.source_file, note) {
        (_, Some(note)) => note.to_owned(),
        (_, None) if import.import_id == 0 => format!("the same content as {}", import.source_file),
        (true, None) => format!("already imported on {}", import.imported_at),
        (false, None) => format!(
            "already imported as {} on {}",
            import.source_file, import.imported_at
        ),
    });
}

/// What earlier attempts at the same file found out.
#[derive(Default)]
struct Attempt {
    /// What is known of all rows of a sheet, by its index.
    known: BTreeMap<u32, Known>,
    /// The table refused a row: which one is found out by storing batch by batch.
    guarded: bool,
}

impl Attempt {
    /// What is said of a file is said once.
    fn is_first(&self) -> bool {
        !self.guarded && self.known.is_empty()
    }
}

/// Done, or the rows so far are to be taken back: what is known of a sheet by now.
type Step = Result<(), (u32, Known)>;

/// The sheets of a file, all or nothing: the first one's outcome is the file's
/// row, the others' are kept with it.
fn load_sheets(
    file: &File<'_>,
    source: &Source,
    call: &Call,
    row: &mut FileRow,
    attempt: &Attempt,
) -> Result<Step, Failure> {
    progress::attempt();
    let wants_names = file_sheets::names_a_range(&source.settings);
    let (mut client, opened) = Client::open(&file.fd, wants_names)?;
    row.sha256 = Some(opened.sha256.clone());
    let fresh = row.clone();
    let sheets = file_sheets::choose(&opened, source, call, attempt.is_first())?;
    if !call.ledger.plans() {
        let targets = sheets.iter().map(|sheet| &sheet.target);
        targets::lock(targets.filter(|target| **target != source.target))?;
    }
    for (nth, chosen) in sheets.iter().enumerate() {
        let mut own = fresh.clone();
        let started = Instant::now();
        let turn = Turn {
            file,
            opened: &opened,
            chosen,
            last: nth + 1 == sheets.len(),
        };
        let step = load(&mut client, &turn, source, call, &mut own, attempt);
        if step.is_ok() {
            call.ledger.hand_over(&mut own);
        }
        own.seconds = seconds_since(started);
        if nth == 0 || step.is_err() {
            *row = own;
        } else {
            row.other_sheets.push(own);
        }
        if let Err(restart) = step? {
            return Ok(Err(restart));
        }
    }
    // What is noted from here on is the file's own, and goes with its first sheet.
    call.ledger.back_to(row);
    if file_sheets::feeds_several(source) && row.sheets().any(FileRow::is_loaded) {
        file_sheets::say_lost(&opened, source, call, &row.source_file)?;
    }
    Ok(Ok(()))
}

/// A sheet's turn.
struct Turn<'a> {
    file: &'a File<'a>,
    opened: &'a Opened,
    chosen: &'a Chosen<'a>,
    /// No other sheet of the file follows.
    last: bool,
}

impl Turn<'_> {
    /// What is asked for of the sheet, and likely of the same sheet of a file alike.
    fn head(&self, source: &Source, table: &TargetTable) -> Result<HeadRequest, Failure> {
        Ok(HeadRequest {
            sheet: self.chosen.index,
            header: self.chosen.header(source, table.known_headers()),
            sample_rows: guc::CHUNK_SIZE.get().unsigned_abs(),
            options: self.chosen.options(source),
            text: super::wanted::text_rules(&source.settings)?,
        })
    }

    /// The file that the reader may turn to behind this sheet's rows. Not where a misfit may
    /// have it come back to them, as it may for a table of this transaction.
    fn behind(&self, table: &TargetTable) -> Result<Option<NextFile>, Failure> {
        let Some((grant, next)) = self.file.behind else {
            return Ok(None);
        };
        if !self.last || table.own || table.ledger.plans() {
            return Ok(None);
        }
        // What is wrong with it is found at its turn.
        let Ok(file) = grant.open_file(&next.below) else {
            return Ok(None);
        };
        Ok(Some(NextFile {
            file,
            names: file_sheets::names_a_range(&next.settings),
            head: self.head(next, table)?,
        }))
    }
}

/// The import proper, inside its subtransaction.
fn load(
    client: &mut Client,
    turn: &Turn<'_>,
    source: &Source,
    call: &Call,
    row: &mut FileRow,
    attempt: &Attempt,
) -> Result<Step, Failure> {
    let started = Instant::now();
    let Turn {
        file,
        opened,
        chosen,
        ..
    } = *turn;
    let info = chosen.info;
    row.sheet_name = Some(info.name.clone());
    let mut table = TargetTable::open(&chosen.target, &source.folder, &call.ledger)?;
    row.table = Some(table.name.clone());
    table.on_conflict = source.settings.on_type_conflict;
    let percent = source.settings.reading.replace_min_percent;
    let on_change = file_sheets::on_change(source);
    let key = (chosen.key(), on_change);
    let same = match skip(&table.name, key, opened, file, call, row)? {
        Skip::Held => return Ok(Ok(())),
        Skip::In(import) => {
            if import.source_file != row.source_file {
                let how = (&import, percent, attempt.is_first());
                elsewhere::make_way(&table, key, opened, call, row, how)?;
            }
            return Ok(Ok(()));
        }
        Skip::No(same) => same,
    };
    let moved_from = same.as_ref().filter(|_| !call.reimport);
    let moved_from = moved_from.map(|import| format!("was in as {}", import.source_file));
    let how = (same, attempt.is_first());
    let removed = replacement::remove_earlier(&table, key, opened, call, row, how)?;
    let source_file = row.source_file.clone();
    let target = table.name.clone();
    let claim = Claim {
        table: &target,
        source_file: &source_file,
        sheet: chosen.key(),
        sha256: &opened.sha256,
        format: format_name(opened.format),
        stat: file.stat,
        run_id: call.run_id,
        settings: &file.settings,
    };
    let Some((import_id, load_timestamp)) = call.ledger.claim(&claim)? else {
        row.status = "skipped";
        row.message = Some("the same content was imported by another session just now".into());
        return Ok(Ok(()));
    };
    row.import_id = (!call.ledger.plans()).then_some(import_id);
    table.settings = source.settings.clone();
    let head = client.head(turn.head(source, &table)?)?;
    if head.header_row.is_none() {
        if chosen.by_pattern && removed.is_empty() {
            call.ledger.withdraw(import_id)?;
            row.import_id = None;
            row.status = "skipped";
            row.message = Some("the sheet is empty".into());
            return Ok(Ok(()));
        }
        return Err(
            Failure::new("22000", format!("sheet \"{}\" is empty", info.name))
                .detail("It has no cell with a value: no header and no rows.")
                .hint("Name another sheet with sheet => '…' or sheet: in the configuration."),
        );
    }
    table.widest_row = head.widest_row as usize;
    call.ledger.header_row(head.header_row);
    let mut sheet = SheetColumns::new(&head.headers);
    let known = attempt.known.get(&chosen.index);
    if let Some(known) = known {
        sheet.join(&known.columns);
    }
    let fitted = table
        .fit(&sheet, (import_id, &source_file), &mut row.schema_changes)
        .map_err(|failure| match known {
            Some(known) => failure.also(&known.place),
            None => failure,
        })?;
    row.missing_columns.clone_from(&fitted.missing);
    let renames: Vec<String> = fitted.renames.iter().map(|r| r.describe()).collect();
    let mut import = Load {
        import_id,
        source_file: &source_file,
        sheet: &info.name,
        load_timestamp,
        guarded: attempt.guarded,
        only: None,
        behind: turn.behind(&table)?,
    };
    let mut rejects = Rejects::new(Limits::of(&source.settings));
    let loaded = match stream::load(
        client,
        &mut table,
        &mut sheet,
        fitted,
        &mut import,
        &mut rejects,
        &mut row.schema_changes,
    )? {
        End::Loaded(loaded) => loaded,
        End::Restart(columns) => return Ok(Err((chosen.index, columns))),
    };
    let rows = loaded.rows as i64;
    rejects.finish(&info.name, loaded.done.rows + loaded.done.rejected_rows)?;
    say_deferred(&table)?;
    replacement::check(&removed, rows, percent, &target, &source_file)?;
    if !call.ledger.plans() {
        audit::complete(
            import_id,
            rows,
            rejects.entries() as i64,
            seconds_since(started),
            loaded.lane,
            head.header_row.filter(|row| *row > 0).map(|r| r as i32),
        )?;
    }
    if !file_sheets::feeds_several(source)
        && let Some(other) = call.ledger.also_in(&target, &source_file, &opened.sha256)?
    {
        call.ledger.warning(
            format!("{} feeds more than one table", source.label),
            Some(format!("Its content or path is in {other} too.")),
            Some("If that is not meant, revert one of the two imports.".into()),
        );
    }
    call.ledger.keep_import(&claim, load_timestamp, rows);
    row.status = match (call.ledger.plans(), removed.is_empty()) {
        (true, _) => "planned",
        (false, true) => "imported",
        (false, false) => "replaced",
    };
    row.row_count = Some(rows);
    row.rejected = Some(rejects.entries() as i64);
    row.rows_removed = (!removed.is_empty()).then(|| removed.iter().map(|r| r.deleted).sum());
    let noted = renames.into_iter().chain(moved_from).collect();
    row.message = remarks::of(&head, info, &loaded.done, noted);
    Ok(Ok(()))
}

/// Whether the file is skipped.
enum Skip {
    /// Its bytes are in.
    In(Import),
    /// They are held after a revert.
    Held,
    /// It is not, and these rows of the same bytes make way.
    No(Option<Import>),
}

/// Whether the file is skipped, and said to be.
fn skip(
    table: &TableName,
    (sheet, on_change): (Sheet<'_>, OnChange),
    opened: &Opened,
    file: &File<'_>,
    call: &Call,
    row: &mut FileRow,
) -> Result<Skip, Failure> {
    let present = call.ledger.present(table, sheet, &opened.sha256)?;
    if call.reimport {
        return Ok(Skip::No(present));
    }
    if let Some(import) = present {
        if import.source_file != row.source_file && elsewhere::has_moved_on(&import, on_change)? {
            return Ok(Skip::No(Some(import)));
        }
        let changed = import.source_file == row.source_file
            && audit::settings_differ(import.import_id, &file.settings)?;
        let note = "already imported; settings changed since, reimport => true loads it anew";
        skipped(row, &import, changed.then_some(note));
        return Ok(Skip::In(import));
    }
    if call.explicit {
        return Ok(Skip::No(None));
    }
    let Some(import) = call.ledger.held(table, sheet, &opened.sha256)? else {
        return Ok(Skip::No(None));
    };
    let who = import.reverted_by.clone().unwrap_or_default();
    let when = import.reverted_at.clone().unwrap_or_default();
    skipped(
        row,
        &import,
        Some(&format!("held: reverted by {who} on {when}")),
    );
    row.hint = Some("pgdatahub.import_file, or reimport => true, loads it all the same.".into());
    Ok(Skip::Held)
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
