//! Headers to names: by a table for what is not ASCII, by the rule for what is.

use sha2::{Digest, Sha256};

/// Headers outside ASCII, and the names they must have.
pub const FOREIGN: &[(&str, &str)] = &[
    ("Prénom", "prenom"),
    ("Straße", "strasse"),
    ("STRASSE", "strasse"),
    ("Zürich – Nord", "zurich_nord"),
    ("日期", "日期"),
    ("партнер", "партнер"),
    ("Партнер №", "партнер_no"),
    ("Menge\u{a0}(m²)", "menge_m2"),
    ("Ｐｏｌｉｃｙ　Ｎｏ", "policy_no"),
    ("€", ""),
    ("Łódź", "lodz"),
    ("ﬁnal", "final"),
    (LONG_FOREIGN, LONG_FOREIGN),
];

/// 25 letters of 3 bytes.
pub const LONG_FOREIGN: &str = "保険契約者番号保険契約者番号保険契約者番号保険契約";

pub const LONG: &str =
    "The Total Sum Insured Of All Policies In Force At The End Of The Period, In EUR";

const SYSTEM: [&str; 6] = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

/// Whether the table or the rule has a name for it: what cells hold beside that is no header's name.
pub fn may_head(text: &str) -> bool {
    text.is_ascii() || FOREIGN.iter().any(|(header, _)| *header == text)
}

/// A header's name at its full length; empty if it has none.
pub fn clean(header: &str) -> String {
    if let Some((_, name)) = FOREIGN.iter().find(|(text, _)| *text == header) {
        return (*name).into();
    }
    assert!(header.is_ascii(), "{header:?} is not in the table");
    let mut name = String::new();
    for letter in header.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_matches('_');
    match name.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("_{name}"),
        _ if SYSTEM.contains(&name) => format!("{name}_"),
        _ => name.into(),
    }
}

/// A name in at most `most` bytes: cut on a character's boundary, with the hash of the header.
pub fn fit(name: &str, header: &str, most: usize) -> String {
    if name.len() <= most {
        return name.into();
    }
    let mut kept = name.to_owned();
    while kept.len() > most - 7 {
        kept.pop();
    }
    let hash = Sha256::digest(header);
    format!(
        "{}_{:02x}{:02x}{:02x}",
        kept.trim_end_matches('_'),
        hash[0],
        hash[1],
        hash[2]
    )
}

/// Excel's letters of a column counted from 0; so few columns have at most two.
pub fn letters(index: usize) -> String {
    let letter = |at: usize| char::from(b'A' + at as u8);
    match index {
        ..26 => letter(index).to_string(),
        _ => format!("{}{}", letter(index / 26 - 1), letter(index % 26)),
    }
}
