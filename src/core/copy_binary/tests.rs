#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::decode::Rows;
use crate::types::ColumnType;
use proptest::prelude::*;

/// The field's bytes without its length, which is checked.
fn encoded(found: &Value<'_>, wire: Wire) -> Option<Vec<u8>> {
    let mut out = vec![0xaa];
    let mut scratch = String::from("left over");
    if !value(&mut out, found, wire, &mut scratch) {
        assert_eq!(out, [0xaa], "a misfit appends nothing");
        return None;
    }
    let (len, bytes) = out[1..].split_first_chunk::<4>().unwrap();
    assert_eq!(u32::from_be_bytes(*len) as usize, bytes.len());
    Some(bytes.to_vec())
}

fn native(found: Value<'_>, column_type: ColumnType) -> Option<Vec<u8>> {
    encoded(&found, Wire::Native(column_type))
}

/// What numeric_out prints of numeric's binary form, and the strictness of numeric_recv.
fn numeric_out(bytes: &[u8]) -> String {
    let parts: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    let (count, weight, sign, scale) = (
        parts[0] as usize,
        i32::from(parts[1] as i16),
        parts[2],
        parts[3] as usize,
    );
    let groups = &parts[4..];
    assert_eq!(groups.len(), count);
    assert!(groups.iter().all(|group| *group < 10_000) && scale <= 16_383);
    assert!(
        groups.first() != Some(&0) && groups.last() != Some(&0),
        "not stripped: {groups:?}"
    );
    let group = |at: i32| {
        usize::try_from(weight - at)
            .ok()
            .and_then(|index| groups.get(index))
            .copied()
            .unwrap_or(0)
    };
    let mut whole: String = (0..=weight.max(0))
        .rev()
        .map(|at| format!("{:04}", group(at)))
        .collect();
    whole = whole.trim_start_matches('0').to_owned();
    let fraction: String = (0..scale.div_ceil(4) as i32)
        .map(|at| format!("{:04}", group(-1 - at)))
        .collect();
    assert!(
        fraction[scale..].bytes().all(|digit| digit == b'0'),
        "digits beyond the scale"
    );
    let mut out = String::new();
    if sign == 0x4000 {
        out.push('-')
    } else {
        assert_eq!(sign, 0)
    }
    out.push_str(if whole.is_empty() { "0" } else { &whole });
    if scale > 0 {
        out.push('.');
        out.push_str(&fraction[..scale]);
    }
    out
}

#[test]
fn native_types() {
    assert_eq!(
        native(Value::Boolean(true), ColumnType::Boolean),
        Some(vec![1])
    );
    assert_eq!(
        native(Value::Boolean(false), ColumnType::Boolean),
        Some(vec![0])
    );
    assert_eq!(
        native(Value::Bigint(-2), ColumnType::Bigint),
        Some((-2i64).to_be_bytes().to_vec())
    );
    assert_eq!(
        native(Value::Double(0.1), ColumnType::Double),
        Some(0.1f64.to_be_bytes().to_vec())
    );
    assert_eq!(
        native(Value::Date(-1), ColumnType::Date),
        Some(vec![0xff; 4])
    );
    assert_eq!(
        native(Value::Timestamp(-1), ColumnType::Timestamp),
        Some(vec![0xff; 8])
    );
    assert_eq!(
        native(Value::Time(1), ColumnType::Time),
        Some(vec![0, 0, 0, 0, 0, 0, 0, 1])
    );
    assert_eq!(
        native(Value::Interval(1), ColumnType::Interval),
        Some([&[0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 8]].concat())
    );
    assert_eq!(
        native(Value::Text("é\0".into()), ColumnType::Text),
        Some(vec![0xc3, 0xa9, 0])
    );
    assert_eq!(
        native(Value::Text("".into()), ColumnType::Text),
        Some(vec![])
    );
}

#[test]
fn wider_types() {
    assert_eq!(
        native(Value::Bigint(3), ColumnType::Double),
        Some(3f64.to_be_bytes().to_vec())
    );
    assert_eq!(
        native(Value::Date(1), ColumnType::Timestamp),
        Some(86_400_000_000i64.to_be_bytes().to_vec())
    );
    assert_eq!(
        native(Value::Time(0), ColumnType::Interval),
        Some(vec![0; 16])
    );
    assert_eq!(
        native(Value::Date(0), ColumnType::Text),
        Some(b"2000-01-01".to_vec())
    );
    assert_eq!(
        encoded(&Value::Double(0.5), Wire::Input),
        Some(b"0.5".to_vec())
    );
    assert_eq!(
        encoded(&Value::Bigint(5), Wire::InputNumber),
        Some(b"5".to_vec())
    );
}

#[test]
fn misfits_append_nothing() {
    assert_eq!(native(Value::Double(0.5), ColumnType::Bigint), None);
    assert_eq!(native(Value::Text("x".into()), ColumnType::None), None);
    assert_eq!(encoded(&Value::Text("5,0".into()), Wire::InputNumber), None);
}

#[test]
fn numerics_as_postgres_sends_them() {
    // SELECT numeric_send(12345.678), (-0.0001), (0), (10000), (1e20)
    for (number, hex) in [
        (12_345.678, "0003000100000003000109291a7c"),
        (-0.0001, "0001ffff400000040001"),
        (0.0, "0000000000000000"),
        (10_000.0, "00010001000000000001"),
        (1e20, "00010005000000000001"),
    ] {
        let bytes = native(Value::Double(number), ColumnType::Numeric).unwrap();
        let found: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, hex, "{number}");
    }
}

#[test]
fn a_row_is_taken_apart_again() {
    let mut out = Vec::new();
    start_row(&mut out, 3);
    assert!(value(
        &mut out,
        &Value::Bigint(1),
        Wire::Native(ColumnType::Bigint),
        &mut String::new()
    ));
    null(&mut out);
    text(&mut out, "/srv/a.xlsx");
    start_row(&mut out, 1);
    timestamptz(&mut out, 5);
    let (mut rows, mut fields) = (Rows::new(&out), Vec::new());
    assert_eq!(rows.next_row(&mut fields), Ok(true));
    assert_eq!(
        fields,
        [Some(&1i64.to_be_bytes()[..]), None, Some(b"/srv/a.xlsx")]
    );
    assert_eq!(rows.next_row(&mut fields), Ok(true));
    assert_eq!(fields, [Some(&5i64.to_be_bytes()[..])]);
    assert_eq!(rows.next_row(&mut fields), Ok(false));
    assert_eq!(fields, [] as [Option<&[u8]>; 0]);
}

#[test]
fn header_and_trailer() {
    assert_eq!(&HEADER[..11], b"PGCOPY\n\xff\r\n\0");
    assert_eq!(&HEADER[11..], &[0; 8]);
    assert_eq!(i16::from_be_bytes(TRAILER), -1);
}

proptest! {
    /// A numeric is the shortest decimal of the double, digit by digit.
    #[test]
    fn any_double_as_numeric(bits in any::<u64>(), everyday in -1e9f64..1e9) {
        for number in [f64::from_bits(bits), everyday, (everyday * 100.0).round() / 100.0] {
            if number.is_finite() && number != 0.0 {
                let bytes = native(Value::Double(number), ColumnType::Numeric).unwrap();
                prop_assert_eq!(numeric_out(&bytes), number.to_string());
            }
        }
    }

    #[test]
    fn any_integer_as_numeric(integer in any::<i64>(), small in -100_000i64..100_000) {
        for integer in [integer, small] {
            let bytes = native(Value::Bigint(integer), ColumnType::Numeric).unwrap();
            prop_assert_eq!(numeric_out(&bytes), integer.to_string());
        }
    }
}
