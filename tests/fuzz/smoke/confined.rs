//! Inputs of a format whose reader may panic or run out of memory: through the confined process, as in the server.

// Shared with tests/reader, which uses the rest of it.
#[allow(dead_code)]
#[path = "../../reader/client.rs"]
mod client;

use client::{Reader, Reading};
use pgdatahub_core::protocol::FailureKind;
use std::os::unix::process::ExitStatusExt;

const MEMORY: u64 = 512 << 20;
const CPU_SECONDS: u64 = 5;

/// A reader process, started anew when it dies.
#[derive(Default)]
pub struct Confined(Option<Reader>);

impl Confined {
    /// Has the file read; it ends in an answer or in the process's death by one of its own limits.
    pub fn read(&mut self, content: &[u8]) {
        let reader = self.0.get_or_insert_with(|| Reader::start(MEMORY));
        match reader.read(content, CPU_SECONDS) {
            Reading::Rows(_) => {}
            Reading::Failed(failed) => {
                assert!(failed.kind != FailureKind::Protocol, "{failed:?}");
            }
            Reading::Died => {
                let status = reader.wait();
                let by = status.signal().unwrap_or_else(|| panic!("{status:?}"));
                // An allocation that fails aborts; the others are out of time and out of stack.
                let limits = [libc::SIGABRT, libc::SIGXCPU, libc::SIGSEGV];
                assert!(limits.contains(&by), "ended by signal {by}");
                self.0 = None;
            }
        }
    }
}
