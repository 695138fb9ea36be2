//! The reader process. The backend starts it with a Unix socket as descriptor 0
//! and speaks `pgdatahub_core::protocol` with it.
//!
//! Arguments: `--memory BYTES` (address space), `--parent PID` (leave when that
//! is not the parent), `--version`.

use pgdatahub_reader::channel::Channel;
use pgdatahub_reader::process;
use pgdatahub_reader::server::Server;
use std::process::ExitCode;

/// Exit status for a wrong way of starting.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["--version"] {
        println!("pgdatahub-reader {}", pgdatahub_core::protocol::VERSION);
        return ExitCode::SUCCESS;
    }
    let Some(socket) = process::socket() else {
        eprintln!("pgdatahub-reader is started by PostgreSQL's extension pgdatahub, not by hand");
        return ExitCode::from(MISUSED);
    };
    let Some((memory, parent)) = bounds(&arguments) else {
        eprintln!("usage: pgdatahub-reader [--memory BYTES] [--parent PID]");
        return ExitCode::from(MISUSED);
    };
    let Ok(confinement) = process::confine(memory, parent) else {
        return ExitCode::FAILURE;
    };
    match Server::new(Channel::new(socket), confinement).run() {
        Ok(()) => process::exit_now(0),
        Err(_) => process::exit_now(1),
    }
}

fn bounds(arguments: &[String]) -> Option<(Option<u64>, Option<i32>)> {
    let (mut memory, mut parent) = (None, None);
    for pair in arguments.chunks(2) {
        match pair {
            [name, value] if name == "--memory" => memory = Some(value.parse().ok()?),
            [name, value] if name == "--parent" => parent = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some((memory, parent))
}
