//! A workbook as a person names it: the path as recorded, or any unique ending of it.

use crate::pg::error::Failure;
use pgdatahub_core::nearest::nearest;

/// The one of `recorded` paths that `given` means; None if it is none of them.
///
/// # Errors
/// 22023 when several end so; the candidates are listed.
pub fn choose<'a>(
    recorded: impl Iterator<Item = &'a str>,
    given: &str,
) -> Result<Option<&'a str>, Failure> {
    // An ending is whole path parts, so that "1.xlsx" is not "11.xlsx".
    let ending = format!("/{}", given.trim_start_matches('/'));
    let mut found = Vec::new();
    for path in recorded {
        if path == given {
            return Ok(Some(path));
        }
        if path.ends_with(&ending) {
            found.push(path);
        }
    }
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => Err(Failure::new(
            "22023",
            format!("\"{given}\" is the end of {} paths", several.len()),
        )
        .detail(
            several
                .iter()
                .take(20)
                .copied()
                .collect::<Vec<_>>()
                .join("\n"),
        )
        .hint("Give more of the path.")),
    }
}

/// `Did you mean 'april.xlsx'? `, or nothing.
pub fn did_you_mean<'a>(recorded: impl Iterator<Item = &'a str>, given: &str) -> String {
    nearest(
        given,
        recorded.map(|path| path.rsplit('/').next().unwrap_or(path)),
    )
    .map(|near| format!("Did you mean '{near}'? "))
    .unwrap_or_default()
}
