//! `table: '{folder}_{sheet}'`: a table for each folder or sheet.

use crate::naming;
use crate::sql_name;

const FOLDER: &str = "{folder}";
const SHEET: &str = "{sheet}";

/// Whether a table's name has places to be filled in.
pub(super) fn is_template(text: &str) -> bool {
    text.contains(['{', '}'])
}

/// A table's name with places for the folder's table name and the sheet's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTemplate(String);

impl TableTemplate {
    /// # Errors
    /// Why it is none: the end of the sentence "value … of … ".
    pub(super) fn parse(text: &str) -> Result<TableTemplate, String> {
        let filled = text.replace(FOLDER, "x").replace(SHEET, "x");
        if is_template(&filled) {
            return Err("has braces other than {folder} and {sheet}".into());
        }
        sql_name::parse_table(&filled)?;
        Ok(TableTemplate(text.to_owned()))
    }

    /// Whether each sheet has a table of its own.
    pub fn by_sheet(&self) -> bool {
        self.0.contains(SHEET)
    }

    /// Schema and name for one folder, whose own table name this is; a place for
    /// the sheet stays as it is.
    pub fn for_folder(&self, folder: &str) -> (Option<String>, String) {
        let folder = self.part(folder, FOLDER);
        // Braces may not stand in a name that is not quoted.
        let stand_in = "pgdatahub_sheet_stand_in";
        let text = self.0.replace(FOLDER, &folder).replace(SHEET, stand_in);
        let (schema, name) = self.named(&text, folder);
        (schema, name.replace(stand_in, SHEET))
    }

    /// Schema and name for one folder and sheet.
    pub fn for_sheet(&self, folder: &str, sheet: &str) -> (Option<String>, String) {
        let folder = self.part(folder, FOLDER);
        let clean = naming::clean(sheet);
        let cleaned = if clean.is_empty() { "sheet" } else { &clean };
        let text = self
            .0
            .replace(FOLDER, &folder)
            .replace(SHEET, &self.part(cleaned, SHEET));
        self.named(&text, format!("{folder}/{sheet}"))
    }

    /// The `_` before a leading digit is needed only where the name begins with it.
    fn part(&self, name: &str, place: &str) -> String {
        let first = self.0.trim_start_matches('"').starts_with(place);
        let bare = name.trim_start_matches('_');
        if first || bare.is_empty() { name } else { bare }.to_owned()
    }

    fn named(&self, text: &str, whole: String) -> (Option<String>, String) {
        match sql_name::parse_table(text) {
            Ok(parts) => parts,
            // Only its length can be wrong once the places are filled with clean names.
            Err(_) => {
                let bare = text.trim_matches('"');
                let (schema, name) = match bare.split_once('.') {
                    Some((schema, name)) => (Some(schema.to_lowercase()), name),
                    None => (None, bare),
                };
                (schema, naming::fit(&name.to_lowercase(), &whole))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sheet(template: &str, folder: &str, sheet: &str) -> String {
        TableTemplate::parse(template)
            .unwrap()
            .for_sheet(folder, sheet)
            .1
    }

    #[test]
    fn places_are_filled_with_clean_names() {
        assert_eq!(
            sheet("{folder}_{sheet}", "claims", "Q1 (EU)"),
            "claims_q1_eu"
        );
        assert_eq!(sheet("{folder}_{sheet}", "claims", "2024"), "claims_2024");
        assert_eq!(sheet("{sheet}", "claims", "2024"), "_2024");
        assert_eq!(sheet("\"Raw {sheet}\"", "claims", "Ä"), "Raw a");
        assert_eq!(sheet("x_{sheet}", "claims", "---"), "x_sheet");
        let parts = TableTemplate::parse("raw.{folder}")
            .unwrap()
            .for_folder("claims");
        assert_eq!(parts, (Some("raw".into()), "claims".into()));
        let open = TableTemplate::parse("{folder}_{sheet}").unwrap();
        assert_eq!(open.for_folder("claims").1, "claims_{sheet}");
    }

    #[test]
    fn long_names_fit() {
        let name = sheet("{folder}_{sheet}", &"a".repeat(60), "sheet");
        assert!(name.len() <= 63 && name.starts_with("aaa"), "{name}");
    }

    #[test]
    fn other_braces_are_refused() {
        for text in ["{file}", "{folder", "a b {sheet}", "{folder}.{sheet}.x.y"] {
            assert!(TableTemplate::parse(text).is_err(), "{text}");
        }
    }
}
