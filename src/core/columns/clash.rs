//! Two headers, one column.

use crate::naming;
use crate::report::Report;

/// Two or more headers of one sheet are remembered for one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The column.
    pub column: String,
    /// Sheet column (counted from 0) and text of each header, in the sheet's order.
    pub headers: Vec<(u32, String)>,
}

impl Clash {
    /// The error (42701, duplicate_column).
    pub fn report(&self) -> Report {
        let listed: Vec<String> = self
            .headers
            .iter()
            .map(|(index, text)| format!("\"{text}\" (column {})", naming::column_letters(*index)))
            .collect();
        Report {
            sqlstate: "42701",
            message: format!(
                "several headers of the sheet go to column \"{}\"",
                self.column
            ),
            detail: Some(format!(
                "They are {}. Earlier files had one of them at a time.",
                listed.join(", ")
            )),
            hint: Some(format!(
                "Rename a header in the workbook, or give each its column in the configuration:\n{}",
                self.yaml()
            )),
        }
    }

    /// The `columns:` lines. A JSON string is a YAML double-quoted scalar (YAML 1.2 §1.3).
    fn yaml(&self) -> String {
        let mut lines = String::from("columns:");
        for (position, (_, text)) in (1u32..).zip(&self.headers) {
            let column = match position {
                1 => self.column.clone(),
                n => naming::with_suffix(&self.column, n, text),
            };
            let key = serde_json::Value::from(text.as_str());
            lines.push_str(&format!("\n  {key}: {{name: {column}}}"));
        }
        lines
    }
}
