//! The typed statement that reads a workbook, for `\gexec`.

use super::catalog::column_sql;
use pgrx::spi::quote_literal;

/// `SELECT … FROM pgdatahub.read_excel(…) AS t(…)`; `columns` are names and SQL types.
pub fn read_excel(path: &str, sheet: &str, columns: &[(String, &'static str)]) -> String {
    let names: Vec<String> = columns.iter().map(|(name, _)| column_sql(name)).collect();
    let defined: Vec<String> = columns
        .iter()
        .map(|(name, sql_type)| format!("{} {sql_type}", column_sql(name)))
        .collect();
    format!(
        "SELECT {}\n  FROM pgdatahub.read_excel({}, sheet => {})\n    AS t({})",
        names.join(", "),
        quote_literal(path),
        quote_literal(sheet),
        defined.join(", ")
    )
}
