"""What an import holds of its data table, and for how long, is the table in ARCHITECTURE.md: seen in pg_locks by another
session. That readers wait no longer than pgdatahub.lock_timeout while an import waits itself: test_blockers.py."""

import os
import re
import threading
import time
from pathlib import Path

import pytest
from harness import big
from harness.background import Background, wait_for, waits_for_lock
from harness.results import imported

ARCHITECTURE = Path(__file__).resolve().parents[2] / "ARCHITECTURE.md"
HEADING = "## What others meet while an import runs"

# The situation's words in ARCHITECTURE.md: rows of the second workbook, and the statement; the first one is [["Id", "N"], [1, 2]].
SITUATIONS = {
    "rows go in, the columns fit": ([["Id", "N"], [2, 3]], "SELECT * FROM pgdatahub.import_folder('{folder}')"),
    "a column was added": ([["Id", "N", "More"], [2, 3, "x"]], "SELECT * FROM pgdatahub.import_folder('{folder}')"),
    "a column was widened": ([["Id", "N"], [2, "x"]], "SELECT * FROM pgdatahub.import_folder('{folder}')"),
    "rows are replaced": (None, "SELECT * FROM pgdatahub.import_folder('{folder}', reimport => true)"),
}


def documented():
    """{situation: (lock on the data table, others that wait)} of ARCHITECTURE.md."""
    text = ARCHITECTURE.read_text(encoding="utf-8").split(HEADING, 1)[1].split("\n## ", 1)[0]
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in text.splitlines() if line.startswith("| ")]
    return {row[0]: (row[1], row[2]) for row in rows}


@pytest.fixture(scope="module")
def cluster(still_cluster):
    """Without autovacuum, which takes locks of its own."""
    return still_cluster


@pytest.fixture
def gated(db, folder):
    """A table with one import, whose inserted rows wait for an advisory lock: an import stands still while it holds all it will."""
    folder.workbook("t/a.xlsx", [["Id", "N"], [1, 2]])
    imported(db.import_folder(folder))
    db.execute("""
        CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END $$;
        CREATE TRIGGER gate BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION gate()""")
    return db


MODES = ["none", *(f"{name}Lock" for name in ("AccessShare", "RowShare", "RowExclusive", "ShareUpdateExclusive", "Share", "ShareRowExclusive", "Exclusive", "AccessExclusive"))]


def strongest(db, pid):
    """The strongest mode that a backend holds on the data table."""
    query = "SELECT mode FROM pg_locks WHERE pid = %s AND relation = 't'::regclass AND granted"
    return max((row["mode"] for row in db.rows(query, [pid])), key=MODES.index, default="none")


OTHERS = {
    "SELECT": "SELECT count(*) FROM t",
    "INSERT": "INSERT INTO t (id, source_file, load_timestamp) SELECT 0, '', now() WHERE false",
    "CREATE INDEX": "CREATE INDEX ON t (id)",
    "ALTER TABLE": "ALTER TABLE t ADD COLUMN another bigint",
}


def waiting(db):
    """Which of the statements wait now. An own lock_timeout tells; a busy machine only makes them slower, not wait for a lock."""
    found = []
    for name, statement in OTHERS.items():
        with db.connect() as session:
            session.execute("SET lock_timeout = '200ms'")
            try:
                with session.transaction(force_rollback=True):
                    session.execute(statement)
            except Exception as error:
                assert getattr(error, "sqlstate", None) == "55P03", error
                found.append(name)
    return found


def test_every_situation_is_documented():
    assert set(documented()) - {"meanwhile", "---"} == {*SITUATIONS, "it is planned", "it waits for a reader, to add or widen a column", "it has committed"}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_an_import_holds(gated, folder, situation):
    rows, statement = SITUATIONS[situation]
    if rows:
        folder.workbook("t/b.xlsx", rows)
    with gated.connect() as gate:
        gate.execute("SELECT pg_advisory_lock(7)")
        importing = Background(gated.connect(), "BEGIN", statement.format(folder=folder), "SELECT 1")
        waits_for_lock(gated.cluster, importing.pid)
        mode, others = documented()[situation]
        assert strongest(gated, importing.pid) == mode
        assert waiting(gated) == others.split(", ")
        gate.execute("SELECT pg_advisory_unlock(7)")
        importing.join()
        assert importing.error is None, importing.error
    # Held to the end of the transaction, which is the session's, and not a moment longer.
    assert strongest(gated, importing.pid) == mode
    importing.connection.execute("COMMIT")
    assert documented()["it has committed"] == ("none", "nobody")
    assert strongest(gated, importing.pid) == "none" and waiting(gated) == []
    importing.close()


def test_what_a_plan_holds(gated, folder):
    folder.workbook("t/b.xlsx", [["Id", "N", "More"], [2, "x", "y"]])
    with gated.connect(autocommit=False) as session:
        session.execute("SELECT * FROM pgdatahub.plan_folder(%s)", [str(folder)])
        mode, others = documented()["it is planned"]
        held = strongest(gated, session.info.backend_pid)
        assert MODES.index(held) <= MODES.index(mode)
        assert waiting(gated) == (others.split(", ") if held == mode else [])


def test_nothing_while_it_waits(gated, folder):
    """The strong lock is asked for again and again: what was queued behind it gets in between."""
    folder.workbook("t/b.xlsx", [["Id", "N"], [2, "x"]])
    with gated.connect(autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM t")
        settings = ["SET pgdatahub.lock_timeout = '200ms'", "SET pgdatahub.lock_retries = 1000"]
        importing = Background(gated.connect(), *settings, f"SELECT status FROM pgdatahub.import_folder('{folder}')")
        waits_for_lock(gated.cluster, importing.pid)
        mode, _ = documented()["it waits for a reader, to add or widen a column"]
        assert MODES.index(strongest(gated, importing.pid)) <= MODES.index(mode)
        for _ in range(5):
            gated.value("SELECT count(*) FROM t")
            gated.execute("INSERT INTO t (id, source_file, load_timestamp) SELECT 0, '', now() WHERE false")
        assert importing.running
    importing.join()
    assert importing.rows == [("skipped",), ("imported",)]
    importing.close()


@pytest.mark.skipif(not os.environ.get("PGDATAHUB_LARGE"), reason="make test-resources")
@pytest.mark.timeout(1800)
def test_two_gigabytes_are_widened(db, folder, scratch):
    """A long reader holds the table: others read on, and none waits longer than lock_timeout; then it is rewritten."""
    imported(db.import_file(big.cached(scratch, "mixed-300000.xlsx", lambda path: big.mixed(path, 300_000)), table_name="t"))
    db.execute("SET synchronous_commit = off; INSERT INTO t SELECT t.* FROM t, generate_series(1, 55)")
    assert db.value("SELECT pg_table_size('t') > 2000000000")
    folder.workbook("t/b.xlsx", [["Id", "Quantity"], [2, "x"]])
    waited, stop = [], threading.Event()

    def read():
        with db.connect() as session:
            while not stop.is_set():
                began = time.monotonic()
                session.execute("SELECT FROM t LIMIT 1")
                waited.append(time.monotonic() - began)
                time.sleep(0.05)

    with db.connect(autocommit=False) as holder:
        holder.execute("SELECT FROM t LIMIT 1")
        settings = ["SET pgdatahub.lock_timeout = '1s'", "SET pgdatahub.lock_retries = 1000", "SET pgdatahub.max_rewrite = '8GB'"]
        importing = Background(db.connect(), *settings, f"SELECT status, message FROM pgdatahub.import_folder('{folder}')")
        waits_for_lock(db.cluster, importing.pid)
        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(15)
        stop.set()
        reader.join()
        assert importing.running
    print(f"{len(waited)} reads, the longest waited {max(waited):.2f} s")
    assert max(waited) < 3
    importing.join(900)
    assert importing.error is None and importing.rows[0][0] == "imported", importing.rows


def test_a_lock_is_seen(gated):
    """The probe itself: it sees who waits behind each mode."""
    for mode, others in [("ACCESS SHARE", ["ALTER TABLE"]), ("ROW EXCLUSIVE", ["CREATE INDEX", "ALTER TABLE"]), ("ACCESS EXCLUSIVE", list(OTHERS))]:
        with gated.connect(autocommit=False) as session:
            session.execute(f"LOCK TABLE t IN {mode} MODE")
            assert waiting(gated) == others
    wait_for(lambda: waiting(gated) == [], "the locks' end")
