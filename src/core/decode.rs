//! Takes encoded rows of COPY's binary format apart again, for the lane that
//! inserts through SPI. The bytes come from the reader process and are not trusted.

use crate::protocol::frame::BadFrame;

/// Encoded rows, without COPY's header and trailer.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    rest: &'a [u8],
}

impl<'a> Rows<'a> {
    /// The rows of a row frame, after [`crate::protocol::rows::parse`].
    pub fn new(encoded: &'a [u8]) -> Rows<'a> {
        Rows { rest: encoded }
    }

    /// Replaces `fields` by the next row's, NULL being none. False at the end.
    ///
    /// # Errors
    /// A negative count or length, or bytes that end in mid-row; after an error there are no more rows.
    pub fn next_row(&mut self, fields: &mut Vec<Option<&'a [u8]>>) -> Result<bool, BadFrame> {
        fields.clear();
        if self.rest.is_empty() {
            return Ok(false);
        }
        let row = self.row(fields);
        if row.is_err() {
            self.rest = &[];
            fields.clear();
        }
        row.map(|()| true)
    }

    /// Bytes behind the last row returned.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn row(&mut self, fields: &mut Vec<Option<&'a [u8]>>) -> Result<(), BadFrame> {
        let count = i16::from_be_bytes(self.array()?);
        if count < 0 {
            return Err(BadFrame(format!("row of {count} fields")));
        }
        for _ in 0..count {
            let field = match i32::from_be_bytes(self.array()?) {
                -1 => None,
                len => Some(self.take(
                    usize::try_from(len).map_err(|_| BadFrame(format!("field of {len} bytes")))?,
                )?),
            };
            fields.push(field);
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadFrame> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(cut)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], BadFrame> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or_else(cut)?;
        self.rest = rest;
        Ok(bytes)
    }
}

fn cut() -> BadFrame {
    BadFrame("encoded rows end within a row".into())
}

#[cfg(test)]
mod tests;
