//! HTML as it is written here: every element is closed, every text escaped.
//!
//! The page is ASCII, other characters are references (`&#8364;`): whatever the
//! client_encoding of the session that saves it, it reads the same. Characters
//! that are not seen, or that turn the text around them, are shown by their
//! codes: a name of a file must not look like another one.

use std::fmt::Write;

/// Attributes of an element; their values are escaped.
pub type Attributes<'a> = [(&'static str, &'a str)];

/// A page, or a part of one.
#[derive(Debug, Default)]
pub struct Html(String);

impl Html {
    /// A document, from its doctype on.
    pub fn document() -> Html {
        Html("<!DOCTYPE html>\n".to_owned())
    }

    /// An element with what `content` writes in it.
    pub fn node(
        &mut self,
        tag: &'static str,
        attributes: &Attributes<'_>,
        content: impl FnOnce(&mut Html),
    ) {
        self.start(tag, attributes);
        self.0.push('>');
        content(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// An element that holds a text.
    pub fn leaf(&mut self, tag: &'static str, attributes: &Attributes<'_>, text: &str) {
        self.node(tag, attributes, |html| html.text(text));
    }

    /// An element without content: `<meta …/>`.
    pub fn void(&mut self, tag: &'static str, attributes: &Attributes<'_>) {
        self.start(tag, attributes);
        self.0.push_str("/>");
    }

    /// A text; its line breaks stay line breaks.
    pub fn text(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '\n' | '\t' => self.0.push(letter),
                _ => self.letter(letter),
            }
        }
    }

    /// A name: on one line, whatever it holds.
    pub fn name(&mut self, text: &str) {
        text.chars().for_each(|letter| self.letter(letter));
    }

    /// The style sheet, which nothing of a file may reach.
    pub fn style(&mut self, sheet: &'static str) {
        self.0.push_str("<style>\n");
        self.0.push_str(sheet);
        self.0.push_str("</style>");
    }

    /// A line break in the source, so that a person can read it.
    pub fn line_break(&mut self) {
        self.0.push('\n');
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.0
    }

    fn start(&mut self, tag: &'static str, attributes: &Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.name(value);
            self.0.push('"');
        }
    }

    fn letter(&mut self, letter: char) {
        match letter {
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '&' => self.0.push_str("&amp;"),
            '"' => self.0.push_str("&quot;"),
            '\'' => self.0.push_str("&#39;"),
            ' '..='~' => self.0.push(letter),
            // U+2400 and on picture the control characters: ␀ ␊ ␛
            '\0'..='\u{1f}' => self.reference(0x2400 + u32::from(letter)),
            '\u{7f}' => self.reference(0x2421),
            unseen if is_unseen(unseen) => {
                // Writing to a String cannot fail.
                let _ = write!(self.0, "\\u{{{:x}}}", u32::from(unseen));
            }
            _ => self.reference(u32::from(letter)),
        }
    }

    fn reference(&mut self, code: u32) {
        let _ = write!(self.0, "&#{code};");
    }
}

/// C1 controls, breaks of line, what sets the direction of text (Unicode's Bidi_Control),
/// fillers and noncharacters. Joiners are left alone: scripts and emoji need them.
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || u32::from(letter) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> String {
        let mut html = Html::default();
        html.name(text);
        html.finish()
    }

    #[test]
    fn elements_are_closed() {
        let mut html = Html::default();
        html.node("p", &[("class", "a\"b")], |html| {
            html.leaf("b", &[], "x < y");
            html.void("br", &[]);
        });
        assert_eq!(
            html.finish(),
            "<p class=\"a&quot;b\"><b>x &lt; y</b><br/></p>"
        );
    }

    #[test]
    fn what_is_not_seen_is_shown() {
        assert_eq!(name("a\u{202e}fdp.exe"), "a\\u{202e}fdp.exe");
        assert_eq!(name("\0\n\u{1b}\u{7f}"), "&#9216;&#9226;&#9243;&#9249;");
        assert_eq!(
            name("\u{85}\u{feff}\u{ffff}\u{10fffe}"),
            "\\u{85}\\u{feff}\\u{ffff}\\u{10fffe}"
        );
        assert_eq!(name("Prämie"), "Pr&#228;mie");
        assert_eq!(name("👩\u{200d}🔬"), "&#128105;&#8205;&#128300;");
    }

    #[test]
    fn lines_stay_lines_in_texts_only() {
        let mut html = Html::default();
        html.leaf("p", &[("title", "a\nb")], "a\nb\r");
        assert_eq!(html.finish(), "<p title=\"a&#9226;b\">a\nb&#9229;</p>");
    }

    proptest! {
        #[test]
        fn no_text_is_markup(text: String) {
            for written in [name(&text), { let mut html = Html::default(); html.text(&text); html.finish() }] {
                prop_assert!(written.is_ascii());
                prop_assert!(!written.contains(['<', '>', '"', '\'', '\0', '\r']));
                // Each & begins a reference that ends.
                for after in written.split('&').skip(1) {
                    let (reference, _) = after.split_once(';').unwrap_or_default();
                    let known = ["lt", "gt", "amp", "quot"].contains(&reference);
                    let code = reference.strip_prefix('#').and_then(|code| code.parse::<u32>().ok());
                    prop_assert!(known || code.and_then(char::from_u32).is_some(), "{written}");
                }
            }
        }

        #[test]
        fn what_is_seen_reads_back(text in "[^\\p{C}\\p{Z}]{0,40}") {
            let mut read = String::new();
            for (at, part) in name(&text).split('&').enumerate() {
                let Some((reference, rest)) = part.split_once(';').filter(|_| at > 0) else {
                    read.push_str(part);
                    continue;
                };
                let code = reference.strip_prefix('#').and_then(|code| code.parse().ok()).and_then(char::from_u32);
                read.push(match reference { "lt" => '<', "gt" => '>', "amp" => '&', "quot" => '"', _ => code.unwrap_or('?') });
                read.push_str(rest);
            }
            prop_assert_eq!(read, text);
        }
    }
}
