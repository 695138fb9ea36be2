//! What the backend and the reader process say to each other.
//!
//! The channel is one Unix stream socket, the reader's descriptor 0. Both ways
//! it carries frames ([`frame`]): a length, a kind, a payload. Control frames
//! hold one JSON message ([`Request`] from the backend, [`Response`] from the
//! reader); row frames hold encoded rows ([`rows`]). JSON because control
//! messages are few, must be readable in a trace, and are parsed without
//! trusting the sender; rows are raw bytes that COPY takes as they are.
//!
//! ```text
//! backend                                reader
//! Hello ───────────────────────────────▶
//!       ◀─────────────────────────────── Hello          (protocol and version must be equal)
//! Open + the file's descriptor ────────▶
//!       ◀─────────────────────────────── Opened         (hash, format, sheets) | Failed
//! Head ────────────────────────────────▶
//!       ◀─────────────────────────────── Head           (header row, headers, types of the first rows) | Failed
//! Stream ──────────────────────────────▶
//!       ◀─────────────────────────────── rows* Rejects* then Misfit | Done | Failed
//! Check ───────────────────────────────▶
//!       ◀─────────────────────────────── Rejects* then Misfit | Done | Failed, as of Stream: a plan
//!   after Misfit: Stream (Check) again with wider targets (from the misfit's row, or from the start)
//!   after Done: Head for another sheet, or Open for another file
//! Profile (instead of Stream) ─────────▶
//!       ◀─────────────────────────────── Profile        (what each column holds) | Failed
//! ```
//!
//! The backend never asks while an answer is under way; it gives up a stream by
//! killing the reader. Every number a reader sends is a claim, never a size to
//! allocate by.

pub mod frame;
pub mod looking;
pub mod messages;
pub mod rows;
pub mod sheet_options;

pub use looking::{ColumnProfile, NamedArea, SheetProfile};
pub use sheet_options::{ErrorCells, ROW_NUMBER_COLUMN, SheetOptions};

pub use messages::{
    Failed, FailureKind, Format, Head, HeadRequest, Header, HeaderChoice, Hello, Limits, Misfit,
    OnMisfit, OpenRequest, Opened, Reject, Request, Response, RowEncoding, SheetInfo,
    SheetVisibility, StreamColumn, StreamDone, StreamRequest, Wire,
};

/// Changes whenever a message changes; the handshake refuses another one.
pub const PROTOCOL: u32 = 3;

/// The product's version; the handshake refuses a reader of another one.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests;
