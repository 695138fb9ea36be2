//! The fuzz targets' functions, for the programs of `targets`.

#![feature(alloc_error_hook)]

pub mod drive;

/// A program that libFuzzer drives one target with.
#[macro_export]
macro_rules! fuzz {
    ($target:literal) => {
        libfuzzer_sys::fuzz_target!(init: $crate::tolerate($target), |input: &[u8]| {
            assert!($crate::drive::run($target, input));
        });
    };
}

/// calamine panics on damaged .xls files and believes their sizes; in the server that is one failed file, by a guard
/// (`src/reader/xls.rs`) and by the process's limits. libFuzzer ends before either, so it must not hear of these.
pub fn tolerate(target: &str) {
    if target != "xls" {
        return;
    }
    let ends = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let known = |at: &std::panic::Location| {
            at.file().contains("/calamine-") || at.file() == file!()
        };
        if !panic.location().is_some_and(known) {
            ends(panic);
        }
    }));
    std::alloc::set_alloc_error_hook(|_| panic!("no memory"));
}
