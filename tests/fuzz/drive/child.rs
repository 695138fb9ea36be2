//! What a malicious reader process may send: the backend's side of the protocol must not panic on it.

use pgdatahub_core::batch::Batch;
use pgdatahub_core::naming;
use pgdatahub_core::protocol::frame::{self, FrameKind, HEADER_LEN};
use pgdatahub_core::protocol::{Request, Response, RowEncoding, rows};
use pgdatahub_core::sheet_range::SheetRange;
use pgdatahub_core::sheets;

/// Bytes as they come through the socket: frames, one after another.
pub fn frames(bytes: &[u8]) {
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_first_chunk::<HEADER_LEN>() {
        let Ok((kind, length)) = frame::parse_header(*header) else {
            return;
        };
        assert!(length <= frame::MAX_PAYLOAD);
        let (payload, after) = after.split_at(length.min(after.len()));
        match kind {
            FrameKind::Control => control(payload),
            FrameKind::Rows => row_frame(payload),
        }
        rest = after;
    }
}

/// The payload of a control frame, either way.
pub fn control(payload: &[u8]) {
    if let Ok(request) = frame::parse_control::<Request>(payload) {
        assert!(frame::control(&request).is_ok());
    }
    let Ok(response) = frame::parse_control::<Response>(payload) else {
        return;
    };
    let text = serde_json::to_vec(&response).unwrap();
    let nul = text.windows(6).any(|six| six == b"\\u0000");
    // A backslash before it makes it six letters of text.
    assert!(
        !nul || text.windows(2).any(|two| two == b"\\\\"),
        "U+0000 got in"
    );
    used(response);
}

/// What the backend does with a message in core.
fn used(response: Response) {
    match response {
        Response::Opened(opened) => {
            for text in ["A1:B2", "Prices", "A:C", "3:7"] {
                if let Ok(range) = SheetRange::parse(text) {
                    let _ = range.resolve(&opened, Some(0));
                    let _ = range.resolve(&opened, Some(7));
                }
            }
            let _ = sheets::choose(&opened.sheets, None, None);
        }
        Response::Head(head) => {
            for header in head.headers.iter().take(50) {
                let name = naming::clean(&header.text);
                assert!(naming::fit(&name, &header.text).len() <= 63);
                let _ = naming::blank_header(header.index);
            }
        }
        Response::Misfit(misfit) => {
            let _ = naming::cell(misfit.row, misfit.column);
        }
        Response::Rejects { rejects } => {
            for reject in &rejects {
                let _ = naming::cell(reject.row, reject.column);
            }
        }
        _ => {}
    }
}

/// The payload of a row frame, in both encodings.
pub fn row_frame(payload: &[u8]) {
    let Ok((runs, at)) = rows::parse(payload) else {
        return;
    };
    assert!(at <= payload.len());
    if let Some(last) = runs.last() {
        assert!(last.first + (last.count - 1) <= rows::LAST_SHEET_ROW);
    }
    for encoding in [RowEncoding::Binary, RowEncoding::Text] {
        let Ok(mut batch) = Batch::new(encoding, payload.to_vec(), at) else {
            continue;
        };
        let all: Vec<usize> = (0..batch.len()).collect();
        let mut written = Vec::new();
        assert!(batch.write(&mut written, &all).is_ok());
        assert_eq!(written, &payload[at..], "rows are passed on as they came");
        for row in 0..=batch.len() {
            let _ = batch.fields(row);
            batch.set_null(row, 0);
        }
        if batch.write(&mut Vec::new(), &all).is_ok() {
            let _ = batch
                .fields(0)
                .map(|fields| assert!(fields.first().is_none_or(Option::is_none)));
        }
    }
}
