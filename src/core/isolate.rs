//! Finds the rows of a batch that a table refuses, with few attempts.
//!
//! The table takes a batch as a whole or not at all, and may or may not say
//! which row it refused. A refused batch is cut: before the row that was named,
//! else in halves, until a single row is refused. After that, batches start as
//! long as the last good run was and double as long as they are taken. So a bad
//! row among good ones costs a number of attempts logarithmic in the run of
//! good rows around it, and one among bad ones costs one.

use std::ops::Range;

/// What became of an attempt to store rows.
#[derive(Debug)]
pub enum Attempt<E> {
    /// All are in.
    Stored,
    /// None is in.
    Refused {
        /// The row that was refused, as far as is known. A wrong one costs
        /// attempts, nothing else.
        row: Option<usize>,
        /// Why.
        error: E,
    },
}

/// Stores rows `0..len` in order but for those that are refused alone, which go
/// to `refuse`.
///
/// # Errors
/// The first one of `store` or `refuse`.
pub fn isolate<E, X>(
    len: usize,
    mut store: impl FnMut(Range<usize>) -> Result<Attempt<E>, X>,
    mut refuse: impl FnMut(usize, E) -> Result<(), X>,
) -> Result<(), X> {
    // Where the next attempt begins, and where the run of good rows did.
    let (mut at, mut run) = (0, 0);
    let mut step = len;
    // The end of a range from `at` on that holds a refused row, and where to cut it next.
    let mut suspect: Option<(usize, usize)> = None;
    while at < len {
        let end = match suspect {
            Some((_, cut)) => cut,
            None => at.saturating_add(step).min(len),
        };
        match store(at..end)? {
            Attempt::Stored => {
                at = end;
                suspect = match suspect {
                    Some((last, _)) if at < last => Some((last, at + (last - at).div_ceil(2))),
                    _ => {
                        step = step.saturating_mul(2);
                        None
                    }
                };
            }
            Attempt::Refused { error, .. } if end - at == 1 => {
                refuse(at, error)?;
                step = (at - run).max(1);
                at += 1;
                run = at;
                suspect = None;
            }
            Attempt::Refused { row, .. } => {
                suspect = Some(match row.filter(|row| (at..end).contains(row)) {
                    Some(row) if row > at => (row + 1, row),
                    Some(row) => (row + 1, row + 1),
                    None => (end, at + (end - at) / 2),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Attempts made, and what came of the rows; `named` says which row a refusal names.
    fn run(
        len: usize,
        bad: &BTreeSet<usize>,
        named: impl Fn(&Range<usize>, usize) -> Option<usize>,
    ) -> (usize, Vec<usize>, Vec<usize>) {
        let (mut attempts, mut stored, mut refused) = (0, Vec::new(), Vec::new());
        let result: Result<(), ()> = isolate(
            len,
            |range| {
                attempts += 1;
                assert!(!range.is_empty() && range.end <= len);
                Ok(match bad.range(range.clone()).next() {
                    None => {
                        stored.extend(range);
                        Attempt::Stored
                    }
                    Some(&first) => Attempt::Refused {
                        row: named(&range, first),
                        error: first,
                    },
                })
            },
            |row, error| {
                assert_eq!(row, error);
                refused.push(row);
                Ok(())
            },
        );
        assert_eq!(result, Ok(()));
        (attempts, stored, refused)
    }

    #[test]
    fn a_clean_batch_is_one_attempt() {
        assert_eq!(run(1_000, &BTreeSet::new(), |_, _| None).0, 1);
        assert_eq!(run(0, &BTreeSet::new(), |_, _| None).0, 0);
    }

    #[test]
    fn bad_rows_only_cost_one_attempt_each() {
        let bad: BTreeSet<usize> = (0..1_000).collect();
        assert!(run(1_000, &bad, |_, first| Some(first)).0 <= 1_002);
        assert!(run(1_000, &bad, |_, _| None).0 <= 1_000 + 11);
    }

    #[test]
    fn one_bad_row_named_is_four_attempts() {
        assert!(run(100_000, &BTreeSet::from([54_321]), |_, first| Some(first)).0 <= 5);
        assert!(run(100_000, &BTreeSet::from([54_321]), |_, _| None).0 <= 20);
    }

    proptest! {
        #[test]
        fn every_row_is_stored_or_refused_in_order(
            len in 0usize..400,
            bad in proptest::collection::btree_set(0usize..400, 0..40),
            hints in proptest::collection::vec(proptest::option::of(0usize..500), 1..20),
            honest: bool,
        ) {
            let bad: BTreeSet<usize> = bad.into_iter().filter(|row| *row < len).collect();
            let (attempts, stored, refused) = run(len, &bad, |range, first| {
                if honest { Some(first) } else { hints[range.start % hints.len()] }
            });
            let good: Vec<usize> = (0..len).filter(|row| !bad.contains(row)).collect();
            prop_assert_eq!(stored, good);
            prop_assert_eq!(&refused, &bad.iter().copied().collect::<Vec<_>>());
            let log = (len.max(2) as f64).log2().ceil() as usize + 1;
            prop_assert!(!honest || attempts <= 2 + bad.len() * (3 + log), "{} attempts", attempts);
        }
    }
}
