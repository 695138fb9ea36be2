//! Takes what a stream sends, as a backend that trusts nothing: what the reader says must be of its protocol.

use pgdatahub_core::batch::Batch;
use pgdatahub_core::protocol::rows::{self, Run};
use pgdatahub_core::protocol::{Reject, Response, RowEncoding, frame};
use pgdatahub_core::types::ColumnType;
use pgdatahub_reader::fail::Failed;
use pgdatahub_reader::sink::Sink;

/// Bytes of a row frame's header and of a generous list of runs.
const BESIDE_ROWS: usize = 4 << 20;

/// A sink that checks and counts.
pub struct CheckedSink {
    pub encoding: RowEncoding,
    /// Types of the fields before source_file and load_timestamp.
    pub types: Vec<ColumnType>,
    pub rows: u64,
    pub rejected: u64,
    pub last_row: u32,
}

impl Sink for CheckedSink {
    fn rows(&mut self, runs: &[Run], encoded: &[u8]) -> Result<(), Failed> {
        assert!(encoded.len() + BESIDE_ROWS <= frame::MAX_PAYLOAD + BESIDE_ROWS);
        let payload = [&rows::prefix(runs)[..], encoded].concat();
        let (parsed, at) = rows::parse(&payload).unwrap_or_else(|e| panic!("{e}: {runs:?}"));
        assert_eq!(parsed, runs);
        let first = runs.first().map_or(0, |run| run.first);
        assert!(first > self.last_row, "row {first} after {}", self.last_row);
        self.last_row = runs.last().map_or(0, |run| run.first + run.count - 1);
        let count: u64 = runs.iter().map(|run| u64::from(run.count)).sum();
        let batch = Batch::new(self.encoding, payload, at).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(batch.len() as u64, count, "rows and their numbers");
        self.rows += count;
        for row in 0..batch.len() {
            self.check_row(&batch, row);
        }
        Ok(())
    }

    fn rejects(&mut self, rejects: Vec<Reject>) -> Result<(), Failed> {
        match sent(Response::Rejects { rejects }) {
            Response::Rejects { rejects } => self.rejected += rejects.len() as u64,
            other => panic!("{other:?}"),
        }
        Ok(())
    }
}

impl CheckedSink {
    fn check_row(&self, batch: &Batch, row: usize) {
        let fields = batch.fields(row).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(fields.len(), self.types.len() + 2, "fields of a row");
        for (field, column) in fields.iter().zip(&self.types) {
            let Some(field) = field else { continue };
            assert!(*column != ColumnType::None, "a value where none can be");
            let fixed = match column {
                _ if self.encoding == RowEncoding::Text => None,
                ColumnType::Boolean => Some(1),
                ColumnType::Date => Some(4),
                ColumnType::Interval => Some(16),
                ColumnType::Text | ColumnType::Numeric | ColumnType::None => None,
                _ => Some(8),
            };
            assert!(
                fixed.is_none_or(|len| len == field.len()),
                "{column:?}: {field:?}"
            );
            if *column == ColumnType::Text || self.encoding == RowEncoding::Text {
                let text = std::str::from_utf8(field).unwrap_or_else(|e| panic!("{e}: {field:?}"));
                assert!(!text.contains('\0'), "U+0000 in {text:?}");
            }
        }
    }
}

/// A message as the backend gets it.
#[track_caller]
pub fn sent(response: Response) -> Response {
    let bytes = frame::control(&response).unwrap_or_else(|e| panic!("{e}"));
    let back = frame::parse_control(&bytes[frame::HEADER_LEN..]);
    let back: Response = back.unwrap_or_else(|e| panic!("{e}: {response:?}"));
    assert_eq!(back, response, "a message that changes on its way");
    back
}
