"""Many files, folders, columns and rows. The largest run with make test-resources (PGDATAHUB_LARGE=1)."""

import os
import time

import pytest
from harness import big
from harness.background import Background
from harness.processes import memory_kb
from harness.results import failed, imported, refused
from harness.traces import held

LARGE = bool(os.environ.get("PGDATAHUB_LARGE"))
large = pytest.mark.skipif(not LARGE, reason="make test-resources")


def said(db, query, params):
    """The WARNINGs of a statement, as (message, hint)."""
    heard = []
    with db.connect() as session:
        session.add_notice_handler(lambda notice: heard.append((notice.severity, notice.message_primary, notice.message_hint)))
        session.execute(query, params)
    return [(message, hint) for severity, message, hint in heard if severity == "WARNING"]


def copies(folder, names, rows=(["Id"], [1])):
    """The same workbook under many names: one is imported, the others are skipped, which takes little time."""
    first = folder.workbook("first.xlsx", list(rows))
    for name in names:
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        os.link(first, target)
    first.unlink()


def tiny(folder, name, number):
    """A workbook of one row, written in a millisecond."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    cells = ['<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>']
    cells.append(f'<row r="2"><c r="A2"><v>{number}</v></c><c r="B2" t="s"><v>2</v></c></row>')
    big.write_xlsx(path, cells, ["Id", "Name", f"Name {number}"])


def test_many_files_in_one_transaction(db, folder):
    copies(folder, [f"t/{number}.xlsx" for number in range(1_001)])
    ((message, hint),) = said(db, "SELECT count(*) FROM pgdatahub.import_folder(%s)", [str(folder)])
    assert message == "import_folder has 1,001 files for 1 table in one transaction"
    assert hint == f"CALL pgdatahub.run_import('{folder}') commits after each file."


def test_many_tables_in_one_transaction(db, folder):
    copies(folder, [f"t{number}/a.xlsx" for number in range(201)])
    query = "SELECT count(*) FROM pgdatahub.import_folder(%s, dry_run => true, files => %s)"
    assert said(db, query, [str(folder), "t1*/*"]) == []
    ((message, hint),) = said(db, query, [str(folder), None])
    assert message == "import_folder has 201 files for 201 tables in one transaction" and "run_import" in hint


def test_as_many_columns_as_a_table_has(db, folder):
    """PostgreSQL has 1,600, two of them are ours; one more is an error that says so."""
    names = [f"c{number}" for number in range(1_599)]
    (row,) = imported(db.import_file(folder.workbook("a.xlsx", [names[:1_590], [True] * 1_590]), table_name="t"))
    assert row["row_count"] == 1
    failed(db.import_file(folder.workbook("b.xlsx", [names, [True] * 1_599]), table_name="u")[0], "54011", "1600")
    # A row of 1,590 bigints has 12.7 kB, more than a page holds.
    failed(db.import_file(folder.workbook("c.xlsx", [names[:1_590], list(range(1_590))]), table_name="u")[0], "54000", "too wide")
    assert db.value("SELECT to_regclass('u')") is None


@large
@pytest.mark.timeout(1800)
def test_ten_thousand_files(db, folder):
    """Planned, imported by run_import and skipped, each in time that grows as the number of files does."""
    for number in range(10_000):
        tiny(folder, f"t/{number:05}.xlsx", number)

    def seconds(query):
        began = time.monotonic()
        with db.connect() as session:
            session.execute(query)
            peak = memory_kb(session.info.backend_pid)[1]
        return time.monotonic() - began, peak

    plan = f"SELECT count(*) FROM pgdatahub.plan_folder('{folder}'"
    few, _ = seconds(f"{plan}, files => 't/00*')")
    many, peak = seconds(f"{plan})")
    print(f"plan of 1,000 files {few:.1f} s, of 10,000 {many:.1f} s, {peak / 1024:.0f} MB")
    assert many < 20 * few
    loaded, peak = seconds(f"CALL pgdatahub.run_import('{folder}')")
    print(f"run_import of 10,000 files {loaded:.1f} s, {peak / 1024:.0f} MB")
    assert db.value("SELECT count(*)::int FROM t") == 10_000
    skipped, peak = seconds(f"SELECT count(*) FROM pgdatahub.import_folder('{folder}')")
    print(f"10,000 files skipped {skipped:.1f} s, {peak / 1024:.0f} MB")
    again, _ = seconds(f"{plan}, reimport => true)")
    print(f"plan of 10,000 replacements {again:.1f} s")


@large
@pytest.mark.timeout(900)
def test_a_thousand_folders(db, folder):
    """More tables than one transaction has locks for: import_folder says what helps, run_import does it."""
    for number in range(1_000):
        tiny(folder, f"f{number:04}/a.xlsx", number)
    with db.connect() as session:
        session.execute("SELECT * FROM pgdatahub.verify_setup()")
        before = held(db, session)
        with refused("53200", "max_locks_per_transaction"):
            session.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])
        assert held(db, session) == before
        session.execute(f"CALL pgdatahub.run_import('{folder}')")
        assert held(db, session) == before
    assert db.value("SELECT count(*)::int FROM pgdatahub.managed_tables") == 1_000


@large
@pytest.mark.timeout(900)
def test_a_million_rows(db, scratch):
    """As many as a sheet has: memory as for few, in backend and reader."""
    few, many = (big.cached(scratch, f"looking-{rows}.xlsx", lambda path, rows=rows: big.mixed(path, rows, unique=False)) for rows in (100_000, 1_000_000))
    peaks = []
    for path in (few, many):
        with db.connect() as session:
            call = Background(session, f"SELECT status, row_count FROM pgdatahub.import_file('{path}', table_name => 'big')")
            backend = reader = 0
            while call.running:
                backend = max(backend, (memory_kb(call.pid) or (0, 0))[1])
                reader = max([reader, *((memory_kb(process.pid) or (0, 0))[1] for process in db.cluster.readers())])
                time.sleep(0.02)
            assert call.error is None and call.rows[0][0] == "imported", call.error
        peaks.append((backend / 1024, reader / 1024))
        db.execute("DROP TABLE big")
    print(f"peaks in MB of backend and reader: {peaks}")
    # The backend's resident memory counts the shared buffers that it has touched, 64 MB of them.
    assert peaks[1][0] - peaks[0][0] < 96 and peaks[1][1] - peaks[0][1] < 32
