//! core's rules on texts that come from a file or a user.

use pgdatahub_core::area::Area;
use pgdatahub_core::config::{self, Origin};
use pgdatahub_core::discover;
use pgdatahub_core::header_setting::HeaderSetting;
use pgdatahub_core::input_type::InputType;
use pgdatahub_core::iso;
use pgdatahub_core::json;
use pgdatahub_core::naming;
use pgdatahub_core::number_format::NumberFormat;
use pgdatahub_core::pause_window::PauseWindow;
use pgdatahub_core::serial::{self, DateSystem};
use pgdatahub_core::sheet_range::SheetRange;
use pgdatahub_core::sql_name;
use pgdatahub_core::text_form;
use pgdatahub_core::text_input::{Mark, Pattern, TextRule};
use pgdatahub_core::value::Value;
use std::borrow::Cow;

/// A configuration file.
pub fn config(bytes: &[u8]) {
    for origin in [Origin::Server, Origin::ImportedFolder] {
        match config::parse(bytes, origin) {
            Ok(config) => {
                for (folders, line) in config.folders().into_iter().take(20) {
                    assert!(line > 0);
                    let settings = config.settings_for(&folders);
                    let given = settings
                        .given
                        .iter()
                        .map(|(name, given)| ((*name).to_owned(), given.values.clone()));
                    let _ = config::restored(given.collect::<Vec<_>>());
                    let _ = settings.text_rules();
                    let _ = settings.reading.options(None);
                }
            }
            Err(error) => {
                let report = error.report();
                assert!(report.message.len() < 5_000, "{}", report.message);
            }
        }
    }
}

/// Any text wherever core reads one: the first line is the setting, the rest the cell.
pub fn text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (setting, cell) = text.split_once('\n').unwrap_or((&text, &text));
    names(setting, cell);
    inputs(setting, cell);
    let _ = PauseWindow::parse(setting).map(|window| window.zones().count());
    let _ = SheetRange::parse(setting).map(|range| range.is_name());
    let _ = Area::parse(setting);
    let _ = HeaderSetting::parse(setting.split(' '));
    let _ = discover::Glob::parse(setting).map(|glob| glob.matches(cell));
    let format = NumberFormat::parse(setting);
    let serial = cell.trim().parse().unwrap_or(45_000.5);
    for system in [DateSystem::Y1900, DateSystem::Y1904] {
        if let Ok(value) = serial::convert(serial, format.class_for(serial), system) {
            shown(&value);
        }
    }
}

fn names(setting: &str, cell: &str) {
    for text in [setting, cell] {
        let name = naming::clean(text);
        for name in [
            naming::fit(&name, text),
            naming::with_suffix(&name, 17, text),
        ] {
            assert!(name.len() <= 63, "{name}");
            assert_eq!(naming::clean(&name), name, "cleaned twice");
        }
        let shown = discover::display_path(text.as_bytes());
        assert_eq!(discover::undisplay_path(&shown), text.as_bytes());
        let _ = sql_name::parse_table(text);
        let _ = discover::classify(text.as_bytes());
    }
}

fn inputs(setting: &str, cell: &str) {
    let rule = TextRule {
        infer: setting.len() % 2 == 1,
        format: setting
            .parse::<String>()
            .ok()
            .and_then(|s| Pattern::parse_pattern(&s).ok()),
        decimal: match setting.len() % 3 {
            0 => None,
            1 => Some(Mark::Comma),
            _ => Some(Mark::Point),
        },
        time_zone: None,
    };
    if let Some(value) = rule.convert(cell) {
        shown(&value);
    }
    if let Some(value) = iso::parse_date_or_timestamp(cell) {
        shown(&value);
    }
    let _ = iso::parse_duration(cell);
    let types = [
        InputType::Boolean,
        InputType::Integer {
            min: -5,
            max: i64::MAX,
        },
        InputType::Decimal,
        InputType::Numeric {
            precision: 12,
            scale: 2,
        },
        InputType::Numeric {
            precision: 3,
            scale: -2,
        },
        InputType::Characters { most: 10 },
        InputType::CharacterParts,
        InputType::Real,
        InputType::Double,
        InputType::Date,
        InputType::Timestamp { digits: 3 },
        InputType::TimestampTz { digits: 6 },
        InputType::Time { digits: 0 },
    ];
    let number = cell.trim().parse().ok().and_then(Value::from_number);
    for kind in types {
        for value in [Some(Value::Text(Cow::Borrowed(cell))), number.clone()] {
            let mut out = String::new();
            if value.is_some_and(|value| kind.enter(&value, &rule, &mut out)) {
                assert!(!out.contains('\0') || cell.contains('\0'), "{out:?}");
            }
        }
    }
}

/// A value shows as text and as JSON.
fn shown(value: &Value<'_>) {
    assert!(!text_form::render(value).is_empty());
    let mut out = String::new();
    json::write(&mut out, value);
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&out);
    assert!(parsed.is_ok(), "{out}");
}
