//! The shared string table (ECMA-376 §18.4): one arena, read without trusting its counts.

use super::escape;
use crate::fail::{Result, corrupt, out_of_memory};
use crate::package::Package;
use crate::scan::{Scanner, Token};
use crate::scan_text;
use std::collections::HashMap;
use std::io::Read;

/// The smallest string item, `<si/>`, in bytes.
const SMALLEST_ITEM: u64 = 5;

/// The strings of a workbook by index.
#[derive(Debug, Default)]
pub struct SharedStrings {
    arena: String,
    ends: Vec<u32>,
    /// Strings in which characters were replaced, and how many.
    replaced: HashMap<u32, u64>,
    /// Bytes of the longest string.
    longest: usize,
}

impl SharedStrings {
    /// Reads the table.
    ///
    /// # Errors
    /// Corrupt (22000), also for a `uniqueCount` that its size cannot hold;
    /// OverLimit (54000) where it does not fit into the reader's memory.
    pub fn read(package: &Package, part: &str) -> Result<SharedStrings> {
        let size = package.size(part).unwrap_or(0);
        let mut scanner = Scanner::new(package.part_ahead(part)?, part)?;
        let mut strings = SharedStrings::default();
        loop {
            if let Some((length, text)) = plain_item(&scanner) {
                strings.reserve()?;
                match as_it_stands(text) {
                    Some(text) => {
                        strings.arena.push_str(text);
                        strings.end(0)?;
                    }
                    None => {
                        scan_text::append(&mut strings.arena, text, false)?;
                        strings.end_item()?;
                    }
                }
                scanner.pass(length);
                continue;
            }
            match scanner.next_token()? {
                Token::Eof => return Ok(strings),
                Token::Start {
                    name: b"sst",
                    attributes,
                } => {
                    if let Some(count) = attributes.raw(b"uniqueCount") {
                        check_count(count, size)?;
                    }
                }
                Token::Start { name: b"si", .. } => {
                    strings.reserve()?;
                    read_item(&mut scanner, &mut strings.arena)?;
                    strings.end_item()?;
                }
                _ => {}
            }
        }
    }

    /// The string of this index.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] as usize,
        };
        self.arena.get(start..end)
    }

    /// Bytes of the longest string, if no characters were replaced in any.
    #[inline]
    pub(crate) fn longest_untouched(&self) -> Option<usize> {
        self.replaced.is_empty().then_some(self.longest)
    }

    /// How many characters were replaced in the string of this index.
    #[inline]
    pub fn replaced(&self, index: usize) -> u64 {
        match self.replaced.is_empty() {
            true => 0,
            false => self.replaced.get(&(index as u32)).copied().unwrap_or(0),
        }
    }

    /// Adds a string, for formats whose table is not XML.
    ///
    /// # Errors
    /// OverLimit (54000) where it does not fit into the reader's memory.
    pub fn push(&mut self, text: &str, replaced: u64) -> Result<()> {
        self.reserve()?;
        self.arena
            .try_reserve(text.len())
            .map_err(|_| out_of_memory())?;
        self.arena.push_str(text);
        self.end(replaced)
    }

    /// Room for the next string, asked for rather than taken: a failed
    /// allocation would abort the process. One string is bounded by the scanner.
    fn reserve(&mut self) -> Result<()> {
        if self.arena.capacity() - self.arena.len() < 64 << 10 {
            self.arena
                .try_reserve(1 << 20)
                .map_err(|_| out_of_memory())?;
        }
        if self.ends.len() == self.ends.capacity() {
            self.ends.try_reserve(1024).map_err(|_| out_of_memory())?;
        }
        Ok(())
    }

    fn end_item(&mut self) -> Result<()> {
        let start = self.ends.last().map_or(0, |&end| end as usize);
        let replaced = escape::finish(&mut self.arena, start);
        self.end(replaced)
    }

    fn end(&mut self, replaced: u64) -> Result<()> {
        let end = u32::try_from(self.arena.len()).map_err(|_| out_of_memory())?;
        let start = self.ends.last().map_or(0, |&end| end as usize);
        self.longest = self.longest.max(end as usize - start);
        if replaced > 0 {
            self.replaced.insert(self.ends.len() as u32, replaced);
        }
        self.ends.push(end);
        Ok(())
    }
}

/// The length and text of the item ahead, if it is one as nearly all are:
/// `<si><t>…</t></si>`. Anything else is the tokenizer's.
fn plain_item<R: Read>(scanner: &Scanner<R>) -> Option<(usize, &[u8])> {
    if scanner.depth() != 1 {
        return None;
    }
    let ahead = scanner.ahead()?;
    let item = ahead.strip_prefix(b"<si><t")?;
    let inside = item
        .strip_prefix(b">")
        .or_else(|| item.strip_prefix(b" xml:space=\"preserve\">"))?;
    let length = memchr::memchr(b'<', inside)?;
    let rest = inside[length..].strip_prefix(b"</t></si>")?;
    (length <= scan_text::MAX_TEXT).then(|| (ahead.len() - rest.len(), &inside[..length]))
}

/// A text in which nothing can be an entity, an escape or a line end, if it is such.
fn as_it_stands(text: &[u8]) -> Option<&str> {
    let other = |byte: u8| !matches!(byte, b' '..=b'~') || matches!(byte, b'&' | b'_');
    let others = text.iter().fold(false, |any, &byte| any | other(byte));
    std::str::from_utf8(text).ok().filter(|_| !others)
}

fn check_count(count: &[u8], size: u64) -> Result<()> {
    let possible = size / SMALLEST_ITEM;
    match scan_text::parse_digits(count) {
        Some(count) if count <= possible => Ok(()),
        _ => Err(corrupt(format!(
            "Its shared string table of {size} bytes says that it holds {} strings.",
            String::from_utf8_lossy(&count[..count.len().min(40)])
        ))),
    }
}

/// Appends a string item's text: its plain text or its rich text runs; phonetic
/// runs (rPh) are reading aids, no part of the text. Ends behind the item's end tag.
///
/// # Errors
/// Corrupt (22000).
pub fn read_item<R: Read>(scanner: &mut Scanner<R>, out: &mut String) -> Result<()> {
    let outside = scanner.depth() - 1;
    let start = out.len();
    let mut in_text = false;
    while scanner.depth() > outside {
        let skip = match scanner.next_token()? {
            Token::Start { name: b"t", .. } => {
                in_text = true;
                false
            }
            Token::Start {
                name: b"rPh" | b"extLst" | b"rPr",
                ..
            } => true,
            Token::Start { .. } => false,
            Token::Text { raw, cdata } => {
                if in_text {
                    scan_text::append(out, raw, cdata)?;
                }
                false
            }
            Token::End => {
                in_text = false;
                false
            }
            Token::Eof => false,
        };
        if skip {
            scanner.skip_element()?;
        }
        if out.len() - start > scan_text::MAX_TEXT {
            return Err(scanner.broken("has a text of over 16 MB"));
        }
    }
    Ok(())
}
