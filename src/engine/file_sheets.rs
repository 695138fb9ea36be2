//! Which sheets and cells of a workbook are imported, and each into which table.

use super::import_file::Call;
use super::targets::Source;
use crate::pg::audit::Sheet;
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use pgdatahub_core::config::{FolderSettings, OnChange, TableTemplate};
use pgdatahub_core::protocol::{HeaderChoice, Opened, SheetInfo, SheetOptions};
use pgdatahub_core::sheet_range::{Resolved, SheetRange};
use pgdatahub_core::sheets::{self, Picked, SheetChoice};

/// A sheet of an open workbook, and how it is imported.
pub struct Chosen<'a> {
    pub index: u32,
    pub info: &'a SheetInfo,
    pub target: TableName,
    /// It was found by a pattern: an empty one is passed over.
    pub by_pattern: bool,
    range: Option<Resolved>,
    /// As in the configuration; empty for the whole sheet.
    range_text: String,
}

impl Chosen<'_> {
    /// What the dedup key says of it.
    pub fn key(&self) -> Sheet<'_> {
        Sheet {
            name: &self.info.name,
            range: &self.range_text,
        }
    }

    /// Where its header is; `known` are the table's headers.
    pub fn header(&self, source: &Source, mut known: Vec<String>) -> HeaderChoice {
        let reading = &source.settings.reading;
        if let Some(own) = &reading.row_number {
            let own = pgdatahub_core::naming::clean(own);
            known.retain(|header| pgdatahub_core::naming::clean(header) != own);
        }
        let setting = reading.header_row.clone().unwrap_or_default();
        setting.choice(known, self.range.as_ref())
    }

    /// How the reader reads it.
    pub fn options(&self, source: &Source) -> SheetOptions {
        source.settings.reading.options(self.range.as_ref())
    }
}

/// How the sheet of an earlier import is read once more, given the settings kept
/// with it and its header row.
///
/// # Errors
/// As [`choose`].
pub fn once_more(
    opened: &Opened,
    sheet: u32,
    settings: &FolderSettings,
    header_row: Option<u32>,
) -> Result<(HeaderChoice, SheetOptions), Failure> {
    let reading = &settings.reading;
    let range = resolve_range(settings, opened, Some(sheet))?;
    let setting = reading.header_row.clone().unwrap_or_default();
    let header = match (setting.choice(Vec::new(), range.as_ref()), header_row) {
        (HeaderChoice::Auto { .. }, Some(row)) => HeaderChoice::Row(row),
        (choice, _) => choice,
    };
    Ok((header, reading.options(range.as_ref())))
}

/// Whether the workbook's names are needed to know the range.
pub fn names_a_range(settings: &FolderSettings) -> bool {
    let range = settings.reading.range.as_ref();
    range.is_some_and(SheetRange::is_name)
}

/// The range that is set, in a sheet of that workbook, or in the one its name says.
///
/// # Errors
/// 22023 for a range that the workbook does not have, 0A000 for a name that its
/// format does not tell.
pub fn resolve_range(
    settings: &FolderSettings,
    opened: &Opened,
    sheet: Option<u32>,
) -> Result<Option<Resolved>, Failure> {
    let range = settings.reading.range.as_ref();
    range
        .map(|range| range.resolve(opened, sheet))
        .transpose()
        .map_err(Failure::from)
}

/// Whether a file may have several sheets, or its table depends on its sheet:
/// then its content must be known before it is known to be in.
pub fn must_open(source: &Source) -> bool {
    source.settings.reading.sheets.is_some() || template(source).is_some()
}

/// Whether one file is meant to feed several tables.
pub fn feeds_several(source: &Source) -> bool {
    template(source).is_some()
}

fn template(source: &Source) -> Option<&TableTemplate> {
    let table = source.settings.table.as_ref()?;
    table
        .template
        .as_ref()
        .filter(|template| template.by_sheet())
}

/// What becomes of the earlier import of a changed file.
pub fn on_change(source: &Source) -> OnChange {
    source.settings.reading.on_change.unwrap_or_default()
}

/// The names of the workbook's sheets.
pub fn names(opened: &Opened) -> Vec<&str> {
    let names = opened.sheets.iter().map(|sheet| sheet.name.as_str());
    names.collect()
}

/// Says which sheets of an earlier content of this path still have their rows in
/// a table though the workbook has them no more. Where a sheet of the new content
/// goes to the same table they were replaced; a table that none goes to is left alone.
///
/// # Errors
/// The audit's.
pub fn say_lost(
    opened: &Opened,
    source: &Source,
    call: &Call,
    source_file: &str,
) -> Result<(), Failure> {
    if on_change(source) == OnChange::Append {
        return Ok(());
    }
    for import in call.ledger.of_lost_sheets(source_file, &names(opened))? {
        call.ledger.warning(
            format!(
                "{} has no sheet \"{}\" any more",
                source.label, import.sheet_name
            ),
            Some(format!(
                "Its {} of {} are still in {}.",
                super::run::plural(import.row_count.unsigned_abs(), "row"),
                import.imported_at,
                import.table.display()
            )),
            Some(format!(
                "If they should go: SELECT pgdatahub.revert_import({});",
                import.import_id
            )),
        );
    }
    Ok(())
}

/// The sheets to import, in the workbook's order; `say`: a name that was not exact.
///
/// # Errors
/// 22023 for a sheet or range that does not exist, 0A000 for a name that this
/// format does not tell, 42P07 for two sheets whose names give one table.
pub fn choose<'a>(
    opened: &'a Opened,
    source: &Source,
    call: &Call,
    say: bool,
) -> Result<Vec<Chosen<'a>>, Failure> {
    let range = source.settings.reading.range.as_ref();
    let mut chosen: Vec<Chosen<'a>> = Vec::new();
    for picked in pick(opened, source, call, say)? {
        let index = picked.map_or(0, |picked| picked.choice.index() as u32);
        let resolved = resolve_range(&source.settings, opened, picked.map(|_| index))?;
        let index = match (picked, resolved) {
            (
                None,
                Some(Resolved {
                    sheet: Some(sheet), ..
                }),
            ) => sheet,
            _ => index,
        };
        let info = opened
            .sheets
            .get(index as usize)
            .ok_or_else(|| Failure::new("22023", "the workbook has no such sheet"))?;
        let target = target(source, info);
        if let (Some(_), Some(other)) = (
            template(source),
            chosen.iter().find(|other| other.target == target),
        ) {
            return Err(one_table(&target, &other.info.name, &info.name));
        }
        chosen.push(Chosen {
            index,
            info,
            target,
            by_pattern: picked.is_some_and(|picked| picked.by_pattern),
            range: resolved,
            range_text: range.map(ToString::to_string).unwrap_or_default(),
        });
    }
    Ok(chosen)
}

/// The sheets asked for; one none where the range's name says the sheet.
fn pick(
    opened: &Opened,
    source: &Source,
    call: &Call,
    say: bool,
) -> Result<Vec<Option<Picked>>, Failure> {
    let settings = &source.settings;
    if let Some(wanted) = &settings.reading.sheets {
        let picked = sheets::choose_all(&opened.sheets, wanted)
            .map_err(|error| Failure::from(error.report()))?;
        return Ok(picked.into_iter().map(Some).collect());
    }
    if settings.sheet.is_none() && names_a_range(settings) {
        return Ok(vec![None]);
    }
    let choice = sheets::choose(
        &opened.sheets,
        settings.sheet.as_deref(),
        settings.default_sheet.as_deref(),
    )
    .map_err(|error| Failure::from(error.report()))?;
    if let (true, SheetChoice::Loose(index)) = (say, choice) {
        call.ledger.notice(format!(
            "{}: sheet \"{}\" taken for \"{}\"",
            source.label,
            opened.sheets[index].name,
            settings.sheet.as_deref().unwrap_or_default()
        ));
    }
    Ok(vec![Some(Picked {
        choice,
        by_pattern: false,
    })])
}

/// The table of one sheet.
fn target(source: &Source, sheet: &SheetInfo) -> TableName {
    let Some(template) = template(source) else {
        return source.target.clone();
    };
    let (schema, table) = template.for_sheet(&source.folder_table, &sheet.name);
    TableName {
        schema: schema.unwrap_or_else(|| source.target.schema.clone()),
        table,
    }
}

fn one_table(target: &TableName, first: &str, second: &str) -> Failure {
    Failure::new(
        "42P07",
        format!("two sheets would feed one table {}", target.display()),
    )
    .detail(format!(
        "The names of the sheets \"{first}\" and \"{second}\" give the same table name."
    ))
    .hint("Rename one of them, or name the sheets to import with sheet: in the configuration.")
}
