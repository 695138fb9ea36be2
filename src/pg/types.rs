//! How a column's type takes values.

use pgdatahub_core::evolve::ColumnKind;
use pgdatahub_core::input_type::InputType;
use pgdatahub_core::types::ColumnType;
use pgrx::{PgTupleDesc, pg_sys};

/// Added to a length or precision in a type modifier (c.h).
const VARHDRSZ: i32 = 4;

/// What a column of this type takes: a native type of ours, another type
/// through its own input, or nothing. `sql_type` is what `format_type` prints.
pub fn kind(oid: pg_sys::Oid, typmod: i32, sql_type: String) -> ColumnKind {
    match native(oid) {
        Some(native) if typmod == -1 => ColumnKind::Native(native),
        _ => user_kind(oid, typmod, sql_type),
    }
}

pub(super) fn native(oid: pg_sys::Oid) -> Option<ColumnType> {
    Some(match oid {
        pg_sys::BOOLOID => ColumnType::Boolean,
        pg_sys::INT8OID => ColumnType::Bigint,
        pg_sys::FLOAT8OID => ColumnType::Double,
        pg_sys::NUMERICOID => ColumnType::Numeric,
        pg_sys::DATEOID => ColumnType::Date,
        pg_sys::TIMESTAMPOID => ColumnType::Timestamp,
        pg_sys::TIMEOID => ColumnType::Time,
        pg_sys::INTERVALOID => ColumnType::Interval,
        pg_sys::TEXTOID => ColumnType::Text,
        _ => return None,
    })
}

/// What a type of the user's own takes: a domain what its base type does.
pub(super) fn user_kind(oid: pg_sys::Oid, typmod: i32, sql_type: String) -> ColumnKind {
    let mut base_typmod = typmod;
    // SAFETY: syscache look-ups of a type that a column or to_regtype named.
    let base = unsafe { pg_sys::getBaseTypeAndTypmod(oid, &raw mut base_typmod) };
    if let Some(reason) = refusal(base, base_typmod) {
        let reason = reason.to_owned();
        return ColumnKind::Refused { sql_type, reason };
    }
    let parts = || has_part(base, base_typmod, cuts).then_some(InputType::CharacterParts);
    if let Some(input) = checked(base, base_typmod).or_else(parts) {
        return ColumnKind::Typed { sql_type, input };
    }
    match category(base) {
        b'N' => ColumnKind::InputNumber { sql_type },
        b'D' | b'T' | b'B' => ColumnKind::Refused {
            reason: "Its input may take more than one spelling.".into(),
            sql_type,
        },
        _ => ColumnKind::Input { sql_type },
    }
}

/// Types whose input depends on the session, or drops what it cannot keep.
fn refusal(base: pg_sys::Oid, typmod: i32) -> Option<&'static str> {
    let zoned = |oid| matches!(oid, pg_sys::TIMESTAMPTZOID | pg_sys::TIMETZOID);
    match base {
        pg_sys::TIMETZOID => Some("A workbook's times have no zone."),
        pg_sys::MONEYOID => Some("Its input depends on lc_monetary and rounds."),
        pg_sys::CHAROID | pg_sys::NAMEOID => Some("Its input cuts longer texts off."),
        pg_sys::INTERVALOID if typmod != -1 && (typmod >> 16) & 0x7fff != 0x7fff => {
            Some("Its fields cut parts of an interval off.")
        }
        _ if zoned(element(base)) => Some("Its input depends on the session's time zone."),
        _ if has_part(base, typmod, rounds) => Some("Its input rounds what its parts cannot keep."),
        _ => None,
    }
}

/// The type of an array's or range's elements; InvalidOid for any other type.
fn element(base: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: syscache look-ups, InvalidOid for what is no such type.
    unsafe {
        let element = pg_sys::get_element_type(base);
        if element != pg_sys::InvalidOid {
            return element;
        }
        let range = pg_sys::get_multirange_range(base);
        pg_sys::get_range_subtype(if range == pg_sys::InvalidOid {
            base
        } else {
            range
        })
    }
}

/// Whether an array's element or a row's field, which the reader does not look
/// into, is of such a type.
fn has_part(base: pg_sys::Oid, typmod: i32, such: fn(InputType) -> bool) -> bool {
    // SAFETY: a syscache look-up.
    let element = unsafe { pg_sys::get_element_type(base) };
    let parts = match element {
        pg_sys::InvalidOid => fields(base),
        element => vec![(element, typmod)],
    };
    parts.into_iter().any(|(oid, mut typmod)| {
        // SAFETY: a syscache look-up.
        let base = unsafe { pg_sys::getBaseTypeAndTypmod(oid, &raw mut typmod) };
        match checked(base, typmod) {
            Some(input) => such(input),
            None => has_part(base, typmod, such),
        }
    })
}

fn rounds(part: InputType) -> bool {
    use InputType::*;
    match part {
        Numeric { .. } | Real | TimestampTz { .. } => true,
        Timestamp { digits } | Time { digits } | Interval { digits } => digits < 6,
        _ => false,
    }
}

fn cuts(part: InputType) -> bool {
    matches!(part, InputType::Characters { .. })
}

/// Types and modifiers of a row type's fields; none of any other type.
fn fields(base: pg_sys::Oid) -> Vec<(pg_sys::Oid, i32)> {
    // SAFETY: a type that exists; a composite one has a tuple descriptor, and the
    // copy of it is freed with its owner here.
    unsafe {
        if pg_sys::get_typtype(base) as u8 != pg_sys::TYPTYPE_COMPOSITE {
            return Vec::new();
        }
        let descriptor =
            PgTupleDesc::from_pg_is_copy(pg_sys::lookup_rowtype_tupdesc_copy(base, -1));
        let live = descriptor.iter().filter(|field| !field.attisdropped);
        live.map(|field| (field.atttypid, field.atttypmod))
            .collect()
    }
}

/// Types that would round, or read what is ambiguous, were their values not checked first.
fn checked(base: pg_sys::Oid, typmod: i32) -> Option<InputType> {
    let integer = |min, max| Some(InputType::Integer { min, max });
    let digits = u8::try_from(typmod).unwrap_or(6).min(6);
    match base {
        pg_sys::BOOLOID => Some(InputType::Boolean),
        pg_sys::INT2OID => integer(i16::MIN.into(), i16::MAX.into()),
        pg_sys::INT4OID => integer(i32::MIN.into(), i32::MAX.into()),
        pg_sys::INT8OID => integer(i64::MIN, i64::MAX),
        pg_sys::OIDOID => integer(0, u32::MAX.into()),
        pg_sys::NUMERICOID if typmod < 0 => Some(InputType::Decimal),
        // numeric.c: precision in the upper half, scale as an 11-bit number with sign.
        pg_sys::NUMERICOID => Some(InputType::Numeric {
            precision: ((typmod - VARHDRSZ) >> 16) & 0xffff,
            scale: (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024,
        }),
        pg_sys::VARCHAROID | pg_sys::BPCHAROID if typmod > VARHDRSZ => {
            let most = u32::try_from(typmod - VARHDRSZ).ok()?;
            Some(InputType::Characters { most })
        }
        pg_sys::FLOAT4OID => Some(InputType::Real),
        pg_sys::FLOAT8OID => Some(InputType::Double),
        pg_sys::DATEOID => Some(InputType::Date),
        pg_sys::TIMESTAMPOID => Some(InputType::Timestamp { digits }),
        pg_sys::TIMESTAMPTZOID => Some(InputType::TimestampTz { digits }),
        pg_sys::TIMEOID => Some(InputType::Time { digits }),
        // timestamp.h: the fields in the upper half, 0xffff in the lower one for any precision.
        pg_sys::INTERVALOID => Some(InputType::Interval {
            digits: u8::try_from(typmod & 0xffff).unwrap_or(6).min(6),
        }),
        _ => None,
    }
}

fn category(oid: pg_sys::Oid) -> u8 {
    let (mut category, mut preferred) = (0, false);
    // SAFETY: a syscache look-up that fills both.
    unsafe {
        pg_sys::get_type_category_preferred(oid, &raw mut category, &raw mut preferred);
    }
    category as u8
}
