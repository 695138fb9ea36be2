//! Cells as those above them were written.
//!
//! A cell mostly differs from the one above it in its row's number and its value
//! alone. What stands before the value is remembered by the place in the row, and
//! compared as a whole, eight bytes at once.

use super::template_cell::{At, Kind, Spelling, TemplateContent, chunk, inline_text, value};
use pgdatahub_core::naming;

/// Bytes that are looked at together to recognise a cell's shape: its tag up to the digits of
/// its reference, those and a quote, the rest.
const AHEAD: usize = 16 + 8 + 16;

/// One to eight bytes as the low ones of a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    bytes: u64,
    mask: u64,
    length: u8,
}

impl Default for Packed {
    /// Nothing that is text.
    fn default() -> Packed {
        Packed {
            bytes: u64::MAX,
            mask: u64::MAX,
            length: 8,
        }
    }
}

impl Packed {
    /// None: they are none or more than eight.
    pub fn new(bytes: &[u8]) -> Option<Packed> {
        let mut all = [0; 8];
        all.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Packed {
            bytes: u64::from_le_bytes(all),
            mask: u64::MAX.checked_shr(u64::BITS - 8 * bytes.len() as u32)?,
            length: bytes.len() as u8,
        })
    }

    /// Behind them, if `ahead` has them at `at`, and eight bytes in all.
    #[inline]
    pub fn behind(self, ahead: &[u8], at: usize) -> Option<usize> {
        self.are(chunk(ahead, at)?)
            .then_some(at + usize::from(self.length))
    }

    #[inline(always)]
    fn are(self, ahead: &[u8; 8]) -> bool {
        (u64::from_le_bytes(*ahead) ^ self.bytes) & self.mask == 0
    }

    /// As [`Packed::behind`], at a place that no bytes at hand need be checked for.
    #[inline(always)]
    fn within(self, ahead: &[u8; AHEAD], at: usize) -> Option<usize> {
        // A shape's parts end before, which the compiler does not see otherwise.
        let at = at % 32;
        let found = ahead[at..at + 8].first_chunk()?;
        self.are(found).then_some(at + usize::from(self.length))
    }
}

/// One to sixteen bytes, in two pieces that overlap where they are less.
#[derive(Debug, Clone, Copy, Default)]
struct Markup {
    pieces: [Packed; 2],
    /// Where the second piece begins.
    second: u8,
}

impl Markup {
    /// None: they are none or more than sixteen.
    fn new(bytes: &[u8]) -> Option<Markup> {
        let first = bytes.len().min(8);
        let second = bytes.len() - first;
        if second > 8 {
            return None;
        }
        Some(Markup {
            pieces: [
                Packed::new(&bytes[..first])?,
                Packed::new(&bytes[second..])?,
            ],
            second: second as u8,
        })
    }

    /// As [`Packed::within`].
    #[inline(always)]
    fn within(&self, ahead: &[u8; AHEAD], at: usize) -> Option<usize> {
        self.pieces[0].within(ahead, at)?;
        self.pieces[1].within(ahead, at + usize::from(self.second))
    }
}

/// How a cell was written up to its value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    /// Column, from 0.
    pub column: u16,
    /// Index of its style.
    pub style: u16,
    /// What its type makes of the value; none: it holds nothing.
    pub kind: Option<Kind>,
    /// `<c r="` and its column's letters.
    letters: Markup,
    /// From behind the reference's quote to the value.
    tail: Markup,
}

impl Shape {
    /// A cell that holds nothing.
    pub fn new(column: u16, style: u16) -> Shape {
        Shape {
            column,
            style,
            ..Shape::default()
        }
    }

    /// What a cell of this shape holds whose value begins at `at`, and where it ends.
    #[inline(always)]
    pub fn content(
        &self,
        bytes: &[u8],
        at: usize,
        spelling: &impl Spelling,
    ) -> At<(Option<TemplateContent>, usize)> {
        let (content, end) = match self.kind {
            None => return Ok((None, at)),
            Some(Kind::InlineText) => inline_text(bytes, at, spelling)?,
            Some(kind) => value(bytes, at, kind, spelling)?,
        };
        Ok((Some(content), end))
    }
}

/// The shapes met so far, the last two for each place: columns of banded rows or of two
/// types are written in turns.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// By the column that is due.
    places: Vec<Place>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    shapes: [Shape; 2],
    /// Which of them is forgotten next.
    older: bool,
}

impl Shapes {
    /// The shape of the cell at `at`, where the column `due` is the next one and `digits` are
    /// what ends a reference in this row; and where its value begins.
    #[inline(always)]
    pub fn find(
        &self,
        bytes: &[u8],
        at: usize,
        due: u32,
        digits: Packed,
    ) -> Option<(&Shape, usize)> {
        let place = self.places.get(due as usize)?;
        let ahead: &[u8; AHEAD] = chunk(bytes, at)?;
        place.shapes.iter().find_map(|shape| {
            let tail = digits.within(ahead, shape.letters.within(ahead, 0)?)?;
            Some((shape, at + shape.tail.within(ahead, tail)?))
        })
    }

    /// Remembers how a cell was written: `begin` stands before its reference, `tail` between that
    /// and its value.
    pub fn remember(&mut self, due: u32, shape: Shape, begin: &[u8], tail: &[u8]) {
        let letters = naming::column_letters(shape.column.into());
        let begin = [begin, letters.as_bytes()].concat();
        let (Some(letters), Some(tail)) = (Markup::new(&begin), Markup::new(tail)) else {
            return;
        };
        if self.places.len() <= due as usize {
            self.places.resize(due as usize + 1, Place::default());
        }
        let place = &mut self.places[due as usize];
        place.shapes[usize::from(place.older)] = Shape {
            letters,
            tail,
            ..shape
        };
        place.older = !place.older;
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.places.clear();
    }
}
