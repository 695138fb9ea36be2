//! Where a stream's rows and rejects go.

use pgdatahub_core::protocol::rows::Run;
use pgdatahub_core::protocol::{Reject, Response, frame};
use pgdatahub_reader::fail::Failed;
use pgdatahub_reader::sink::Sink;

/// Keeps what a stream sends.
#[derive(Default)]
pub struct Kept {
    pub runs: Vec<Run>,
    pub encoded: Vec<u8>,
    pub rejects: Vec<Reject>,
}

impl Sink for Kept {
    fn rows(&mut self, runs: &[Run], encoded: &[u8]) -> Result<(), Failed> {
        self.runs.extend_from_slice(runs);
        self.encoded.extend_from_slice(encoded);
        Ok(())
    }

    fn rejects(&mut self, rejects: Vec<Reject>) -> Result<(), Failed> {
        match sent(Response::Rejects { rejects }) {
            Response::Rejects { rejects } => self.rejects.extend(rejects),
            other => panic!("{other:?}"),
        }
        Ok(())
    }
}

/// A message as the backend gets it.
pub fn sent(response: Response) -> Response {
    let bytes = frame::control(&response).unwrap();
    frame::parse_control(&bytes[frame::HEADER_LEN..]).unwrap()
}
