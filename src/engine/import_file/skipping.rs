//! A sheet that is in already, or held.

use super::Call;
use super::opened::File;
use crate::engine::elsewhere;
use crate::pg::audit::{self, Import, Sheet};
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::file_row::FileRow;
use pgdatahub_core::config::OnChange;
use pgdatahub_core::protocol::Opened;

/// Makes the row that of a skipped file.
pub fn skipped(row: &mut FileRow, import: &Import, note: Option<&str>) {
    row.status = "skipped";
    row.sheet_name = Some(import.sheet_name.clone());
    row.sha256 = Some(import.sha256.clone());
    row.message = Some(match (import.source_file == row.source_file, note) {
        (_, Some(note)) => note.to_owned(),
        (_, None) if import.import_id == 0 => format!("the same content as {}", import.source_file),
        (true, None) => format!("already imported on {}", import.imported_at),
        (false, None) => format!(
            "already imported as {} on {}",
            import.source_file, import.imported_at
        ),
    });
}

/// Whether the file is skipped.
pub enum Skip {
    /// Its bytes are in.
    In(Import),
    /// They are held after a revert.
    Held,
    /// It is not, and these rows of the same bytes make way.
    No(Option<Import>),
}

/// Whether the file is skipped, and said to be.
pub fn skip(
    table: &TableName,
    (sheet, on_change): (Sheet<'_>, OnChange),
    opened: &Opened,
    file: &File<'_>,
    call: &Call,
    row: &mut FileRow,
) -> Result<Skip, Failure> {
    let present = call.ledger.present(table, sheet, &opened.sha256)?;
    if call.reimport {
        return Ok(Skip::No(present));
    }
    if let Some(import) = present {
        if import.source_file != row.source_file && elsewhere::has_moved_on(&import, on_change)? {
            return Ok(Skip::No(Some(import)));
        }
        let changed = import.source_file == row.source_file
            && audit::settings_differ(import.import_id, &file.settings)?;
        let note = "already imported; settings changed since, reimport => true loads it anew";
        skipped(row, &import, changed.then_some(note));
        return Ok(Skip::In(import));
    }
    if call.explicit {
        return Ok(Skip::No(None));
    }
    let Some(import) = call.ledger.held(table, sheet, &opened.sha256)? else {
        return Ok(Skip::No(None));
    };
    let who = import.reverted_by.clone().unwrap_or_default();
    let when = import.reverted_at.clone().unwrap_or_default();
    skipped(
        row,
        &import,
        Some(&format!("held: reverted by {who} on {when}")),
    );
    row.hint = Some("pgdatahub.import_file, or reimport => true, loads it all the same.".into());
    Ok(Skip::Held)
}
