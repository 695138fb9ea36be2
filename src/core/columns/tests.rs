#![allow(clippy::unwrap_used)]
use super::*;

/// Headers of a sheet from column A on, all with data.
fn sheet(texts: &[&str]) -> Vec<SheetHeader> {
    let header = |(index, text): (u32, &&str)| SheetHeader {
        index,
        text: (*text).into(),
        has_data: true,
    };
    (0..).zip(texts).map(header).collect()
}

/// A table and what is remembered of it, as a series of imports leaves them.
#[derive(Default)]
struct Table {
    remembered: Vec<Remembered>,
    columns: Vec<String>,
}

impl Table {
    fn adopted(columns: &[&str]) -> Table {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        Table {
            columns,
            ..Table::default()
        }
    }

    fn import(&mut self, texts: &[&str]) -> Vec<String> {
        self.try_import(&sheet(texts)).unwrap()
    }

    fn try_import(&mut self, headers: &[SheetHeader]) -> Result<Vec<String>, Clash> {
        let assigned = assign(headers, &self.remembered, &self.columns)?;
        for Assigned {
            header,
            occurrence,
            column,
            new_header,
            ..
        } in &assigned
        {
            if *new_header {
                let (header, column) = (header.clone(), column.clone());
                self.remembered.push(Remembered {
                    header,
                    occurrence: *occurrence,
                    column,
                });
            }
            if !self.columns.contains(column) {
                self.columns.push(column.clone());
            }
        }
        Ok(assigned
            .into_iter()
            .map(|assigned| assigned.column)
            .collect())
    }
}

#[test]
fn a_new_table_gets_clean_names() {
    let mut table = Table::default();
    assert_eq!(
        table.import(&["Policy No.", "Prénom", "2019", "日期"]),
        ["policy_no", "prenom", "_2019", "日期"]
    );
    assert!(table.remembered.iter().all(|row| row.occurrence == 1));
}

#[test]
fn three_spellings_in_three_months_are_one_column() {
    let mut table = Table::default();
    for header in ["Policy No", "Policy No.", "policy_no"] {
        assert_eq!(table.import(&["Id", header]), ["id", "policy_no"]);
    }
    assert_eq!(table.remembered.len(), 4);
}

#[test]
fn the_order_of_columns_does_not_matter() {
    let mut table = Table::default();
    table.import(&["a", "B", "C x"]);
    assert_eq!(
        table.import(&["C x", "new", "a", "B"]),
        ["c_x", "new", "a", "b"]
    );
}

#[test]
fn duplicates_get_suffixes_that_stay() {
    let mut table = Table::default();
    assert_eq!(
        table.import(&["Amount", "x", "Amount", "Amount"]),
        ["amount", "x", "amount_2", "amount_3"]
    );
    assert_eq!(
        table.import(&["y", "Amount", "Amount"]),
        ["y", "amount", "amount_2"]
    );
    assert_eq!(table.import(&["Amount"]), ["amount"]);
    assert_eq!(
        table.import(&["Amount", "AMOUNT"]),
        ["amount", "amount_4"],
        "2 and 3 have owners"
    );
    assert_eq!(table.import(&["AMOUNT", "Amount"]), ["amount_4", "amount"]);
}

#[test]
fn a_suffix_is_no_name() {
    let mut first = Table::default();
    assert_eq!(first.import(&["Amount", "Amount"]), ["amount", "amount_2"]);
    assert_eq!(first.import(&["Amount 2"]), ["amount_2_2"]);
    let mut second = Table::default();
    assert_eq!(second.import(&["Amount 2"]), ["amount_2"]);
    assert_eq!(second.import(&["Amount", "Amount"]), ["amount", "amount_3"]);
    let mut together = Table::default();
    assert_eq!(
        together.import(&["Amount", "Amount", "Amount 2"]),
        ["amount", "amount_3", "amount_2"]
    );
}

#[test]
fn reserved_and_system_names_are_avoided() {
    let mut table = Table::default();
    let texts = ["Source File", "Load Timestamp", "ctid", "source_file"];
    let columns = [
        "source_file_2",
        "load_timestamp_2",
        "ctid_",
        "source_file_3",
    ];
    assert_eq!(table.import(&texts), columns);
    assert_eq!(table.import(&texts), columns);
    let mut adopted = Table::adopted(&["source_file", "load_timestamp"]);
    assert_eq!(adopted.import(&["source_file"]), ["source_file_2"]);
}

#[test]
fn a_repeated_header_never_takes_anothers_name() {
    let mut table = Table::default();
    assert_eq!(table.import(&["AMOUNT", "Amount"]), ["amount", "amount_2"]);
    assert_eq!(
        table.import(&["Amount", "Amount"]),
        ["amount_2", "amount_3"]
    );
}

#[test]
fn headers_mapped_to_one_column_by_hand_are_one_in_any_order() {
    let row = |header: &str, occurrence| Remembered {
        header: header.into(),
        occurrence,
        column: "amount_2".into(),
    };
    let mut rows = [row("Amount", 2), row("Amount 2", 1)];
    for _ in 0..2 {
        let assigned = assign(&sheet(&["amount-2"]), &rows, &["amount_2".into()]).unwrap();
        assert_eq!(assigned[0].column, "amount_2_2");
        rows.reverse();
    }
}

#[test]
fn nameless_headers_over_one_letter_are_one_column() {
    let mut table = Table::default();
    assert_eq!(table.import(&["a", ""]), ["a", "column_b"]);
    assert_eq!(table.import(&["a", "***"]), ["a", "column_b"]);
}

#[test]
fn a_clash_names_headers_and_lines() {
    let mut table = Table::default();
    table.import(&["Policy No"]);
    table.import(&["Policy No."]);
    let clash = table
        .try_import(&sheet(&["x", "Policy No.", "Policy No"]))
        .unwrap_err();
    assert_eq!(clash.column, "policy_no");
    let report = clash.report();
    assert_eq!(report.sqlstate, "42701");
    assert!(
        report
            .detail
            .unwrap()
            .contains("\"Policy No.\" (column B), \"Policy No\" (column C)")
    );
    let hint = report.hint.unwrap();
    let lines =
        "columns:\n  \"Policy No.\": {name: policy_no}\n  \"Policy No\": {name: policy_no_2}";
    assert!(hint.ends_with(lines), "{hint}");
}

#[test]
fn blank_headers_go_by_letter_and_only_with_data() {
    let mut table = Table::default();
    let mut headers = sheet(&["a", "", "***", "€", ""]);
    headers[3].has_data = false;
    headers[4].has_data = false;
    assert_eq!(
        table.try_import(&headers).unwrap(),
        ["a", "column_b", "column_c"]
    );
    assert_eq!(
        table.import(&["***", "", "a"]),
        ["column_c", "column_b", "a"]
    );
    assert_eq!(table.import(&["", "Column A"]), ["column_a_2", "column_a"]);
}

#[test]
fn a_letter_is_no_name() {
    let mut first = Table::default();
    assert_eq!(first.import(&["x", ""]), ["x", "column_b"]);
    assert_eq!(first.import(&["Column B", "x"]), ["column_b_2", "x"]);
    let mut second = Table::default();
    assert_eq!(second.import(&["Column B", "x"]), ["column_b", "x"]);
    assert_eq!(second.import(&["x", ""]), ["x", "column_b_2"]);
}

#[test]
fn adopted_columns_are_found_by_text_then_by_cleaned_name() {
    let mut table = Table::adopted(&["Policy No", "amount", "amount_2", "Ünï", "id"]);
    assert_eq!(
        table.import(&["policy-no", "AMOUNT", "amount", "uni", "ID"]),
        ["Policy No", "amount_2", "amount", "Ünï", "id"]
    );
    let mut table = Table::adopted(&["Policy No", "policy no"]);
    assert_eq!(table.import(&["Policy No"]), ["Policy No"]);
    let mut table = Table::adopted(&["Policy No", "policy no"]);
    assert_eq!(
        table.import(&["POLICY NO"]),
        ["policy_no"],
        "ambiguous: never a guess"
    );
}

#[test]
fn an_adopted_column_waits_for_the_first_of_equal_headers() {
    let table = Table::adopted(&["***"]);
    let mut headers = sheet(&["***", "***"]);
    headers[0].has_data = false;
    let early = assign(&headers, &[], &table.columns).unwrap();
    assert_eq!(early[0].column, "column_b");
    headers[0].has_data = true;
    let late = assign(&headers, &[], &table.columns).unwrap();
    assert_eq!((late[0].column.as_str(), &late[1]), ("***", &early[0]));
}

#[test]
fn a_column_dropped_by_hand_is_made_again() {
    let mut table = Table::default();
    table.import(&["Amount", "Amount"]);
    table.columns.retain(|column| column != "amount_2");
    let assigned = assign(
        &sheet(&["Amount", "Amount"]),
        &table.remembered,
        &table.columns,
    )
    .unwrap();
    assert_eq!(assigned[1].column, "amount_2");
    assert!(!assigned[1].new_header);
}

#[test]
fn long_headers_fit_and_stay_apart() {
    let long = "Überlänge ".repeat(20);
    let other = format!("{long}x");
    let mut table = Table::default();
    let texts = [long.as_str(), other.as_str(), long.as_str(), long.as_str()];
    let columns = table.import(&texts);
    assert!(
        columns.iter().all(|column| column.len() <= 63),
        "{columns:?}"
    );
    assert_eq!(columns.iter().collect::<HashSet<_>>().len(), 4);
    assert_eq!(table.import(&texts), columns);
}

#[test]
fn a_sheet_as_wide_as_excel_allows_is_quick() {
    let headers = sheet(&vec!["Amount"; 16_384]);
    let begun = std::time::Instant::now();
    let columns = Table::default().try_import(&headers[..2_000]).unwrap();
    assert_eq!(columns[1_999], "amount_2000");
    assert_eq!(
        assign(&headers, &[], &[]).unwrap()[16_383].column,
        "amount_16384"
    );
    assert!(begun.elapsed().as_secs() < 10);
}

fn named(header: &str, name: &str) -> ColumnOverride {
    ColumnOverride {
        header: header.into(),
        name: Some(name.into()),
        ..ColumnOverride::default()
    }
}

#[test]
fn a_configured_name_comes_before_everything() {
    let header = |index, text: &str| SheetHeader {
        index,
        text: text.into(),
        has_data: true,
    };
    let remembered = [Remembered {
        header: "Premium (EUR)".into(),
        occurrence: 1,
        column: "premium_eur".into(),
    }];
    let existing = ["premium".to_owned(), "premium_eur".to_owned()];
    let overrides = [named("Premium (EUR)", "premium"), named("Gone", "gone")];
    let headers = [header(0, "Premium (EUR)"), header(1, "Premium")];
    let assigned = assign_named(&headers, &remembered, &existing, &overrides).unwrap();
    assert_eq!(assigned[0].column, "premium");
    assert!(assigned[0].new_header, "remembered anew");
    assert_eq!(assigned[1].column, "premium_2", "the name is taken");

    let both = [
        named("Premium (EUR)", "premium"),
        named("Premium", "premium"),
    ];
    let clash = assign_named(&headers, &[], &[], &both).unwrap_err();
    assert_eq!((clash.column.as_str(), clash.headers.len()), ("premium", 2));
    for one in &headers {
        let alone = assign_named(std::slice::from_ref(one), &[], &[], &both).unwrap();
        assert_eq!(alone[0].column, "premium", "two months, one column");
    }
}
