//! A column type's own input function: what reads the text of a value for a
//! type that pgdatahub does not make, and what refuses it.

use super::error::Failure;
use super::{compat, subxact};
use pgdatahub_core::batch::Batch;
use pgdatahub_core::evolve::Target;
use pgdatahub_core::protocol::Wire;
use pgdatahub_core::types::ColumnType;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::CString;

/// A column's type, as its input function takes it.
#[derive(Debug, Clone, Copy)]
pub struct TypeInput {
    pub type_oid: pg_sys::Oid,
    typmod: i32,
    /// The type of an array of it; none for an array or row type.
    pub array_oid: Option<pg_sys::Oid>,
}

/// A field that its column's type refused.
#[derive(Debug)]
pub struct Refusal {
    /// Row of the batch.
    pub row: usize,
    /// Field of the row.
    pub field: usize,
    /// The field's text.
    pub raw: String,
    /// The type's own words.
    pub failure: Failure,
}

/// For each target the input of its column, where the value goes through it.
pub fn of_targets(table: pg_sys::Oid, targets: &[Target]) -> Vec<Option<TypeInput>> {
    targets
        .iter()
        .map(|target| match target.wire {
            // Nothing but NULL, and that in whatever type the column has.
            Wire::Native(ColumnType::None) => of_column(table, &target.column),
            Wire::Native(_) | Wire::Exact | Wire::Json => None,
            Wire::Input | Wire::InputNumber | Wire::Typed(_) => of_column(table, &target.column),
        })
        .collect()
}

fn of_column(table: pg_sys::Oid, column: &str) -> Option<TypeInput> {
    let name = CString::new(column).ok()?;
    let mut input = TypeInput {
        type_oid: pg_sys::InvalidOid,
        typmod: -1,
        array_oid: None,
    };
    let mut collation = pg_sys::InvalidOid;
    // SAFETY: catalog look-ups of a relation and column; the results are plain values.
    unsafe {
        let attnum = pg_sys::get_attnum(table, name.as_ptr());
        if attnum <= 0 {
            return None;
        }
        pg_sys::get_atttypetypmodcoll(
            table,
            attnum,
            &raw mut input.type_oid,
            &raw mut input.typmod,
            &raw mut collation,
        );
        // unnest would take an array of rows apart into their fields.
        if !pg_sys::type_is_rowtype(input.type_oid) {
            let array = pg_sys::get_array_type(input.type_oid);
            input.array_oid = (array != pg_sys::InvalidOid).then_some(array);
        }
    }
    Some(input)
}

/// A [`TypeInput`] ready to be called, in the current memory context.
pub struct Function {
    input: TypeInput,
    info: pg_sys::FmgrInfo,
    io_param: pg_sys::Oid,
}

impl Function {
    pub fn new(input: TypeInput) -> Function {
        let mut function = Function {
            input,
            info: pg_sys::FmgrInfo::default(),
            io_param: pg_sys::InvalidOid,
        };
        let mut oid = pg_sys::InvalidOid;
        // SAFETY: the type exists, it is a column's; `info` is filled before it is used.
        unsafe {
            pg_sys::getTypeInputInfo(input.type_oid, &raw mut oid, &raw mut function.io_param);
            pg_sys::fmgr_info(oid, &raw mut function.info);
        }
        function
    }

    /// The value of a text, as COPY reads it: also without a text, since a domain
    /// may refuse NULL. Raises what the type has against it.
    ///
    /// # Errors
    /// A text that holds NUL.
    pub fn read(&mut self, text: Option<&[u8]>) -> Result<pg_sys::Datum, Failure> {
        let text = text.map(terminated).transpose()?;
        let pointer = text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        // SAFETY: the function and its parameters belong together; the text is
        // terminated and outlives the call, which does not write to it.
        Ok(unsafe {
            pg_sys::InputFunctionCall(
                &raw mut self.info,
                pointer.cast_mut(),
                self.io_param,
                self.input.typmod,
            )
        })
    }

    /// What the type has against a text: returned where the type says it
    /// softly (PostgreSQL 16 on), raised otherwise.
    fn check(&mut self, text: &[u8]) -> Result<Option<Failure>, Failure> {
        let text = terminated(text)?;
        // SAFETY: as in `read`.
        Ok(unsafe {
            compat::check_input(
                &raw mut self.info,
                text.as_ptr().cast_mut(),
                self.io_param,
                self.input.typmod,
            )
        })
    }
}

fn terminated(text: &[u8]) -> Result<CString, Failure> {
    CString::new(text).map_err(|_| Failure::new("58000", "malformed text from the reader"))
}

/// The fields of these rows that their types refuse, in order; the first one only, or all.
/// One subtransaction, and one more for each refusal that is not soft: it writes
/// nothing, so none takes a transaction id.
///
/// # Errors
/// What is not about a value: [`Failure::concerns_row`].
pub fn refusals(
    batch: &Batch,
    inputs: &[Option<TypeInput>],
    first_only: bool,
) -> Result<Vec<Refusal>, Failure> {
    let mut found = Vec::new();
    let at = Cell::new((0, 0));
    loop {
        let result = subxact::run(|| scan(batch, inputs, &at, first_only, &mut found));
        let (row, field) = at.get();
        match result {
            Ok(()) => return Ok(found),
            Err(failure) if failure.concerns_row() => {
                found.push(refusal(batch, row, field, failure)?);
            }
            Err(failure) => return Err(failure),
        }
        if first_only {
            return Ok(found);
        }
        at.set((row, field + 1));
    }
}

/// Goes through the fields from `at` on, which says where it is.
fn scan(
    batch: &Batch,
    inputs: &[Option<TypeInput>],
    at: &Cell<(usize, usize)>,
    first_only: bool,
    found: &mut Vec<Refusal>,
) -> Result<(), Failure> {
    let mut functions: Vec<Option<Function>> = inputs
        .iter()
        .map(|input| input.map(Function::new))
        .collect();
    let (first, mut from) = at.get();
    for row in first..batch.len() {
        let fields = batch.fields(row).map_err(malformed)?;
        let fields = fields.iter().zip(&mut functions).enumerate();
        for (number, (field, function)) in fields.skip(from) {
            let (Some(text), Some(function)) = (field, function) else {
                continue;
            };
            at.set((row, number));
            if let Some(failure) = function.check(text)? {
                found.push(refusal(batch, row, number, failure)?);
                if first_only {
                    return Ok(());
                }
            }
        }
        from = 0;
    }
    Ok(())
}

fn refusal(batch: &Batch, row: usize, field: usize, failure: Failure) -> Result<Refusal, Failure> {
    let fields = batch.fields(row).map_err(malformed)?;
    let text = fields.get(field).cloned().flatten().unwrap_or_default();
    Ok(Refusal {
        row,
        field,
        raw: String::from_utf8_lossy(&text).into_owned(),
        failure,
    })
}

pub fn malformed(error: pgdatahub_core::protocol::frame::BadFrame) -> Failure {
    Failure::new("58000", format!("malformed rows from the reader: {error}"))
}
