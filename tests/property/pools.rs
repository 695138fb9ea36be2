//! What headers and cells are drawn from: the odd ones, more than the plain.

use crate::model::names::LONG;

/// Headers that want each other's names stand in one line.
pub const HEADERS: &[&[&str]] = &[
    &[
        "Policy No",
        "Policy No.",
        "policy_no",
        "POLICY  NO",
        " Policy-No ",
    ],
    &[
        "Amount",
        "amount",
        "AMOUNT.",
        "Amount 2",
        "amount_2",
        "Amount_2_2",
        "amount 3",
    ],
    &["ctid", "ctid_", "CTID"],
    &[
        "Source File",
        "source_file",
        "Source File 2",
        "Load Timestamp",
    ],
    &["Column A", "column b", "Column C", "Column C 2"],
    &["***", "--", "(?)"],
    &["2019", "2020", "_2019"],
    &["Premium (EUR)", "premium eur", "Premium EUR 2"],
    &["Date", "Start", "Note", "Sum %", "order", "user"],
    &[
        LONG,
        "The Total Sum Insured Of All Policies In Force At The End Of The Period, In USD",
    ],
];

pub const ERRORS: &[&str] = &[
    "#N/A",
    "#REF!",
    "#DIV/0!",
    "#SPILL!",
    "#GETTING_DATA",
    "#NEW?",
];

pub const TEXTS: &[&str] = &[
    "plain",
    "00123",
    "1e5",
    "50%",
    "NA",
    "TRUE",
    "2024-01-01",
    "#N/A",
    "12:30",
    "-",
    "0",
    " padded ",
    "\u{a0}nbsp\u{a0}",
    "\u{200b}\u{feff}zero width\u{200d}",
    "two\nlines",
    "tab\tinside",
    "\t\r\n edges \u{3000}",
    "back\\slash",
    "\\N",
    "\\.",
    "quote\"'",
    "nul\0inside",
    "\0",
    "lone \u{e000} surrogate",
    "_x0041_",
    "snake_x_case",
    "a\rb",
    "\u{b}vertical\u{c}",
    "\u{2028}line\u{2028}sep\u{85}",
    "<&>",
    "]]>",
    "é日😀",
    "e\u{301}",
    "שלום",
    "\u{1}\u{1f}",
    "{\"a\": 1}",
    "x\u{200b}y",
];

pub const BLANK_TEXTS: &[&str] = &["", " ", "\u{a0}", "\u{200b}\u{2060}", "\t\n"];

pub const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "42",
    "1.0",
    "1E3",
    "1e-3",
    "-0",
    "0.1",
    "0.30000000000000004",
    "12.5",
    "-12.75",
    "66.66666666666667",
    "9007199254740992",
    "9007199254740993",
    "9007199254740994",
    "-9007199254740992",
    "-9007199254740996",
    "1e15",
    "1e20",
    "123456789012345680000",
    "999999999999999900000",
    "1e21",
    "-1.5E+21",
    "1.7976931348623157e308",
    "0.000001",
    "0.0000012345",
    "1e-7",
    "-1.25E-10",
    "5e-324",
    "123456789012345.67",
    "999999999999999.9",
    "100000000000000.5",
    "4503599627370497.5",
];

pub const NOT_FINITE: &[&str] = &["1e999", "-1e400", "NaN"];

pub const BROKEN: &[(&str, &str)] = &[
    ("n", "12abc"),
    ("b", "2"),
    ("s", "99999"),
    ("new", "x"),
    ("n", "--1"),
    ("n", "1\x002"),
    ("e", "#N/A\0!"),
];
