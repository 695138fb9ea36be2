//! What holds for any headers, in any order of columns and files.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

/// Texts that want each other's names.
fn text() -> impl Strategy<Value = String> {
    let long = "A very long header that does not fit into an identifier of 63 bytes";
    let texts = [
        "Amount",
        "amount",
        "AMOUNT.",
        "Amount 2",
        "amount_2",
        "Amount_2_2",
        "amount 3",
        "ctid",
        "ctid_",
        "Source File",
        "source_file",
        "Source File 2",
        "Load Timestamp",
        "",
        "",
        "***",
        "--",
        "Column A",
        "column b",
        "Column C 2",
        "日期",
        long,
    ];
    let mut texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    texts.push(format!("{long}!"));
    texts.push(long.to_uppercase());
    prop_oneof![9 => proptest::sample::select(texts), 1 => "\\PC{0,80}".prop_map(|s| s.trim().to_owned())]
}

fn sheet() -> impl Strategy<Value = Vec<SheetHeader>> {
    proptest::collection::vec((text(), any::<bool>()), 0..9).prop_map(|cells| {
        let header = |(index, (text, has_data))| SheetHeader {
            index,
            text,
            has_data,
        };
        (0..).zip(cells).map(header).collect()
    })
}

fn adopted() -> impl Strategy<Value = Vec<String>> {
    let names = [
        "amount",
        "amount_2",
        "Amount",
        "column_a",
        "column_b_2",
        "source_file",
        "Ctid",
        "***",
    ];
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    prop_oneof![Just(Vec::new()), proptest::sample::subsequence(names, 0..8)]
}

fn remember(remembered: &mut Vec<Remembered>, columns: &mut Vec<String>, assigned: &[Assigned]) {
    for Assigned {
        header,
        occurrence,
        column,
        new_header,
        ..
    } in assigned.iter().cloned()
    {
        if !columns.contains(&column) {
            columns.push(column.clone());
        }
        if new_header {
            remembered.push(Remembered {
                header,
                occurrence,
                column,
            });
        }
    }
}

proptest! {
    #[test]
    fn a_series_of_files(files in proptest::collection::vec(sheet(), 1..6), adopted in adopted()) {
        let (mut remembered, mut columns) = (Vec::new(), adopted);
        for headers in &files {
            let Ok(assigned) = assign(headers, &remembered, &columns) else { continue };
            let distinct: HashSet<&str> = assigned.iter().map(|a| a.column.as_str()).collect();
            prop_assert_eq!(distinct.len(), assigned.len(), "one header, one column: {:?}", assigned);
            for header in &assigned {
                prop_assert!(header.column.len() <= 63 && !header.column.is_empty());
                prop_assert!(!RESERVED.contains(&header.column.as_str()));
                prop_assert!(header.index as usize <= headers.len());
            }
            let named = headers.iter().filter(|h| !crate::naming::clean(&h.text).is_empty()).count();
            prop_assert!(assigned.len() >= named, "no named header is dropped");
            remember(&mut remembered, &mut columns, &assigned);
            let again = assign(headers, &remembered, &columns).unwrap();
            prop_assert!(again.iter().all(|header| !header.new_header));
            let same = |list: &[Assigned]| list.iter().map(|a| (a.index, a.column.clone())).collect::<Vec<_>>();
            prop_assert_eq!(same(&assigned), same(&again));
        }
    }

    #[test]
    fn data_that_turns_up_late_moves_nothing(
        before in sheet(), headers in sheet(), adopted in adopted(),
    ) {
        let (mut remembered, mut columns) = (Vec::new(), adopted);
        let first = assign(&before, &remembered, &columns).unwrap();
        remember(&mut remembered, &mut columns, &first);
        let all: Vec<SheetHeader> =
            headers.iter().cloned().map(|header| SheetHeader { has_data: true, ..header }).collect();
        let (Ok(early), Ok(late)) =
            (assign(&headers, &remembered, &columns), assign(&all, &remembered, &columns))
        else { return Ok(()) };
        for header in &early {
            prop_assert!(late.contains(header), "{:?} is not in {:?}", header, late);
        }
        remember(&mut remembered, &mut columns, &early);
        let step = assign(&all, &remembered, &columns).unwrap();
        let place = |list: &[Assigned]| list.iter().map(|a| (a.index, a.column.clone())).collect::<Vec<_>>();
        prop_assert_eq!(place(&late), place(&step));
    }

    #[test]
    fn a_known_header_goes_where_it_went_wherever_it_stands(headers in sheet(), extra in text()) {
        let headers: Vec<SheetHeader> =
            headers.into_iter().filter(|header| !header.text.is_empty()).collect();
        let (mut remembered, mut columns) = (Vec::new(), Vec::new());
        let assigned = assign(&headers, &remembered, &columns).unwrap();
        remember(&mut remembered, &mut columns, &assigned);
        let known: HashMap<(&str, u32), &str> =
            assigned.iter().map(|a| ((a.header.as_str(), a.occurrence), a.column.as_str())).collect();
        let count = headers.len() as u32;
        let mut turned: Vec<SheetHeader> = headers
            .iter()
            .map(|header| SheetHeader { index: count - header.index.min(count), ..header.clone() })
            .collect();
        turned.push(SheetHeader { index: count + 1, text: extra, has_data: true });
        for header in assign(&turned, &remembered, &columns).unwrap() {
            if let Some(column) = known.get(&(header.header.as_str(), header.occurrence)) {
                prop_assert_eq!(*column, header.column.as_str());
            }
        }
    }
}
