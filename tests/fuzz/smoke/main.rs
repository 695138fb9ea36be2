//! Every fuzz target without a fuzzer, for the normal suite: over its seeds, over all that ever broke one, and over
//! random mutations of both. Which of them it draws is the same in every run; PGDATAHUB_SEED and PGDATAHUB_CASES
//! (mutations a target) draw others and more.

#![allow(clippy::unwrap_used, clippy::panic)]

mod confined;
// Shared with the programs of ../targets, which use the rest of it.
#[allow(dead_code)]
#[path = "../drive/mod.rs"]
mod drive;
mod mutate;

use confined::Confined;
use drive::{TARGETS, Target, seeds};
use mutate::Mutator;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Mutations of each target.
const CASES: u64 = 1_500;

/// After so long no further mutation is drawn: a busy machine draws fewer.
const MOST: Duration = Duration::from_secs(60);

/// Address space of the whole test, in bytes.
const MEMORY: u64 = 4 << 30;

/// One input may take this long; all limits on time lie far below, and a busy machine far above them.
const HANGS: Duration = Duration::from_secs(300);

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

thread_local! {
    static CONFINED: RefCell<Confined> = RefCell::default();
}

/// Runs one input; where it breaks a promise, the file that it is kept in.
fn check((target, run): Target, input: &[u8]) -> Result<(), String> {
    let begun = Instant::now();
    let whole = catch_unwind(AssertUnwindSafe(|| match target {
        // calamine reads them; see the module.
        "xls" => CONFINED.with(|confined| confined.borrow_mut().read(input)),
        _ => run(input),
    }));
    let fast = begun.elapsed() < HANGS;
    if whole.is_ok() && fast {
        return Ok(());
    }

    let path =
        std::env::temp_dir().join(format!("pgdatahub-{target}-{:08x}", crc32fast::hash(input)));
    std::fs::write(&path, input).unwrap();
    let what = if fast { "breaks a promise" } else { "hangs" };
    let path = path.display();
    Err(format!(
        "target {target} {what}: add {path} to tests/fuzz/regressions/{target}"
    ))
}

/// No input may ask for more: the test would take the machine down with it.
fn bound_memory() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::As).maximum;
    let current = Some(maximum.map_or(MEMORY, |most| most.min(MEMORY)));
    setrlimit(Resource::As, Rlimit { current, maximum }).unwrap();
}

#[test]
fn seeds_and_what_once_broke_a_target() {
    bound_memory();
    let (seeds, mut found) = (seeds::all(), Vec::new());
    for target in TARGETS {
        let of_target: Vec<_> = seeds
            .iter()
            .filter(|(name, ..)| *name == target.0)
            .collect();
        assert!(!of_target.is_empty(), "target {} has no seed", target.0);
        found.extend(check(*target, b"").err());
        for (.., input) in of_target {
            found.extend(check(*target, input).err());
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn samples_of_messages_are_messages() {
    use pgdatahub_core::protocol::{Request, Response, frame};
    for (target, name, input) in seeds::all() {
        if target == "control" && name.starts_with("control") {
            let request = frame::parse_control::<Request>(&input);
            let response = frame::parse_control::<Response>(&input);
            assert!(
                request.is_ok() || response.is_ok(),
                "{name}: {request:?} {response:?}"
            );
        }
    }
}

#[test]
fn mutations() {
    bound_memory();
    let (seed, cases) = (
        number("PGDATAHUB_SEED", 1),
        number("PGDATAHUB_CASES", CASES),
    );
    let begun = Instant::now();
    let all = seeds::all();
    let (mut drawn, mut found) = (0, Vec::new());
    for target in TARGETS {
        let seeds: Vec<&[u8]> = all
            .iter()
            .filter(|(name, ..)| *name == target.0)
            .map(|(.., input)| &input[..])
            .collect();
        let mut mutator = Mutator::new(seed ^ u64::from(crc32fast::hash(target.0.as_bytes())));
        for case in 0..cases {
            // The first cases are drawn however busy the machine is.
            if case >= 10 && begun.elapsed() > MOST && cases == CASES {
                break;
            }
            drawn += 1;
            if let Err(what) = check(*target, &mutator.draw(&seeds)) {
                found.push(what);
                break;
            }
        }
    }
    println!(
        "{drawn} mutations of seed {seed} in {} s",
        begun.elapsed().as_secs()
    );
    assert!(found.is_empty(), "{found:#?}");
}
