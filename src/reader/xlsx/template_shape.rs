//! Cells as those above them were written.
//!
//! A cell mostly differs from the one above it in its row's number and its value
//! alone. What stands before the value is remembered by the place in the row, and
//! compared as a whole, eight bytes at once.

use super::template_cell::{At, Kind, TemplateContent, chunk, inline_text, value};
use pgdatahub_core::naming;

/// Bytes that are looked at together to recognise a cell's shape.
const AHEAD: usize = 32;

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
        let differs = (u64::from_le_bytes(*chunk(ahead, at)?) ^ self.bytes) & self.mask;
        (differs == 0).then_some(at + usize::from(self.length))
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
    letters: Packed,
    /// From behind the reference's quote to the value, in two pieces that overlap where they
    /// are less than sixteen bytes.
    tail: [Packed; 2],
    /// Where the second piece begins.
    second: u8,
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
    pub fn content(&self, bytes: &[u8], at: usize) -> At<(Option<TemplateContent>, usize)> {
        let (content, end) = match self.kind {
            None => return Ok((None, at)),
            Some(Kind::InlineText) => inline_text(bytes, at)?,
            Some(kind) => value(bytes, at, kind)?,
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
    #[inline]
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
            let tail = digits.behind(ahead, shape.letters.behind(ahead, 0)?)?;
            shape.tail[0].behind(ahead, tail)?;
            let end = shape.tail[1].behind(ahead, tail + usize::from(shape.second))?;
            Some((shape, at + end))
        })
    }

    /// Remembers how a cell was written whose `tail` stands between reference and value.
    pub fn remember(&mut self, due: u32, shape: Shape, tail: &[u8]) {
        let first = tail.len().min(8);
        let second = tail.len() - first;
        let letters = naming::column_letters(shape.column.into());
        let (Some(letters), Some(one), Some(two), true) = (
            Packed::new(&[b"<c r=\"", letters.as_bytes()].concat()),
            Packed::new(&tail[..first]),
            Packed::new(&tail[second..]),
            second <= 8,
        ) else {
            return;
        };
        if self.places.len() <= due as usize {
            self.places.resize(due as usize + 1, Place::default());
        }
        let place = &mut self.places[due as usize];
        place.shapes[usize::from(place.older)] = Shape {
            letters,
            tail: [one, two],
            second: second as u8,
            ..shape
        };
        place.older = !place.older;
    }
}
