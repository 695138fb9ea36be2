//! Two readers of one sheet: whatever the bytes, the row template and the tokenizer read the same; and of what
//! writers emit, this reader and calamine read the same cells.

use super::cells::{self, EPOCHS, FORMATS};
use super::conversation;
use super::raw_zip::{Entry, zip};
use pgdatahub_reader::book;
use pgdatahub_reader::xlsx::differential::compare;
use std::fmt::Write;

/// The first byte chooses how, the others are the worksheet part.
pub fn template(input: &[u8]) {
    if let Some((flavour, sheet)) = input.split_first()
        && let Err(difference) = compare(sheet, *flavour)
    {
        panic!("{difference}");
    }
}

/// Every byte is a choice of the writer of a workbook.
pub fn oracle(input: &[u8]) {
    let content = workbook(&mut Choices(input));
    let source = conversation::source(&content);
    let (_, workbook) = book::open(&source).unwrap();
    let (_, differences) = cells::compare((workbook.as_ref(), &content), 0, EPOCHS[0]);
    assert!(differences.is_empty(), "{differences:#?}");
}

const ERRORS: &[&str] = &[
    "#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!",
];

/// As they stand in the markup.
const TEXTS: &[&str] = &[
    "a",
    "Lyon",
    " ",
    "&amp;",
    "&lt;b&gt;",
    "&#233;",
    "&#x20AC;",
    "\u{e9}\u{65e5}",
    "\u{a0}",
    "0012",
    "x_",
    "\n",
    "\t",
    "&quot;",
    "\u{1F600}",
    "-",
];

/// Shared strings, by their items.
const ITEMS: &[&str] = &[
    "<si><t>Lyon</t></si>",
    "<si><t xml:space=\"preserve\"> spaced </t></si>",
    "<si><r><t>rich</t></r><r><rPr><b/></rPr><t xml:space=\"preserve\"> text</t></r></si>",
    "<si><t>a &amp; b</t></si>",
    "<si><t>_x0041_</t></si>",
    "<si><t/></si>",
    "<si><t>\u{e9}</t><rPh sb=\"0\" eb=\"1\"><t>phonetic</t></rPh></si>",
    "<si><t>12</t></si>",
];

/// The input, byte by byte; zero behind its end.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn bits(&mut self) -> u64 {
        (0..8).fold(0, |bits, _| bits << 8 | u64::from(self.byte()))
    }

    fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}

fn workbook(choices: &mut Choices<'_>) -> Vec<u8> {
    let sheet = sheet(choices);
    let formats: String = (164..)
        .zip(FORMATS)
        .map(|(id, code)| {
            let code = code.replace('"', "&quot;");
            format!("<numFmt numFmtId=\"{id}\" formatCode=\"{code}\"/>")
        })
        .collect();
    let styles: String = (164..164 + FORMATS.len())
        .map(|id| format!("<xf numFmtId=\"{id}\"/>"))
        .collect();
    let main = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let count = FORMATS.len();
    let parts = [
        (
            "[Content_Types].xml",
            format!("<Types xmlns=\"{package}/content-types\"/>"),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"a\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook {main} xmlns:r=\"{office}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"a\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"b\" Type=\"{office}/sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"c\" Type=\"{office}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet {main}><numFmts count=\"{count}\">{formats}</numFmts><cellXfs count=\"{count}\">{styles}</cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/sharedStrings.xml",
            format!("<sst {main}>{}</sst>", ITEMS.concat()),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet {main}><sheetData>{sheet}</sheetData></worksheet>"),
        ),
    ];
    let entries: Vec<Entry> = parts
        .iter()
        .map(|(name, content)| Entry::stored(name.as_bytes(), content.as_bytes()))
        .collect();
    zip(&entries)
}

fn sheet(choices: &mut Choices<'_>) -> String {
    let mut rows = String::new();
    let mut number = 0;
    while !choices.is_over() && number < 1_000 {
        number += 1 + choices.below(9).saturating_sub(6);
        let gap = choices.of(&["", "", "", "\n", " "]);
        let more = choices.of(&["", "", " spans=\"1:9\"", " ht=\"15\" customHeight=\"1\""]);
        let _ = write!(rows, "{gap}<row r=\"{number}\"{more}>");
        let mut column = 0;
        for _ in 0..choices.below(12) {
            column += 1 + choices.below(8).saturating_sub(6);
            let at = pgdatahub_core::naming::cell(number as u32, column as u32 - 1);
            rows += &cell(choices, &at);
            rows += gap;
        }
        rows += "</row>";
    }
    rows
}

/// A cell as one of the writers emits it.
fn cell(choices: &mut Choices<'_>, at: &str) -> String {
    let quote = choices.of(&["\"", "\"", "\"", "'"]);
    let style = match choices.below(3) {
        0 => String::new(),
        _ => format!(" s={quote}{}{quote}", choices.below(FORMATS.len())),
    };
    let formula = choices.of(&[
        "",
        "",
        "",
        "<f>A1+1</f>",
        "<f t=\"shared\" si=\"0\"/>",
        "<f>\"&lt;v&gt;\"</f>",
    ]);
    let (kind, content) = match choices.below(9) {
        0 => ("", String::new()),
        1..=3 => ("", value(formula, &number(choices))),
        4 => ("s", value("", &choices.below(ITEMS.len()).to_string())),
        5 => ("str", value(formula, &text(choices))),
        6 => {
            let space = choices.of(&["", " xml:space=\"preserve\""]);
            (
                "inlineStr",
                format!("<is><t{space}>{}</t></is>", text(choices)),
            )
        }
        7 => ("b", value(formula, choices.of(&["0", "1"]))),
        _ => ("e", value(formula, choices.of(ERRORS))),
    };
    let kind = match kind {
        "" => choices.of(&["", "", " t=\"n\""]).to_owned(),
        kind => format!(" t={quote}{kind}{quote}"),
    };
    let place = format!(" r={quote}{at}{quote}");
    let attributes = match choices.below(4) {
        0 => [place, kind, style],
        1 => [style, place, kind],
        _ => [place, style, kind],
    }
    .concat();
    match content.as_str() {
        "" => format!("<c{attributes}/>"),
        content => format!("<c{attributes}>{content}</c>"),
    }
}

fn value(formula: &str, value: &str) -> String {
    format!("{formula}<v>{value}</v>")
}

/// Without white space at its ends: what that is where nothing says xml:space is the application's choice.
fn text(choices: &mut Choices<'_>) -> String {
    let text: String = (0..choices.below(5)).map(|_| choices.of(TEXTS)).collect();
    match text.trim() == text {
        true => text,
        false => format!("a{text}z"),
    }
}

/// A finite number in one of the ways to write it.
fn number(choices: &mut Choices<'_>) -> String {
    match choices.below(6) {
        0 => choices.byte().to_string(),
        1 => (choices.bits() >> choices.below(64))
            .cast_signed()
            .to_string(),
        2 => format!(
            "{}.{}",
            choices.bits() >> (40 + choices.below(20)),
            choices.byte()
        ),
        3 => format!("{}", (choices.bits() >> 38) as f64 / 1_440.0),
        4 => format!("-{}.5", choices.byte()),
        _ => match f64::from_bits(choices.bits()) {
            number if number.is_finite() => format!("{number:e}").replace('e', "E"),
            _ => "0.1".into(),
        },
    }
}
