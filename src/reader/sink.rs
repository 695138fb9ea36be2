//! Where encoded rows and rejected cells go.

use crate::fail::Result;
use pgdatahub_core::protocol::Reject;
use pgdatahub_core::protocol::rows::Run;

/// Takes what a stream produces. The server's sink writes frames.
pub trait Sink {
    /// One batch of whole encoded rows.
    ///
    /// # Errors
    /// Io (58030): the backend is gone.
    fn rows(&mut self, runs: &[Run], encoded: &[u8]) -> Result<()>;

    /// Cells that were not stored as read, at most 1,000.
    ///
    /// # Errors
    /// Io (58030): the backend is gone.
    fn rejects(&mut self, rejects: Vec<Reject>) -> Result<()>;
}

/// Passes rejected cells on and no rows: the counts are the stream's.
pub struct WithoutRows<'a>(pub &'a mut dyn Sink);

impl Sink for WithoutRows<'_> {
    fn rows(&mut self, _runs: &[Run], _encoded: &[u8]) -> Result<()> {
        Ok(())
    }

    fn rejects(&mut self, rejects: Vec<Reject>) -> Result<()> {
        self.0.rejects(rejects)
    }
}
