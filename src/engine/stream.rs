//! The rows: through the COPY lane or the SPI lane, around misfits, to the end.

use super::rejects::Rejects;
use super::schema::{Fitted, SheetColumns, TargetTable};
use crate::pg::copy::{self, CopyInto};
use crate::pg::error::Failure;
use crate::pg::guarded::{Guard, Refuse, Writer};
use crate::pg::guc::{self, Lane};
use crate::pg::next_file::NextFile;
use crate::pg::reader::Client;
use crate::pg::spi_lane::Insert;
use crate::pg::{rejects, rights, session_input, type_input};
use pgdatahub_core::config::OnTypeConflict;
use pgdatahub_core::evolve::Target;
use pgdatahub_core::naming;
use pgdatahub_core::protocol::{
    Misfit, Response, RowEncoding, StreamColumn, StreamDone, StreamRequest, Wire,
};
use pgrx::datum::TimestampWithTimeZone;

/// The import whose rows are moved.
pub struct Load<'a> {
    pub import_id: i64,
    pub source_file: &'a str,
    pub sheet: &'a str,
    pub load_timestamp: TimestampWithTimeZone,
    /// The rows were refused without a net: with one now, to find out which.
    pub guarded: bool,
    /// Only these sheet rows, as runs.
    pub only: Option<Vec<(u32, u32)>>,
    /// What the reader may turn to behind the rows.
    pub behind: Option<NextFile>,
}

/// What came of it.
pub struct Loaded {
    pub rows: u64,
    pub done: StreamDone,
    pub lane: &'static str,
}

/// What an attempt at a file has found out.
pub struct Known {
    /// The joined types.
    pub columns: SheetColumns,
    /// The cell that widened them.
    pub place: String,
}

/// How the stream ended.
pub enum End {
    /// All rows are in.
    Loaded(Box<Loaded>),
    /// The table was there before and must be altered: roll the rows back first,
    /// and come again with these types, so that the strong lock is taken before any row.
    Restart(Known),
}

/// Streams the sheet's rows into the table, widening it on the way.
///
/// # Errors
/// The reader's and PostgreSQL's, with the place in the sheet.
pub fn load(
    client: &mut Client,
    table: &mut TargetTable,
    sheet: &mut SheetColumns,
    mut fitted: Fitted,
    import: &mut Load<'_>,
    rejects: &mut Rejects,
    described: &mut Vec<String>,
) -> Result<End, Failure> {
    let (mut rows, mut resume) = (0, false);
    loop {
        let lane = lane(table)?;
        let end = rows_of(
            client,
            table,
            &fitted,
            import,
            rejects,
            (lane, resume, &mut rows),
        )?;
        let misfit = match end {
            Response::Misfit(misfit) => misfit,
            Response::Done(done) => {
                if table.ledger.plans() {
                    rows = done.rows;
                }
                let lane = if lane == Lane::Spi { "spi" } else { "copy" };
                return Ok(End::Loaded(Box::new(Loaded { rows, done, lane })));
            }
            other => {
                return Err(Failure::new(
                    "58000",
                    "the reader process ended a stream out of order",
                )
                .detail(format!("{other:?}").chars().take(80).collect::<String>()));
            }
        };
        let place = at(import.sheet, &misfit);
        widen(table, sheet, &fitted, &misfit).map_err(|failure| failure.also(&place))?;
        if !table.own {
            let columns = sheet.clone();
            return Ok(End::Restart(Known { columns, place }));
        }
        let before = fitted;
        fitted = table
            .fit(sheet, (import.import_id, import.source_file), described)
            .map_err(|failure| failure.also(&place))?;
        if rejects.entries() > 0 && !table.ledger.plans() {
            name_rejects(import, &before, &fitted)?;
        }
        resume = true;
    }
}

/// One stream of rows, or what it would be; the reader's last word on it.
fn rows_of(
    client: &mut Client,
    table: &TargetTable,
    fitted: &Fitted,
    import: &mut Load<'_>,
    rejects: &mut Rejects,
    (lane, resume, rows): (Lane, bool, &mut u64),
) -> Result<Response, Failure> {
    let native = |target: &Target| matches!(target.wire, Wire::Native(_));
    let encoding = match lane {
        Lane::Spi => RowEncoding::Binary,
        _ => copy::encoding(fitted.targets.iter().all(native)),
    };
    let request = request(table, fitted, import, encoding, resume);
    if table.ledger.plans() {
        may_insert(table, fitted)?;
        return client.check(request, |found| rejects.take_planned(import.sheet, found));
    }
    client.stream(request)?;
    if let Some(next) = import.behind.take() {
        client.ask_ahead(next)?;
    }
    loop {
        let part = independent(fitted, || {
            part(client, table, fitted, import, (lane, encoding))
        })?;
        *rows += part.stored;
        rejects.take((import.import_id, import.sheet), fitted, &part.rejects)?;
        if let Some(end) = part.end {
            return Ok(end);
        }
    }
}

/// Joins what a misfit says into what is known of the sheet, if the table may follow it.
fn widen(
    table: &TargetTable,
    sheet: &mut SheetColumns,
    fitted: &Fitted,
    misfit: &Misfit,
) -> Result<(), Failure> {
    if let Some(failure) = table.refuses(fitted, misfit) {
        return Err(failure);
    }
    if !sheet.widen(misfit) {
        return Err(Failure::new(
            "58000",
            "the reader process reported a misfit that changes nothing",
        ));
    }
    Ok(())
}

fn part(
    client: &mut Client,
    table: &TargetTable,
    fitted: &Fitted,
    import: &Load<'_>,
    (lane, encoding): (Lane, RowEncoding),
) -> Result<copy::Part, Failure> {
    let Some(described) = &table.table else {
        return Err(Failure::new("XX000", "rows without a table"));
    };
    let inputs = type_input::of_targets(described.oid, &fitted.targets);
    let columns = filled(fitted);
    let into = CopyInto {
        name: &table.name,
        table: described,
        columns: &columns,
        encoding,
    };
    let insert = || Insert::new(&table.name, described, &fitted.targets, &inputs);
    match (import.guarded, lane) {
        (false, Lane::Spi) => insert().part(client),
        (false, _) => into.part(client),
        (true, _) => {
            let guard = Guard {
                writer: match lane {
                    Lane::Spi => Writer::Spi(insert()),
                    _ => Writer::Copy(into),
                },
                table: described.oid,
                refuse: match table.on_conflict {
                    OnTypeConflict::Widen | OnTypeConflict::RejectFile => Refuse::File,
                    OnTypeConflict::RejectCell => Refuse::Cell,
                    OnTypeConflict::RejectRow => Refuse::Row,
                },
                sheet: import.sheet,
                targets: &fitted.targets,
                inputs: &inputs,
                encoding,
            };
            guard.part(client)
        }
    }
}

/// Runs `body` so that no type's input depends on the session, where there is any.
fn independent<T>(
    fitted: &Fitted,
    body: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let native = |wire| matches!(wire, Wire::Native(_));
    if fitted.targets.iter().all(|t| native(t.wire)) {
        return body();
    }
    session_input::independent(body)
}

/// The columns that the import fills.
fn filled(fitted: &Fitted) -> Vec<String> {
    let targets = fitted.targets.iter().map(|t| t.column.clone());
    targets
        .chain(crate::pg::catalog::RESERVED.map(str::to_owned))
        .collect()
}

/// What a lane would meet, asked beforehand.
fn may_insert(table: &TargetTable, fitted: &Fitted) -> Result<(), Failure> {
    match table.table.as_ref().filter(|t| t.exists()) {
        Some(known) => rights::check_insert(&table.name, known.oid, &filled(fitted)),
        None => Ok(()),
    }
}

/// The lane for a table: COPY where it is known to be safe.
fn lane(table: &TargetTable) -> Result<Lane, Failure> {
    let not_plain = table.table.as_ref().and_then(|t| t.not_plain.clone());
    match (guc::LANE.get(), not_plain) {
        (Lane::Spi, _) | (Lane::Auto, Some(_)) => Ok(Lane::Spi),
        (Lane::Copy, Some(reason)) => Err(Failure::new(
            "0A000",
            format!("COPY cannot write {}: {reason}", table.name.display()),
        )
        .hint("SET pgdatahub.lane = auto.")),
        (Lane::Copy | Lane::Auto, None) => Ok(Lane::Copy),
    }
}

fn request(
    table: &TargetTable,
    fitted: &Fitted,
    import: &Load<'_>,
    encoding: RowEncoding,
    resume: bool,
) -> StreamRequest {
    StreamRequest {
        columns: fitted
            .targets
            .iter()
            .map(|t| StreamColumn {
                index: t.index,
                wire: t.wire,
                on_misfit: table.on_misfit(t),
            })
            .collect(),
        encoding,
        source_file: import.source_file.to_owned(),
        load_timestamp: import.load_timestamp.into(),
        resume,
        unfillable: table.unfillable(fitted),
        only: import.only.clone(),
    }
}

/// A column without a name becomes one of the table with its first value; its rejected cells may stand above that.
fn name_rejects(import: &Load<'_>, before: &Fitted, after: &Fitted) -> Result<(), Failure> {
    let known = |index| before.assigned.iter().any(|a| a.index == index);
    for column in after.assigned.iter().filter(|a| !known(a.index)) {
        let letters = naming::column_letters(column.index);
        rejects::name_rejects(import.import_id, &letters, &column.column)?;
    }
    Ok(())
}

fn at(sheet: &str, misfit: &Misfit) -> String {
    let cell = naming::cell(misfit.row, misfit.column);
    format!("Sheet \"{sheet}\", cell {cell} holds \"{}\".", misfit.value)
}
