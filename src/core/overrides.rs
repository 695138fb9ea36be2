//! `columns:` of the configuration: what is said of single columns, by header.

use crate::naming;
use crate::text_input::{Mark, Pattern, TextRule};
use serde::{Deserialize, Serialize};

/// What the configuration says of the column under one header.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ColumnOverride {
    /// The header as written.
    #[serde(skip)]
    pub header: String,
    /// The line of the configuration it stands on, from 1.
    #[serde(skip)]
    pub line: usize,
    /// The table's column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its type as SQL would read it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub sql_type: Option<String>,
    /// How its texts write dates and times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Pattern>,
    /// The mark before the fraction in its texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Mark>,
    /// The zone of its local times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Whether its texts may be numbers, dates and timestamps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infer_text: Option<bool>,
}

impl ColumnOverride {
    /// The rule for its text cells; `infer` is what holds for the folder. A
    /// column whose type is given infers nothing.
    pub fn text_rule(&self, infer: bool) -> TextRule {
        TextRule {
            infer: self.infer_text.unwrap_or(infer) && self.sql_type.is_none(),
            format: self.format.clone(),
            decimal: self.decimal,
            time_zone: self.time_zone.clone(),
        }
    }
}

/// Which of `named` headers speaks of this one: the equal one, else the only one
/// with the same cleaned name. None for a blank header.
pub fn matching<'a>(header: &str, named: impl Iterator<Item = &'a str> + Clone) -> Option<usize> {
    if let Some(equal) = named.clone().position(|name| name == header) {
        return Some(equal);
    }
    let cleaned = naming::clean(header);
    if cleaned.is_empty() {
        return None;
    }
    let mut alike = named
        .enumerate()
        .filter(|(_, name)| naming::clean(name) == cleaned);
    match (alike.next(), alike.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    }
}

/// The columns that overrides name, one per header of a sheet. An override
/// gives its name to one column of a sheet: to the first equal header, else to
/// the first of its cleaned name.
pub fn names<'a>(headers: &[&str], overrides: &'a [ColumnOverride]) -> Vec<Option<&'a str>> {
    let mut names = vec![None; headers.len()];
    let matched: Vec<Option<usize>> = headers
        .iter()
        .map(|header| matching(header, overrides.iter().map(|o| o.header.as_str())))
        .collect();
    for (number, named) in overrides.iter().enumerate() {
        let Some(name) = named.name.as_deref() else {
            continue;
        };
        let equal = headers.iter().position(|header| *header == named.header);
        let alike = || matched.iter().position(|at| *at == Some(number));
        if let Some(slot) = equal.or_else(alike).and_then(|at| names.get_mut(at)) {
            *slot = Some(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &str, named: &[&str]) -> Option<usize> {
        matching(header, named.iter().copied())
    }

    #[test]
    fn the_exact_header_first_then_the_only_one_alike() {
        assert_eq!(find("Premium", &["premium", "Premium"]), Some(1));
        assert_eq!(find("PREMIUM ", &["Premium", "Other"]), Some(0));
        assert_eq!(
            find("PREMIUM", &["premium", "Premium"]),
            None,
            "two are alike"
        );
        assert_eq!(find("Loss", &["Premium"]), None);
        assert_eq!(find("", &["Premium", "---"]), None);
        assert_eq!(find("--", &["---"]), None);
        assert_eq!(find("---", &["---"]), Some(0));
    }

    #[test]
    fn a_name_goes_to_one_header() {
        let named = |header: &str, name: &str| ColumnOverride {
            header: header.into(),
            name: Some(name.into()),
            ..ColumnOverride::default()
        };
        let both = [named("Premium", "p"), named("Loss", "l")];
        let given = |headers: &[&str]| -> Vec<Option<String>> {
            let names = names(headers, &both);
            names.iter().map(|name| name.map(str::to_owned)).collect()
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(given(&["premium", "Premium"]), [None, some("p")]);
        assert_eq!(given(&["premium", "PREMIUM"]), [some("p"), None]);
        assert_eq!(given(&["Premium", "Premium"]), [some("p"), None]);
        assert_eq!(given(&["x", "LOSS"]), [None, some("l")]);
    }

    #[test]
    fn a_given_type_infers_nothing() {
        let mut one = ColumnOverride::default();
        assert!(one.text_rule(true).infer && !one.text_rule(false).infer);
        one.infer_text = Some(false);
        assert!(!one.text_rule(true).infer);
        one.infer_text = None;
        one.sql_type = Some("text".into());
        assert!(!one.text_rule(true).infer);
    }
}
