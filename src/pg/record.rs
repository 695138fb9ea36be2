//! Functions that return SETOF record: the caller's column definition list, and
//! rows through the input functions of its types, into a tuplestore (which goes
//! to disk above work_mem).

use super::error::{Failure, observed};
use pgrx::pg_sys::PgTryBuilder;
use pgrx::{PgMemoryContexts, PgTupleDesc, pg_sys};
use std::panic::AssertUnwindSafe;

/// A column of the definition list.
pub struct Defined {
    pub name: String,
    /// A number type: it wants all digits of a number.
    pub number: bool,
    input: pg_sys::FmgrInfo,
    ioparam: pg_sys::Oid,
    typmod: i32,
}

/// The rows of one call.
pub struct Records {
    pub columns: Vec<Defined>,
    desc: pg_sys::TupleDesc,
    store: *mut pg_sys::Tuplestorestate,
    memory: PgMemoryContexts,
}

impl Records {
    /// Begins the result of a function call.
    ///
    /// # Errors
    /// 0A000 where a set of records cannot be returned, 42601 without a definition list.
    pub fn begin(fcinfo: pg_sys::FunctionCallInfo) -> Result<Records, Failure> {
        let hint = "SELECT pgdatahub.read_excel_query('/path/to/file.xlsx') \\gexec writes and runs the whole statement.";
        // SAFETY: fcinfo is this call's; its resultinfo is checked to be what a
        // set-returning call gets; store and descriptor live as long as the query.
        unsafe {
            let info = (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            let materialize = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
            if info.is_null()
                || (*info).type_ != pg_sys::NodeTag::T_ReturnSetInfo
                || (*info).allowedModes as u32 & materialize == 0
            {
                return Err(Failure::new(
                    "0A000",
                    "read_excel returns rows and must stand in FROM",
                )
                .hint(hint));
            }
            if (*info).expectedDesc.is_null() {
                return Err(Failure::new("42601", "read_excel needs a column definition list")
                    .detail("For example FROM pgdatahub.read_excel('/srv/claims.xlsx') AS t(policy text, premium numeric).")
                    .hint(hint));
            }
            let random = pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random;
            let previous = pg_sys::MemoryContextSwitchTo((*(*info).econtext).ecxt_per_query_memory);
            let desc = pg_sys::CreateTupleDescCopy((*info).expectedDesc);
            let store = pg_sys::tuplestore_begin_heap(
                (*info).allowedModes as u32 & random != 0,
                false,
                pg_sys::work_mem,
            );
            let columns = columns(desc);
            pg_sys::MemoryContextSwitchTo(previous);
            (*info).returnMode = materialize;
            (*info).setResult = store;
            (*info).setDesc = desc;
            Ok(Records {
                columns,
                desc,
                store,
                memory: PgMemoryContexts::new("pgdatahub record"),
            })
        }
    }

    /// Adds a row; `fields` are the values' texts, one per column.
    ///
    /// # Errors
    /// What a type's input has against a value, with the column's position.
    pub fn put(&mut self, fields: &[Option<&[u8]>]) -> Result<(), (usize, Failure)> {
        let mut at = 0;
        let (desc, store) = (self.desc, self.store);
        let columns = &mut self.columns;
        let memory = &mut self.memory;
        let result = observed(|| {
            PgTryBuilder::new(AssertUnwindSafe(|| {
                // SAFETY: the row's datums live in `memory` until it is reset below;
                // the tuplestore copies them. `columns` has one entry per attribute.
                unsafe {
                    memory.switch_to(|_| {
                        let mut values = Vec::with_capacity(columns.len());
                        let mut nulls = Vec::with_capacity(columns.len());
                        for (position, column) in columns.iter_mut().enumerate() {
                            at = position;
                            let field = fields.get(position).copied().flatten();
                            values.push(column.value(field));
                            nulls.push(field.is_none());
                        }
                        pg_sys::tuplestore_putvalues(
                            store,
                            desc,
                            values.as_mut_ptr(),
                            nulls.as_mut_ptr(),
                        );
                    });
                }
                Ok(())
            }))
            .catch_others(|error| Err(Failure::from(error)))
            .execute()
        });
        // SAFETY: nothing points into the row's context any more.
        unsafe { self.memory.reset() };
        result.map_err(|failure| (at, failure))
    }
}

impl Defined {
    /// # Safety
    /// Called inside a memory context that outlives the value's use.
    unsafe fn value(&mut self, field: Option<&[u8]>) -> pg_sys::Datum {
        // SAFETY: pnstrdup copies and terminates; input functions take NULL for
        // a missing value, as a domain's does to check NOT NULL.
        unsafe {
            let text = match field {
                Some(bytes) => pg_sys::pnstrdup(bytes.as_ptr().cast(), bytes.len()),
                None => std::ptr::null_mut(),
            };
            pg_sys::InputFunctionCall(&raw mut self.input, text, self.ioparam, self.typmod)
        }
    }
}

/// # Safety
/// `desc` is valid; the current memory context outlives the result.
unsafe fn columns(desc: pg_sys::TupleDesc) -> Vec<Defined> {
    // SAFETY: a copy of the descriptor, freed when it is dropped.
    let attributes = unsafe { PgTupleDesc::from_pg_copy(desc) };
    attributes
        .iter()
        .map(|attribute| {
            let mut function = pg_sys::InvalidOid;
            let mut ioparam = pg_sys::InvalidOid;
            let mut category = 0;
            let mut preferred = false;
            // SAFETY: a type that a definition list may name exists and has an input
            // function; fmgr_info allocates in the current context.
            let input = unsafe {
                pg_sys::getTypeInputInfo(attribute.atttypid, &raw mut function, &raw mut ioparam);
                pg_sys::get_type_category_preferred(
                    pg_sys::getBaseType(attribute.atttypid),
                    &raw mut category,
                    &raw mut preferred,
                );
                let mut input = std::mem::zeroed::<pg_sys::FmgrInfo>();
                pg_sys::fmgr_info(function, &raw mut input);
                input
            };
            Defined {
                name: attribute.name().to_owned(),
                number: category as u8 == b'N',
                input,
                ioparam,
                typmod: attribute.atttypmod,
            }
        })
        .collect()
}
