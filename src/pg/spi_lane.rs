//! The SPI lane: batches of typed arrays through INSERT … SELECT … FROM unnest.
//!
//! Slower than COPY, and right for everything that hooks into INSERT: row level
//! security, rules, views, foreign tables, extensions' own storage.

use super::catalog::{Table, TableName, column_sql};
use super::copy::{HELD_REJECTS, Part};
use super::error::{Failure, observed};
use super::location::Rows;
use super::reader::{Client, Frame};
use super::rejects::Rejected;
use super::type_input::{Function, TypeInput};
use pgdatahub_core::decode;
use pgdatahub_core::evolve::Target;
use pgdatahub_core::protocol::{Response, Wire};
use pgdatahub_core::types::ColumnType;
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys;
use pgrx::pg_sys::PgTryBuilder;
use std::panic::AssertUnwindSafe;

/// array_recv's oid in pg_proc.
const ARRAY_RECV: u32 = 2400;

/// A table and the INSERT into it.
pub struct Insert<'a> {
    name: &'a TableName,
    table: &'a Table,
    targets: &'a [Target],
    inputs: &'a [Option<TypeInput>],
    statement: String,
}

impl<'a> Insert<'a> {
    /// `inputs` has the type of each target that goes through its type's own input.
    pub fn new(
        name: &'a TableName,
        table: &'a Table,
        targets: &'a [Target],
        inputs: &'a [Option<TypeInput>],
    ) -> Insert<'a> {
        Insert {
            name,
            table,
            targets,
            inputs,
            statement: statement(name, targets, inputs),
        }
    }

    /// Inserts rows from `client` until the stream ends or memory asks for a break.
    ///
    /// # Errors
    /// The reader's failure, and whatever PostgreSQL has against a batch.
    pub fn part(&self, client: &mut Client) -> Result<Part, Failure> {
        let mut part = Part::default();
        while part.end.is_none() && part.rejects.len() < HELD_REJECTS {
            match client.next()? {
                Frame::Rows { runs, payload, at } => {
                    let mut batch = Rows::default();
                    batch.extend(&runs);
                    part.sent += batch.count();
                    super::progress::rows(batch.count());
                    let encoded = &payload[at..];
                    part.stored += self.rows(encoded, batch.count()).map_err(|mut failure| {
                        failure.while_storing = failure.concerns_row();
                        match batch.span() {
                            Some((first, last)) => {
                                failure.also(format!("Sheet rows {first} to {last}."))
                            }
                            None => failure,
                        }
                    })?;
                }
                Frame::Control(Response::Rejects { rejects }) => {
                    part.rejects.extend(rejects.into_iter().map(Rejected::from));
                }
                Frame::Control(Response::Failed(failed)) => {
                    return Err(super::reader::refused(failed));
                }
                Frame::Control(other) => part.end = Some(other),
            }
        }
        // A rule, policy or trigger may keep rows from the table: that is what this lane is for.
        if part.stored > part.sent && self.table.plain_heap && !self.table.may_drop_rows {
            return Err(super::copy::not_as_sent(self.name, part.sent, part.stored));
        }
        Ok(part)
    }

    /// Inserts one batch of encoded rows; how many arrived.
    ///
    /// # Errors
    /// Whatever PostgreSQL has against the batch.
    pub fn rows(&self, bytes: &[u8], rows: u64) -> Result<u64, Failure> {
        let encoded = Encoded { rows, bytes };
        insert(&self.statement, self.targets, self.inputs, encoded)
    }
}

/// The INSERT: one array per column, source_file and load_timestamp as scalars.
fn statement(name: &TableName, targets: &[Target], inputs: &[Option<TypeInput>]) -> String {
    let columns: Vec<String> = targets
        .iter()
        .map(|target| column_sql(&target.column))
        .collect();
    // Qualified, which unnest($1, $2) cannot be: a namesake in search_path is not ours.
    let arrays: Vec<String> = (1..=targets.len())
        .map(|n| format!("pg_catalog.unnest(${n})"))
        .collect();
    let fields: Vec<String> = (1..=targets.len()).map(|n| format!("c{n}")).collect();
    let values: Vec<String> = fields
        .iter()
        .zip(inputs)
        .map(|(field, input)| match input {
            // Without its length: that is for the assignment, since a cast would cut.
            Some(input) if input.array_oid.is_none() => {
                format!("r.{field}::{}", type_sql(input.type_oid))
            }
            _ => format!("r.{field}"),
        })
        .collect();
    let n = targets.len();
    let (source, stamp) = (n + 1, n + 2);
    if targets.is_empty() {
        return format!(
            "INSERT INTO {} (source_file, load_timestamp) SELECT $1, $2 FROM pg_catalog.generate_series(1, $3)",
            name.sql()
        );
    }
    format!(
        "INSERT INTO {} ({}, source_file, load_timestamp) SELECT {}, ${source}, ${stamp} FROM ROWS FROM ({}) AS r({})",
        name.sql(),
        columns.join(", "),
        values.join(", "),
        arrays.join(", "),
        fields.join(", ")
    )
}

/// A type's name, qualified.
fn type_sql(oid: pg_sys::Oid) -> String {
    // SAFETY: a column's type exists; the result is a terminated string.
    unsafe {
        std::ffi::CStr::from_ptr(pg_sys::format_type_be_qualified(oid))
            .to_string_lossy()
            .into_owned()
    }
}

/// One row frame's rows.
struct Encoded<'a> {
    /// How many it announced.
    rows: u64,
    bytes: &'a [u8],
}

/// Runs the INSERT for one batch of encoded rows.
fn insert(
    statement: &str,
    targets: &[Target],
    inputs: &[Option<TypeInput>],
    encoded: Encoded<'_>,
) -> Result<u64, Failure> {
    let width = targets.len() + 2;
    let mut columns: Vec<Vec<Option<&[u8]>>> = vec![Vec::new(); width];
    let mut decoder = decode::Rows::new(encoded.bytes);
    let mut fields = Vec::with_capacity(width);
    let malformed =
        |what: String| Failure::new("58000", format!("malformed rows from the reader: {what}"));
    while decoder
        .next_row(&mut fields)
        .map_err(|e| malformed(e.to_string()))?
    {
        if fields.len() != width {
            return Err(malformed(format!(
                "{} fields instead of {width}",
                fields.len()
            )));
        }
        for (column, field) in columns.iter_mut().zip(&fields) {
            column.push(*field);
        }
    }
    if columns[0].len() as u64 != encoded.rows {
        let (found, said) = (columns[0].len(), encoded.rows);
        return Err(malformed(format!("{found} instead of {said}")));
    }
    let Some(constants) = columns.get(width - 2..).filter(|c| !c[0].is_empty()) else {
        return Ok(0);
    };
    let source = text_of(constants[0][0].unwrap_or_default())?;
    let stamp = timestamp_of(constants[1][0].unwrap_or_default())?;
    let count = constants[0].len();
    observed(|| {
        PgTryBuilder::new(AssertUnwindSafe(|| {
            run(statement, targets, inputs, &columns, source, stamp, count)
        }))
        .catch_others(|error| Err(Failure::from(error)))
        .execute()
    })
}

fn run(
    statement: &str,
    targets: &[Target],
    inputs: &[Option<TypeInput>],
    columns: &[Vec<Option<&[u8]>>],
    source: &str,
    stamp: i64,
    count: usize,
) -> Result<u64, Failure> {
    let mut context = pgrx::PgMemoryContexts::new("pgdatahub batch");
    // SAFETY: everything allocated for the batch goes with this context; the
    // INSERT copies what it keeps.
    unsafe {
        context.switch_to(|_| {
            let mut args: Vec<DatumWithOid<'_>> = Vec::with_capacity(columns.len());
            for ((target, input), values) in targets.iter().zip(inputs).zip(columns) {
                if let Some((input, array)) = input.and_then(|i| i.array_oid.map(|a| (i, a))) {
                    args.push(DatumWithOid::new(input_array(input, values)?, array));
                    continue;
                }
                let (element, array) = oids(target.wire);
                let datum = if element == 25 {
                    text_array(values)?
                } else {
                    native_array(element, values)
                };
                args.push(DatumWithOid::new(datum, pg_sys::Oid::from(array)));
            }
            args.push(source.into());
            args.push(DatumWithOid::new(
                pg_sys::Datum::from(stamp),
                pg_sys::TIMESTAMPTZOID,
            ));
            if targets.is_empty() {
                args.push((count as i64).into());
            }
            super::spi::execute(statement, &args)
        })
    }
}

/// Element and array type of a wire type.
fn oids(wire: Wire) -> (u32, u32) {
    match wire {
        Wire::Native(ColumnType::Boolean) => (16, 1000),
        Wire::Native(ColumnType::Bigint) => (20, 1016),
        Wire::Native(ColumnType::Double) => (701, 1022),
        Wire::Native(ColumnType::Numeric) => (1700, 1231),
        Wire::Native(ColumnType::Date) => (1082, 1182),
        Wire::Native(ColumnType::Timestamp) => (1114, 1115),
        Wire::Native(ColumnType::Time) => (1083, 1183),
        Wire::Native(ColumnType::Interval) => (1186, 1187),
        Wire::Native(ColumnType::Text | ColumnType::None)
        | Wire::Input
        | Wire::InputNumber
        | Wire::Exact
        | Wire::Json
        | Wire::Typed(_) => (25, 1009),
    }
}

/// An array through array_recv: the fields are in the form its element type receives.
unsafe fn native_array(element: u32, values: &[Option<&[u8]>]) -> pg_sys::Datum {
    let mut bytes = Vec::with_capacity(20 + values.len() * 12);
    let has_null = i32::from(values.iter().any(Option::is_none));
    for word in [1, has_null, element as i32, values.len() as i32, 1] {
        bytes.extend_from_slice(&word.to_be_bytes());
    }
    for value in values {
        match value {
            None => bytes.extend_from_slice(&(-1i32).to_be_bytes()),
            Some(value) => {
                bytes.extend_from_slice(&(value.len() as i32).to_be_bytes());
                bytes.extend_from_slice(value);
            }
        }
    }
    // SAFETY: makeStringInfo and appendBinaryStringInfo copy the bytes;
    // array_recv checks them as it would a client's.
    unsafe {
        let buffer = pg_sys::makeStringInfo();
        pg_sys::appendBinaryStringInfo(buffer, bytes.as_ptr().cast(), bytes.len() as i32);
        pg_sys::OidReceiveFunctionCall(
            pg_sys::Oid::from(ARRAY_RECV),
            buffer,
            pg_sys::Oid::from(element),
            -1,
        )
    }
}

/// A text array, built here: array_recv would decode its elements from client_encoding.
unsafe fn text_array(values: &[Option<&[u8]>]) -> Result<pg_sys::Datum, Failure> {
    let mut datums = Vec::with_capacity(values.len());
    let mut nulls: Vec<bool> = Vec::with_capacity(values.len());
    for value in values {
        nulls.push(value.is_none());
        datums.push(match value {
            None => pg_sys::Datum::from(0),
            Some(bytes) => {
                let text = text_of(bytes)?;
                // SAFETY: copies exactly the bytes given, which are UTF-8 as the database is.
                pg_sys::Datum::from(unsafe {
                    pg_sys::cstring_to_text_with_len(text.as_ptr().cast(), text.len() as i32)
                })
            }
        });
    }
    // SAFETY: text's values.
    Ok(unsafe { array_of(pg_sys::TEXTOID, &mut datums, &mut nulls) })
}

/// An array of a user-made type, each value read by the type's own input.
unsafe fn input_array(
    input: TypeInput,
    values: &[Option<&[u8]>],
) -> Result<pg_sys::Datum, Failure> {
    let mut function = Function::new(input);
    let mut datums = Vec::with_capacity(values.len());
    let mut nulls = Vec::with_capacity(values.len());
    for value in values {
        datums.push(function.read(*value)?);
        nulls.push(value.is_none());
    }
    // SAFETY: the type's values, as its input made them.
    Ok(unsafe { array_of(input.type_oid, &mut datums, &mut nulls) })
}

/// # Safety
/// The datums are values of the type.
unsafe fn array_of(
    element: pg_sys::Oid,
    datums: &mut [pg_sys::Datum],
    nulls: &mut [bool],
) -> pg_sys::Datum {
    let (mut length, mut by_value, mut alignment) = (0, false, 0);
    let mut dims = [datums.len() as i32];
    let mut lower = [1];
    // SAFETY: arrays of the lengths given, of a type laid out as the catalog says.
    unsafe {
        pg_sys::get_typlenbyvalalign(
            element,
            &raw mut length,
            &raw mut by_value,
            &raw mut alignment,
        );
        pg_sys::Datum::from(pg_sys::construct_md_array(
            datums.as_mut_ptr(),
            nulls.as_mut_ptr(),
            1,
            dims.as_mut_ptr(),
            lower.as_mut_ptr(),
            element,
            i32::from(length),
            by_value,
            alignment,
        ))
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, Failure> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(Failure::new("58000", "malformed text from the reader")),
    }
}

fn timestamp_of(bytes: &[u8]) -> Result<i64, Failure> {
    bytes
        .try_into()
        .map(i64::from_be_bytes)
        .map_err(|_| Failure::new("58000", "malformed timestamp from the reader"))
}
