#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

/// Rows 1, 2, 3 … of cells in columns A, B, C …
fn rows<'a>(rows: &[&[&'a str]]) -> Vec<CandidateRow<'a>> {
    rows.iter()
        .zip(1..)
        .map(|(cells, row)| CandidateRow {
            row,
            cells: cells
                .iter()
                .zip(0..)
                .map(|(text, at)| (at, Cow::Borrowed(*text)))
                .collect(),
        })
        .collect()
}

fn known(headers: &[&str]) -> Vec<String> {
    headers.iter().map(|header| (*header).to_owned()).collect()
}

#[test]
fn a_new_table_takes_the_first_wide_row() {
    let sheet = rows(&[
        &["Report 2024"],
        &["Id", "Name", "Amount"],
        &["1", "x", "2"],
    ]);
    assert_eq!(choose(&sheet, &[]), Ok(Some(1)));
    let half = rows(&[&["Title", "2024"], &["a", "b", "c", "d"]]);
    assert_eq!(choose(&half, &[]), Ok(Some(0)));
    let less_than_half = rows(&[&["Title", "2024"], &["a", "b", "c", "d", "e"]]);
    assert_eq!(choose(&less_than_half, &[]), Ok(Some(1)));
    assert_eq!(choose(&rows(&[&["2019", "2020"]]), &[]), Ok(Some(0)));
    assert_eq!(choose(&[], &[]), Ok(None));
    assert_eq!(choose(&[], &known(&["a"])), Ok(None));
}

#[test]
fn a_managed_table_takes_the_row_that_matches_most() {
    let sheet = rows(&[
        &["Claims", "x", "y"],
        &["Policy No.", "Prénom", "New"],
        &["Policy No.", "Prénom", "Amount"],
        &["policy_no", "PRENOM", "amount"],
    ]);
    assert_eq!(
        choose(
            &sheet,
            &known(&[
                "Policy No",
                "policy_no",
                "Prénom",
                "prenom",
                "Amount",
                "amount"
            ])
        ),
        Ok(Some(2))
    );
}

#[test]
fn a_header_and_its_column_count_once() {
    let long = "Long ".repeat(30);
    let column = naming::fit(&naming::clean(&long), &long);
    let error = choose(
        &rows(&[&["x", "y", "z"]]),
        &known(&["Policy No", "policy_no", &long, &column, "%", "", "€"]),
    )
    .unwrap_err();
    assert_eq!(
        error,
        OtherTemplate {
            row: 1,
            matched: 0,
            known: 4
        }
    );
    let sheet = rows(&[&["x", "y"], &[long.trim(), "%"]]);
    assert_eq!(choose(&sheet, &known(&["%", "a", "b", "c"])), Ok(Some(1)));
}

#[test]
fn half_of_the_known_or_half_of_its_own() {
    // 1 of 2 known, and a wide row of new ones.
    assert_eq!(
        choose(&rows(&[&["a", "v", "w", "x", "y"]]), &known(&["a", "b"])),
        Ok(Some(0))
    );
    // 1 of 5 known, but half of its own.
    assert_eq!(
        choose(&rows(&[&["a", "x"]]), &known(&["a", "b", "c", "d", "e"])),
        Ok(Some(0))
    );
    // Neither.
    let error = choose(&rows(&[&["t"], &["a", "x", "y"]]), &known(&["a", "b", "c"])).unwrap_err();
    assert_eq!(
        error,
        OtherTemplate {
            row: 2,
            matched: 1,
            known: 3
        }
    );
    assert_eq!(error.to_string(), "1 of 3 known headers: another template?");
}

#[test]
fn a_repeated_header_matches_once() {
    let sheet = rows(&[&["a", "a", "a"], &["a", "b"]]);
    assert_eq!(choose(&sheet, &known(&["a", "b", "c"])), Ok(Some(1)));
}

proptest! {
    #[test]
    fn any_sheet_is_answered(sheet in proptest::collection::vec(proptest::collection::vec("[ab%é ]{1,3}", 1..5), 0..6), headers in proptest::collection::vec("[ab%é ]{0,3}", 0..4)) {
        let sheet: Vec<Vec<&str>> = sheet.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        let sheet: Vec<&[&str]> = sheet.iter().map(Vec::as_slice).collect();
        match choose(&rows(&sheet), &headers) {
            Ok(found) => prop_assert_eq!(found.is_none(), sheet.is_empty()),
            Err(other) => prop_assert!(other.matched * 2 < other.known),
        }
    }

    /// The header that a table was made from is found again under any title lines.
    #[test]
    fn the_own_header_is_found(names in proptest::collection::hash_set("[a-z]{3,8}", 1..8), titles in 0usize..5) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut sheet: Vec<&[&str]> = vec![&["1 title"]; titles];
        sheet.push(&names);
        sheet.push(&["7", "8"]);
        prop_assert_eq!(choose(&rows(&sheet), &known(&names)), Ok(Some(titles)));
    }
}
