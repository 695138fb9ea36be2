//! Answers the backend's requests, one after another.

use crate::book;
use crate::channel::Channel;
use crate::fail::{Failed, FailureKind, Result, corrupt, failed, io_failure, sendable};
use crate::hash::sha256;
use crate::head;
use crate::preflight::{self, Stamp};
use crate::process;
use crate::rows::Workbook;
use crate::sink::WithoutRows;
use crate::source::Source;
use crate::stream::{Outcome, SheetStream};
use pgdatahub_core::protocol::{
    HeadRequest, Hello, Limits, OpenRequest, Opened, PROTOCOL, Request, Response, StreamRequest,
    VERSION,
};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// An open file.
struct OpenFile {
    file: Arc<File>,
    stamp: Stamp,
    limits: Limits,
    workbook: Box<dyn Workbook>,
    stream: Option<SheetStream>,
}

/// The reader's side of the protocol.
pub struct Server {
    channel: Channel,
    confinement: Vec<String>,
    open: Option<OpenFile>,
}

impl Server {
    /// A server on `channel`, under these confinements.
    pub fn new(channel: Channel, confinement: Vec<String>) -> Server {
        Server {
            channel,
            confinement,
            open: None,
        }
    }

    /// Serves until the backend closes its end.
    ///
    /// # Errors
    /// Io: the socket broke.
    pub fn run(mut self) -> Result<()> {
        while let Some((request, file)) = self.channel.receive().map_err(|e| io_failure(&e))? {
            // A parser's panic is one failed file: unwinding frees what it held,
            // and the file is forgotten with it.
            let answer = catch_unwind(AssertUnwindSafe(|| self.answer(request, file)))
                .unwrap_or_else(|_| {
                    Err(corrupt("Reading it ran into a case that is not handled."))
                });
            let response = answer.unwrap_or_else(|failure| {
                self.close_after(&failure);
                Response::Failed(sendable(failure))
            });
            if let Err(failure) = self.channel.send(&response) {
                if failure.kind == FailureKind::Io {
                    return Err(failure);
                }
                self.channel.send(&Response::Failed(sendable(failure)))?;
            }
        }
        Ok(())
    }

    /// After a failed file nothing of it is used again; a wrong argument leaves it open.
    fn close_after(&mut self, failure: &Failed) {
        match failure.kind {
            FailureKind::BadArgument | FailureKind::OtherTemplate => {}
            _ => self.open = None,
        }
    }

    fn answer(&mut self, request: Request, file: Option<File>) -> Result<Response> {
        match request {
            Request::Hello(_) => Ok(Response::Hello(Hello {
                protocol: PROTOCOL,
                version: VERSION.into(),
                confinement: self.confinement.clone(),
            })),
            Request::Open(request) => self.open(request, file).map(Response::Opened),
            Request::Head(request) => self.head(&request),
            Request::Stream(request) => self.stream(request, false),
            Request::Check(request) => self.stream(request, true),
            Request::Profile => self.profile(),
        }
    }

    fn open(&mut self, request: OpenRequest, file: Option<File>) -> Result<Opened> {
        self.open = None;
        let file = file.ok_or_else(|| out_of_order("a file was announced, none came"))?;
        process::allow_cpu(request.limits.cpu_seconds).map_err(|e| io_failure(&e))?;
        let stamp = preflight::check(&file, request.limits.max_file_bytes)?;
        let file = Arc::new(file);
        let source = Source::new(Arc::clone(&file), stamp.size());
        let (sha256, bytes) = sha256(source.clone())?;
        stamp.check(&file)?;
        let (format, workbook) = book::open(&source)?;
        let sheets = workbook.sheets().to_vec();
        let names = if request.names {
            workbook.names()?
        } else {
            None
        };
        self.open = Some(OpenFile {
            file,
            stamp,
            limits: request.limits,
            workbook,
            stream: None,
        });
        Ok(Opened {
            sha256,
            bytes,
            format,
            sheets,
            names,
        })
    }

    fn head(&mut self, request: &HeadRequest) -> Result<Response> {
        let open = self
            .open
            .as_mut()
            .ok_or_else(|| out_of_order("no file is open"))?;
        open.stream = None;
        let max_cells = open.limits.max_cells;
        let (head, reading) = head::find(open.workbook.as_ref(), request, max_cells)?;
        open.stamp.check(&open.file)?;
        open.stream = Some(SheetStream::new(reading, max_cells));
        Ok(Response::Head(head))
    }

    fn profile(&mut self) -> Result<Response> {
        let open = self
            .open
            .as_mut()
            .ok_or_else(|| out_of_order("no file is open"))?;
        let stream = open
            .stream
            .as_mut()
            .ok_or_else(|| out_of_order("no head was asked for"))?;
        let profile = stream.profile(open.workbook.as_ref());
        open.stamp.check(&open.file)?;
        profile.map(Response::Profile)
    }

    fn stream(&mut self, request: StreamRequest, check_only: bool) -> Result<Response> {
        let open = self
            .open
            .as_mut()
            .ok_or_else(|| out_of_order("no file is open"))?;
        let stream = open
            .stream
            .as_mut()
            .ok_or_else(|| out_of_order("no head was asked for"))?;
        let workbook = open.workbook.as_ref();
        let outcome = if check_only {
            stream.run(workbook, request, &mut WithoutRows(&mut self.channel))
        } else {
            stream.run(workbook, request, &mut self.channel)
        };
        // A file that changes under the reader is rarely a readable one: what
        // happened is said rather than what it led to.
        open.stamp.check(&open.file)?;
        Ok(match outcome? {
            Outcome::Misfit(misfit) => Response::Misfit(misfit),
            Outcome::Done(done) => Response::Done(done),
        })
    }
}

fn out_of_order(what: &str) -> Failed {
    failed(FailureKind::Protocol, what)
}
