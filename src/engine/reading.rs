//! How to read a sheet, as the arguments of a call say it.

use crate::pg::error::Failure;
use pgdatahub_core::config::FolderSettings;

/// The arguments; each overrides the configuration where it is given.
#[derive(Debug, Default)]
pub struct Reading {
    pub sheet: Option<String>,
    pub range: Option<String>,
    /// A row, `auto`, `none`, or several rows: `4,5`, `{4,5}`.
    pub header_row: Option<String>,
    pub skip_footer: Option<i32>,
}

impl Reading {
    /// Overrides the configuration's settings.
    ///
    /// # Errors
    /// 22023 for a value that the setting does not take.
    pub fn apply(&self, settings: &mut FolderSettings) -> Result<(), Failure> {
        let header_rows = self.header_row.as_deref().map(|text| {
            let words = text.trim_matches(['{', '}', '[', ']']).split(',');
            words.map(|word| word.trim().to_owned()).collect()
        });
        let given = [
            (
                "sheet",
                self.sheet.clone().map(|sheet| vec![sheet]),
                "For example sheet => 'Claims', '2' or 'Q*'.",
            ),
            (
                "range",
                self.range.clone().map(|range| vec![range]),
                "For example range => 'B3:H200', 'B3:H', or the name of a range or table.",
            ),
            (
                "header_row",
                header_rows,
                "For example header_row => 3, 'none', or '2,3' for two header rows.",
            ),
            (
                "skip_footer",
                self.skip_footer.map(|rows| vec![rows.to_string()]),
                "It is how many rows at the end are totals and remarks.",
            ),
        ];
        for (name, values, hint) in given {
            if let Some(values) = values {
                settings
                    .set(name, values)
                    .map_err(|why| Failure::new("22023", format!("{name} {why}")).hint(hint))?;
            }
        }
        Ok(())
    }
}
