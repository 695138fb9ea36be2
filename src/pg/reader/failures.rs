//! What goes wrong with the reader process, as a user sees it.

use super::Client;
use crate::pg::error::Failure;
use crate::pg::{process, transaction};
use pgdatahub_core::protocol::frame::BadFrame;
use pgdatahub_core::protocol::{Failed, Response, VERSION};

impl Client {
    pub(super) fn died(&self) -> Failure {
        // A cancel or shutdown that killed the reader must not be masked by its death.
        transaction::check_for_interrupts();
        let how = process::end_of_dead(self.own.then_some(self.socket));
        Failure::new("58000", "the reader process died while it read this file")
            .detail(how)
            .hint("The server is not affected. Try the file alone; limits are pgdatahub.reader_memory and pgdatahub.reader_cpu.")
    }

    pub(super) fn silent(&self, seconds: u64) -> Failure {
        self.end();
        Failure::new("58000", "the reader process did not answer")
            .detail(format!("Nothing came from it for {seconds} seconds, twice what pgdatahub.reader_cpu allows."))
            .hint("Is the file on a storage that hangs, or the machine out of memory? Raise pgdatahub.reader_cpu where it is only slow.")
    }

    pub(super) fn broken(&self, error: &BadFrame) -> Failure {
        self.end();
        Failure::new(
            "58000",
            "the reader process sent something that is not of its protocol",
        )
        .detail(error.to_string())
    }

    pub(super) fn unexpected(&self, response: &Response) -> Failure {
        self.end();
        let name = format!("{response:?}");
        let name = name.split(['(', ' ']).next().unwrap_or_default().to_owned();
        Failure::new("58000", "the reader process answered out of order")
            .detail(format!("It sent {name}."))
    }

    pub(super) fn end(&self) {
        if self.own {
            process::end_own(self.socket);
        } else {
            process::end();
        }
    }
}

/// It ended, or broke the protocol, before it was asked to read anything: the program is the wrong one, or cannot run.
pub(super) fn unanswered(failure: Failure) -> Failure {
    if failure.sqlstate != "58000" {
        return failure;
    }
    let path = process::reader_path();
    let how = failure.detail.unwrap_or(failure.message);
    Failure::new("58000", format!("\"{path}\" does not answer as the reader of pgdatahub {VERSION}"))
        .detail(how)
        .hint("Install both from one build with make install; pgdatahub.reader is to name the program, or be empty. The server is not affected.")
}

/// What the reader refused, as a user sees it.
pub fn refused(failed: Failed) -> Failure {
    let mut failure = Failure::new(failed.kind.sqlstate(), failed.message);
    failure.detail = failed.detail;
    failure.hint = failed.hint;
    failure
}
