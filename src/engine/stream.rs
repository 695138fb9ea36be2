//! The rows: through the COPY lane or the SPI lane, around misfits, to the end.

use super::schema::{Fitted, SheetColumns, TargetTable};
use crate::pg::audit::{self, RejectRow};
use crate::pg::error::Failure;
use crate::pg::guc::{self, Lane};
use crate::pg::reader::Client;
use crate::pg::{copy, spi_lane};
use pgdatahub_core::naming;
use pgdatahub_core::protocol::{
    Misfit, Reject, Response, RowEncoding, StreamColumn, StreamDone, StreamRequest, Wire,
};
use pgrx::datum::TimestampWithTimeZone;

/// The import whose rows are moved.
pub struct Load<'a> {
    pub import_id: i64,
    pub source_file: &'a str,
    pub sheet: &'a str,
    pub load_timestamp: TimestampWithTimeZone,
    pub file_bytes: i64,
}

/// What came of it.
pub struct Loaded {
    pub rows: u64,
    pub rejected: u64,
    pub done: StreamDone,
    pub lane: &'static str,
}

/// How the stream ended.
pub enum End {
    /// All rows are in.
    Loaded(Box<Loaded>),
    /// The table is large and must be altered: roll the rows back first, and
    /// come again with these types, so that the strong lock is taken before any row.
    Restart(SheetColumns),
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
    import: &Load<'_>,
    described: &mut Vec<String>,
) -> Result<End, Failure> {
    let mut rows = 0;
    let mut rejected = 0;
    let mut resume = false;
    loop {
        let lane = lane(table)?;
        let encoding = match lane {
            Lane::Spi => RowEncoding::Binary,
            _ => copy::encoding(
                fitted
                    .targets
                    .iter()
                    .all(|t| matches!(t.wire, Wire::Native(_))),
            ),
        };
        client.stream(request(&fitted, import, encoding, resume))?;
        let end = loop {
            let part = part(client, table, &fitted, lane, encoding)?;
            rows += part.stored;
            rejected += part.rejects.len() as u64;
            record(import, &fitted, &part.rejects)?;
            if let Some(end) = part.end {
                break end;
            }
        };
        match end {
            Response::Done(done) => {
                let lane = if lane == Lane::Spi { "spi" } else { "copy" };
                return Ok(End::Loaded(Box::new(Loaded {
                    rows,
                    rejected,
                    done,
                    lane,
                })));
            }
            Response::Misfit(misfit) => {
                if !sheet.widen(&misfit) {
                    return Err(Failure::new(
                        "58000",
                        "the reader process reported a misfit that changes nothing",
                    )
                    .also(at(import.sheet, &misfit)));
                }
                let large = table
                    .table
                    .as_ref()
                    .is_some_and(|t| t.bytes > import.file_bytes);
                if large && !table.own {
                    return Ok(End::Restart(sheet.clone()));
                }
                fitted = table
                    .fit(sheet, (import.import_id, import.source_file), described)
                    .map_err(|failure| failure.also(at(import.sheet, &misfit)))?;
                resume = true;
            }
            other => {
                return Err(Failure::new(
                    "58000",
                    "the reader process ended a stream out of order",
                )
                .detail(format!("{other:?}").chars().take(80).collect::<String>()));
            }
        }
    }
}

fn part(
    client: &mut Client,
    table: &TargetTable,
    fitted: &Fitted,
    lane: Lane,
    encoding: RowEncoding,
) -> Result<copy::Part, Failure> {
    let Some(described) = &table.table else {
        return Err(Failure::new("XX000", "rows without a table"));
    };
    if lane == Lane::Spi {
        let kinds = table.input_types(&fitted.targets);
        return spi_lane::insert_part(client, &table.name, described, &fitted.targets, &kinds);
    }
    let columns: Vec<String> = fitted
        .targets
        .iter()
        .map(|t| t.column.clone())
        .chain(crate::pg::catalog::RESERVED.map(str::to_owned))
        .collect();
    copy::copy_part(client, &table.name, described, &columns, encoding)
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
            })
            .collect(),
        encoding,
        source_file: import.source_file.to_owned(),
        load_timestamp: import.load_timestamp.into(),
        resume,
    }
}

fn record(import: &Load<'_>, fitted: &Fitted, rejects: &[Reject]) -> Result<(), Failure> {
    let rows: Vec<RejectRow> = rejects
        .iter()
        .map(|reject| RejectRow {
            cell: naming::cell(reject.row, reject.column),
            column_name: fitted
                .assigned
                .iter()
                .find(|a| a.index == reject.column)
                .map(|a| a.column.clone()),
            raw_value: reject.raw_value.clone(),
            reason: reject.reason.clone(),
            sqlstate: reject.sqlstate.clone(),
        })
        .collect();
    audit::rejects(import.import_id, import.sheet, &rows)
}

fn at(sheet: &str, misfit: &Misfit) -> String {
    let cell = naming::cell(misfit.row, misfit.column);
    format!("Sheet \"{sheet}\", cell {cell} holds \"{}\".", misfit.value)
}
