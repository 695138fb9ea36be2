//! What holds where a setting is not given, in words for show_config.

/// The default of a setting, as it would be written; none where it has no value
/// of its own or depends on the file.
pub fn default_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "duplicate_columns" => "suffix",
        "error_cells" => "reject",
        "fill_merged" => "false",
        "header_row" => "auto",
        "infer_text" => "false",
        "missing_columns" => "allow",
        "on_change" => "replace",
        "on_type_conflict" => "widen",
        "replace_min_percent" => "50",
        "schema_policy" => "evolve",
        "skip_footer" | "stop_at_blank" => "0",
        "trim" => "true",
        _ => return None,
    })
}
