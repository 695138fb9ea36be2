#!/usr/bin/env bash
# Runs the fuzz targets one after another, each for an equal share of the time, with what earlier runs found out.
#
#   tests/fuzz/run.sh SECONDS [TARGET…]
#
# Needs a nightly Rust and cargo-fuzz: `rustup toolchain install nightly` and `cargo install cargo-fuzz --locked`.
# Corpora and finds lie in FUZZ_DIR (default: fuzz in the cargo target directory). A find ends the run with status 1 and
# belongs, minimised by `cargo +nightly fuzz tmin --fuzz-dir tests/fuzz TARGET FILE`, into tests/fuzz/regressions/TARGET.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:?how many seconds}
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(sed -nE 's/^path = "targets\/(.*)\.rs"/\1/p' tests/fuzz/Cargo.toml)
target_dir=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
fuzz_dir=${FUZZ_DIR:-$target_dir/found}
share=$((seconds / ${#targets[@]}))
export RUSTUP_TOOLCHAIN=nightly CARGO_TARGET_DIR=$target_dir

cargo fuzz --version >/dev/null 2>&1 && rustc --version >/dev/null 2>&1 || {
    echo "fuzzing needs nightly Rust and cargo-fuzz:" >&2
    echo "    rustup toolchain install nightly && cargo install cargo-fuzz --locked" >&2
    exit 2
}
cargo fuzz build --fuzz-dir tests/fuzz
cargo run --quiet --manifest-path tests/fuzz/Cargo.toml --release --bin seeds -- "$fuzz_dir/seeds"

# An allocation that fails is the input's end where calamine asks for it, as it is in the confined reader.
export ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=1024:detect_leaks=0
status=0
for target in "${targets[@]}"; do
    mkdir -p "$fuzz_dir/corpus/$target" "$fuzz_dir/artifacts/$target"
    echo "== $target, $share s"
    cargo fuzz run --fuzz-dir tests/fuzz "$target" "$fuzz_dir/corpus/$target" "$fuzz_dir/seeds/$target" -- \
        -max_total_time="$share" -max_len=200000 -len_control=20 -timeout=30 -rss_limit_mb=3000 -malloc_limit_mb=100000 \
        -artifact_prefix="$fuzz_dir/artifacts/$target/" -print_final_stats=1 -verbosity=0 || status=1
done
exit $status
