"""Rejects by the hundred thousand, and once by the million: the backend's memory does not grow with them."""

from pathlib import Path

import pytest
from harness import big
from harness.conflicts import LANES, configure, use_lane

ROWS = 200_000
MILLION = 1_000_000


def anonymous_kb(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


def errors(path, rows):
    """Every row holds a number, and #N/A beside it."""
    head = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    lines = (f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" t="e"><v>#N/A</v></c></row>' for n in range(2, rows + 2))
    big.write_xlsx(path, [head, *lines], ["id", "v"])


def conflicts(path, rows):
    """Every row holds a number, and a text beside it."""
    head = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    lines = (f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" t="s"><v>2</v></c></row>' for n in range(2, rows + 2))
    big.write_xlsx(path, [head, *lines], ["id", "v", "a value that no number is"])


# name of the workbook, column v, on_type_conflict, whether the rows go in
KINDS = [(errors, "bigint", "widen", True), (conflicts, "bigint", "reject_row", False), (conflicts, "varchar(3)", "reject_cell", True)]
CASES = [(lane, *kind, ROWS) for lane in LANES for kind in KINDS] + [("copy", *kind, MILLION) for kind in KINDS[:2]]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("lane", "write", "sql_type", "policy", "goes_in", "rows"), CASES)
def test_memory(db, folder, scratch, lane, write, sql_type, policy, goes_in, rows):
    use_lane(db, lane)
    configure(folder, on_type_conflict=policy)
    path = folder.write("a.xlsx", big.cached(scratch, f"{write.__name__}-{rows}.xlsx", lambda path: write(path, rows)).read_bytes())
    with db.connect() as connection:
        connection.execute(f"CREATE TABLE t (id bigint, v {sql_type})")
        connection.execute("SELECT pgdatahub.adopt_table('t')")
        small = folder.workbook("small.xlsx", [["id", "v"], [1, None]])
        connection.execute("SELECT * FROM pgdatahub.import_file(%s, table_name => 't')", [str(small)])
        before = anonymous_kb(connection.info.backend_pid)
        if rows == MILLION:
            # A plan counts the same rejects and keeps none.
            query = "SELECT rejected FROM pgdatahub.import_file(%s, table_name => 't', dry_run => true)"
            assert connection.execute(query, [str(path)]).fetchall() == [(rows,)]
        (row,) = connection.execute(
            "SELECT status, row_count, rejected FROM pgdatahub.import_file(%s, table_name => 't')", [str(path)]
        ).fetchall()
        grown = anonymous_kb(connection.info.backend_pid) - before
        assert connection.execute("SELECT count(*) FROM pgdatahub.etl_rejects").fetchone() == (rows,)
    assert row == ("imported", rows if goes_in else 0, rows)
    assert grown < 24_000, f"{grown} kB for {rows} rejects"
