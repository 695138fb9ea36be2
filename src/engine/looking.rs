//! Looking into a workbook before importing it. Nothing is written, and the
//! reader is one's own: an import, or another look, may run beside it.
//!
//! What is asked for ([`Ask`]) is opened as a [`Look`], whose rows [`super::look_rows`] gives out; [`columns`] and
//! [`query`] look through all of the sheet.

mod ask;
mod profile;

pub use ask::Ask;
pub use profile::{columns, query};

use super::{file_sheets, wanted};
use crate::pg::access::Grant;
use crate::pg::error::Failure;
use crate::pg::reader::Client;
use crate::pg::{guc, report};
use pgdatahub_core::columns::{Assigned, SheetHeader, assign_named};
use pgdatahub_core::naming;
use pgdatahub_core::nearest::nearest;
use pgdatahub_core::overrides::ColumnOverride;
use pgdatahub_core::protocol::{
    Head, HeadRequest, Header, OnMisfit, Reject, RowEncoding, SheetOptions, StreamColumn,
    StreamRequest, Wire,
};
use pgdatahub_core::types::ColumnType;
use std::path::Path;

/// Rows that are looked at before the first one is returned.
const FIRST_ROWS: u32 = 50;

/// A sheet that is being looked at.
pub struct Look {
    client: Client,
    path: String,
    sheet: String,
    head: Head,
    overrides: Vec<ColumnOverride>,
    assigned: Vec<Assigned>,
    rejected: u64,
    first_rejects: Vec<Reject>,
}

impl Look {
    /// Opens the workbook and finds the header.
    ///
    /// # Errors
    /// As for an import: rights, the file, its sheet, range and header row.
    pub fn open(ask: &Ask, ignore_unlisted: bool) -> Result<Look, Failure> {
        let at_file = |failure: Failure| failure.also(format!("File: {}", ask.path));
        let file = Grant::new(&ask.path)?.open_file(Path::new(""))?;
        let settings = &ask.settings.reading;
        let names = file_sheets::names_a_range(&ask.settings);
        let (mut client, opened) = Client::open_own(&file, names).map_err(at_file)?;
        let chosen = ask.sheet_of(&opened, names).map_err(at_file)?;
        let range = file_sheets::resolve_range(&ask.settings, &opened, chosen).map_err(at_file)?;
        let index = chosen
            .or(range.and_then(|range| range.sheet))
            .unwrap_or_default();
        let sheet = opened
            .sheets
            .get(index as usize)
            .map(|sheet| sheet.name.clone())
            .unwrap_or_default();
        let first_rows = ask.max_rows.unwrap_or(u64::MAX).min(u64::from(FIRST_ROWS));
        let request = HeadRequest {
            sheet: index,
            header: settings
                .header_row
                .clone()
                .unwrap_or_default()
                .choice(Vec::new(), range.as_ref()),
            sample_rows: (first_rows as u32).min(guc::CHUNK_SIZE.get().unsigned_abs()),
            options: SheetOptions {
                ignore_unlisted,
                ..settings.options(range.as_ref())
            },
            text: wanted::text_rules(&ask.settings)?,
        };
        let head = client
            .head(request)
            .map_err(|failure| at_file(failure).also(format!("Sheet \"{sheet}\".")))?;
        let mut look = Look {
            client,
            path: ask.path.clone(),
            sheet,
            head,
            overrides: ask.settings.columns.clone(),
            assigned: Vec::new(),
            rejected: 0,
            first_rejects: Vec::new(),
        };
        look.assign()?;
        Ok(look)
    }

    /// # Errors
    /// 42701 two headers for one column.
    fn assign(&mut self) -> Result<(), Failure> {
        let headers = self.head.headers.iter().map(|header| SheetHeader {
            index: header.index,
            text: header.text.clone(),
            has_data: header.found != ColumnType::None,
        });
        let headers = headers.collect::<Vec<_>>();
        self.assigned = assign_named(&headers, &[], &[], &self.overrides)
            .map_err(|clash| self.locate(clash.report().into()))?;
        Ok(())
    }

    /// A failure with the file and sheet in its DETAIL.
    pub fn locate(&self, failure: Failure) -> Failure {
        failure
            .also(format!("Sheet \"{}\".", self.sheet))
            .also(format!("File: {}", self.path))
    }

    /// Counts cells that hold no value; the first few are remembered.
    pub fn reject(&mut self, rejects: Vec<Reject>) {
        self.rejected += rejects.len() as u64;
        let room = 3usize.saturating_sub(self.first_rejects.len());
        self.first_rejects.extend(rejects.into_iter().take(room));
    }

    /// Says at the end which cells came as NULL for want of a value.
    pub fn say_rejects(&mut self) {
        if self.rejected == 0 {
            return;
        }
        let first: Vec<String> = self
            .first_rejects
            .iter()
            .map(|r| format!("{} ({})", naming::cell(r.row, r.column), r.raw_value))
            .collect();
        report::warning(
            format!(
                "{} of sheet \"{}\" read as NULL",
                super::run::plural(self.rejected, "cell"),
                self.sheet
            ),
            Some(format!(
                "They hold no value that can be stored: {}{}",
                first.join(", "),
                if self.rejected > 3 { ", …" } else { "." }
            )),
            None,
        );
        self.rejected = 0;
    }

    /// The column of the sheet that a definition's name means.
    ///
    /// # Errors
    /// 42703, with the columns there are.
    pub fn index_of(&self, name: &str) -> Result<u32, Failure> {
        if let Some(column) = self.assigned.iter().find(|a| a.column == name) {
            return Ok(column.index);
        }
        // A column without a header may have its first value far below.
        let headed = |index: u32| self.head.headers.iter().any(|h| h.index == index);
        let letters = name.strip_prefix("column_").unwrap_or_default();
        let cell = pgdatahub_core::area::Area::parse(&format!("{letters}1"));
        if let Some(Ok(area)) = cell
            && naming::blank_header(area.first_column) == name
            && !headed(area.first_column)
        {
            return Ok(area.first_column);
        }
        let known: Vec<&str> = self.assigned.iter().map(|a| a.column.as_str()).collect();
        let near = nearest(name, known.iter().copied());
        let failure = Failure::new("42703", format!("the sheet has no column \"{name}\""))
            .detail(format!("Its columns are {}.", known.join(", ")));
        Err(self.locate(match near {
            Some(near) => failure.hint(format!("Perhaps you meant \"{near}\".")),
            None => failure,
        }))
    }

    /// Begins the stream of these columns.
    ///
    /// # Errors
    /// 58000 when the reader died.
    pub fn stream(&mut self, columns: Vec<StreamColumn>, resume: bool) -> Result<(), Failure> {
        self.client.stream(StreamRequest {
            columns,
            encoding: RowEncoding::Binary,
            source_file: String::new(),
            load_timestamp: 0,
            resume,
            unfillable: Vec::new(),
            only: None,
        })
    }

    /// All columns as they are known now: index and name.
    pub fn all_columns(&self) -> Vec<(u32, String)> {
        self.assigned
            .iter()
            .map(|a| (a.index, a.column.clone()))
            .collect()
    }

    /// Columns that turned out to hold values are columns from now on.
    ///
    /// # Errors
    /// None but those of naming them.
    pub fn widen(&mut self, more: impl Iterator<Item = (u32, ColumnType)>) -> Result<(), Failure> {
        for (index, found) in more {
            match self.head.headers.iter_mut().find(|h| h.index == index) {
                Some(header) => header.found = header.found.join(found),
                None => self.head.headers.push(Header {
                    index,
                    text: String::new(),
                    found,
                }),
            }
        }
        self.assign()
    }

    /// The reader that the rows come from.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// How one column of a look's stream travels.
pub fn column(index: u32, wire: Wire) -> StreamColumn {
    StreamColumn {
        index,
        wire,
        on_misfit: OnMisfit::Misfit,
    }
}
