//! The encoded rows of one row frame, taken apart: to store some of them, or
//! some without a value that its column refused.

use crate::copy_text;
use crate::decode;
use crate::protocol::RowEncoding;
use crate::protocol::frame::BadFrame;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Rows in one encoding. They come from the reader process and are not trusted.
#[derive(Debug)]
pub struct Batch {
    encoding: RowEncoding,
    payload: Vec<u8>,
    rows: Vec<Range<usize>>,
    /// Fields, counted from 0, that were made NULL, by row.
    nulls: BTreeMap<usize, BTreeSet<usize>>,
}

impl Batch {
    /// The rows that begin at `at` in a row frame's payload.
    ///
    /// # Errors
    /// Bytes that end in mid-row.
    pub fn new(encoding: RowEncoding, payload: Vec<u8>, at: usize) -> Result<Batch, BadFrame> {
        let encoded = payload.get(at..).unwrap_or_default();
        let mut rows = Vec::new();
        match encoding {
            RowEncoding::Binary => {
                let mut decoder = decode::Rows::new(encoded);
                let mut fields = Vec::new();
                let mut start = at;
                while decoder.next_row(&mut fields)? {
                    let end = payload.len() - decoder.remaining();
                    rows.push(start..end);
                    start = end;
                }
            }
            RowEncoding::Text => {
                let mut start = at;
                for line in encoded.split_inclusive(|byte| *byte == b'\n') {
                    if line.last() != Some(&b'\n') {
                        return Err(BadFrame("encoded rows end within a row".into()));
                    }
                    rows.push(start..start + line.len());
                    start += line.len();
                }
            }
        }
        Ok(Batch {
            encoding,
            payload,
            rows,
            nulls: BTreeMap::new(),
        })
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The fields of a row as text, NULL being none: for fields that are text in
    /// this encoding. A row out of range has none.
    ///
    /// # Errors
    /// Bytes that end in mid-row.
    pub fn fields(&self, row: usize) -> Result<Vec<Option<Cow<'_, [u8]>>>, BadFrame> {
        let bytes = self.bytes(row);
        let mut fields: Vec<Option<Cow<'_, [u8]>>> = match self.encoding {
            RowEncoding::Binary => {
                let mut fields = Vec::new();
                decode::Rows::new(bytes).next_row(&mut fields)?;
                fields.into_iter().map(|f| f.map(Cow::Borrowed)).collect()
            }
            RowEncoding::Text => copy_text::fields(bytes).map(copy_text::unescape).collect(),
        };
        for null in self.nulls.get(&row).into_iter().flatten() {
            if let Some(field) = fields.get_mut(*null) {
                *field = None;
            }
        }
        Ok(fields)
    }

    /// Makes one field of a row NULL.
    pub fn set_null(&mut self, row: usize, field: usize) {
        self.nulls.entry(row).or_default().insert(field);
    }

    /// Appends these rows as they were encoded, but for what is NULL now.
    ///
    /// # Errors
    /// Bytes that end in mid-row.
    pub fn write(&self, out: &mut Vec<u8>, rows: &[usize]) -> Result<(), BadFrame> {
        for row in rows {
            match self.nulls.get(row) {
                None => out.extend_from_slice(self.bytes(*row)),
                Some(nulls) => self.write_with_nulls(out, *row, nulls)?,
            }
        }
        Ok(())
    }

    fn write_with_nulls(
        &self,
        out: &mut Vec<u8>,
        row: usize,
        nulls: &BTreeSet<usize>,
    ) -> Result<(), BadFrame> {
        let bytes = self.bytes(row);
        match self.encoding {
            RowEncoding::Binary => {
                let mut fields = Vec::new();
                decode::Rows::new(bytes).next_row(&mut fields)?;
                crate::copy_binary::start_row(out, fields.len() as u16);
                for (number, field) in fields.into_iter().enumerate() {
                    match field.filter(|_| !nulls.contains(&number)) {
                        None => crate::copy_binary::null(out),
                        Some(bytes) => crate::copy_binary::raw(out, bytes),
                    }
                }
            }
            RowEncoding::Text => {
                for (number, field) in copy_text::fields(bytes).enumerate() {
                    if number > 0 {
                        copy_text::separator(out);
                    }
                    if nulls.contains(&number) {
                        copy_text::null(out);
                    } else {
                        out.extend_from_slice(field);
                    }
                }
                copy_text::end_row(out);
            }
        }
        Ok(())
    }

    fn bytes(&self, row: usize) -> &[u8] {
        let range = self.rows.get(row).cloned().unwrap_or_default();
        self.payload.get(range).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::copy_binary;
    use proptest::prelude::*;

    type Rows = Vec<Vec<Option<String>>>;

    fn encode(encoding: RowEncoding, rows: &Rows) -> Vec<u8> {
        let mut out = Vec::new();
        for row in rows {
            match encoding {
                RowEncoding::Binary => {
                    copy_binary::start_row(&mut out, row.len() as u16);
                    for field in row {
                        match field {
                            None => copy_binary::null(&mut out),
                            Some(text) => copy_binary::text(&mut out, text),
                        }
                    }
                }
                RowEncoding::Text => {
                    for (number, field) in row.iter().enumerate() {
                        if number > 0 {
                            copy_text::separator(&mut out);
                        }
                        match field {
                            None => copy_text::null(&mut out),
                            Some(text) => copy_text::text(&mut out, text),
                        }
                    }
                    copy_text::end_row(&mut out);
                }
            }
        }
        out
    }

    fn rows() -> impl Strategy<Value = Rows> {
        let field = proptest::option::of("[a\\\\N\t\n\r\x08\x0b\x0cé日]{0,6}");
        proptest::collection::vec(proptest::collection::vec(field, 3), 0..8)
    }

    proptest! {
        #[test]
        fn rows_come_out_as_they_went_in(
            rows in rows(),
            prefix in proptest::collection::vec(any::<u8>(), 0..9),
            nulls in proptest::collection::vec((0usize..8, 0usize..3), 0..5),
            binary: bool,
        ) {
            let encoding = if binary { RowEncoding::Binary } else { RowEncoding::Text };
            let at = prefix.len();
            let payload = [prefix, encode(encoding, &rows)].concat();
            let mut batch = Batch::new(encoding, payload, at).unwrap();
            prop_assert_eq!(batch.len(), rows.len());
            let mut expected = rows;
            for (row, field) in nulls {
                batch.set_null(row, field);
                if let Some(row) = expected.get_mut(row) {
                    row[field] = None;
                }
            }
            for (number, row) in expected.iter().enumerate() {
                let fields = batch.fields(number).unwrap();
                let fields: Vec<_> = fields.iter().map(|f| f.as_ref().map(|f| String::from_utf8(f.to_vec()).unwrap())).collect();
                prop_assert_eq!(&fields, row);
            }
            let mut out = Vec::new();
            batch.write(&mut out, &(0..expected.len()).collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(out, encode(encoding, &expected));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), binary: bool) {
            let encoding = if binary { RowEncoding::Binary } else { RowEncoding::Text };
            if let Ok(batch) = Batch::new(encoding, bytes, 0) {
                for row in 0..batch.len() {
                    let _ = batch.fields(row);
                }
            }
        }
    }
}
