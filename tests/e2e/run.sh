#!/usr/bin/env bash
# Runs the end-to-end tests; arguments go to pytest.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/../../.ci/lib.sh"
cd "$top"

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
venv=$(scratch_dir)/venv
if ! [ -x "$venv/bin/python" ] || ! cmp -s tests/requirements.txt "$venv/installed"; then
    echo "preparing the virtual environment $venv"
    python=/usr/bin/python3
    [ -x $python ] || python=python3
    rm -rf "$venv"
    $python -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/requirements.txt
    cp tests/requirements.txt "$venv/installed"
fi

PGDATAHUB_BIN=$(.ci/private-pg)
PGDATAHUB_SCRATCH=$(scratch_dir)
export PGDATAHUB_BIN PGDATAHUB_SCRATCH
exec "$venv/bin/python" -m pytest -c tests/e2e/pytest.ini --rootdir tests/e2e -o cache_dir="$target/pytest-cache" "$@"
