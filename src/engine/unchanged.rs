//! Files that are in as they are, passed over many at a time.
//!
//! Most files of a nightly run are last night's. A file whose stat says so costs
//! two audit queries; where one was passed over, the next ones are asked for together.
//! With rehash = always it is their bytes that say so: the reader hashes several in turn.

use super::import_file::{self, Call};
use super::targets::Source;
use super::{file_sheets, kept_settings, progress};
use crate::pg::access::{self, Grant};
use crate::pg::audit::Import;
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use crate::pg::guc::{self, Rehash};
use crate::pg::reader::Client;
use crate::pg::registry;
use crate::pg::unchanged::{self, Asked};
use std::collections::HashMap;
use std::os::fd::OwnedFd;

/// Most files asked for at once: for so long an import by another session waits
/// for a run that commits as it goes.
const MOST: usize = 256;

/// Most files read at once, each of which has a descriptor meanwhile, and most bytes of them together.
const MOST_READ: usize = 32;
const MOST_BYTES: i64 = 16 << 20;

/// How many files are asked for next: more, the more were passed over.
pub struct Ahead(usize);

impl Default for Ahead {
    fn default() -> Ahead {
        Ahead(16)
    }
}

impl Ahead {
    /// The rows of those of the next files, up to the first that may have to be
    /// read, that feed one table and are in as they are; to be asked behind a file
    /// that was. Their table's lock is held.
    ///
    /// # Errors
    /// The audit's.
    pub fn skipped(
        &mut self,
        grant: &Grant,
        next: &[Source],
        call: &Call,
    ) -> Result<Vec<FileRow>, Failure> {
        let (Some(first), false) = (next.first(), call.reimport || call.ledger.plans()) else {
            return Ok(Vec::new());
        };
        let Some(table) = registry::lookup(&first.target)?.filter(|table| table.oid.is_some())
        else {
            return Ok(Vec::new());
        };
        let likely = next
            .iter()
            .take(self.0)
            .take_while(|source| source.target == first.target && !file_sheets::must_open(source));
        let (asked, imports) = match guc::REHASH.get() {
            Rehash::Changed => {
                let asked: Vec<Asked> = likely
                    .map_while(|source| asked(grant, source).ok())
                    .map(|(asked, _)| asked)
                    .collect();
                let imports = unchanged::among(&table.recorded, &asked)?;
                (asked, imports)
            }
            Rehash::Always => by_bytes(grant, likely, &table.recorded)?,
        };
        // The first one found counts, as for a single file.
        let mut known: HashMap<String, Import> = HashMap::new();
        for import in imports {
            known.entry(import.source_file.clone()).or_insert(import);
        }
        let rows: Vec<FileRow> = asked
            .iter()
            .zip(next)
            .map_while(|(file, source)| {
                let import = known.get(&file.source_file)?;
                let mut row = FileRow {
                    source_file: file.source_file.clone(),
                    table: Some(table.name.clone()),
                    ..FileRow::default()
                };
                progress::file(source);
                import_file::skipped(&mut row, import, None);
                progress::file_done(source, None);
                Some(row)
            })
            .collect();
        self.0 = match rows.len() == asked.len() {
            true => (self.0 * 2).min(MOST),
            false => Ahead::default().0,
        };
        Ok(rows)
    }
}

fn asked(grant: &Grant, source: &Source) -> Result<(Asked, OwnedFd), Failure> {
    let fd = grant.open_file(&source.below)?;
    let asked = Asked {
        source_file: access::resolved_path(&fd)?,
        stat: access::stat(&fd)?,
        settings: kept_settings::json(source),
    };
    Ok((asked, fd))
}

/// As many of the files as may be read at once, and the imports of their bytes.
fn by_bytes<'a>(
    grant: &Grant,
    likely: impl Iterator<Item = &'a Source>,
    table: &TableName,
) -> Result<(Vec<Asked>, Vec<Import>), Failure> {
    let mut bytes = 0;
    let (mut files, descriptors): (Vec<Asked>, Vec<OwnedFd>) = likely
        .take(MOST_READ)
        .take_while(|source| {
            bytes += source.bytes;
            bytes <= MOST_BYTES
        })
        .map_while(|source| asked(grant, source).ok())
        .unzip();
    if files.is_empty() {
        return Ok((files, Vec::new()));
    }
    let hashes = Client::hashes(&descriptors)?;
    files.truncate(hashes.len());
    let imports = unchanged::with_bytes(table, &files, &hashes)?;
    Ok((files, imports))
}
