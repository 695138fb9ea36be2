#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::copy_binary;
use proptest::prelude::*;

type Table = Vec<Vec<Option<Vec<u8>>>>;

fn encode(table: &Table) -> Vec<u8> {
    let mut out = Vec::new();
    for row in table {
        copy_binary::start_row(&mut out, row.len() as u16);
        for field in row {
            match field {
                None => copy_binary::null(&mut out),
                Some(bytes) => {
                    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
                    out.extend_from_slice(bytes);
                }
            }
        }
    }
    out
}

/// The rows before the end or the first error, and whether there was one.
fn decode(bytes: &[u8]) -> (Table, bool) {
    let (mut rows, mut fields, mut table) = (Rows::new(bytes), Vec::new(), Table::new());
    loop {
        match rows.next_row(&mut fields) {
            Ok(true) => table.push(
                fields
                    .iter()
                    .map(|field| field.map(<[u8]>::to_vec))
                    .collect(),
            ),
            Ok(false) => return (table, false),
            Err(_) => {
                assert!(fields.is_empty());
                assert_eq!(
                    rows.next_row(&mut fields),
                    Ok(false),
                    "nothing follows an error"
                );
                return (table, true);
            }
        }
    }
}

#[test]
fn lies() {
    for (bytes, what) in [
        (&[0][..], "half a count"),
        (&[0xff, 0xff], "the trailer"),
        (&[0, 1], "no field"),
        (&[0, 1, 0, 0, 0], "half a length"),
        (&[0, 1, 0, 0, 0, 2, 7], "half a field"),
        (&[0, 1, 0xff, 0xff, 0xff, 0xfe], "length -2"),
        (&[0, 1, 0x7f, 0xff, 0xff, 0xff, 1], "2 GB"),
    ] {
        assert_eq!(decode(bytes), (vec![], true), "{what}");
    }
}

proptest! {
    #[test]
    fn rows_read_back(table in proptest::collection::vec(proptest::collection::vec(any::<Option<Vec<u8>>>(), 0..6), 0..6)) {
        prop_assert_eq!(decode(&encode(&table)), (table, false));
    }

    #[test]
    fn any_bytes_end(bytes in any::<Vec<u8>>()) {
        decode(&bytes);
    }

    /// A cut anywhere but between rows is noticed.
    #[test]
    fn a_cut_is_noticed(table in proptest::collection::vec(proptest::collection::vec(any::<Option<Vec<u8>>>(), 1..4), 1..4), at in any::<prop::sample::Index>()) {
        let bytes = encode(&table);
        let cut = at.index(bytes.len());
        let (rows, bad) = decode(&bytes[..cut]);
        prop_assert!(rows.len() < table.len());
        prop_assert_eq!(bad, encode(&table[..rows.len()].to_vec()).len() != cut);
    }
}
