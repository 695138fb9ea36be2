#!/usr/bin/env bash
# A guided tour: a private cluster, workbooks of two folders, three imports, the audit, a correction and a revert.
#
#   tests/demo/run.sh          plays the tour; the cluster stays up afterwards
#   tests/demo/run.sh --stop   stops the cluster and deletes it
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/../../.ci/lib.sh"

scratch=$(scratch_dir)
excel=$scratch/excel
remembered=$scratch/demo.bin

if [ "${1:-}" = --stop ]; then
    [ -e "$remembered" ] || exit 0
    "$top/.ci/cluster" remove "$(cat "$remembered")" demo
    rm -rf "$excel" "$remembered"
    echo "the demo's cluster is stopped and deleted"
    exit 0
fi

bold="" plain=""
[ ! -t 1 ] || { bold=$(tput bold 2>/dev/null || true) plain=$(tput sgr0 2>/dev/null || true); }

step() {
    number=$((${number:-0} + 1))
    printf '\n%s%s\n%d. %s\n%s%s\n' "$bold" "$(printf '=%.0s' {1..96})" "$number" "$1" "$(printf '=%.0s' {1..96})" "$plain"
    shift
    [ $# = 0 ] || printf '%s\n' "$@"
    printf '\n'
}

# Runs SQL as somebody would type it in psql, and shows it.
sql() { psql_as_admin -a -d demo; }

psql_as_admin() {
    PGHOST=$socket PGPORT=5432 PGUSER=postgres PGCLIENTENCODING=UTF8 PAGER='' \
        "$bin/psql" -X -q -v ON_ERROR_STOP=1 -v folder="$excel" -P border=1 "$@" 2>&1
}

arrive() {
    cp -R "$top/tests/demo/$1/." "$excel/"
    chmod -R u=rwX,go=rX "$excel"
}

tree() { (cd "$excel" && find . -type f -printf '    %P  (%s bytes)\n' | sort); }

began=$SECONDS
echo "preparing a private PostgreSQL with the extension in it (nothing outside $scratch is touched)"
bin=$("$top/.ci/private-pg")
printf '%s' "$bin" >"$remembered"
socket=$("$top/.ci/cluster" start "$bin" demo)
psql_as_admin -d postgres -c 'DROP DATABASE IF EXISTS demo WITH (FORCE)' -c 'CREATE DATABASE demo' >/dev/null
rm -rf "$excel"
mkdir -m 755 "$excel"
arrive january

step "An insurer's shared drive: one folder per kind of workbook" \
    "Each folder shall become one table. In January there are two workbooks in $excel" "(psql knows this place as :folder):" "" "$(tree)"
sql <<'SQL'
CREATE EXTENSION pgdatahub;
SELECT file_name, sheet_name, row_count, status
  FROM (SELECT regexp_replace(source_file, '.*/', '') AS file_name, * FROM pgdatahub.import_folder(:'folder')) r;
SQL

step "The tables were made from the sheets" \
    "Names come from the headers, types from the cells. Two more columns tell where each row came from."
sql <<'SQL'
\d claims
SELECT claim, branch, reported, cause, paid FROM claims ORDER BY claim LIMIT 3;
SQL

arrive later
step "Spring: new months arrive, and not all of them are well" \
    "February's template has a new column and cents in the amounts. In March somebody typed words among the numbers." \
    "There is a copy of January under another name, a file cut off while it was copied, and one with a password." "" "$(tree)"
sql <<'SQL'
SELECT file_name, status, row_count, schema_changes, message
  FROM (SELECT regexp_replace(source_file, '.*/', '') AS file_name, * FROM pgdatahub.import_folder(:'folder')) r;
SQL

step "What the import changed in the table, and on account of which file" \
    "No value was lost: the columns were widened, January's rows included."
sql <<'SQL'
SELECT regexp_replace(source_file, '.*/', '') AS file_name, change_type, column_name, old_type, new_type
  FROM pgdatahub.schema_changes WHERE table_name = 'claims'
 ORDER BY change_id;
\d claims
SELECT claim, paid, adjuster_fee FROM claims WHERE adjuster_fee = 'waived' OR claim LIKE '%-001' ORDER BY claim;
SQL

step "Which files still need somebody's attention"
sql <<'SQL'
SELECT regexp_replace(source_file, '.*/', '') AS file_name, sqlstate, message, hint FROM pgdatahub.failures
 ORDER BY source_file \gx
SQL

step "A second run finds nothing to do" \
    "What is in stays as it is, however often the import runs. The two bad files are reported again."
sql <<'SQL'
SET client_min_messages = error;
SELECT status, count(*) AS files, sum(row_count) AS rows_loaded
  FROM pgdatahub.import_folder(:'folder') GROUP BY status ORDER BY status;
SQL

rm "$excel/claims/2024-01 copy for audit.xlsx"
arrive corrected
step "A corrected January comes in under the same name" \
    "Two claims fewer, one amount mended. The old rows leave and the new ones come in one transaction."
sql <<'SQL'
SET client_min_messages = error;
SELECT count(*) AS january_before FROM claims WHERE claim LIKE 'C-2401%';
SELECT file_name, status, row_count, rows_removed
  FROM (SELECT regexp_replace(source_file, '.*/', '') AS file_name, * FROM pgdatahub.import_folder(:'folder')) r
 WHERE status = 'replaced';
SELECT count(*) AS january_after FROM claims WHERE claim LIKE 'C-2401%';
SQL

step "March was a mistake: take it out again"
sql <<'SQL'
SELECT pgdatahub.revert('claims', 'claims/2024-03.xlsx') AS rows_removed;
SELECT import_id, regexp_replace(source_file, '.*/', '') AS file_name, table_name, row_count, reverted_why
  FROM pgdatahub.imports ORDER BY import_id;
SQL

step "Your turn ($((SECONDS - began)) seconds so far)" \
    "The cluster keeps running, until: make demo-stop" "To look around in it:" "" \
    "    $bin/psql -h $socket -U postgres demo" "" \
    "    SELECT * FROM pgdatahub.status();" \
    "    \\df pgdatahub.*" \
    "    SELECT * FROM pgdatahub.import_folder('$excel');"
