//! How a request fails: short constructors for the protocol's [`Failed`].

use crate::nul::without_nul;
pub use pgdatahub_core::protocol::{Failed, FailureKind};
use std::io;

/// What every fallible step of the reader returns.
pub type Result<T> = std::result::Result<T, Failed>;

/// A failure of this kind; `message` in PostgreSQL's style (lower-case start, no full stop).
pub fn failed(kind: FailureKind, message: impl Into<String>) -> Failed {
    Failed {
        kind,
        message: message.into(),
        detail: None,
        hint: None,
    }
}

/// The failure as it may be sent: names of parts and sheets come from the file
/// and may hold U+0000, which the protocol refuses.
pub fn sendable(failed: Failed) -> Failed {
    Failed {
        kind: failed.kind,
        message: without_nul(failed.message),
        detail: failed.detail.map(without_nul),
        hint: failed.hint.map(without_nul),
    }
}

/// A workbook that breaks its format (22000). `detail` is a sentence.
pub fn corrupt(detail: impl Into<String>) -> Failed {
    Failed {
        kind: FailureKind::Corrupt,
        message: "the workbook is corrupt".into(),
        detail: Some(detail.into()),
        hint: Some("Open it in the program that wrote it, repair it and save it again.".into()),
    }
}

/// A limit was passed (54000); `hint` names the setting.
pub fn over_limit(message: impl Into<String>, hint: impl Into<String>) -> Failed {
    Failed {
        hint: Some(hint.into()),
        ..failed(FailureKind::OverLimit, message)
    }
}

/// More memory than the reader may have (54000).
pub fn out_of_memory() -> Failed {
    over_limit(
        "the workbook needs more memory than the reader may use",
        "Raise \"pgdatahub.reader_memory\".",
    )
}

/// The kinds of I/O error that come from a file's content rather than from the
/// operating system: decompressors and the zip reader report them as such.
fn is_content_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::Other
    ) && error.raw_os_error().is_none()
}

/// An error while reading `part` of a workbook: corrupt content (22000) or I/O (58030).
pub fn reading(part: &str, error: &io::Error) -> Failed {
    if is_content_error(error) {
        corrupt(format!("Part \"{part}\" cannot be read: {error}."))
    } else {
        io_failure(error)
    }
}

/// The operating system refused to read on (58030).
pub fn io_failure(error: &io::Error) -> Failed {
    failed(FailureKind::Io, format!("could not read the file: {error}"))
}
