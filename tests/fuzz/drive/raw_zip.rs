//! Zip files written byte by byte (APPNOTE.TXT 4.3), so that every field can lie.

use std::io::Write;

/// One entry, as its headers shall describe it.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    /// The bytes that stand in the file.
    pub data: Vec<u8>,
    /// 0 stored, 8 deflated.
    pub method: u16,
    /// Bit 3: sizes and checksum follow the data.
    pub flags: u16,
    pub crc: u32,
    /// What the headers say of `data`'s length.
    pub compressed: u32,
    /// What the headers say of the inflated length.
    pub size: u32,
    /// Extra field of the central directory.
    pub extra: Vec<u8>,
    /// What the central directory says of the local header's place; none: the truth.
    pub offset: Option<u32>,
}

impl Entry {
    /// A truthful entry without compression.
    pub fn stored(name: &[u8], content: &[u8]) -> Entry {
        Entry {
            name: name.into(),
            data: content.into(),
            method: 0,
            flags: 0,
            crc: crc32fast::hash(content),
            compressed: content.len() as u32,
            size: content.len() as u32,
            extra: Vec::new(),
            offset: None,
        }
    }

    /// A truthful entry with compression.
    pub fn deflated(name: &[u8], content: &[u8]) -> Entry {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        let data = encoder.finish().unwrap();
        Entry {
            compressed: data.len() as u32,
            data,
            method: 8,
            ..Entry::stored(name, content)
        }
    }

    const DESCRIPTOR: u16 = 8;

    fn fields(&self, out: &mut Vec<u8>, described: bool) {
        for field in [self.flags, self.method, 0, 0x21] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        let known = !(described && self.flags & Entry::DESCRIPTOR != 0);
        for field in [self.crc, self.compressed, self.size] {
            out.extend_from_slice(&if known { field } else { 0 }.to_le_bytes());
        }
        out.extend_from_slice(&(self.name.len() as u16).to_le_bytes());
    }

    fn local(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"PK\x03\x04\x14\x00");
        self.fields(out, true);
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.name);
        out.extend_from_slice(&self.data);
        if self.flags & Entry::DESCRIPTOR != 0 {
            out.extend_from_slice(b"PK\x07\x08");
            for field in [self.crc, self.compressed, self.size] {
                out.extend_from_slice(&field.to_le_bytes());
            }
        }
    }

    fn central(&self, out: &mut Vec<u8>, at: u32) {
        out.extend_from_slice(b"PK\x01\x02\x14\x00\x14\x00");
        self.fields(out, false);
        out.extend_from_slice(&(self.extra.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0; 10]);
        out.extend_from_slice(&self.offset.unwrap_or(at).to_le_bytes());
        out.extend_from_slice(&self.name);
        out.extend_from_slice(&self.extra);
    }
}

/// A zip file of these entries.
pub fn zip(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut starts = Vec::new();
    for entry in entries {
        starts.push(out.len() as u32);
        entry.local(&mut out);
    }
    let directory = out.len() as u32;
    for (entry, start) in entries.iter().zip(starts) {
        entry.central(&mut out, start);
    }
    let length = out.len() as u32 - directory;
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    }
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&directory.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}
