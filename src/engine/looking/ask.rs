//! What a look is asked for: a workbook, a sheet of it, and how to read that.

use crate::engine::import_single;
use crate::engine::options::required_path;
use crate::engine::reading::Reading;
use crate::pg::error::Failure;
use pgdatahub_core::config::FolderSettings;
use pgdatahub_core::protocol::Opened;
use pgdatahub_core::sheets;

/// What to look at.
#[derive(Debug, Default)]
pub struct Ask {
    pub(super) path: String,
    sheet: Option<String>,
    pub(super) settings: FolderSettings,
    pub max_rows: Option<u64>,
}

impl Ask {
    /// # Errors
    /// 22004 without a path, 22023 for an unusable argument.
    pub fn new(
        path: Option<&str>,
        mut reading: Reading,
        max_rows: Option<i64>,
    ) -> Result<Ask, Failure> {
        let max_rows = max_rows
            .map(|rows| {
                u64::try_from(rows)
                    .map_err(|_| Failure::new("22023", format!("max_rows is {rows}, less than 0")))
            })
            .transpose()?;
        let path = required_path(path)?;
        // One sheet is looked at, never a pattern's.
        let sheet = reading.sheet.take();
        let mut settings = import_single::configured(&path)?;
        reading.apply(&mut settings)?;
        Ok(Ask {
            path,
            sheet,
            settings,
            max_rows,
        })
    }

    /// The call's own arguments after the sheet; the configuration's settings hold anyway.
    pub(super) fn more_arguments(&self) -> Vec<(&'static str, String)> {
        let given = self.settings.given.iter();
        given
            .filter(|(_, given)| given.line == 0)
            .map(|(name, given)| (*name, given.values.join(",")))
            .collect()
    }

    /// The sheet that is asked for, or that an import would take; none where a
    /// name of a range says it.
    pub(super) fn sheet_of(
        &self,
        opened: &Opened,
        range_is_name: bool,
    ) -> Result<Option<u32>, Failure> {
        let settings = &self.settings;
        let choice = match (&self.sheet, &settings.reading.sheets) {
            (Some(sheet), _) => sheets::choose(&opened.sheets, Some(sheet), None),
            (None, Some(several)) => {
                let picked = sheets::choose_all(&opened.sheets, several)
                    .map_err(|error| Failure::from(error.report()))?;
                return match picked.as_slice() {
                    [one] => Ok(Some(one.choice.index() as u32)),
                    _ => Err(Failure::new(
                        "22023",
                        format!("the configuration names {} sheets of it", picked.len()),
                    )
                    .hint(
                        "Look at one of them with sheet => '…'; pgdatahub.sheets(path) lists them.",
                    )),
                };
            }
            (None, None) if range_is_name && settings.sheet.is_none() => return Ok(None),
            (None, None) => sheets::choose(
                &opened.sheets,
                settings.sheet.as_deref(),
                settings.default_sheet.as_deref(),
            ),
        };
        choice
            .map(|choice| Some(choice.index() as u32))
            .map_err(|error| Failure::from(error.report()))
    }
}
