//! A streaming XML scanner for the parts of a workbook.
//!
//! Sheets are by far the largest input, and scanning their markup is most of
//! the work of an import. This scanner hands out slices of one window over the
//! input, allocates nothing per tag, and knows the XML that spreadsheet writers
//! emit: elements, attributes, text, CDATA, comments, processing instructions.
//! UTF-16, document type declarations and mismatched tags are errors, never
//! silently nothing. Names are compared by their local part: prefixes differ
//! between writers.

use crate::fail::{Result, corrupt, reading};
use crate::scan_tag::{AttributeRanges, Tag, scan_tag};
use crate::scan_text::Attributes;
use memchr::memchr;
use memchr::memmem::Finder;
use std::io::Read;
use std::ops::Range;

/// Most bytes of one tag or one run of text.
const MAX_TOKEN: usize = 16 << 20;
const WINDOW: usize = 128 << 10;
const MAX_DEPTH: usize = 256;

/// One piece of markup, borrowed from the scanner's window.
pub enum Token<'a> {
    /// A start tag; an empty element is a start followed by an end.
    Start {
        /// The local name.
        name: &'a [u8],
        /// Its attributes.
        attributes: Attributes<'a>,
    },
    /// An end tag.
    End,
    /// Character data: raw (entities not resolved) unless from a CDATA section.
    Text {
        /// The bytes.
        raw: &'a [u8],
        /// From a CDATA section: taken as it stands.
        cdata: bool,
    },
    /// The document is at its end; the part was read to its last byte.
    Eof,
}

/// The scanner.
pub struct Scanner<R> {
    input: R,
    part: String,
    window: Vec<u8>,
    at: usize,
    end: usize,
    input_ended: bool,
    /// Names of the open elements, one after another, and where each begins.
    names: Vec<u8>,
    open: Vec<usize>,
    attributes: AttributeRanges,
    empty_element: bool,
    seen_root: bool,
}

/// What [`Scanner::step`] found, without borrowing the window.
enum Step {
    Start(Range<usize>),
    End,
    Text(Range<usize>, bool),
    Eof,
    Nothing,
}

impl<R: Read> Scanner<R> {
    /// A scanner over `input`, called `part` in errors.
    ///
    /// # Errors
    /// Corrupt (22000) for anything but UTF-8.
    pub fn new(input: R, part: &str) -> Result<Scanner<R>> {
        Scanner::with_window(input, part, WINDOW)
    }

    /// As [`Scanner::new`], with a window of at least 4 bytes to begin with.
    pub(crate) fn with_window(input: R, part: &str, window: usize) -> Result<Scanner<R>> {
        let mut scanner = Scanner {
            input,
            part: part.into(),
            window: vec![0; window],
            at: 0,
            end: 0,
            input_ended: false,
            names: Vec::new(),
            open: Vec::new(),
            attributes: Vec::new(),
            empty_element: false,
            seen_root: false,
        };
        while scanner.end < 4 && scanner.fill()? {}
        match &scanner.window[..scanner.end.min(4)] {
            [0xEF, 0xBB, 0xBF, ..] => scanner.at = 3,
            [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, ..] | [_, 0, ..] => {
                return Err(scanner.broken("is not in UTF-8"));
            }
            _ => {}
        }
        Ok(scanner)
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// The next piece of markup.
    ///
    /// # Errors
    /// Corrupt (22000): not well-formed, or the part ends early.
    pub fn next_token(&mut self) -> Result<Token<'_>> {
        loop {
            match self.step()? {
                Step::Nothing => {}
                Step::End => return Ok(Token::End),
                Step::Eof => return Ok(Token::Eof),
                Step::Text(range, cdata) => {
                    return Ok(Token::Text {
                        raw: &self.window[range],
                        cdata,
                    });
                }
                Step::Start(name) => {
                    let attributes = Attributes::new(&self.window, &self.attributes);
                    return Ok(Token::Start {
                        name: local(&self.window[name]),
                        attributes,
                    });
                }
            }
        }
    }

    /// Skips the rest of the element whose start tag was returned last.
    ///
    /// # Errors
    /// As [`Scanner::next_token`].
    pub fn skip_element(&mut self) -> Result<()> {
        let outside = self.depth().saturating_sub(1);
        while self.depth() > outside {
            if let Step::Eof = self.step()? {
                break;
            }
        }
        Ok(())
    }

    /// The input at hand, between two pieces of markup; none within an empty element.
    pub(crate) fn ahead(&self) -> Option<&[u8]> {
        (!self.empty_element).then(|| &self.window[self.at..self.end])
    }

    /// Passes over so many bytes of what is at hand: whole elements, text between them.
    pub(crate) fn pass(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Gets at least one more byte at hand, and as many as there is room for, up to
    /// `most` in all. False where there are no more.
    ///
    /// # Errors
    /// As [`Scanner::next_token`].
    pub(crate) fn more(&mut self, most: usize) -> Result<bool> {
        if self.end - self.at >= most {
            return Ok(false);
        }
        let more = self.fill()?;
        while self.end < self.window.len() && self.fill()? {}
        Ok(more)
    }

    /// A Corrupt failure about this part.
    pub fn broken(&self, what: &str) -> crate::fail::Failed {
        corrupt(format!("Part \"{}\" {what}.", self.part))
    }

    fn step(&mut self) -> Result<Step> {
        if self.empty_element {
            self.empty_element = false;
            self.close();
            return Ok(Step::End);
        }
        if self.at == self.end && !self.fill()? {
            return self.at_end();
        }
        if self.window[self.at] != b'<' {
            return self.text();
        }
        match self.peek(1)? {
            Some(b'/') => self.end_tag(),
            Some(b'!') => self.declaration(),
            Some(b'?') => self.processing_instruction(),
            Some(_) => self.start_tag(),
            None => Err(self.broken("ends in the middle of a tag")),
        }
    }

    fn at_end(&self) -> Result<Step> {
        if !self.seen_root || !self.open.is_empty() {
            return Err(self.broken("ends early"));
        }
        Ok(Step::Eof)
    }

    fn text(&mut self) -> Result<Step> {
        let mut searched = 0;
        loop {
            let rest = &self.window[self.at + searched..self.end];
            if let Some(found) = memchr(b'<', rest) {
                return self.emit_text(searched + found);
            }
            searched = self.end - self.at;
            if !self.fill()? {
                return self.emit_text(searched);
            }
        }
    }

    fn emit_text(&mut self, length: usize) -> Result<Step> {
        let range = self.at..self.at + length;
        self.at = range.end;
        if self.open.is_empty() {
            if !self.window[range].iter().all(u8::is_ascii_whitespace) {
                return Err(self.broken("has text outside its root element"));
            }
            return Ok(Step::Nothing);
        }
        Ok(Step::Text(range, false))
    }

    fn start_tag(&mut self) -> Result<Step> {
        loop {
            match scan_tag(
                &self.window[self.at..self.end],
                self.at,
                &mut self.attributes,
            ) {
                Tag::Incomplete => {
                    if !self.fill()? {
                        return Err(self.broken("ends in the middle of a tag"));
                    }
                }
                Tag::Malformed => return Err(self.broken("has a malformed tag")),
                Tag::Complete {
                    name,
                    length,
                    empty,
                } => {
                    if self.open.is_empty() && self.seen_root {
                        return Err(self.broken("has two root elements"));
                    }
                    if self.open.len() >= MAX_DEPTH {
                        return Err(self.broken("nests its elements too deeply"));
                    }
                    self.seen_root = true;
                    self.at += length;
                    self.open.push(self.names.len());
                    self.names.extend_from_slice(&self.window[name.clone()]);
                    self.empty_element = empty;
                    return Ok(Step::Start(name));
                }
            }
        }
    }

    fn end_tag(&mut self) -> Result<Step> {
        let Some(&start) = self.open.last() else {
            return Err(self.broken("has an end tag without a start tag"));
        };
        // Nearly every end tag is the name and nothing else.
        let length = 3 + self.names.len() - start;
        let bytes = &self.window[self.at..self.end];
        if let Some(tag) = bytes.get(..length)
            && tag[length - 1] == b'>'
            && tag[2..length - 1] == self.names[start..]
        {
            self.at += length;
            self.close();
            return Ok(Step::End);
        }
        let length = self.find(b">", 2)?;
        let name = self.window[self.at + 2..self.at + length - 1].trim_ascii_end();
        if *name != self.names[start..] {
            return Err(self.broken("has an end tag that does not match its start tag"));
        }
        self.at += length;
        self.close();
        Ok(Step::End)
    }

    fn close(&mut self) {
        if let Some(start) = self.open.pop() {
            self.names.truncate(start);
        }
    }

    fn declaration(&mut self) -> Result<Step> {
        if self.starts_with(b"<!--")? {
            self.at += self.find(b"-->", 4)?;
            return Ok(Step::Nothing);
        }
        if self.starts_with(b"<![CDATA[")? && !self.open.is_empty() {
            let length = self.find(b"]]>", 9)?;
            let range = self.at + 9..self.at + length - 3;
            self.at += length;
            return Ok(Step::Text(range, true));
        }
        Err(self.broken("has a document type declaration, which no workbook needs"))
    }

    fn processing_instruction(&mut self) -> Result<Step> {
        let length = self.find(b"?>", 2)?;
        let content = self.window[self.at..self.at + length].to_ascii_lowercase();
        if content.starts_with(b"<?xml ")
            && memchr::memmem::find(&content, b"encoding").is_some()
            && ![&b"utf-8"[..], b"utf8", b"us-ascii"]
                .iter()
                .any(|known| memchr::memmem::find(&content, known).is_some())
        {
            return Err(self.broken("is not in UTF-8"));
        }
        self.at += length;
        Ok(Step::Nothing)
    }

    /// Bytes from here to the end of the next `needle` that begins at `from` or later.
    fn find(&mut self, needle: &[u8], from: usize) -> Result<usize> {
        let finder = Finder::new(needle);
        let mut searched = from;
        loop {
            if let Some(rest) = self.window[..self.end].get(self.at + searched..)
                && let Some(found) = finder.find(rest)
            {
                return Ok(searched + found + needle.len());
            }
            searched = searched.max((self.end - self.at).saturating_sub(needle.len() - 1));
            if !self.fill()? {
                return Err(self.broken("ends early"));
            }
        }
    }

    fn starts_with(&mut self, prefix: &[u8]) -> Result<bool> {
        while self.end - self.at < prefix.len() && self.fill()? {}
        Ok(self.window[self.at..self.end].starts_with(prefix))
    }

    fn peek(&mut self, ahead: usize) -> Result<Option<u8>> {
        while self.end - self.at <= ahead {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.window[self.at + ahead]))
    }

    /// Reads more input behind the token under way, which moves to the window's
    /// start. False at the input's end.
    fn fill(&mut self) -> Result<bool> {
        if self.input_ended {
            return Ok(false);
        }
        if self.at > 0 {
            self.window.copy_within(self.at..self.end, 0);
            self.end -= self.at;
            self.at = 0;
        }
        if self.end == self.window.len() {
            if self.end >= MAX_TOKEN {
                return Err(self.broken("has a tag or text of over 16 MB"));
            }
            self.window.resize(self.end * 2, 0);
        }
        let read = self
            .input
            .read(&mut self.window[self.end..])
            .map_err(|e| reading(&self.part, &e))?;
        self.end += read;
        self.input_ended = read == 0;
        Ok(read > 0)
    }
}

/// The part of a name behind its prefix.
pub(crate) fn local(name: &[u8]) -> &[u8] {
    // Names are a few bytes long: a plain loop beats a vectorised search.
    match name.iter().position(|&byte| byte == b':') {
        Some(colon) => &name[colon + 1..],
        None => name,
    }
}
