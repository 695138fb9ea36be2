//! YAML as a tree whose nodes know their place.
//!
//! Built from the parser's events, since aliases and tags must be refused and
//! duplicate keys seen before anything expands or merges them.

use super::MAX_BYTES;
use super::error::{ConfigError, Place};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

/// Deepest nesting; folders are nested as deep as the file system's, and few go beyond ten.
const MAX_DEPTH: usize = 64;

/// A value and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Nothing, `~` or an unquoted `null`.
    Null,
    /// Any other scalar, as written: `2024`, `true` and `Claims` are texts here.
    Text(String),
    /// Keys in the file's order; not yet checked for duplicates.
    Mapping(Vec<(Node, Node)>),
    List(Vec<Node>),
}

/// Reads a file; `None` if it holds nothing but comments.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Node>, ConfigError> {
    let text = decode(bytes)?;
    let mut events = Events {
        parser: Parser::new_from_str(text),
        text,
    };
    let mut document = None;
    loop {
        let (event, place) = events.next()?;
        match event {
            Event::StreamEnd => return Ok(document),
            Event::DocumentStart(_) if document.is_some() => {
                let message = "a second YAML document";
                return Err(ConfigError::new(place, message, "Remove the line \"---\"."));
            }
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event => {
                let node = events.node(event, place, 0)?;
                document = (!matches!(node.value, Value::Null)).then_some(node);
            }
        }
    }
}

/// The text, without its byte order mark.
fn decode(bytes: &[u8]) -> Result<&str, ConfigError> {
    let save = "Save the file as UTF-8.";
    if bytes.len() > MAX_BYTES {
        let message = format!("the file has {} bytes, more than {MAX_BYTES}", bytes.len());
        return Err(ConfigError::new(Place::START, message, ""));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(ConfigError::new(
            Place::START,
            "the file is encoded in UTF-16",
            save,
        ));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let (before, rest) = bytes.split_at(error.valid_up_to());
        let byte = rest.first().copied().unwrap_or_default();
        let place = Place::after(&String::from_utf8_lossy(before));
        ConfigError::new(place, format!("the byte 0x{byte:02x} is not UTF-8"), save)
    })
}

struct Events<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
}

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Place), ConfigError> {
        match self.parser.next_event() {
            Some(Ok((event, Span { start, .. }))) => Ok((event, place(&start))),
            Some(Err(error)) => Err(self.syntax_error(&place(error.marker()), error.info())),
            None => Ok((Event::StreamEnd, Place::after(self.text))),
        }
    }

    /// The parser's words, which are about its own state, after ours.
    fn syntax_error(&self, place: &Place, info: &str) -> ConfigError {
        let indented_by_tab =
            |line: &str| line.trim_start_matches(' ').starts_with('\t') && !line.trim().is_empty();
        // The parser may notice a tab only on a line after it.
        let mut near = self.text.lines().enumerate().take(place.line);
        if let Some((line, text)) = near.find(|(_, line)| indented_by_tab(line)) {
            let column = text.find('\t').unwrap_or_default() + 1;
            let tab = Place {
                line: line + 1,
                column,
            };
            return ConfigError::new(tab, "a tab in the indentation", "Indent by spaces.");
        }
        let hint = "Indent by spaces, write \"key: value\", and quote values that hold \": \", \" #\" or begin with a sign.";
        ConfigError::new(*place, format!("not valid YAML: {info}"), hint)
    }

    /// The node that begins with this event.
    fn node(&mut self, event: Event<'a>, place: Place, depth: usize) -> Result<Node, ConfigError> {
        if depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(ConfigError::new(place, message, ""));
        }
        let value = match event {
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                let hint = "Write the value without \"!\", or in quotes if it begins with it.";
                return Err(ConfigError::new(place, "YAML tags are not supported", hint));
            }
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style),
            Event::MappingStart(..) => Value::Mapping(self.mapping(depth)?),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::Alias(_) => {
                let hint = "Write the value out, or in quotes if it begins with \"*\".";
                return Err(ConfigError::new(
                    place,
                    "YAML aliases are not supported",
                    hint,
                ));
            }
            _ => return Err(ConfigError::new(place, "the file ends too early", "")),
        };
        Ok(Node { place, value })
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<(Node, Node)>, ConfigError> {
        let mut entries = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(entries);
            }
            let key = self.node(event, place, depth + 1)?;
            let (event, place) = self.next()?;
            let value = self.node(event, place, depth + 1)?;
            entries.push((key, value));
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, ConfigError> {
        let mut items = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Value::List(items));
            }
            items.push(self.node(event, place, depth + 1)?);
        }
    }
}

/// YAML 1.2 §10.2.1.1: only a plain scalar can be null.
fn scalar(text: String, style: ScalarStyle) -> Value {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else {
        Value::Text(text)
    }
}

fn place(marker: &Marker) -> Place {
    Place {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}
