//! Cell styles: which number format shows a cell (ECMA-376 §18.8).

use crate::fail::Result;
use crate::package::Package;
use crate::scan::{Scanner, Token};
use pgdatahub_core::number_format::{FormatClass, NumberFormat, builtin};
use std::collections::HashMap;
use std::io::Read;

/// What a cell's style says about its number.
#[derive(Debug, Clone, PartialEq)]
pub enum Style {
    /// A plain number.
    Plain,
    /// A built-in format that shows dates or times.
    Class(FormatClass),
    /// A format code, whose sections may differ by sign and size.
    Format(NumberFormat),
}

impl Style {
    /// Whether every number is shown as one.
    #[inline]
    pub fn is_plain(&self) -> bool {
        matches!(self, Style::Plain)
    }

    /// The class that `serial` is shown as.
    pub fn class_for(&self, serial: f64) -> FormatClass {
        match self {
            Style::Plain => FormatClass::Number,
            Style::Class(class) => *class,
            Style::Format(format) => format.class_for(serial),
        }
    }
}

/// The workbook's styles, by the index that cells name (`s`).
#[derive(Debug, Clone, Default)]
pub struct Styles {
    formats: Vec<Style>,
}

/// Number formats by id, while styles are read.
#[derive(Debug, Default)]
pub struct FormatCodes {
    codes: HashMap<u32, Style>,
}

impl FormatCodes {
    /// Learns a format's code.
    pub fn define(&mut self, id: u32, code: &str) {
        // A code without any date or time letter can only show plain numbers.
        let letters = |c: char| {
            matches!(
                c.to_ascii_lowercase(),
                'y' | 'm' | 'd' | 'h' | 's' | 'e' | 'g' | 'b' | 'a'
            )
        };
        let style = match code.chars().any(|c| letters(c) || !c.is_ascii()) {
            true => Style::Format(NumberFormat::parse(code)),
            false => Style::Plain,
        };
        self.codes.insert(id, style);
    }

    /// The style of a format id; built-in formats are overridden by a definition in the file.
    pub fn style(&self, id: u32) -> Style {
        if let Some(style) = self.codes.get(&id) {
            return style.clone();
        }
        match builtin(id) {
            None | Some(FormatClass::Number | FormatClass::Text) => Style::Plain,
            Some(class) => Style::Class(class),
        }
    }
}

impl Styles {
    /// Styles from their formats, in order.
    pub fn new(formats: Vec<Style>) -> Styles {
        Styles { formats }
    }

    /// Reads the styles part; a workbook without one has plain numbers only.
    ///
    /// # Errors
    /// Corrupt (22000).
    pub fn read(package: &Package, part: &str) -> Result<Styles> {
        read(Scanner::new(package.part(part)?, part)?)
    }

    /// The style of this index; plain where the index is out of range.
    #[inline]
    pub fn get(&self, index: usize) -> &Style {
        self.formats.get(index).unwrap_or(&Style::Plain)
    }
}

fn read<R: Read>(mut scanner: Scanner<R>) -> Result<Styles> {
    let mut codes = FormatCodes::default();
    let mut ids = Vec::new();
    let mut in_cell_formats = false;
    loop {
        let depth = scanner.depth();
        match scanner.next_token()? {
            Token::Eof => break,
            Token::Start {
                name: b"cellXfs", ..
            } => in_cell_formats = true,
            Token::Start {
                name: b"xf",
                attributes,
            } if in_cell_formats => {
                ids.push(attributes.number(b"numFmtId").unwrap_or(0) as u32);
            }
            // Differential formats (dxfs) hold numFmt elements too, deeper down;
            // they define nothing that cells refer to.
            Token::Start {
                name: b"numFmt",
                attributes,
            } if depth == 2 => {
                if let (Some(id), Some(code)) = (
                    attributes.number(b"numFmtId"),
                    attributes.text(b"formatCode")?,
                ) {
                    codes.define(id as u32, &code);
                }
            }
            Token::End if depth == 2 => in_cell_formats = false,
            _ => {}
        }
    }
    // numFmts comes before cellXfs by the schema; resolving last accepts any order.
    Ok(Styles::new(
        ids.into_iter().map(|id| codes.style(id)).collect(),
    ))
}
