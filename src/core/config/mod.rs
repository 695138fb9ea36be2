//! The configuration file: which sheet, table and schema each folder has.
//!
//! ```yaml
//! default_sheet: Sheet1      # a scalar under a reserved word is a setting
//! folder_a:                  # a mapping is a folder
//!   sheet: Policies
//! folders:                   # names folders that bear a reserved word
//!   sheet:
//!     table: sheets
//! ```
//!
//! The file is read as events (`yaml`) into a tree that knows lines and
//! columns, checked as a whole (`levels`) against the list of settings
//! (`settings`), and only then used ([`Config::settings_for`]). Folder names
//! match regardless of letter case, level by level from the imported folder
//! down. Every setting is inherited by the folders below and overridden there.

mod columns;
mod conflict;
mod defaults;
mod error;
mod levels;
mod limit;
mod lists;
mod reading;
mod settings;
mod template;
mod yaml;

pub use conflict::OnTypeConflict;
pub use defaults::default_of;
pub use error::ConfigError;
pub use limit::Percent;
pub use reading::{DuplicateColumns, OnChange, ReadingSettings};
pub use settings::{FolderSettings, Given, MissingColumns, TableSetting};
pub use template::TableTemplate;

use levels::Level;

/// The largest configuration file, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Where the configuration file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Named by whoever administers the server: may say everything.
    Server,
    /// In the imported folder, where others may write: may say what is read, not where it goes.
    ImportedFolder,
}

/// A valid configuration. The default one configures nothing.
#[derive(Debug, Clone, Default)]
pub struct Config {
    top: Level,
}

/// Reads and checks a whole configuration file, UTF-8 with or without a byte
/// order mark. An empty one is valid.
///
/// # Errors
/// [`ConfigError`] (F0000) for the first thing wrong, by line.
pub fn parse(bytes: &[u8], origin: Origin) -> Result<Config, ConfigError> {
    let top = match yaml::read(bytes)? {
        Some(node) => levels::top(&node, origin)?,
        None => Level::default(),
    };
    Ok(Config { top })
}

/// Settings from their names and values, as [`Given`] had them when a file was imported.
pub fn restored(given: impl IntoIterator<Item = (String, Vec<String>)>) -> FolderSettings {
    let mut settings = FolderSettings::default();
    for (name, values) in given {
        levels::restore(&mut settings, &name, &values);
    }
    settings
}

impl Config {
    /// The names of all settings, sorted.
    pub fn setting_names() -> Vec<&'static str> {
        let scalars = settings::SETTINGS.iter().map(|setting| setting.name);
        let lists = lists::LISTS.iter().map(|setting| setting.name);
        let mut names: Vec<&'static str> = scalars.chain(lists).collect();
        names.sort_unstable();
        names
    }

    /// Every folder that the configuration names, from the imported folder down,
    /// with the line that names it; in the order of the lines.
    pub fn folders(&self) -> Vec<(Vec<String>, usize)> {
        let mut found = Vec::new();
        self.top.collect_folders(&[], &mut found);
        found.sort_by_key(|(_, line)| *line);
        found
    }

    /// What holds for a folder, given the folder names from the imported folder
    /// down to it; empty for the imported folder itself. A level that is not
    /// configured has its parent's settings, and so have all below it.
    pub fn settings_for(&self, relative_folders: &[String]) -> FolderSettings {
        let mut settings = FolderSettings::default();
        let mut level = &self.top;
        level.apply(0, &mut settings);
        let mut depth = 0;
        for name in relative_folders {
            let Some(below) = level.folder(name) else {
                break;
            };
            level = below;
            depth += 1;
            level.apply(depth, &mut settings);
        }
        if let Some(table) = &mut settings.table {
            table.own = table.set_at_depth == relative_folders.len();
        }
        settings
    }
}

#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod tests;
