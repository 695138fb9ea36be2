//! Makes a failing case small: takes away what the failure does not need.

use crate::case::{Case, Cell, Encoding, Widening};
use std::time::{Duration, Instant};

const AT_MOST: Duration = Duration::from_secs(60);

/// The smallest case found that still fails.
pub fn shrink(mut case: Case, fails: impl Fn(&Case) -> bool) -> Case {
    let end = Instant::now() + AT_MOST;
    loop {
        let mut smaller = false;
        let mut at = 0;
        // Candidates are made one by one: after a success the case is another one.
        while let Some(candidate) = candidate(&case, at) {
            if Instant::now() > end {
                return case;
            }
            match candidate {
                Some(candidate) if fails(&candidate) => {
                    case = candidate;
                    smaller = true;
                }
                _ => at += 1,
            }
        }
        if !smaller {
            return case;
        }
    }
}

/// The `at`-th way to make the case smaller; none behind the last, Some(None) for one that changes nothing.
fn candidate(case: &Case, at: usize) -> Option<Option<Case>> {
    let mut left = at;
    let mut smaller = case.clone();
    let changed = (|| {
        if left < case.files.len() {
            return (case.files.len() > 1).then(|| remove_file(&mut smaller, left));
        }
        left -= case.files.len();
        for (number, file) in case.files.iter().enumerate() {
            let target = &mut smaller.files[number];
            // Halves of the rows, then each row.
            if left < 2 {
                let half = file.rows.len() / 2;
                let _ = if left == 0 {
                    target.rows.drain(half..)
                } else {
                    target.rows.drain(..half)
                };
                return Some(());
            }
            left -= 2;
            if left < file.rows.len() {
                target.rows.remove(left);
                return Some(());
            }
            left -= file.rows.len();
            let width = file
                .rows
                .iter()
                .map(Vec::len)
                .max()
                .unwrap_or(0)
                .max(file.header.len());
            if left < width {
                let cells = std::iter::once(&mut target.header).chain(&mut target.rows);
                cells.filter(|cells| cells.len() > left).for_each(|cells| {
                    cells.remove(left);
                });
                return Some(());
            }
            left -= width;
            if left < 2 {
                let (date1904, positions) = if left == 0 {
                    (false, file.positions)
                } else {
                    (file.date1904, true)
                };
                (target.date1904, target.positions) = (date1904, positions);
                return Some(());
            }
            left -= 2;
            for (row, cells) in std::iter::once(&file.header).chain(&file.rows).enumerate() {
                if left < cells.len() * 2 {
                    let cell = match row {
                        0 => &mut target.header[left / 2],
                        _ => &mut target.rows[row - 1][left / 2],
                    };
                    *cell = if left.is_multiple_of(2) {
                        Cell::Absent
                    } else {
                        one()
                    };
                    return Some(());
                }
                left -= cells.len() * 2;
            }
        }
        for run in 0..2 {
            for step in &mut smaller.runs[run] {
                match left {
                    0 => step.chunk = 1000,
                    1 => step.encoding = Encoding::Binary,
                    2 => step.widening = Widening::Resume,
                    3 => step.auto_header = false,
                    _ => {
                        left -= 4;
                        continue;
                    }
                }
                return Some(());
            }
        }
        left = usize::MAX;
        None
    })();
    match changed {
        Some(()) => Some((cost(&smaller) < cost(case)).then_some(smaller)),
        None if left == usize::MAX => None,
        None => Some(None),
    }
}

fn one() -> Cell {
    Cell::Number {
        digits: "1".into(),
        format: 0,
        formula: false,
    }
}

fn remove_file(case: &mut Case, number: usize) {
    case.files.remove(number);
    for run in &mut case.runs {
        run.retain(|step| step.file != number);
        run.iter_mut()
            .filter(|step| step.file > number)
            .for_each(|step| step.file -= 1);
    }
}

/// What a candidate must lessen.
fn cost(case: &Case) -> usize {
    let cell = |cell: &Cell| match cell {
        Cell::Absent => 1,
        cell if *cell == one() => 2,
        _ => 3,
    };
    let file = |file: &crate::case::File| {
        let rows = std::iter::once(&file.header).chain(&file.rows);
        let cells: usize = rows
            .map(|cells| 1 + cells.iter().map(cell).sum::<usize>())
            .sum();
        cells + usize::from(file.date1904) + usize::from(!file.positions)
    };
    let step = |step: &crate::case::Step| {
        let plain = [
            step.chunk == 1000,
            step.encoding == Encoding::Binary,
            step.widening == Widening::Resume,
            !step.auto_header,
        ];
        1 + plain.iter().filter(|plain| !**plain).count()
    };
    case.files.iter().map(file).sum::<usize>() + case.runs.iter().flatten().map(step).sum::<usize>()
}
