//! A folder's files as one unit (sectional_commit): all of them, or none.

use super::import_file::{self, Call};
use super::targets::Source;
use crate::pg::access::Grant;
use crate::pg::file_row::FileRow;
use crate::pg::subxact;
use crate::pg::transaction::check_for_interrupts;

/// A folder's files in one subtransaction: their rows, and which one failed.
pub fn folder_unit(grant: &Grant, folder: &[Source], call: &Call) -> (Vec<FileRow>, Option<usize>) {
    let mut rows = Vec::with_capacity(folder.len());
    let saved = call.ledger.save();
    let done = subxact::attempt(|| {
        for (n, source) in folder.iter().enumerate() {
            check_for_interrupts();
            let row = import_file::import(grant, source, call, folder.get(n + 1));
            let failed = row.status == "failed";
            rows.push(row);
            if failed {
                return Ok(Err(rows.len() - 1));
            }
        }
        Ok(Ok(()))
    });
    let failed = match done {
        Ok(Ok(())) => None,
        Ok(Err(at)) => Some(at),
        // Raised outside of a file: what was in hand is the one that failed.
        Err(failure) => {
            let at = rows.len().min(folder.len().saturating_sub(1));
            rows.truncate(at);
            rows.extend(folder.get(at).map(|source| {
                let mut row = not_tried(grant, source);
                import_file::failed(&mut row, failure);
                row
            }));
            Some(at)
        }
    };
    if failed.is_some() {
        call.ledger.restore(&saved);
        rows.extend(
            folder[rows.len()..]
                .iter()
                .map(|source| not_tried(grant, source)),
        );
    }
    (rows, failed)
}

/// The row of a file that an earlier failure kept from being tried.
pub fn not_tried(grant: &Grant, source: &Source) -> FileRow {
    FileRow {
        source_file: grant.display(&source.below),
        table: Some(source.target.clone()),
        status: "not_tried",
        message: Some("not tried after an earlier failure".into()),
        ..FileRow::default()
    }
}
