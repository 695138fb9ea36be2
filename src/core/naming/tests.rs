#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

#[test]
fn clean_names() {
    for (header, expected) in [
        ("Policy No.", "policy_no"),
        ("policy_no", "policy_no"),
        ("  Premium (EUR)  ", "premium_eur"),
        ("Prénom", "prenom"),
        ("Pre\u{301}nom", "prenom"),
        ("Straße", "strasse"),
        ("STRAẞE", "strasse"),
        ("Ærø Œuvre", "aero_oeuvre"),
        ("Łódź", "lodz"),
        ("Đặng Thị", "dang_thi"),
        ("Þór Ðóra", "thor_dora"),
        ("İstanbul ılık", "istanbul_ilik"),
        ("Ångström", "angstrom"),
        ("日期", "日期"),
        ("партнер", "партнер"),
        ("Йод", "йод"),
        ("ΑΘΉΝΑ", "αθήνα"),
        ("データ", "データ"),
        ("가격", "가격"),
        ("नमस्ते दुनिया", "नमस्ते_दुनिया"),
        ("مبلغ", "مبلغ"),
        ("٣ قطع", "_٣_قطع"),
        ("2019", "_2019"),
        ("1st Quarter", "_1st_quarter"),
        ("_2019", "_2019"),
        ("ＡＢＣ１", "abc1"),
        ("m²", "m2"),
        ("№ 5", "no_5"),
        ("½ share", "_1_2_share"),
        ("ﬁnal", "final"),
        ("a\u{a0}b\u{200b}c", "a_b_c"),
        ("a--b__c", "a_b_c"),
        ("__a__", "a"),
        ("1️⃣", "_1"),
        ("O\u{2bc}Brien", "o_brien"),
        ("x; DROP TABLE y;--\"", "x_drop_table_y"),
        ("a\0b\nc", "a_b_c"),
        ("€ %", ""),
        ("\u{301}", ""),
        ("\u{301}a", "a"),
        ("", ""),
        ("😀", ""),
    ] {
        assert_eq!(clean(header), expected, "{header:?}");
    }
}

#[test]
fn long_names_are_cut() {
    assert_eq!(fit(&"a".repeat(63), "x"), "a".repeat(63));
    // printf x | sha256sum: 2d711642…
    assert_eq!(fit(&"a".repeat(64), "x"), "a".repeat(56) + "_2d7116");
    // 3 bytes each: the cut is on a boundary.
    assert_eq!(fit(&"日".repeat(22), "x"), "日".repeat(18) + "_2d7116");
    assert_eq!(
        fit(&format!("{}_{}", "a".repeat(55), "b".repeat(20)), "x"),
        "a".repeat(55) + "_2d7116"
    );
    assert_ne!(fit(&"a".repeat(64), "x"), fit(&"a".repeat(64), "y"));
}

#[test]
fn suffixes() {
    assert_eq!(with_suffix("name", 2, "Name"), "name_2");
    assert_eq!(with_suffix(&"a".repeat(61), 2, "x"), "a".repeat(61) + "_2");
    assert_eq!(
        with_suffix(&"a".repeat(62), 2, "x"),
        "a".repeat(54) + "_2d7116_2"
    );
    let cut = fit(&"a".repeat(64), "x");
    assert_eq!(with_suffix(&cut, 10, "x"), "a".repeat(53) + "_2d7116_10");
}

#[test]
fn system_columns() {
    for name in SYSTEM_COLUMNS {
        assert_eq!(avoid_system_columns(name), format!("{name}_"));
    }
    assert_eq!(avoid_system_columns("oid"), "oid");
}

#[test]
fn cells() {
    for (index, letters) in [
        (0, "A"),
        (25, "Z"),
        (26, "AA"),
        (51, "AZ"),
        (52, "BA"),
        (701, "ZZ"),
        (702, "AAA"),
        (16_383, "XFD"),
    ] {
        assert_eq!(column_letters(index), letters);
    }
    assert_eq!(cell(12, 1), "B12");
    assert_eq!(cell(1_048_576, 16_383), "XFD1048576");
    assert_eq!(blank_header(2), "column_c");
    assert_eq!(blank_header(27), "column_ab");
    assert!(!column_letters(u32::MAX).is_empty());
}

#[test]
fn trimming() {
    assert_eq!(
        trim("\u{feff}\u{200b}\u{a0} \t a\u{a0}b \u{3000}\u{2060}\r\n\u{200d}\u{2028}"),
        "a\u{a0}b"
    );
    assert_eq!(trim("\u{200b} "), "");
    assert_eq!(trim("\u{ad}a"), "\u{ad}a");
}

fn header() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[A-Za-z0-9 _.()éÉßẞøÆłĐþİıΣςάﬁ²½٣日가\u{1100}\u{1161}\u{11a8}йあがन्ते\u{301}\u{308}\u{327}\u{345}\u{fe0f}\u{20e3}\u{200b}€-]{0,40}",
        proptest::collection::vec(any::<char>(), 0..8)
            .prop_map(|letters| letters.into_iter().collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn ascii_cleans_as_anything_does(header in "[ -~\\t\\n]{0,20}") {
        prop_assert_eq!(clean_ascii(&header), clean_any(&header));
    }

    #[test]
    fn clean_is_idempotent_and_holds_only_letters_and_digits(header in header()) {
        let name = clean(&header);
        prop_assert_eq!(clean(&name), name.clone());
        prop_assert!(name.chars().all(|letter| letter == '_' || letter.is_alphanumeric() || is_combining_mark(letter)), "{name:?}");
        prop_assert!(!name.contains(|letter: char| letter.is_ascii_uppercase()));
        prop_assert!(!name.contains("__") && !name.ends_with('_') && !name.starts_with(char::is_numeric));
    }

    #[test]
    fn a_name_fits(header in header(), times in 1usize..8, n in any::<u32>()) {
        let header = header.repeat(times);
        let name = fit(&clean(&header), &header);
        prop_assert!(name.len() <= MAX_NAME_BYTES);
        prop_assert_eq!(fit(&name, &header), name.clone());
        let suffixed = with_suffix(&name, n, &header);
        let suffix = format!("_{n}");
        prop_assert!(suffixed.len() <= MAX_NAME_BYTES && suffixed.ends_with(&suffix));
        prop_assert_eq!(with_suffix(&clean(&header), n, &header).len() <= MAX_NAME_BYTES, true);
    }

    /// The case of a header does not matter in Latin script.
    #[test]
    fn case_does_not_matter(header in "[a-zé ø1_]{0,20}") {
        prop_assert_eq!(clean(&header.to_uppercase()), clean(&header));
    }

    #[test]
    fn letters_count_in_base_26(index in 0u32..16_384) {
        let back = column_letters(index).bytes().fold(0u32, |sum, letter| sum * 26 + u32::from(letter - b'A') + 1);
        prop_assert_eq!(back, index + 1);
    }

    #[test]
    fn trimming_keeps_the_inside(text in any::<String>()) {
        let trimmed = trim(&text);
        prop_assert!(text.contains(trimmed));
        prop_assert_eq!(trim(trimmed), trimmed);
    }
}
