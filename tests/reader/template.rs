//! The template reads what the tokenizer reads: over markup drawn at random from
//! what writers emit, and over the same with its bytes disturbed.

use crate::support::{MAIN_NS, Parts, assert_fails, first_cells};
use pgdatahub_reader::fail::FailureKind::Corrupt;
use pgdatahub_reader::xlsx::differential::compare;

/// xorshift64*: the same cases in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "42",
    "-7",
    "-0",
    "007",
    "3.25",
    "-0.5",
    "0.1",
    "44000",
    "44000.5",
    "0.75",
    "60",
    "1.",
    ".5",
    "999999999999999",
    "1000000000000000",
    "9007199254740993",
    "0.14285714285714285",
    "123456789012345.6",
    "12345.6789012345",
    "1E-3",
    "1e5",
    "-1.5E+300",
    "1e999",
    "",
    " 5",
    "5 ",
    "abc",
    "--1",
    "0.0",
    "-0.0",
    "&#49;",
    "<!-- -->8",
    "1<x/>",
];
const TEXTS: &[&str] = &[
    "",
    "a",
    " a ",
    "Prénom",
    "東京",
    "a &amp; b",
    "_x000D_",
    "_x0041_b",
    "a_xb",
    "x_",
    "&#0;",
    "&bad;",
    "&",
    "a\r\nb",
    "\u{feff}",
    "\u{a0}",
    "<![CDATA[<c>]]>",
    "<!-- c -->",
    "0",
    "12",
];

/// Stands for the row's number until it is known.
const ROW: char = '\u{1}';

/// A cell in one of the ways that writers have, or nearly.
fn cell(draw: &mut Draw, column: &mut usize) -> String {
    *column += draw.below(8).saturating_sub(4) / 2 + 1;
    if draw.one_in(60) {
        *column = column.saturating_sub(draw.below(4));
    }
    *column = (*column).max(1);
    let letters = pgdatahub_core::naming::column_letters(*column as u32 - 1);
    let stated = if draw.one_in(80) {
        "1".to_owned()
    } else {
        ROW.to_string()
    };
    let reference = match draw.below(14) {
        0 => String::new(),
        1 => format!(" r='{letters}{stated}'"),
        2 => format!(" r=\"{}{stated}\"", letters.to_lowercase()),
        _ => format!(" r=\"{letters}{stated}\""),
    };
    let style = draw.of(&[
        "",
        "",
        "",
        " s=\"0\"",
        " s=\"1\"",
        " s=\"2\"",
        " s=\"3\"",
        " s=\"4\"",
        " s=\"99\"",
        " s=\"x\"",
        " s='1'",
    ]);
    let kind = draw.of(&[
        "",
        "",
        "",
        "s",
        "s",
        "s",
        "n",
        "b",
        "e",
        "str",
        "inlineStr",
        "d",
        "new",
    ]);
    let attribute = match kind {
        "" => String::new(),
        kind => format!(" t=\"{kind}\""),
    };
    let value = match kind {
        "s" => draw.of(&[
            "0",
            "1",
            "2",
            "3",
            "4",
            "5",
            "6",
            "00",
            "x",
            "",
            " 1",
            "999999999999",
        ]),
        "b" => draw.of(&["0", "1", "true", "2", ""]),
        "e" => draw.of(&["#N/A", "#REF!", ""]),
        "d" => draw.of(&["2024-02-29", "2024-02-29T12:00:00", "x"]),
        "str" | "inlineStr" => draw.of(TEXTS),
        _ => draw.of(NUMBERS),
    };
    let formula = match draw.below(8) {
        0 => draw.of(&[
            "<f>A1+1</f>",
            "<f/>",
            "<f t=\"shared\" si=\"0\"/>",
            "<f t=\"array\" ref=\"A1:B2\">X&amp;Y</f>",
            "<f>a<b/></f>",
            "<f><![CDATA[x]]></f>",
        ]),
        _ => "",
    };
    let content = match draw.below(20) {
        0 => return format!("<c{reference}{style}{attribute}/>"),
        1 => return format!("<c{reference}{style}{attribute} />"),
        2 => String::new(),
        3 => draw
            .of(&[
                "<v/>",
                "<v />",
                "<v></v>",
                "<v>1</v><v>2</v>",
                "<extLst><v>1</v></extLst>",
                "<is/>",
                "<is><r><t>a</t></r><rPh><t>b</t></rPh></is>",
            ])
            .to_owned(),
        4 => format!("<v xml:space=\"preserve\">{value}</v>"),
        _ if kind == "inlineStr" => match draw.below(5) {
            0 => format!("<is><t xml:space=\"preserve\">{value}</t></is>"),
            1 => format!("<is> <t>{value}</t></is>"),
            _ => format!("<is><t>{value}</t></is>"),
        },
        _ => format!("<v>{value}</v>"),
    };
    let (style, attribute) = if draw.one_in(10) {
        (attribute.as_str(), style)
    } else {
        (style, attribute.as_str())
    };
    format!("<c{reference}{style}{attribute}>{formula}{content}</c>")
}

/// The cells of the row before, most of them written as they were, some with another value.
fn again(draw: &mut Draw, before: &[String]) -> Vec<String> {
    let mut cells = Vec::new();
    for cell in before {
        let value = cell.find("<v>").zip(cell.find("</v>"));
        match (draw.below(6), value) {
            (0, _) if draw.one_in(3) => {}
            (1 | 2, Some((start, end))) if start < end => {
                let values = [NUMBERS, NUMBERS, TEXTS][draw.below(3)];
                let value = draw.of(values);
                cells.push(format!("{}{value}{}", &cell[..start + 3], &cell[end..]));
            }
            _ => cells.push(cell.clone()),
        }
    }
    cells
}

/// The same in other tags: with a prefix, in single quotes.
fn spelt(draw: &mut Draw, rows: String) -> String {
    let prefix = draw.of(&["", "", "", "", "x:", "ss:", "long:", "!", "a:b:"]);
    let mut spelt = rows;
    if !prefix.is_empty() {
        for name in ["row", "c", "v", "is", "t", "f"] {
            for end in [">", " ", "/"] {
                spelt = spelt.replace(&format!("<{name}{end}"), &format!("<{prefix}{name}{end}"));
            }
            spelt = spelt.replace(&format!("</{name}>"), &format!("</{prefix}{name}>"));
        }
    }
    if draw.one_in(5) {
        spelt = spelt.replace('"', "'");
    }
    spelt
}

fn sheet(draw: &mut Draw) -> String {
    let mut rows = String::new();
    let mut number = 0;
    let mut before: Vec<String> = Vec::new();
    let gap = draw.of(&["", "", "", "\n", "\r\n  ", " <!-- gap --> "]);
    let rest = draw.of(&[
        "",
        "",
        " spans=\"1:9\"",
        " spans=\"1:9\" x14ac:dyDescent=\"0.25\"",
        " ht='12'",
        " hidden=\"1\"",
    ]);
    for _ in 0..draw.below(12) {
        number += 1 + draw.below(12).saturating_sub(10);
        let stated = if draw.one_in(100) { number - 1 } else { number };
        let rest = if draw.one_in(5) {
            draw.of(&[
                "",
                " hidden=\"1\"",
                " hidden=\"0\"",
                " a='>'",
                " bogus",
                " r=\"9\"",
                "ht=\"1\"",
            ])
        } else {
            rest
        };
        let tag = match draw.below(12) {
            0 => format!("<row{rest}"),
            1 => format!("<row  r=\"{stated}\"{rest}"),
            2 => format!("<row r='{stated}'{rest}"),
            _ => format!("<row r=\"{stated}\"{rest}"),
        };
        if draw.one_in(12) {
            rows += &format!("{tag}/>{gap}");
            continue;
        }
        before = match draw.one_in(3) {
            false if !before.is_empty() => again(draw, &before),
            _ => {
                let mut column = 0;
                let many = draw.below(9);
                (0..many).map(|_| cell(draw, &mut column)).collect()
            }
        };
        let cells = before.join(gap).replace(ROW, &number.to_string());
        let row = format!("{tag}>{cells}{gap}</row>{gap}");
        rows += &match draw.one_in(12) {
            true => spelt(draw, row),
            false => row,
        };
    }
    let rows = spelt(draw, rows);
    format!("<worksheet xmlns=\"{MAIN_NS}\"><sheetData>{rows}</sheetData></worksheet>")
}

/// Some bytes of the markup changed, left out or repeated.
fn disturbed(draw: &mut Draw, sheet: &str) -> Vec<u8> {
    let mut bytes = sheet.as_bytes().to_vec();
    for _ in 0..draw.below(3) {
        let at = draw.below(bytes.len());
        match draw.below(4) {
            0 => bytes[at] = b"<>/\"' =rcvst0129_&\0\xff"[draw.below(20)],
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, bytes[at]),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

#[test]
fn the_template_reads_what_the_tokenizer_reads() {
    let cases = std::env::var("PGDATAHUB_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
    for case in 0..cases.unwrap_or(6_000) {
        let sheet = sheet(&mut draw);
        let bytes = disturbed(&mut draw, &sheet);
        let flavour = draw.below(256) as u8;
        if let Err(difference) = compare(&bytes, flavour) {
            panic!(
                "case {case}, flavour {flavour}: {difference}\n{}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

#[test]
fn what_was_learnt_in_one_dialect_says_nothing_in_another() {
    let row = |number: u32, (row, open, close): (&str, &str, &str)| {
        format!(
            "<{row}row r=\"{number}\" spans=\"1:1\" ht=\"15\" customHeight=\"1\"><{open}c r=\"A{number}\" s=\"1\">\
             <{open}v>7</{close}v></{close}c></{row}row>"
        )
    };
    let prefixes = ["", "x:", "y:"];
    for first in prefixes {
        for second in prefixes {
            for (open, close) in [(first, first), (first, second), (second, first)] {
                let rows = [
                    row(1, (first, first, first)),
                    row(2, (second, open, close)),
                    row(3, (second, open, close)),
                ];
                // The last row is followed by as much as any comparison looks ahead.
                let sheet = format!(
                    "<worksheet xmlns=\"{MAIN_NS}\"><sheetData>{}</sheetData><phoneticPr fontId=\"1\"/></worksheet>",
                    rows.concat()
                );
                compare(sheet.as_bytes(), 3).unwrap();
            }
        }
    }
}

#[test]
fn a_plain_shared_string_is_what_any_other_is() {
    let texts = [
        "",
        "a",
        " a ",
        "Prénom",
        "a &amp; b",
        "&lt;&#49;&gt;",
        "_x0041_",
        "_x0000_b",
        "a_xb",
        "a\r\nb",
        "&#0;",
    ];
    let strings = |before: &str| -> String {
        let item = |text: &&str| {
            format!(
                "<si>{before}<t xml:space=\"preserve\">{text}</t></si><si>{before}<t>{text}</t></si>"
            )
        };
        texts.iter().map(item).collect()
    };
    let cells: String = (0..2 * texts.len())
        .map(|n| format!("<c t=\"s\"><v>{n}</v></c>"))
        .collect();
    let read = |before: &str| {
        let parts = Parts::with_rows(&format!("<row>{cells}</row>")).strings(&strings(before));
        first_cells(&parts.bytes()).unwrap()
    };
    let plain = read("");
    assert_eq!(plain, read("<!-- no plain item -->"));
    assert_eq!(plain.len(), 2 * (texts.len() - 1));
    let bad = Parts::with_rows("<row/>").strings("<si><t>a & b</t></si>");
    assert_fails(first_cells(&bad.bytes()), Corrupt, "begins no entity");
}
