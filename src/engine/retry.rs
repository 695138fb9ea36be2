//! retry_rejects: rejected rows that fit by now, from the same bytes, into the
//! import they belong to.

use super::file_sheets;
use super::ledger::Ledger;
use super::rejects::Rejects;
use super::run::{grouped, plural};
use super::schema::{SheetColumns, TargetTable};
use super::stream::{self, End, Known, Load};
use super::{kept_settings, wanted};
use crate::pg::access::Grant;
use crate::pg::audit::{self, Import};
use crate::pg::catalog;
use crate::pg::ddl::literal;
use crate::pg::error::Failure;
use crate::pg::lock::{TargetKey, lock_targets};
use crate::pg::process::EndReader;
use crate::pg::reader::Client;
use crate::pg::rejects::{self, Pending};
use crate::pg::transaction::OneRun;
use crate::pg::{guc, registry, report, rights, subxact};
use pgdatahub_core::config::OnTypeConflict;
use pgdatahub_core::protocol::HeadRequest;
use pgdatahub_core::protocol::rows::{Run, push_row};
use std::path::Path;

/// Brings rejected rows of an import in; how many.
///
/// # Errors
/// 22023 no such import, 42501 no right to insert, 55000 reverted since, or the
/// file holds other bytes now; 58P01 the file is gone.
pub fn retry(import_id: i64) -> Result<i64, Failure> {
    let _one = OneRun::begin()?;
    let _end = EndReader;
    registry::follow_renames()?;
    let import = find(import_id)?;
    let oid = catalog::find(&import.table)?.ok_or_else(|| {
        Failure::new(
            "42P01",
            format!("table {} does not exist any more", import.table.display()),
        )
    })?;
    rights::check_retry(&import.table, oid)?;
    lock_targets(&[TargetKey::of(&import.table.schema, &import.table.table)])?;
    // Again, under the lock.
    let import = find(import_id)?;
    if let Some(when) = &import.reverted_at {
        let who = import.reverted_by.clone().unwrap_or_default();
        return Err(
            Failure::new("55000", format!("import {import_id} was reverted"))
                .detail(format!("By {who} on {when}."))
                .hint("Import the file again: its rows come in under a new import."),
        );
    }
    let pending = rejects::pending(import_id)?;
    if pending.rows.is_empty() {
        say(&pending, 0);
        return Ok(0);
    }
    let brought = all_attempts(&import, &pending)?;
    say(&pending, brought.rows);
    Ok(brought.stored)
}

fn find(import_id: i64) -> Result<Import, Failure> {
    audit::by_id(import_id)?.ok_or_else(|| {
        Failure::new("22023", format!("there is no import {import_id}")).hint(
            "SELECT DISTINCT import_id, source_file FROM pgdatahub.rejects WHERE scope = 'row' AND retried_at IS NULL;",
        )
    })
}

/// What came in.
struct Brought {
    /// Sheet rows.
    rows: u64,
    /// Rows that arrived in the table; a trigger may make it fewer.
    stored: i64,
}

/// A large table that must be altered is altered before any row is written, see [`End::Restart`].
fn all_attempts(import: &Import, pending: &Pending) -> Result<Brought, Failure> {
    let mut known = None;
    loop {
        match subxact::attempt(|| attempt(import, pending, known.as_ref()))? {
            Ok(brought) => return Ok(brought),
            Err(columns) => known = Some(columns),
        }
    }
}

fn attempt(
    import: &Import,
    pending: &Pending,
    known: Option<&Known>,
) -> Result<Result<Brought, Known>, Failure> {
    let file = Grant::new(&import.source_file)?.open_file(Path::new(""))?;
    let settings = kept_settings::of(import.import_id)?;
    let (mut client, opened) = Client::open(&file, file_sheets::names_a_range(&settings))?;
    if opened.sha256 != import.sha256 {
        return Err(other_bytes(import));
    }
    let sheets = &opened.sheets;
    let index = sheets.iter().position(|s| s.name == import.sheet_name);
    let index = index.ok_or_else(|| other_bytes(import))? as u32;
    let (header, options) = file_sheets::once_more(&opened, index, &settings, pending.header_row)?;
    let head = client.head(HeadRequest {
        sheet: index,
        header,
        sample_rows: guc::CHUNK_SIZE.get().unsigned_abs(),
        options,
        text: wanted::text_rules(&settings)?,
    })?;
    let mut table = TargetTable::open(&import.table, "", &Ledger::default())?;
    table.on_conflict = OnTypeConflict::RejectRow;
    table.settings = kept_settings::for_the_table_as_it_is(settings);
    let mut sheet = SheetColumns::new(&head.headers);
    if let Some(known) = known {
        sheet.join(&known.columns);
    }
    let mut described = Vec::new();
    let id = (import.import_id, import.source_file.as_str());
    let fitted = table.fit(&sheet, id, &mut described)?;
    let mut load = Load {
        import_id: import.import_id,
        source_file: &import.source_file,
        sheet: &import.sheet_name,
        load_timestamp: import.load_timestamp,
        guarded: true,
        only: Some(runs(&pending.rows)),
        behind: None,
    };
    let mut still = Rejects::of_known_rows();
    let loaded = match stream::load(
        &mut client,
        &mut table,
        &mut sheet,
        fitted,
        &mut load,
        &mut still,
        &mut described,
    )? {
        End::Loaded(loaded) => loaded,
        End::Restart(columns) => return Ok(Err(columns)),
    };
    let in_now: Vec<u32> = pending
        .rows
        .iter()
        .copied()
        .filter(|row| !still.left_out(*row))
        .collect();
    let stored = loaded.rows as i64;
    rejects::mark_retried(import.import_id, &in_now, stored)?;
    Ok(Ok(Brought {
        rows: in_now.len() as u64,
        stored,
    }))
}

fn runs(rows: &[u32]) -> Vec<(u32, u32)> {
    let mut runs: Vec<Run> = Vec::new();
    for row in rows {
        push_row(&mut runs, *row);
    }
    runs.iter().map(|run| (run.first, run.count)).collect()
}

fn other_bytes(import: &Import) -> Failure {
    let path = literal(&import.source_file);
    Failure::new("55000", "the file has changed since it was imported")
        .detail(format!(
            "{} does not hold the bytes that import {} read (SHA-256 {}).",
            import.source_file, import.import_id, import.sha256
        ))
        .hint(format!("Load what it holds now in place of that import: SELECT * FROM pgdatahub.import_file({path})."))
}

fn say(pending: &Pending, brought: u64) {
    let rows = pending.rows.len() as u64;
    let left = rows - brought;
    let mut text = match rows {
        0 => "no rejected rows are left to retry".to_owned(),
        _ => format!(
            "{} of {} brought in",
            grouped(brought),
            plural(rows, "rejected row")
        ),
    };
    if left > 0 {
        text += &format!(", {} still rejected", grouped(left));
    }
    if pending.cells > 0 {
        let cells = plural(pending.cells.unsigned_abs(), "rejected cell");
        text += &format!("; {cells} need reimport => true, as their rows are in");
    }
    report::notice(text);
}
