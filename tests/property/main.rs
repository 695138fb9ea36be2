//! Order independence: random workbooks, imported in any order and in any pieces, give the table that the rules say.
//!
//! `PGDATAHUB_CASES` is how many cases, `PGDATAHUB_SEED` the first one's seed; each case is the next seed's. A
//! failure is made small and printed with its seed: `PGDATAHUB_SEED=<seed> PGDATAHUB_CASES=1` runs it alone.

#![allow(clippy::unwrap_used, clippy::panic)]

mod case;
mod decode;
mod draw;
mod kept;
mod model;
mod pools;
mod rng;
mod shrink;
mod simulate;
mod table;
mod write;

use case::Case;
use model::columns::{SheetColumn, undisputed};
use model::{Outcome, Sheet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Without optimisation a case takes five times as long.
const CASES: u64 = if cfg!(debug_assertions) {
    2_000
} else {
    20_000
};

/// Whatever the order, the pieces and the encoding: the table is the model's.
fn check(case: &Case) -> Result<(), String> {
    let workbooks: Vec<Vec<u8>> = case.files.iter().map(write::workbook).collect();
    let mut outcomes = Vec::new();
    for steps in &case.runs {
        let order: Vec<usize> = steps.iter().map(|step| step.file).collect();
        let (expected, memory) = model::outcome(&case.files, &order);
        let found = simulate::import(&case.files, &workbooks, steps);
        same(&expected, &found)
            .map_err(|difference| format!("files in order {order:?}: {difference}"))?;
        outcomes.push((expected, memory, found));
    }
    let [(_, memory, first), (_, other_memory, second)] = &outcomes[..] else {
        return Err("two runs".into());
    };
    // Where no file has two headers for one name, the order does not matter even for the names.
    let undisputed = undisputed(&case.files.iter().map(columns).collect::<Vec<_>>());
    if undisputed || (memory == other_memory && first.failed == second.failed) {
        same(first, second)
            .map_err(|difference| format!("one order against the other: {difference}"))?;
    }
    Ok(())
}

fn columns(file: &case::File) -> Vec<SheetColumn> {
    Sheet::of(file).columns()
}

fn same(expected: &Outcome, found: &Outcome) -> Result<(), String> {
    let differ = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
        Err(format!(
            "{what}\n  expected {expected:?}\n  found    {found:?}"
        ))
    };
    if expected.failed != found.failed {
        return differ("failed files", &expected.failed, &found.failed);
    }
    if expected.columns != found.columns {
        return differ("columns", &expected.columns, &found.columns);
    }
    if expected.rejects != found.rejects {
        return differ("rejects", &expected.rejects, &found.rejects);
    }
    let keys: Vec<_> = expected.rows.keys().collect();
    if keys != found.rows.keys().collect::<Vec<_>>() {
        return differ("rows", &keys, &found.rows.keys());
    }
    for (place, row) in &expected.rows {
        // By their text: 0.0 and -0.0 are equal numbers, but not the same value.
        if format!("{row:?}") != format!("{:?}", found.rows[place]) {
            return differ(&format!("file and row {place:?}"), row, &found.rows[place]);
        }
    }
    Ok(())
}

/// A panic is a failure like any other.
fn outcome(case: &Case) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| check(case))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        Err(said
            .or(panic.downcast_ref::<&str>().map(|text| (*text).into()))
            .unwrap_or_default())
    })
}

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => default,
    }
}

#[test]
fn the_final_table_depends_on_the_files_alone() {
    let (first, cases) = (
        setting("PGDATAHUB_SEED", 1),
        setting("PGDATAHUB_CASES", CASES),
    );
    println!("PGDATAHUB_SEED={first} PGDATAHUB_CASES={cases}");
    let next = AtomicU64::new(0);
    let failure = Mutex::new(None);
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let work = || {
        while failure.lock().unwrap().is_none() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= cases {
                break;
            }
            let seed = first.wrapping_add(number);
            let case = draw::case(seed);
            if outcome(&case).is_err() {
                failure.lock().unwrap().get_or_insert((seed, case));
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    let found = failure.into_inner().unwrap();
    let small =
        found.map(|(seed, case)| (seed, shrink::shrink(case, |case| outcome(case).is_err())));
    std::panic::set_hook(quiet);
    if let Some((seed, case)) = small {
        let why = outcome(&case).unwrap_err();
        panic!(
            "{why}\n\nPGDATAHUB_SEED={seed} PGDATAHUB_CASES=1 repeats it; made small it is\n{}",
            shown(&case)
        );
    }
}

fn shown(case: &Case) -> String {
    let mut out = String::new();
    for (number, file) in case.files.iter().enumerate() {
        out += &format!(
            "file {number}, 1904: {}, positions: {}\n",
            file.date1904, file.positions
        );
        out += &format!("  header {:?}\n", file.header);
        file.rows
            .iter()
            .for_each(|row| out += &format!("  {row:?}\n"));
    }
    for run in &case.runs {
        run.iter().for_each(|step| out += &format!("{step:?}\n"));
    }
    out
}
