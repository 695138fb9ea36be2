//! One file through the reader, as a backend asks for it: open, head, stream over misfits, check, profile.

use super::checked_sink::{CheckedSink, sent};
use pgdatahub_core::protocol::{ErrorCells, Head};
use pgdatahub_core::protocol::{
    FailureKind, HeadRequest, HeaderChoice, OnMisfit, Response, RowEncoding, SheetOptions,
    StreamColumn, StreamRequest, Wire,
};
use pgdatahub_core::text_input::TextRules;
use pgdatahub_core::types::ColumnType;
use pgdatahub_reader::book;
use pgdatahub_reader::fail::{Failed, sendable};
use pgdatahub_reader::head;
use pgdatahub_reader::rows::Workbook;
use pgdatahub_reader::source::Source;
use pgdatahub_reader::stream::{Outcome, SheetStream};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Small, so that a bomb is found quickly; the bound itself is tested elsewhere.
const MAX_CELLS: u64 = 20_000;
const SHEETS: usize = 3;

/// Everything that may be asked about a file with this content.
pub fn read(content: &[u8]) {
    if let Err(failed) = try_read(content) {
        refused(failed);
    }
}

/// A file with this content.
pub fn source(content: &[u8]) -> Source {
    Source::new(Arc::new(file(content)), content.len() as u64)
}

fn try_read(content: &[u8]) -> Result<(), Failed> {
    let (_, workbook) = book::open(&source(content))?;
    let workbook = workbook.as_ref();
    // The same bytes always choose the same way; others choose another.
    let choice = crc32fast::hash(content);
    for name in workbook.names()?.into_iter().flatten() {
        sent_json(&name);
    }
    for (index, sheet) in workbook.sheets().iter().enumerate().take(SHEETS) {
        sent_json(sheet);
        for choice in [0, choice] {
            if let Err(failed) = read_sheet(workbook, index, choice) {
                refused(failed);
            }
        }
    }
    Ok(())
}

fn read_sheet(workbook: &dyn Workbook, sheet: usize, choice: u32) -> Result<(), Failed> {
    let request = HeadRequest {
        sheet: sheet as u32,
        header: match choice >> 8 & 3 {
            1 => HeaderChoice::Row(1),
            2 => HeaderChoice::Rows(vec![1, 2]),
            3 => HeaderChoice::None,
            _ => HeaderChoice::Auto { known: Vec::new() },
        },
        sample_rows: 1 + (choice >> 10 & 7),
        options: options(choice),
        text: TextRules::default(),
    };
    let (head, reading) = head::find(workbook, &request, MAX_CELLS)?;
    sent(Response::Head(head.clone()));
    let mut stream = SheetStream::new(reading, MAX_CELLS);
    let encoding = match choice & 1 {
        0 => RowEncoding::Binary,
        _ => RowEncoding::Text,
    };
    stream_rows(workbook, &mut stream, &head, encoding)?;
    sent(Response::Profile(stream.profile(workbook)?));
    Ok(())
}

fn options(choice: u32) -> SheetOptions {
    let bit = |at: u32| choice >> at & 1 == 1;
    SheetOptions {
        skip_footer: choice >> 12 & 1,
        stop_at_blank: choice >> 13 & 1,
        fill_merged: bit(14),
        row_number: bit(15).then(|| "row".into()),
        keep_spaces: bit(16),
        error_cells: match choice >> 17 & 3 {
            1 => ErrorCells::Text,
            2 => ErrorCells::Fail,
            _ => ErrorCells::Reject,
        },
        coalesce: bit(19),
        ..SheetOptions::default()
    }
}

/// Streams the rows; after one misfit all types are known, or the stream might never end.
fn stream_rows(
    workbook: &dyn Workbook,
    stream: &mut SheetStream,
    head: &Head,
    encoding: RowEncoding,
) -> Result<(), Failed> {
    let mut types: BTreeMap<u32, ColumnType> =
        head.headers.iter().map(|h| (h.index, h.found)).collect();
    let (mut rows, mut rejected, mut last_row) = (0, 0, 0);
    for attempt in 0..2 {
        let mut sink = CheckedSink {
            encoding,
            types: types.values().copied().collect(),
            rows,
            rejected,
            last_row,
        };
        match stream.run(workbook, request(&types, encoding, attempt > 0), &mut sink)? {
            Outcome::Done(done) => {
                assert_eq!(done.rows, sink.rows, "rows that were counted");
                assert_eq!(done.rejected, sink.rejected, "rejects that were counted");
                sent(Response::Done(done));
                return Ok(());
            }
            Outcome::Misfit(misfit) => {
                let held = types.get(&misfit.column);
                assert!(
                    !held.is_some_and(|t| t.holds(misfit.value_type)),
                    "{misfit:?}"
                );
                for (column, found) in misfit
                    .rest
                    .iter()
                    .chain([&(misfit.column, misfit.value_type)])
                {
                    let known = types.entry(*column).or_insert(ColumnType::None);
                    *known = known.join(*found);
                }
                sent(Response::Misfit(misfit));
            }
        }
        (rows, rejected, last_row) = (sink.rows, sink.rejected, sink.last_row);
    }
    panic!("the types have to be joined a second time")
}

fn request(
    types: &BTreeMap<u32, ColumnType>,
    encoding: RowEncoding,
    resume: bool,
) -> StreamRequest {
    let column = |(index, found): (&u32, &ColumnType)| StreamColumn {
        index: *index,
        wire: Wire::Native(*found),
        on_misfit: OnMisfit::Misfit,
    };
    StreamRequest {
        columns: types.iter().map(column).collect(),
        encoding,
        source_file: "/srv/a\tb\\é.xlsx".into(),
        load_timestamp: 757_382_400_000_000,
        resume,
        unfillable: Vec::new(),
        only: None,
    }
}

/// A failure is one that a user can read; never the reader's own confusion.
fn refused(failed: Failed) {
    assert!(failed.kind != FailureKind::Protocol, "{failed:?}");
    assert!(
        !failed.message.is_empty() && failed.message.len() < 2_000,
        "{failed:?}"
    );
    assert!(
        failed
            .detail
            .as_ref()
            .is_none_or(|detail| detail.len() < 10_000),
        "{failed:?}"
    );
    sent(Response::Failed(sendable(failed)));
}

fn sent_json<M: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(
    message: &M,
) {
    let json = serde_json::to_vec(message).unwrap();
    let back: M = pgdatahub_core::protocol::frame::parse_control(&json)
        .unwrap_or_else(|e| panic!("{e}: {message:?}"));
    assert_eq!(&back, message);
}

thread_local! {
    /// One file for all inputs of a thread.
    static INPUT: File = File::from(
        rustix::fs::memfd_create("input", rustix::fs::MemfdFlags::CLOEXEC).unwrap()
    );
}

fn file(content: &[u8]) -> File {
    INPUT.with(|input| {
        input.set_len(0).unwrap();
        input.write_all_at(content, 0).unwrap();
        input.try_clone().unwrap()
    })
}
