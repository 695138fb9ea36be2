#!/usr/bin/env bash
# Runs sql/*.sql with pg_regress on a private cluster and compares with expected/*.out; arguments limit it to tests.
#
# The tests find the workbooks of tests/fixtures, readable by the server, through the environment:
#   \getenv fixtures PGDATAHUB_FIXTURES
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/../../.ci/lib.sh"
cd "$top/tests/regress"

tests=("$@")
if [ ${#tests[@]} = 0 ]; then
    for file in sql/*.sql; do
        [ -e "$file" ] && tests+=("$(basename "$file" .sql)")
    done
fi
[ ${#tests[@]} -gt 0 ] || die "tests/regress/sql holds no test"

config=${PG_CONFIG:-pg_config}
pg_regress=${PG_REGRESS:-$(dirname "$("$config" --pgxs)")/../test/regress/pg_regress}
[ -x "$pg_regress" ] || die "$pg_regress is missing: install the package postgresql-server-dev of this version"

bin=$("$top/.ci/private-pg")
"$top/.ci/cluster" remove "$bin" regress
socket=$("$top/.ci/cluster" start "$bin" regress fsync=off timezone=UTC)
trap '"$top/.ci/cluster" remove "$bin" regress; rm -rf "$PGDATAHUB_FIXTURES"' EXIT

PGDATAHUB_FIXTURES=$(scratch_dir)/regress-fixtures
export PGDATAHUB_FIXTURES
rm -rf "$PGDATAHUB_FIXTURES"
mkdir -m 755 "$PGDATAHUB_FIXTURES"
for directory in "$top"/tests/fixtures/{cells,shapes,bad}; do
    install -d -m 755 "$PGDATAHUB_FIXTURES/$(basename "$directory")"
    find "$directory" -type f ! -name '*.json' -exec install -m 644 -t "$PGDATAHUB_FIXTURES/$(basename "$directory")" {} +
done

output=$(cd "$top" && realpath -m "${CARGO_TARGET_DIR:-target}")/regress
mkdir -p "$output"
status=0
PGCLIENTENCODING=UTF8 "$pg_regress" --bindir="$bin" --host="$socket" --port=5432 --user=postgres --dbname=regression \
    --encoding=UTF8 --inputdir=. --outputdir="$output" "${tests[@]}" || status=$?
if [ $status != 0 ]; then
    cat "$output/regression.diffs" 2>/dev/null || true
fi
exit $status
