//! The typed statement that reads a workbook, for `\gexec`.

use super::catalog::column_sql;
use pgrx::spi::quote_literal;

/// `SELECT … FROM pgdatahub.read_excel(…) AS t(…)`; `more` are arguments after the
/// sheet with their values, `columns` names and SQL types.
pub fn read_excel(
    path: &str,
    sheet: &str,
    more: &[(&str, String)],
    columns: &[(String, String)],
) -> String {
    let more: String = more
        .iter()
        .map(|(name, value)| format!(", {name} => {}", quote_literal(value)))
        .collect();
    let names: Vec<String> = columns.iter().map(|(name, _)| column_sql(name)).collect();
    let defined: Vec<String> = columns
        .iter()
        .map(|(name, sql_type)| format!("{} {sql_type}", column_sql(name)))
        .collect();
    format!(
        "SELECT {}\n  FROM pgdatahub.read_excel({}, sheet => {}{more})\n    AS t({})",
        names.join(", "),
        quote_literal(path),
        quote_literal(sheet),
        defined.join(", ")
    )
}
