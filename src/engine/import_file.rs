//! One workbook, all or nothing: rows, DDL, audit and dedup key in one subtransaction.
//!
//! It is opened ([`opened`]), passed over where it is in already ([`skipping`]), or its sheets are
//! loaded one after another ([`sheet`]), as often as an attempt finds out what the next one must know.

mod opened;
mod sheet;
mod skipping;

use self::opened::{File, likely_alike, open};
use self::sheet::Turn;
use super::file_sheets;
use super::ledger::{Ledger, Savepoint};
use super::progress;
use super::run::seconds_since;
use super::stream::Known;
use super::targets::{self, Source};
use crate::pg::access::Grant;
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::reader::Client;
use crate::pg::subxact;
use std::collections::BTreeMap;
use std::time::Instant;

pub(super) use skipping::skipped;

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
            only: sheets.len() == 1,
            source,
            call,
            attempt,
        };
        let step = sheet::load(&mut client, &turn, &mut own);
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
