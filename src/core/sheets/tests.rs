#![allow(clippy::unwrap_used)]
use super::*;

fn sheet(name: &str) -> SheetInfo {
    SheetInfo {
        name: name.into(),
        visibility: SheetVisibility::Visible,
        has_cells: true,
    }
}

fn hidden(name: &str) -> SheetInfo {
    SheetInfo {
        visibility: SheetVisibility::Hidden,
        ..sheet(name)
    }
}

fn chart(name: &str) -> SheetInfo {
    SheetInfo {
        has_cells: false,
        ..sheet(name)
    }
}

fn book() -> Vec<SheetInfo> {
    vec![
        sheet("Policies"),
        sheet(" Claims "),
        hidden("Rates"),
        sheet("2"),
        chart("Chart1"),
    ]
}

#[test]
fn a_wanted_sheet_is_found_by_name_then_loosely_then_by_number() {
    let sheets = book();
    assert_eq!(
        choose(&sheets, Some("Policies"), None),
        Ok(SheetChoice::Exact(0))
    );
    assert_eq!(
        choose(&sheets, Some("policies "), None),
        Ok(SheetChoice::Loose(0))
    );
    assert_eq!(
        choose(&sheets, Some("Claims"), None),
        Ok(SheetChoice::Loose(1))
    );
    assert_eq!(
        choose(&sheets, Some("Rates"), None),
        Ok(SheetChoice::Exact(2))
    );
    assert_eq!(choose(&sheets, Some("1"), None), Ok(SheetChoice::Exact(0)));
    assert_eq!(
        choose(&sheets, Some("2"), None),
        Ok(SheetChoice::Exact(3)),
        "a name goes first"
    );
    assert_eq!(
        choose(&sheets, Some("Policies"), Some("Rates")),
        Ok(SheetChoice::Exact(0))
    );
}

#[test]
fn two_sheets_that_match_loosely_are_no_match() {
    let sheets = [sheet("Data"), sheet("Data ")];
    assert_eq!(
        choose(&sheets, Some("Data"), None),
        Ok(SheetChoice::Exact(0))
    );
    assert_eq!(
        choose(&sheets, Some("DATA"), None)
            .unwrap_err()
            .report()
            .sqlstate,
        "22023"
    );
}

#[test]
fn a_missing_sheet_lists_all_and_names_the_nearest() {
    let report = choose(&book(), Some("Polcies"), None).unwrap_err().report();
    assert_eq!(report.sqlstate, "22023");
    assert_eq!(report.message, "the workbook has no sheet \"Polcies\"");
    assert_eq!(
        report.detail.unwrap(),
        "Its sheets are \"Policies\", \" Claims \", \"Rates\" (hidden), \"2\", \"Chart1\" (no cells)."
    );
    assert_eq!(
        report.hint.unwrap(),
        "Perhaps you meant the sheet \"Policies\"."
    );
    for number in ["0", "6", "-1", "99999999999999999999"] {
        assert!(choose(&book(), Some(number), None).is_err(), "{number}");
    }
    assert!(
        choose(&book(), Some("5"), None)
            .unwrap_err()
            .report()
            .message
            .contains("chart")
    );
}

#[test]
fn without_a_wish_the_only_sheet_with_cells_is_taken() {
    assert_eq!(
        choose(&[sheet("Any")], None, None),
        Ok(SheetChoice::Exact(0))
    );
    assert_eq!(
        choose(&[sheet("Any")], None, Some("Sheet1")),
        Ok(SheetChoice::Exact(0))
    );
    assert_eq!(
        choose(&[chart("C"), hidden("Any")], None, None),
        Ok(SheetChoice::Exact(1))
    );
    assert!(choose(&[chart("C")], None, None).is_err());
    assert_eq!(
        choose(&[], None, Some("Sheet1"))
            .unwrap_err()
            .report()
            .detail,
        None
    );
}

#[test]
fn among_several_the_default_decides_or_nobody() {
    let sheets = book();
    assert_eq!(
        choose(&sheets, None, Some("Policies")),
        Ok(SheetChoice::Exact(0))
    );
    assert_eq!(
        choose(&sheets, None, Some("rates")),
        Ok(SheetChoice::Loose(2))
    );
    let report = choose(&sheets, None, None).unwrap_err().report();
    assert_eq!(
        report.message,
        "the workbook has 4 sheets and none is chosen"
    );
    assert!(report.hint.unwrap().contains("default_sheet"));
    let report = choose(&sheets, None, Some("Claim")).unwrap_err().report();
    assert!(
        report
            .message
            .contains("none is the default_sheet \"Claim\"")
    );
    assert!(
        report
            .hint
            .unwrap()
            .starts_with("Perhaps you meant the sheet \" Claims \".")
    );
    assert!(choose(&sheets, None, Some("Chart1")).is_err());
}
