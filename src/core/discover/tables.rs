//! Which table a folder feeds.

use crate::naming;
use crate::report::Report;
use std::collections::HashMap;

/// The table of a folder whose name has no letter or digit at all.
const NAMELESS: &str = "workbooks";

/// The table a folder feeds, at most 63 bytes: `claims/2024` gives
/// `claims_2024`, the imported folder itself its own name.
///
/// Each part is cleaned like a header and the parts are joined with `_`; a part
/// that cleans to nothing is left out. Where nothing remains the table is
/// `workbooks`; two folders that meet there are found by [`check_distinct`].
pub fn table_name(root_name: &str, relative_folders: &[String]) -> String {
    let parts: Vec<&str> = match relative_folders {
        [] => vec![root_name],
        folders => folders.iter().map(String::as_str).collect(),
    };
    // Cleaning puts `_` before a leading digit; that is only needed at the very start.
    let cleaned: Vec<String> = parts
        .iter()
        .map(|part| naming::clean(part).trim_start_matches('_').to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let joined = cleaned.join("_");
    if joined.is_empty() {
        return NAMELESS.to_owned();
    }
    let name = if joined.starts_with(|c: char| c.is_numeric()) {
        format!("_{joined}")
    } else {
        joined
    };
    naming::fit(&name, &parts.join("/"))
}

/// A folder and the table it feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderTarget {
    /// The folder, as an error is to name it.
    pub folder: String,
    /// The schema. Give the resolved one wherever `None` and a name may mean the same.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// The table comes from `table:`, not from the folder's name.
    pub explicit: bool,
}

/// Two folders whose names give one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoFolders {
    /// The two folders, in the order given.
    pub folders: [String; 2],
    /// The table.
    pub table: String,
}

impl TwoFolders {
    /// The error (42P07, duplicate_table).
    pub fn report(&self) -> Report {
        let [first, second] = &self.folders;
        Report {
            sqlstate: "42P07",
            message: format!("two folders would feed one table \"{}\"", self.table),
            detail: Some(format!(
                "The names of \"{first}\" and \"{second}\" give the same table name."
            )),
            hint: Some(format!(
                "Rename one of them, or say in the configuration which table each of them feeds, \
                 \"table: {0}\" in one and \"table: {0}_2\" in the other; the same name in both \
                 makes them share the table.",
                self.table
            )),
        }
    }
}

/// Checks that no two folder *names* give one table. A folder that says
/// `table:` may share the table of any other: that was asked for.
///
/// # Errors
/// [`TwoFolders`] for the first two in the order given.
pub fn check_distinct(targets: &[FolderTarget]) -> Result<(), TwoFolders> {
    let mut seen: HashMap<(Option<&str>, &str), &FolderTarget> = HashMap::new();
    for target in targets.iter().filter(|target| !target.explicit) {
        let first = *seen
            .entry((target.schema.as_deref(), &target.table))
            .or_insert(target);
        if first.folder != target.folder {
            return Err(TwoFolders {
                folders: [first.folder.clone(), target.folder.clone()],
                table: target.table.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn name(path: &str) -> String {
        let folders: Vec<String> = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        table_name("Excel Files", &folders)
    }

    #[test]
    fn folders_give_tables() {
        assert_eq!(name(""), "excel_files");
        assert_eq!(name("claims/2024"), "claims_2024");
        assert_eq!(name("Claims (EU)/Q1"), "claims_eu_q1");
        assert_eq!(name("2024"), "_2024");
        assert_eq!(name("2024/01"), "_2024_01");
        assert_eq!(name("---/claims"), "claims");
        assert_eq!(name("---"), "workbooks");
        assert_eq!(table_name("/", &[]), "workbooks");
        assert_eq!(name("партнер/日期"), "партнер_日期");
    }

    #[test]
    fn long_paths_fit_and_stay_apart() {
        let long = "a".repeat(80);
        let (one, two) = (name(&format!("{long}/x")), name(&format!("{long}/y")));
        assert!(one.len() <= 63 && two.len() <= 63);
        assert_ne!(one, two);
    }

    fn target(folder: &str, table: &str, explicit: bool) -> FolderTarget {
        FolderTarget {
            folder: folder.into(),
            schema: None,
            table: table.into(),
            explicit,
        }
    }

    #[test]
    fn two_names_for_one_table_are_refused() {
        let error = check_distinct(&[target("a/b", "a_b", false), target("a_b", "a_b", false)]);
        let report = error.unwrap_err().report();
        assert_eq!(report.sqlstate, "42P07");
        assert!(report.detail.unwrap().contains("\"a/b\" and \"a_b\""));
        assert!(report.hint.unwrap().contains("table: a_b_2"));
    }

    #[test]
    fn sharing_a_table_on_purpose_is_fine() {
        let shared = [
            target("claims", "claims", false),
            target("old", "claims", true),
        ];
        assert_eq!(check_distinct(&shared), Ok(()));
        let mut elsewhere = target("a_b", "a_b", false);
        elsewhere.schema = Some("other".into());
        assert_eq!(
            check_distinct(&[target("a/b", "a_b", false), elsewhere]),
            Ok(())
        );
        assert_eq!(
            check_distinct(&[target("a", "a", false), target("a", "a", false)]),
            Ok(())
        );
    }
}
