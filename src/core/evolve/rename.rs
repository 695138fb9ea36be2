//! A header that was probably renamed.

use super::ColumnKind;

/// A column that the file lacks, and the new one that probably stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikelyRename {
    /// The column that the file lacks.
    pub missing: String,
    /// The header that is new.
    pub header: String,
    /// The column that was made for it.
    pub added: String,
}

impl LikelyRename {
    /// The `columns:` line that pours the new header into the old column. A JSON
    /// string is a YAML double-quoted scalar (YAML 1.2 §1.3).
    pub fn yaml(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        format!(
            "columns: {{{}: {{name: {}}}}}",
            quoted(&self.header),
            quoted(&self.missing)
        )
    }

    /// In words.
    pub fn describe(&self) -> String {
        format!(
            "column {} is missing and {} is new: if it was renamed, {}",
            self.missing,
            self.added,
            self.yaml()
        )
    }
}

/// Pairs what a file lacks with what it brought: one of a type on either side.
/// `missing` are columns by name, `added` header and name, each with its kind.
pub fn likely_renames(
    missing: &[(String, ColumnKind)],
    added: &[(String, String, ColumnKind)],
) -> Vec<LikelyRename> {
    let alone = |kind: &ColumnKind| {
        missing.iter().filter(|(_, other)| other == kind).count() == 1
            && added.iter().filter(|(.., other)| other == kind).count() == 1
    };
    missing
        .iter()
        .filter(|(_, kind)| alone(kind))
        .filter_map(|(name, kind)| {
            let (header, added, _) = added.iter().find(|(.., other)| other == kind)?;
            Some(LikelyRename {
                missing: name.clone(),
                header: header.clone(),
                added: added.clone(),
            })
        })
        .collect()
}
