//! Settings that take one value or a list of them.

use super::reading;
use super::settings::{FolderSettings, Scope};

/// A setting with one value or several.
#[derive(Debug)]
pub(super) struct ListSetting {
    pub name: &'static str,
    pub scope: Scope,
    /// Checks the values and stores them. The error is the end of the sentence "value … of … ".
    pub set: fn(&mut FolderSettings, &[String]) -> Result<(), String>,
}

/// Every such setting, by name.
pub(super) const LISTS: &[ListSetting] = &[
    ListSetting {
        name: "header_row",
        scope: Scope::Reads,
        set: reading::header_row,
    },
    ListSetting {
        name: "ignore",
        scope: Scope::Reads,
        set: reading::ignore,
    },
    ListSetting {
        name: "null_strings",
        scope: Scope::Reads,
        set: reading::null_strings,
    },
    ListSetting {
        name: "sheet",
        scope: Scope::Reads,
        set: reading::sheets,
    },
];

/// The setting of that exact name.
pub(super) fn find(name: &str) -> Option<&'static ListSetting> {
    LISTS.iter().find(|setting| setting.name == name)
}
