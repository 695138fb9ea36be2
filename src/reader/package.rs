//! A zip package: its parts by name, and bounds on what they may inflate to.
//!
//! Part names are compared without regard to case (ECMA-376 part 2 §6.2.2.3), with either
//! slash, since some writers use backslashes.

use crate::ahead::Ahead;
use crate::fail::{FailureKind, Result, corrupt, failed, over_limit};
use crate::part::Part;
use crate::source::Source;
use std::collections::HashMap;
use std::io::Read;
use zip::CompressionMethod;

/// Most entries a package may have.
pub const MAX_ENTRIES: usize = 10_000;

/// What all parts together may inflate to, in bytes: a constant, and so many
/// times the file's size. Sheets are inflated piece by piece, so this bounds
/// time, not memory; real workbooks stay under a ratio of 100.
const MAX_INFLATED: u64 = 4 << 30;
const MAX_RATIO: u64 = 200;

/// Most bytes of a part that is read whole (workbook, relationships, styles).
const MAX_WHOLE_PART: u64 = 256 << 20;

/// Where a part lies in the file.
#[derive(Debug, Clone, Copy)]
struct Location {
    start: u64,
    compressed: u64,
    size: u64,
    crc: u32,
    deflated: bool,
}

/// An open zip package.
#[derive(Debug)]
pub struct Package {
    source: Source,
    parts: HashMap<String, Location>,
}

impl Package {
    /// Reads the directory of the zip file.
    ///
    /// # Errors
    /// Corrupt (22000) without a readable directory, OverLimit (54000) with more
    /// than [`MAX_ENTRIES`] or what looks like a zip bomb, Encrypted (0A000).
    pub fn open(source: Source) -> Result<Package> {
        let mut archive = zip::ZipArchive::new(source.clone())
            .map_err(|e| corrupt(format!("It is a truncated or damaged zip file: {e}.")))?;
        if archive.len() > MAX_ENTRIES {
            return Err(over_limit(
                format!("the workbook is a zip file of {} entries", archive.len()),
                format!("A workbook has at most {MAX_ENTRIES} entries."),
            ));
        }
        let mut parts = HashMap::with_capacity(archive.len());
        let mut total = 0u64;
        for index in 0..archive.len() {
            let entry = archive
                .by_index_raw(index)
                .map_err(|e| corrupt(format!("Entry {index} of the zip file is damaged: {e}.")))?;
            if entry.is_dir() {
                continue;
            }
            if entry.encrypted() {
                return Err(encrypted());
            }
            total = total.saturating_add(entry.size());
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let deflated = match entry.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                other => {
                    return Err(corrupt(format!(
                        "Part \"{name}\" is compressed with {other}."
                    )));
                }
            };
            let Some(start) = entry.data_start() else {
                return Err(corrupt(format!("Part \"{name}\" has no data.")));
            };
            let location = Location {
                start,
                compressed: entry.compressed_size(),
                size: entry.size(),
                crc: entry.crc32(),
                deflated,
            };
            if parts.insert(normalised(&name), location).is_some() {
                return Err(corrupt(format!("Part \"{name}\" occurs twice.")));
            }
        }
        if total > MAX_INFLATED.saturating_add(source.length().saturating_mul(MAX_RATIO)) {
            return Err(over_limit(
                format!(
                    "the workbook of {} bytes would unpack to {total} bytes",
                    source.length()
                ),
                "It looks like a zip bomb.",
            ));
        }
        Ok(Package { source, parts })
    }

    /// Whether the package has a part of this name.
    pub fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&normalised(name))
    }

    /// The size a part says it inflates to, in bytes.
    pub fn size(&self, name: &str) -> Option<u64> {
        self.parts
            .get(&normalised(name))
            .map(|location| location.size)
    }

    /// Opens a part for reading.
    ///
    /// # Errors
    /// Corrupt (22000) if there is no such part.
    pub fn part(&self, name: &str) -> Result<Part> {
        let location = self
            .parts
            .get(&normalised(name))
            .ok_or_else(|| corrupt(format!("Part \"{name}\" is missing.")))?;
        Part::open(
            self.source.clone(),
            location.start,
            location.compressed,
            location.deflated,
        )
        .map(|part| part.expecting(location.size, location.crc))
        .map_err(|e| crate::fail::io_failure(&e))
    }

    /// Opens a large part for reading, inflated ahead by a thread where that pays.
    ///
    /// # Errors
    /// As [`Package::part`].
    pub fn part_ahead(&self, name: &str) -> Result<Ahead> {
        let size = self.size(name).unwrap_or(0);
        Ok(Ahead::new(self.part(name)?, size))
    }

    /// A small part's whole content.
    ///
    /// # Errors
    /// As [`Package::part`]; OverLimit (54000) above 256 MB.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let part = self.part(name)?;
        let mut content = Vec::new();
        part.take(MAX_WHOLE_PART)
            .read_to_end(&mut content)
            .map_err(|e| crate::fail::reading(name, &e))?;
        if content.len() as u64 == MAX_WHOLE_PART {
            return Err(failed(
                FailureKind::OverLimit,
                format!("part \"{name}\" of the workbook is over 256 MB"),
            ));
        }
        Ok(content)
    }
}

/// A password-protected workbook (0A000).
pub fn encrypted() -> crate::fail::Failed {
    crate::fail::Failed {
        hint: Some("Save it without a password, or move it out of the folder.".into()),
        ..failed(FailureKind::Encrypted, "the workbook is password-protected")
    }
}

fn normalised(name: &str) -> String {
    name.trim_start_matches(['/', '\\'])
        .replace('\\', "/")
        .to_lowercase()
}
