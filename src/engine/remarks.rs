//! What is worth a word about a file that went in.

use pgdatahub_core::protocol::{Head, SheetInfo, SheetVisibility, StreamDone};

/// In the order in which a person would ask; none if all is as usual.
pub fn of(
    head: &Head,
    sheet: &SheetInfo,
    done: &StreamDone,
    renames: Vec<String>,
) -> Option<String> {
    let mut remarks = renames;
    if head.skipped_rows > 0 {
        remarks.push(format!(
            "header in row {}, {} above it not read",
            head.header_row.unwrap_or_default(),
            count(u64::from(head.skipped_rows), "row")
        ));
    }
    if sheet.visibility != SheetVisibility::Visible {
        remarks.push(match sheet.visibility {
            SheetVisibility::VeryHidden => "the sheet is very hidden".into(),
            _ => "the sheet is hidden".into(),
        });
    }
    for (number, what) in [
        (done.blank_rows, "blank row"),
        (
            done.formulas_without_value,
            "formula without a cached value",
        ),
        (done.replaced_characters, "character replaced"),
        (done.merged_ranges, "merged range"),
        (done.hidden_rows, "hidden row"),
        (done.hidden_columns, "hidden column"),
    ] {
        if number > 0 {
            remarks.push(count(number, what));
        }
    }
    (!remarks.is_empty()).then(|| remarks.join(", "))
}

fn count(number: u64, what: &str) -> String {
    let plural = match (number, what.split_once(' ')) {
        (1, _) => what.to_owned(),
        (_, Some((noun, rest))) if noun == "formula" || noun == "character" => {
            format!("{noun}s {rest}")
        }
        _ => format!("{what}s"),
    };
    format!("{} {plural}", super::run::grouped(number))
}
