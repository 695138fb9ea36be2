//! The rejects of one file: recorded, counted, and held against its limits.

use super::schema::Fitted;
use crate::pg::error::Failure;
use crate::pg::rejects::{self, Rejected};
use pgdatahub_core::config::{FolderSettings, Percent};
use pgdatahub_core::protocol::Reject;

/// How many rejects an error that rolls them back names.
const NAMED: usize = 20;

/// How many characters of a raw value an error shows.
const SHOWN: usize = 60;

/// How many rejects a file may have.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Rejected rows and rejected cells, each row counted once.
    pub count: Option<u64>,
    /// Rows with a reject, of all rows of the sheet that are not blank.
    pub percent: Option<Percent>,
}

impl Limits {
    pub fn of(settings: &FolderSettings) -> Limits {
        Limits {
            count: settings.max_rejects,
            percent: settings.max_reject_percent,
        }
    }
}

/// Sheet rows, a bit each: 128 kB for the most rows a sheet can have.
#[derive(Debug, Default)]
struct RowSet {
    words: Vec<u64>,
    len: u64,
}

impl RowSet {
    /// Whether the row is new.
    fn insert(&mut self, row: u32) -> bool {
        let (word, bit) = ((row / 64) as usize, 1u64 << (row % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += u64::from(new);
        new
    }

    fn contains(&self, row: u32) -> bool {
        let word = self.words.get((row / 64) as usize);
        word.is_some_and(|word| word & (1 << (row % 64)) != 0)
    }
}

/// What was rejected so far.
#[derive(Debug, Default)]
pub struct Rejects {
    limits: Limits,
    /// Rows that were rejected before: nothing of them is recorded again.
    known: bool,
    entries: u64,
    cells: u64,
    rows: RowSet,
    touched: RowSet,
    first: Vec<String>,
}

impl Rejects {
    pub fn new(limits: Limits) -> Rejects {
        Rejects {
            limits,
            ..Rejects::default()
        }
    }

    /// For rows whose rejects are on record.
    pub fn of_known_rows() -> Rejects {
        Rejects {
            known: true,
            ..Rejects::default()
        }
    }

    /// Entries of etl_rejects.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Whether a sheet row was left out.
    pub fn left_out(&self, row: u32) -> bool {
        self.rows.contains(row)
    }

    /// Records and counts.
    ///
    /// # Errors
    /// 22000 past `max_rejects`; the audit's.
    pub fn take(
        &mut self,
        import: (i64, &str),
        fitted: &Fitted,
        rejected: &[Rejected],
    ) -> Result<(), Failure> {
        rejected.iter().for_each(|one| self.count(one));
        if self.known {
            return Ok(());
        }
        let (import_id, sheet) = import;
        rejects::record(import_id, sheet, rejected, |index| {
            let assigned = fitted.assigned.iter().find(|a| a.index == index);
            assigned.map(|a| a.column.as_str())
        })?;
        self.check_count(sheet)
    }

    /// Counts what the reader would reject: a plan stores nothing, so it cannot
    /// know what a type's input or a constraint would refuse.
    ///
    /// # Errors
    /// 22000 past `max_rejects`.
    pub fn take_planned(&mut self, sheet: &str, rejected: Vec<Reject>) -> Result<(), Failure> {
        let rejected = rejected.into_iter().map(Rejected::from);
        rejected.for_each(|one| self.count(&one));
        self.check_count(sheet)
    }

    fn count(&mut self, one: &Rejected) {
        self.entries += 1;
        self.touched.insert(one.row);
        if one.whole_row {
            self.rows.insert(one.row);
        } else {
            self.cells += 1;
        }
        if self.first.len() < NAMED {
            self.first.push(line(one));
        }
    }

    fn check_count(&self, sheet: &str) -> Result<(), Failure> {
        match self.limits.count {
            Some(most) if self.rows.len + self.cells > most => Err(self.too_many(
                sheet,
                format!("more than {most} rows and cells of the file were rejected"),
                "max_rejects",
            )),
            _ => Ok(()),
        }
    }

    /// The last check, `rows` being the sheet's rows that are not blank.
    ///
    /// # Errors
    /// 22000 past `max_reject_percent`.
    pub fn finish(&self, sheet: &str, rows: u64) -> Result<(), Failure> {
        match self.limits.percent {
            Some(most) if most.exceeded_by(self.touched.len, rows) => Err(self.too_many(
                sheet,
                format!(
                    "{} of the file's {rows} rows have rejects, more than {most} percent",
                    self.touched.len
                ),
                "max_reject_percent",
            )),
            _ => Ok(()),
        }
    }

    /// They are rolled back with the file: the first ones are told here.
    fn too_many(&self, sheet: &str, message: String, setting: &str) -> Failure {
        let more = match self.entries - self.first.len() as u64 {
            0 => String::new(),
            more => format!("\nand {more} more so far."),
        };
        let what = format!(
            "{} and {} were rejected until then ({setting}).",
            super::run::plural(self.rows.len, "row"),
            super::run::plural(self.cells, "cell")
        );
        Failure::new("22000", message)
            .detail(format!("Sheet \"{sheet}\": {what}\n{}{more}", self.first.join("\n")))
            .hint(format!("Correct the workbook, or raise {setting} in the configuration; then SELECT * FROM pgdatahub.rejects lists them all."))
    }
}

/// `B12 "abc": a value of type text does not fit …`
fn line(one: &Rejected) -> String {
    let raw = one.raw_value.as_deref().filter(|_| one.column.is_some());
    let raw = raw.map(|raw| {
        let cut: String = raw.chars().take(SHOWN).collect();
        format!(" \"{cut}\"")
    });
    format!("{}{}: {}", one.place(), raw.unwrap_or_default(), one.reason)
}
