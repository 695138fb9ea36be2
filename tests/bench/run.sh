#!/usr/bin/env bash
# Measures side by side and writes tests/bench/RESULTS.md; arguments go to compare.py. Needs the build of `make`.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/../../.ci/lib.sh"
cd "$top"

scratch=$(scratch_dir)
venv=$scratch/bench-venv
if ! [ -x "$venv/bin/python" ] || ! cmp -s tests/bench/requirements.txt "$venv/installed"; then
    echo "preparing the virtual environment $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/bench/requirements.txt
    cp tests/bench/requirements.txt "$venv/installed"
fi
command -v ogr2ogr >/dev/null || echo "ogr2ogr is not installed (Debian: gdal-bin): it is left out" >&2

cargo build --release -q -p pgdatahub-reader --example read_alone
PGDATAHUB_BIN=$(.ci/private-pg)
PGDATAHUB_SCRATCH=$scratch
PGDATAHUB_READ_ALONE=$(realpath -m "${CARGO_TARGET_DIR:-target}")/release/examples/read_alone
export PGDATAHUB_BIN PGDATAHUB_SCRATCH PGDATAHUB_READ_ALONE
exec "$venv/bin/python" tests/bench/compare.py "$@"
