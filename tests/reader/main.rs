//! The reader as a library, and as a process behind its socket.

#![allow(clippy::unwrap_used, clippy::panic)]

mod client;
mod corpus;
mod fixtures;
mod hostile;
mod kinds;
mod odd_markup;
mod options;
mod oracle;
mod protocol;
#[path = "../fuzz/drive/raw_zip.rs"]
mod raw_zip;
mod sandbox;
mod streams;
mod support;
mod template;
mod text_rules;
