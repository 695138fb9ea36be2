//! The settings that are kept with an import.

use super::targets::Source;
use pgdatahub_core::config::default_of;

/// The settings that decide what is read, as they are kept with the import.
pub fn json(source: &Source) -> String {
    let mut settings = serde_json::Map::new();
    for (name, given) in &source.settings.given {
        // A default goes unsaid, so that saying it later changes nothing.
        let is_default = default_of(name).is_some_and(|default| given.values == [default]);
        if !NOT_READING.contains(name) && !is_default {
            let value = match given.values.as_slice() {
                [one] => one.as_str().into(),
                several => several.into(),
            };
            settings.insert((*name).into(), value);
        }
    }
    serde_json::Value::Object(settings).to_string()
}

/// Settings that decide where a file goes and whether, not what is read of it.
const NOT_READING: [&str; 5] = [
    "ignore",
    "on_change",
    "replace_min_percent",
    "schema",
    "table",
];
