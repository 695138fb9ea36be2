//! Frames: a 4-byte big-endian length of what follows, a kind byte, the payload.

use serde::{Serialize, de::DeserializeOwned};

/// Bytes before a frame's payload: length and kind.
pub const HEADER_LEN: usize = 5;

/// The largest payload either side accepts, in bytes. A row is at most
/// [`MAX_ROW_BYTES`], a batch closes well before this.
pub const MAX_PAYLOAD: usize = 64 << 20;

/// The largest encoded row, in bytes; a larger one fails its file (54000).
pub const MAX_ROW_BYTES: usize = 60 << 20;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// One JSON message.
    Control,
    /// Encoded rows, see [`super::rows`].
    Rows,
}

/// A frame that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFrame(
    /// What is wrong, for the log.
    pub String,
);

impl std::fmt::Display for BadFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadFrame {}

/// The five bytes that precede a payload of `len` bytes. `len` must be at most [`MAX_PAYLOAD`].
pub fn header(kind: FrameKind, len: usize) -> [u8; HEADER_LEN] {
    debug_assert!(len <= MAX_PAYLOAD);
    let [a, b, c, d] = (len as u32 + 1).to_be_bytes();
    [
        a,
        b,
        c,
        d,
        if kind == FrameKind::Control {
            b'C'
        } else {
            b'R'
        },
    ]
}

/// Kind and payload length that a frame's first five bytes announce.
///
/// # Errors
/// A length of 0 or above [`MAX_PAYLOAD`], or an unknown kind.
pub fn parse_header(bytes: [u8; HEADER_LEN]) -> Result<(FrameKind, usize), BadFrame> {
    let [a, b, c, d, kind] = bytes;
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    let kind = match kind {
        b'C' => FrameKind::Control,
        b'R' => FrameKind::Rows,
        other => return Err(BadFrame(format!("unknown frame kind {other:#04x}"))),
    };
    match len.checked_sub(1) {
        Some(payload) if payload <= MAX_PAYLOAD => Ok((kind, payload)),
        _ => Err(BadFrame(format!("frame length {len} out of bounds"))),
    }
}

/// A control frame, whole.
///
/// # Errors
/// A message whose JSON is longer than [`MAX_PAYLOAD`].
pub fn control<M: Serialize>(message: &M) -> Result<Vec<u8>, BadFrame> {
    let mut frame = vec![0; HEADER_LEN];
    serde_json::to_writer(&mut frame, message).map_err(|e| BadFrame(e.to_string()))?;
    let len = frame.len() - HEADER_LEN;
    if len > MAX_PAYLOAD {
        return Err(BadFrame(format!("control message of {len} bytes")));
    }
    frame[..HEADER_LEN].copy_from_slice(&header(FrameKind::Control, len));
    Ok(frame)
}

/// The message in a control frame's payload.
///
/// # Errors
/// Anything that is not the JSON of an `M`, and U+0000 in any text: PostgreSQL's
/// text cannot hold it.
pub fn parse_control<M: DeserializeOwned>(payload: &[u8]) -> Result<M, BadFrame> {
    if holds_nul(payload) {
        return Err(BadFrame("control message with U+0000".into()));
    }
    serde_json::from_slice(payload).map_err(|e| BadFrame(format!("control message: {e}")))
}

/// Whether JSON text spells U+0000, which it can as an escape only.
fn holds_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = &rest[at + 1..];
        if rest.starts_with(b"u0000") {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}
