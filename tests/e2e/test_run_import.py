"""run_import: each file commits by itself, and between two files the session holds nothing."""

import contextlib
import os
import signal

import pytest
from harness.background import Background, wait_for


@pytest.fixture
def files(folder):
    for number in range(1, 6):
        folder.workbook(f"data/{number}.xlsx", [["id"], [number]])
    return folder


def pausing(db, files, every=1, seconds=30):
    return Background(
        db.connect(),
        f"SET pgdatahub.pause_every = {every}",
        f"SET pgdatahub.pause_seconds = {seconds}",
        f"CALL pgdatahub.run_import('{files}')",
    )


def rows(db):
    """The rows that others see; the table is there after the first commit."""
    if db.value("SELECT to_regclass('data') IS NULL"):
        return 0
    return db.value("SELECT count(*) FROM data")


def test_holds_nothing_while_it_pauses(db, files):
    run = pausing(db, files)
    wait_for(lambda: rows(db) == 1, "the first file's commit")
    wait_for(lambda: db.value("SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = %s", [run.pid]), "the pause")
    state = db.rows("SELECT backend_xmin, backend_xid FROM pg_stat_activity WHERE pid = %s", [run.pid])
    assert state == [{"backend_xmin": None, "backend_xid": None}]
    locks = db.rows("SELECT locktype, relation::regclass, mode FROM pg_locks WHERE pid = %s AND locktype <> 'virtualxid'", [run.pid])
    assert locks == []
    # DDL on the table, and VACUUM of rows deleted meanwhile, get through.
    with db.connect() as session:
        session.execute("SET lock_timeout = '1s'")
        session.execute("ALTER TABLE data ADD COLUMN note text")
        session.execute("DELETE FROM data")
        session.execute("VACUUM data")
        assert session.execute("SELECT pg_relation_size('data')").fetchone() == (0,)
    run.connection.cancel_safe()
    assert run.join().sqlstate == "57014"
    run.close()


@pytest.mark.parametrize("how", ["cancel", "terminate"])
def test_stopped_between_files(db, cluster, files, how):
    run = pausing(db, files, every=2)
    wait_for(lambda: rows(db) == 2, "two files' commits")
    if how == "cancel":
        run.connection.cancel_safe()
    else:
        db.execute("SELECT pg_terminate_backend(%s)", [run.pid])
    assert run.join().sqlstate in ("57014", "57P01")
    run.close()
    wait_for(lambda: not cluster.readers(), "the reader's end")
    assert rows(db) == 2
    with db.connect() as session:
        session.execute(f"CALL pgdatahub.run_import('{files}')")
    assert db.rows("SELECT id FROM data ORDER BY id") == [{"id": number} for number in range(1, 6)]
    states = db.rows("SELECT status, count(*)::int FROM pgdatahub.etl_run_files GROUP BY status ORDER BY status")
    assert states == [{"status": "imported", "count": 5}, {"status": "skipped", "count": 2}]


def test_pauses_are_taken(db, files):
    with db.connect() as session:
        session.execute("SET pgdatahub.pause_every = 2; SET pgdatahub.pause_seconds = 1")
        session.execute(f"CALL pgdatahub.run_import('{files}')")
    seconds = db.value("SELECT extract(epoch FROM finished_at - started_at)::float8 FROM pgdatahub.etl_runs")
    assert 2 <= seconds < 10


def test_reader_killed_between_files(db, cluster, files):
    """The next file gets a new reader."""
    run = pausing(db, files, every=1, seconds=1)
    killed = set()
    while run.running:
        for reader in cluster.readers():
            if reader.pid not in killed and rows(db) > len(killed):
                killed.add(reader.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(reader.pid, signal.SIGKILL)
    run.close()
    assert killed
    with db.connect() as session:
        session.execute(f"CALL pgdatahub.run_import('{files}')")
    assert rows(db) == 5


def test_not_in_a_transaction(db, files):
    with db.connect() as session:
        session.execute("BEGIN")
        with pytest.raises(Exception, match="cannot run inside a transaction") as error:
            session.execute(f"CALL pgdatahub.run_import('{files}')")
        assert error.value.sqlstate == "2D000"
    assert rows(db) == 0


def test_failures_are_raised_at_the_end(db, files):
    files.write("data/3.xlsx", b"not a workbook")
    with db.connect() as session, pytest.raises(Exception, match="1 file failed; all others are committed") as error:
        session.execute(f"CALL pgdatahub.run_import('{files}')")
    assert error.value.sqlstate == "PD001"
    assert str(files / "data/3.xlsx") in error.value.diag.message_detail
    assert rows(db) == 4
