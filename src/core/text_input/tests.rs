#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::types::ColumnType;
use crate::value::DAY_USECS;
use proptest::prelude::*;

fn infer() -> TextRule {
    TextRule {
        infer: true,
        ..TextRule::default()
    }
}

fn marked(mark: Mark) -> TextRule {
    TextRule {
        decimal: Some(mark),
        ..TextRule::default()
    }
}

fn pattern(text: &str) -> Pattern {
    Pattern::parse_pattern(text).unwrap()
}

fn date(text: &str) -> Value<'static> {
    moment::date_or_timestamp(text).unwrap().0
}

#[test]
fn infers_only_what_reads_back() {
    for (text, value) in [
        ("0", Value::Bigint(0)),
        ("-7", Value::Bigint(-7)),
        ("9007199254740992", Value::Bigint(9_007_199_254_740_992)),
        ("0.5", Value::Double(0.5)),
        ("1234567.891", Value::Double(1_234_567.891)),
        ("1E+21", Value::Double(1e21)),
        ("2024-02-29", date("2024-02-29")),
        ("2024-02-29 12:30:00", date("2024-02-29T12:30")),
        ("2024-02-29 12:30:00.250", date("2024-02-29 12:30:00.25")),
    ] {
        assert_eq!(infer().convert(text), Some(value), "{text}");
    }
    for text in [
        "",
        "-",
        "00123",
        "+1",
        "-0",
        "1.50",
        ".5",
        "5.",
        "1e5",
        "1,5",
        "1_000",
        "NaN",
        "inf",
        "Infinity",
        "0x1F",
        "true",
        "2023-02-29",
        "2024-02-29 00:00:00",
        "2024-02-29T12:30:00",
        "2024-02-29 12:30",
        "2024-02-29 12:30:00Z",
        "24-02-29",
        "12:30:00",
        "9007199254740993",
        "0.30000000000000004",
        "123456789012345678",
        "１２",
        "1234567890123456789012345678901234567890",
    ] {
        assert_eq!(infer().convert(text), None, "{text}");
    }
    assert_eq!(TextRule::default().convert("7"), None);
}

#[test]
fn a_decimal_mark_is_strict() {
    for (text, expected) in [
        ("1.234,56", "1234.56"),
        ("-1.234.567,5", "-1234567.5"),
        ("+7", "7"),
        ("1234,50", "1234.5"),
        ("0,1", "0.1"),
        ("1.000", "1000"),
        ("007", "7"),
        ("-0,0", "0"),
    ] {
        let decimal = Decimal::parse_marked(text, Mark::Comma).unwrap();
        assert_eq!(decimal.to_string(), expected, "{text}");
        let swapped: String = text
            .chars()
            .map(|c| match c {
                '.' => ',',
                ',' => '.',
                other => other,
            })
            .collect();
        assert_eq!(Decimal::parse_marked(&swapped, Mark::Point), Some(decimal));
    }
    for text in [
        "",
        "-",
        ",5",
        "5,",
        "1.23",
        "12.34",
        "1.2345",
        "0.123",
        "1234.567",
        "1..234",
        ".234",
        "1.234.",
        "1,2,3",
        "1,234.5",
        "1 234,5",
        "€5",
        "5 %",
        "1e5",
        "--1",
        "+-1",
        "1.234,5.6",
        "١",
    ] {
        assert_eq!(Decimal::parse_marked(text, Mark::Comma), None, "{text}");
    }
    assert_eq!(
        marked(Mark::Comma).convert("1.234,56"),
        Some(Value::Double(1234.56))
    );
    assert_eq!(
        marked(Mark::Comma).convert("1.234"),
        Some(Value::Bigint(1234))
    );
    assert_eq!(marked(Mark::Comma).convert("12.34"), None, "never a guess");
    assert_eq!(
        marked(Mark::Comma).convert("12.345.678.901.234,567"),
        None,
        "17 digits"
    );
}

#[test]
fn a_point_alone_is_strict() {
    for text in [
        "", ".", "5.", ".5", "1,5", "1.2.3", "1e5", " 1", "0x10", "1_000", "Infinity", "NaN",
    ] {
        assert_eq!(Decimal::parse_point(text), None, "{text}");
    }
    assert_eq!(
        Decimal::parse_point("+0012.500").unwrap().to_string(),
        "12.5"
    );
    assert_eq!(
        Decimal::parse_number("1.5E+21").unwrap().to_string(),
        "1500000000000000000000"
    );
    assert_eq!(
        Decimal::parse_number("-1.25E-07").unwrap().to_string(),
        "-0.000000125"
    );
    assert_eq!(Decimal::parse_number("1E+401"), None);
}

#[test]
fn numeric_precision_and_scale() {
    let fits =
        |text: &str, precision, scale| Decimal::parse_point(text).unwrap().fits(precision, scale);
    assert!(fits("10.75", 12, 2) && fits("10.750", 4, 2) && fits("9999999999.99", 12, 2));
    assert!(!fits("10.755", 12, 2) && !fits("10000000000", 12, 2));
    assert!(fits("1200", 2, -2) && !fits("1250", 2, -2) && !fits("12000", 2, -2));
    assert!(fits("0.00012", 2, 5) && !fits("0.012", 2, 5));
    assert!(fits("0", 1, 1) && fits("0.9", 1, 1) && !fits("1", 1, 1));
}

#[test]
fn patterns_take_the_whole_text() {
    let day = pattern("DD.MM.YYYY");
    assert_eq!(day.parse("29.02.2024"), Some(date("2024-02-29")));
    for text in [
        "29.2.2024",
        "29.02.24",
        "30.02.2024",
        "29-02-2024",
        "29.02.2024 ",
        "29.02.20245",
        "2024-02-29",
        "",
    ] {
        assert_eq!(day.parse(text), None, "{text}");
    }
    let both = pattern("YYYY-MM-DD\"T\"HH24:MI:SS");
    assert_eq!(
        both.parse("2024-02-29T12:30:05"),
        Some(date("2024-02-29 12:30:05"))
    );
    assert_eq!(both.parse("2024-02-29T00:00:00"), Some(date("2024-02-29")));
    assert_eq!(both.parse("2024-02-29T24:00:00"), None);
    assert_eq!(both.parse("2024-02-29T12:60:00"), None);
    assert_eq!(
        pattern("YYYYMMDD").parse("20240229"),
        Some(date("2024-02-29"))
    );
    assert_eq!(
        pattern("HH24 Uhr MI".replace("Uhr", "\"Uhr\"").as_str()).parse("07 Uhr 30"),
        Some(Value::Time(27_000_000_000))
    );
}

#[test]
fn bad_patterns_say_why() {
    let why = |text: &str| Pattern::parse_pattern(text).unwrap_err().0;
    assert!(
        why("DD.MM.YY").contains("four digits (YYYY)"),
        "{}",
        why("DD.MM.YY")
    );
    assert!(why("DD.MM").contains("all of YYYY, MM and DD"));
    assert!(why("DD.MM.YYYY HH24").contains("HH24 and MI"));
    assert!(why("DD.DD.YYYY").contains("DD twice"));
    assert!(why("dd.mm.yyyy").contains("perhaps DD"));
    assert!(why("MON YYYY").contains("unknown token \"MON\""));
    assert!(why("YYYY-MM-DD\"T").contains("second one"));
    assert!(why("--").contains("neither a date"));
    assert!(why("").contains("neither a date"));
}

#[test]
fn iso_is_strict_and_exact() {
    let offset = |text| moment::date_or_timestamp(text).unwrap().1;
    assert_eq!(offset("2024-02-29T12:30:00Z"), Some("Z"));
    assert_eq!(offset("2024-02-29 12:30+02"), Some("+02"));
    assert_eq!(offset("2024-02-29 12:30:00.5-03:30"), Some("-03:30"));
    assert_eq!(
        date("2024-02-29 00:00:00.000001"),
        Value::Timestamp(i64::from(8825) * DAY_USECS + 1)
    );
    for text in [
        "2024-2-29",
        "29.02.2024",
        "20240229",
        "2024-02-29x12:30",
        "2024-02-29 24:00",
        "2024-02-29 12:30:60",
        "2024-02-29 12",
        "2024-02-29 12:30:00.1234567",
        "2024-02-29 12:30.5",
        "2024-02-29 12:30 Z",
        "2024-02-29 12:30+2",
        "2024-02-29 12:30+99",
        "2024-02-29Z",
        "2024-02-29 12:30 Europe/Berlin",
        "2024-02-29 ",
    ] {
        assert_eq!(moment::date_or_timestamp(text), None, "{text}");
    }
    assert_eq!(moment::time("12:30"), Some(Value::Time(45_000_000_000)));
    assert_eq!(moment::time("24:00"), None);
    assert_eq!(
        moment::interval("-100:00:01.5"),
        Some(Value::Interval(-360_001_500_000))
    );
    assert_eq!(moment::interval("12:30"), None, "minutes and seconds?");
}

#[test]
fn rules_are_found_by_header() {
    let rules = TextRules {
        others: infer(),
        headers: vec![("Betrag".into(), marked(Mark::Comma))],
    };
    assert_eq!(rules.of("Betrag"), &marked(Mark::Comma));
    assert_eq!(rules.of("BETRAG "), &marked(Mark::Comma));
    assert_eq!(rules.of("x"), &infer());
    let json = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<TextRules>(&json).unwrap(), rules);
    assert!(serde_json::from_str::<TextRule>("{\"format\": \"nonsense\"}").is_err());
}

fn numeric_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,18}(\\.[0-9]{1,6})?",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?)?",
        "-?[0-9](\\.[0-9]{1,14})?E[+-][0-9]{2,3}",
        any::<f64>().prop_map(|number| text_form::render(&Value::Double(number))),
        any::<i64>().prop_map(|number| number.to_string()),
        ".{0,12}",
    ]
}

proptest! {
    /// What was inferred has exactly its text's form, also after its column was widened.
    #[test]
    fn inferred_text_reads_back(text in numeric_text()) {
        if let Some(value) = infer().convert(&text) {
            prop_assert_eq!(text_form::render(&value), text.clone());
            let mut scratch = String::new();
            for wider in [ColumnType::Double, ColumnType::Timestamp, ColumnType::Text] {
                let wire = crate::protocol::Wire::Native(wider);
                if let Some(wide) = crate::wire::widen(&value, wire, &mut scratch) {
                    use crate::wire::WireValue;
                    let widened = match wide {
                        WireValue::Double(number) => text_form::render(&Value::Double(number)),
                        WireValue::Timestamp(usecs) => text_form::render(&Value::Timestamp(usecs)),
                        WireValue::Text(text) => text.to_owned(),
                        _ => continue,
                    };
                    prop_assert_eq!(widened, text.clone());
                }
            }
        }
    }

    /// Any column of texts: joined types hold every inferred value, in any order.
    #[test]
    fn an_inferred_column_does_not_depend_on_order(texts in proptest::collection::vec(numeric_text(), 1..8)) {
        let types = |texts: &[String]| texts.iter()
            .map(|text| infer().understand(Value::Text(text.into())).column_type())
            .fold(ColumnType::None, ColumnType::join);
        let joined = types(&texts);
        let mut reversed = texts.clone();
        reversed.reverse();
        prop_assert_eq!(joined, types(&reversed));
        for text in &texts {
            let value = infer().understand(Value::Text(text.into()));
            prop_assert!(crate::wire::fits(&value, crate::protocol::Wire::Native(joined)), "{text} in {joined:?}");
        }
    }

    /// A grouped number is the number that it groups.
    #[test]
    fn grouping_changes_nothing(whole in 0u64..1_000_000_000_000, cents in 0u32..100, negative: bool) {
        let digits = whole.to_string();
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        let sign = if negative { "-" } else { "" };
        let comma = Decimal::parse_marked(&format!("{sign}{grouped},{cents:02}"), Mark::Comma);
        let point = Decimal::parse_point(&format!("{sign}{digits}.{cents:02}"));
        prop_assert!(comma.is_some());
        prop_assert_eq!(&comma, &point);
        let again = Decimal::parse_point(&comma.as_ref().unwrap().to_string());
        prop_assert_eq!(comma, again);
    }

    #[test]
    fn any_text_is_answered(text in ".{0,40}", format in "[YMDHIS24 .:/\"-]{0,20}") {
        let _ = Decimal::parse_number(&text);
        let _ = moment::interval(&text);
        let _ = moment::time(&text);
        if let Ok(pattern) = Pattern::parse_pattern(&format) {
            let _ = pattern.parse(&text);
        }
        for rule in [infer(), marked(Mark::Comma), marked(Mark::Point)] {
            let _ = rule.convert(&text);
        }
    }
}
