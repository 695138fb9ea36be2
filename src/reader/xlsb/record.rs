//! The records that a binary part consists of ([MS-XLSB] §2.1.4).

use crate::fail::{Result, corrupt, reading};
use std::io::{BufReader, Read};

/// Most bytes of one record: a text of 32,767 characters, a formula and some.
const MAX_RECORD: usize = 16 << 20;

/// Reads records one by one into a buffer that is reused.
pub struct Records<R> {
    input: BufReader<R>,
    part: String,
    content: Vec<u8>,
}

impl<R: Read> Records<R> {
    /// The records of `input`, called `part` in errors.
    pub fn new(input: R, part: &str) -> Records<R> {
        Records {
            input: BufReader::with_capacity(64 << 10, input),
            part: part.into(),
            content: Vec::new(),
        }
    }

    /// The next record's type; none at the part's end. Its content is [`Records::fields`].
    ///
    /// # Errors
    /// Corrupt (22000), Io (58030).
    pub fn next_record(&mut self) -> Result<Option<u16>> {
        let Some(first) = self.byte()? else {
            return Ok(None);
        };
        let mut kind = u16::from(first & 0x7F);
        if first & 0x80 != 0 {
            kind |= u16::from(self.needed()? & 0x7F) << 7;
        }
        let mut length = 0usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.needed()?;
            length |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        if length > MAX_RECORD {
            return Err(self.broken("has a record of over 16 MB"));
        }
        self.content.clear();
        let read = (&mut self.input)
            .take(length as u64)
            .read_to_end(&mut self.content)
            .map_err(|e| reading(&self.part, &e))?;
        if read < length {
            return Err(self.broken("ends early"));
        }
        Ok(Some(kind))
    }

    /// The content of the record read last.
    pub fn fields(&self) -> Fields<'_> {
        Fields {
            rest: &self.content,
            part: &self.part,
        }
    }

    /// A Corrupt failure about this part.
    pub fn broken(&self, what: &str) -> crate::fail::Failed {
        corrupt(format!("Part \"{}\" {what}.", self.part))
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        let mut byte = [0];
        let read = self
            .input
            .read(&mut byte)
            .map_err(|e| reading(&self.part, &e))?;
        Ok((read == 1).then_some(byte[0]))
    }

    fn needed(&mut self) -> Result<u8> {
        self.byte()?.ok_or_else(|| self.broken("ends early"))
    }
}

/// Takes a record's fields from its front.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    rest: &'a [u8],
    part: &'a str,
}

impl<'a> Fields<'a> {
    /// The next `length` bytes.
    ///
    /// # Errors
    /// Corrupt (22000): the record is shorter.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| {
            corrupt(format!(
                "Part \"{}\" has a record that is too short.",
                self.part
            ))
        })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    /// A byte. # Errors: Corrupt (22000).
    pub fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// A 16-bit number. # Errors: Corrupt (22000).
    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// A 32-bit number. # Errors: Corrupt (22000).
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A double. # Errors: Corrupt (22000).
    pub fn f64(&mut self) -> Result<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// An RkNumber ([MS-XLSB] §2.5.123): 30 bits of an integer or of a double,
    /// perhaps in hundredths. # Errors: Corrupt (22000).
    pub fn rk(&mut self) -> Result<f64> {
        let raw = self.u32()?;
        let number = match raw & 2 {
            0 => f64::from_bits(u64::from(raw & !3) << 32),
            _ => f64::from(raw.cast_signed() >> 2),
        };
        Ok(if raw & 1 == 1 { number / 100.0 } else { number })
    }

    /// Appends an XLWideString ([MS-XLSB] §2.5.169), or nothing for a null one.
    /// U+0000 and lone surrogates become U+FFFD; returns how many did.
    /// # Errors: Corrupt (22000).
    pub fn wide_string(&mut self, out: &mut String) -> Result<u64> {
        let length = self.u32()?;
        if length == u32::MAX {
            return Ok(0);
        }
        let raw = self.bytes((length as usize).saturating_mul(2))?;
        let units = raw
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let mut replaced = 0;
        for decoded in char::decode_utf16(units) {
            match decoded {
                Ok(character) if character != '\0' => out.push(character),
                _ => {
                    out.push(char::REPLACEMENT_CHARACTER);
                    replaced += 1;
                }
            }
        }
        Ok(replaced)
    }

    /// An XLWideString by itself. # Errors: Corrupt (22000).
    pub fn text(&mut self) -> Result<String> {
        let mut text = String::new();
        self.wide_string(&mut text)?;
        Ok(text)
    }
}
