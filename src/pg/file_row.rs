//! What became of a file: a result row, and a row of etl_run_files, for each sheet.

use super::catalog::TableName;
use super::client_text::for_client;
use super::error::Failure;
use super::file_plan::FilePlan;
use std::cmp::Reverse;

/// What became of one file and sheet: a result row, and a row of etl_run_files.
#[derive(Debug, Clone, Default)]
pub struct FileRow {
    pub source_file: String,
    pub sheet_name: Option<String>,
    pub table: Option<TableName>,
    pub status: &'static str,
    pub row_count: Option<i64>,
    pub rows_removed: Option<i64>,
    pub rejected: Option<i64>,
    pub schema_changes: Vec<String>,
    pub missing_columns: Vec<String>,
    pub seconds: f64,
    pub message: Option<String>,
    pub sqlstate: Option<String>,
    pub detail: Option<String>,
    pub hint: Option<String>,
    pub sha256: Option<String>,
    pub import_id: Option<i64>,
    /// The rows of the file's further sheets.
    pub other_sheets: Vec<FileRow>,
    /// In a plan, what it says besides.
    pub plan: FilePlan,
}

impl FileRow {
    /// In characters that the session's client_encoding has: a result row with
    /// another one would end the statement, and the import with it.
    #[must_use]
    pub fn for_client(mut self) -> FileRow {
        let texts = [
            Some(&mut self.source_file),
            self.sheet_name.as_mut(),
            self.message.as_mut(),
            self.detail.as_mut(),
            self.hint.as_mut(),
        ];
        let table = self
            .table
            .iter_mut()
            .flat_map(|t| [&mut t.schema, &mut t.table]);
        let lists = self
            .schema_changes
            .iter_mut()
            .chain(&mut self.missing_columns);
        for text in texts.into_iter().flatten().chain(table).chain(lists) {
            *text = for_client(std::mem::take(text));
        }
        self
    }

    /// The row of each sheet, in the workbook's order.
    pub fn sheets(&self) -> impl Iterator<Item = &FileRow> {
        std::iter::once(self).chain(&self.other_sheets)
    }

    /// Whether rows went in, or in a plan would.
    pub fn is_loaded(&self) -> bool {
        matches!(self.status, "imported" | "replaced" | "planned")
    }

    /// The file as a whole, which its first sheet does not stand for: that may be
    /// empty, or in already. The row of the first one that most became of, with
    /// the rows of all. `jobs::total` counts by the same rule.
    #[must_use]
    pub fn whole(&self) -> FileRow {
        let weight = |row: &&FileRow| match row.status {
            "failed" | "undone" => 3,
            "replaced" => 2,
            "imported" | "planned" => 1,
            _ => 0,
        };
        let first = self.sheets().min_by_key(|row| Reverse(weight(row)));
        let mut whole = first.unwrap_or(self).clone();
        whole.other_sheets.clear();
        let sum =
            |of: fn(&FileRow) -> Option<i64>| self.sheets().filter_map(of).reduce(|a, b| a + b);
        whole.row_count = sum(|sheet| sheet.row_count);
        whole.rows_removed = sum(|sheet| sheet.rows_removed);
        whole.rejected = sum(|sheet| sheet.rejected);
        whole
    }

    /// Its folder was undone: nothing of what went in is in.
    pub fn undo(&mut self) {
        self.other_sheets.iter_mut().for_each(FileRow::undo);
        if self.is_loaded() {
            self.status = "undone";
            self.message = Some("undone with its folder".into());
            self.row_count = None;
            self.rows_removed = None;
            self.rejected = None;
            self.import_id = None;
            self.schema_changes.clear();
        }
    }

    /// What failed, as an error.
    pub fn failure(&self) -> Failure {
        let mut failure = Failure::new(
            self.sqlstate.as_deref().unwrap_or("XX000"),
            self.message.clone().unwrap_or_else(|| "failed".into()),
        );
        failure.detail.clone_from(&self.detail);
        failure.hint.clone_from(&self.hint);
        failure
    }
}
