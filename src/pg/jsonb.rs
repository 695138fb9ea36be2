//! jsonb results from JSON text, without a detour over a tree.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use std::ffi::CString;

/// A JSON text that becomes a jsonb when it is returned.
pub struct JsonbText(pub String);

// SAFETY: box_into returns exactly the datum that jsonb_in made, which is a jsonb.
unsafe impl BoxRet for JsonbText {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        // JSON text holds no NUL: core's writer replaces it.
        let Ok(text) = CString::new(self.0) else {
            return fcinfo.return_null();
        };
        // SAFETY: jsonb_in takes a terminated string and copies what it keeps.
        unsafe {
            let datum = pgrx::direct_function_call_as_datum(
                pg_sys::jsonb_in,
                &[Some(text.as_ptr().into())],
            );
            match datum {
                Some(datum) => fcinfo.return_raw_datum(datum),
                None => fcinfo.return_null(),
            }
        }
    }
}

// SAFETY: the SQL side is declared by hand (sql = false) as jsonb.
unsafe impl SqlTranslatable for JsonbText {
    const TYPE_IDENT: &'static str = "pgdatahub::JsonbText";
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("jsonb"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> =
        Ok(ReturnsRef::One(SqlMappingRef::literal("jsonb")));
}
