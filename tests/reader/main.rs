//! The reader as a library, and as a process behind its socket.

#![allow(clippy::unwrap_used, clippy::panic)]

mod fixtures;
mod hostile;
mod kinds;
mod odd_markup;
mod options;
mod oracle;
mod protocol;
mod sandbox;
mod streams;
mod support;
mod template;
mod text_rules;
