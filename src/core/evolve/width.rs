//! Whether a sheet's rows can be stored at all.

use crate::report::Report;
use crate::types::ColumnType;

/// Most bytes of a heap row: a block of 8,192 less its header and one line
/// pointer (`MaxHeapTupleSize`, `access/htup_details.h`).
const MAX_ROW: usize = 8160;

/// Fixed part of a row's header (`SizeofHeapTupleHeader`); the bitmap of NULLs follows it.
const ROW_HEADER: usize = 23;

/// Fewest bytes that a value takes in a row. Text of any length takes a byte for
/// its length and one for a character; once moved out of line, a pointer of 18.
fn least(column_type: ColumnType) -> usize {
    match column_type {
        ColumnType::None => 0,
        ColumnType::Boolean => 1,
        ColumnType::Text => 2,
        ColumnType::Numeric => 3,
        ColumnType::Date => 4,
        ColumnType::Bigint | ColumnType::Double | ColumnType::Timestamp | ColumnType::Time => 8,
        ColumnType::Interval => 16,
    }
}

/// Checks that a row with `values` values fits a block, however they are spread
/// over columns of these types. `natts` is the table's column count, dropped ones
/// included. What it refuses cannot be stored; a row of long texts may be refused by
/// PostgreSQL itself.
///
/// # Errors
/// 54000 (program_limit_exceeded).
pub fn check_row_width(
    types: impl IntoIterator<Item = ColumnType>,
    values: usize,
    natts: usize,
) -> Result<(), Report> {
    let mut widths: Vec<usize> = types.into_iter().map(least).filter(|w| *w > 0).collect();
    widths.sort_unstable();
    let nulls = values < natts;
    let header = (ROW_HEADER + if nulls { natts.div_ceil(8) } else { 0 }).next_multiple_of(8);
    // source_file and load_timestamp
    let own = least(ColumnType::Text) + least(ColumnType::Timestamp);
    let bytes = header + own + widths.iter().take(values).sum::<usize>();
    if bytes <= MAX_ROW {
        return Ok(());
    }
    Err(Report {
        sqlstate: "54000",
        message: format!("the sheet's rows are too wide for a table: at least {bytes} bytes"),
        detail: Some(format!(
            "A row of PostgreSQL holds {MAX_ROW} bytes, and one of the sheet has {values} values."
        )),
        hint: Some("Split the sheet, or bring its columns into rows.".into()),
    })
}
