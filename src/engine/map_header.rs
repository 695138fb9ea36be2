//! Which header map_column is about: a sheet may have several equal ones.

use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::{ddl, schema_history};

/// A header of the sheets: of several equal ones in a sheet the nth from the left.
#[derive(Clone, Copy)]
pub struct Header<'a> {
    pub text: &'a str,
    pub occurrence: i32,
}

/// The header that is meant, and the column that it has gone to so far.
///
/// # Errors
/// 22023 where the table knows several and none is named.
pub fn which<'a>(
    name: &TableName,
    text: &'a str,
    occurrence: Option<i32>,
    target: &str,
) -> Result<(Header<'a>, Option<String>), Failure> {
    let known = schema_history::columns_of(name, text)?;
    let header = |occurrence| Header { text, occurrence };
    if let Some(nth) = occurrence {
        if nth < 1 {
            return Err(Failure::new("22023", "occurrence must be at least 1"));
        }
        let had = known.into_iter().find(|(known, _)| *known == nth);
        return Ok((header(nth), had.map(|(_, column)| column)));
    }
    let Some((first, column)) = known.first() else {
        return Ok((header(1), None));
    };
    if known.iter().all(|(_, other)| other == column) {
        return Ok((header(*first), Some(column.clone())));
    }
    let places: Vec<String> = known
        .iter()
        .map(|(nth, column)| format!("number {nth} goes to \"{column}\""))
        .collect();
    let last = known.last().map_or(*first, |(nth, _)| *nth);
    Err(Failure::new(
        "22023",
        format!("header \"{text}\" stands more than once in a sheet"),
    )
    .detail(format!("From the left, {}.", places.join(", ")))
    .hint(format!(
        "Say which one: SELECT {};",
        call(name, header(last), target, true)
    )))
}

/// The call as the user would write it; which header only where that must be said, or `always`.
pub fn call(name: &TableName, header: Header<'_>, target: &str, always: bool) -> String {
    let which = match header.occurrence {
        1 if !always => String::new(),
        nth => format!(", occurrence => {nth}"),
    };
    format!(
        "pgdatahub.map_column({}, {}, {}{which})",
        ddl::literal(&name.display()),
        ddl::literal(header.text),
        ddl::literal(target)
    )
}
