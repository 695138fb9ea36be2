#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use FormatClass::*;
use proptest::prelude::*;

fn class(code: &str, serial: f64) -> FormatClass {
    NumberFormat::parse(code).class_for(serial)
}

#[track_caller]
fn all(expected: FormatClass, codes: &[&str]) {
    for code in codes {
        assert_eq!(class(code, 45_000.5), expected, "{code}");
    }
}

#[test]
fn numbers() {
    all(
        Number,
        &[
            "General",
            "GENERAL",
            "0",
            "#,##0.00",
            "0%",
            "0.00E+00",
            "##0.0e-0",
            "# ?/?",
            "",
            ";;;",
            "\"day\"",
            "0.0\" days\"",
        ],
    );
    all(
        Number,
        &[
            "_(\"$\"* #,##0.00_);_(\"$\"* \\(#,##0.00\\);_(\"$\"* \"-\"??_);_(@_)",
            "#,##0\\ \"Std\"",
            "[$€-407]#,##0.00",
            "[Red]0;[Blue]-0",
        ],
    );
    all(
        Number,
        &[
            "_d0",
            "*d0",
            "\\d0",
            "\"yyyy\"0",
            "[Magenta]0",
            "[Yellow]0",
            "[DBNum1]0",
            "[$kr-yyyy]0",
            "0\" h\"",
            "General\"d\"",
            "0;\"d",
            "0\\",
        ],
    );
}

#[test]
fn dates() {
    all(
        Date,
        &[
            "yyyy-mm-dd",
            "YYYY-MM-DD",
            "m/d/yy",
            "d-mmm-yy",
            "mmm-yy",
            "mmmm",
            "m",
            "dddd",
            "[$-409]d\\-mmm\\-yyyy;@",
            "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy",
        ],
    );
    all(
        Date,
        &[
            "m/d/yy h:mm",
            "dd.mm.yyyy hh:mm:ss",
            "yyyy\\-mm\\-dd\\Thh:mm:ss.000",
            "yyyy\"年\"m\"月\"d\"日\"",
            "yyyy年m月d日",
            "[$-411]ge.m.d",
            "ggge",
            "e/m/d",
            "bbbb",
            "aaa",
            "[$-F800]",
        ],
    );
    all(
        Date,
        &[
            "mm:dd",
            "s m",
            "h d mm",
            "[Red]yyyy",
            "[Color 3]dd",
            "mmm:ss",
            "ss:mm",
        ],
    );
}

#[test]
fn times() {
    all(
        Time,
        &[
            "h:mm",
            "H:MM:SS",
            "hh:mm:ss.000",
            "mm:ss",
            "mmss.0",
            "h:mm AM/PM",
            "h AM/PM:mm",
            "h:mm a/p",
            "[$-F400]h:mm:ss AM/PM",
            "[$-409]h:mm\\ AM/PM;@",
            "ss",
            "AM/PM",
            "h\"h\"mm",
            "m\\:s",
        ],
    );
    all(Time, &["上午/下午h\"时\"mm\"分\"", "h時mm分ss秒"]);
}

#[test]
fn elapsed() {
    all(
        Elapsed,
        &[
            "[h]:mm",
            "[H]:MM:SS",
            "[hh]:mm:ss.000",
            "[mm]:ss",
            "[m]",
            "[s].00",
            "[ss]",
            "[h]:mm;@",
            "d [h]:mm",
            "[h]\"h\" mm",
        ],
    );
    all(Number, &["[hm]0", "[]0"]);
}

#[test]
fn text() {
    all(Text, &["@", "\"x\"@", "[Red]@"]);
    all(
        Number,
        &[
            "0;@",
            "0;-0;0;@",
            "General;General;General;@",
            "\"@\"",
            "\\@",
        ],
    );
    all(Date, &["yyyy;@"]);
}

#[test]
fn sections_by_sign() {
    let code = "yyyy-mm-dd;0;h:mm";
    assert_eq!(
        (class(code, 1.0), class(code, -1.0), class(code, 0.0)),
        (Date, Number, Time)
    );
    let code = "h:mm;0.0";
    assert_eq!(
        (class(code, 1.0), class(code, -1.0), class(code, 0.0)),
        (Time, Number, Time)
    );
    let code = "0;yyyy;@";
    assert_eq!(
        (class(code, 1.0), class(code, -1.0), class(code, 0.0)),
        (Number, Date, Number)
    );
}

#[test]
fn sections_that_hide_keep_the_class() {
    let code = "yyyy-mm-dd;;\"-\"";
    assert_eq!(
        (class(code, 1.0), class(code, -1.0), class(code, 0.0)),
        (Date, Date, Date)
    );
    assert_eq!(class("0;-0;\"yyyy\"", 0.0), Number);
}

#[test]
fn sections_by_condition() {
    let code = "[<1]h:mm;yyyy-mm-dd";
    assert_eq!(
        (class(code, 0.5), class(code, 1.0), class(code, -1.0)),
        (Time, Date, Time)
    );
    let code = "[>=100]0;[<=-100]h:mm;yyyy";
    assert_eq!(
        (class(code, 100.0), class(code, -100.0), class(code, 99.0)),
        (Number, Time, Date)
    );
    let code = "[Red][=1]0;[<>2]h:mm;yyyy";
    assert_eq!(
        (class(code, 1.0), class(code, 3.0), class(code, 2.0)),
        (Number, Time, Date)
    );
    let code = "[>100]0;h:mm;yyyy";
    assert_eq!(
        (class(code, 101.0), class(code, -1.0), class(code, 50.0)),
        (Number, Time, Date)
    );
    assert_eq!(class("[>100]yyyy", 1.0), Date);
}

#[test]
fn built_in_formats() {
    let expected = [
        (0, Number),
        (4, Number),
        (11, Number),
        (14, Date),
        (17, Date),
        (18, Time),
        (21, Time),
        (22, Date),
        (27, Date),
        (32, Time),
        (34, Unknown),
        (36, Date),
        (37, Number),
        (44, Number),
        (45, Time),
        (46, Elapsed),
        (47, Time),
        (48, Number),
        (49, Text),
        (50, Date),
        (52, Unknown),
        (58, Date),
        (71, Date),
        (75, Time),
        (79, Elapsed),
        (81, Date),
    ];
    for (id, class) in expected {
        assert_eq!(builtin(id), Some(class), "{id}");
    }
    for id in [23, 26, 63, 66, 82, 163, 164, u32::MAX] {
        assert_eq!(builtin(id), None, "{id}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_code(code in any::<String>(), serial in any::<f64>()) {
        class(&code, serial);
    }

    #[test]
    fn any_mixture_of_tokens_is_a_code(code in r#"([hmsydegabn0#?@.;,"\\_*\[\]<>=$é年 -]|AM/PM|General|\[h\]){0,20}"#, serial in any::<f64>()) {
        let format = NumberFormat::parse(&code);
        prop_assert!((1..=3).contains(&format.sections.len()));
        format.class_for(serial);
    }

    /// Whatever is quoted does not decide.
    #[test]
    fn quoted_text_does_not_decide(text in "[^\"]{0,20}") {
        let code = format!("\"{text}\"h:mm\"{text}\"");
        prop_assert_eq!(class(&code, 0.5), Time);
    }
}
