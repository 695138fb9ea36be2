"""An import of 300,000 rows that is broken off in the middle ends within two seconds and leaves nothing."""

import os
import signal
import subprocess
import time

import psycopg
import pytest
from harness import big
from harness.background import Background, nothing_left, reader_in_midstream, wait_for, waits_for_lock

LIMIT = 2.0
ADMIN_SHUTDOWN, QUERY_CANCELED, LOCK_NOT_AVAILABLE = "57P01", "57014", "55P03"


@pytest.fixture(scope="module")
def workbook(scratch):
    return big.long(scratch)


@pytest.fixture(params=["copy", "spi"])
def lane(request):
    return request.param


def importing(path):
    return f"SELECT status, row_count, message, sqlstate FROM pgdatahub.import_file('{path}', table_name => 'big')"


def start(db, workbook, lane, *before):
    return Background(db.connect(), f"SET pgdatahub.lane = {lane}", *before, importing(workbook))


def works_again(db, folder, connection=None):
    """An import after the accident, in the same session where there still is one."""
    path = folder.workbook("small.xlsx", [["id"], [1], [2]])
    with connection or db.connect() as session:
        assert session.execute(importing(path)).fetchone()[:2] == ("imported", 2)
    assert db.value("SELECT count(*) FROM big") == 2


def test_whole(db, workbook, lane):
    """Undisturbed, so that the others do not pass because the file fails anyway."""
    import_ = start(db, workbook, lane).join()
    assert import_.rows == [("imported", big.LONG_ROWS, None, None)]
    import_.close()
    row = db.rows("SELECT count(*), sum(id), count(DISTINCT code) AS codes, min(customer), bool_or(open) FROM big")[0]
    assert row == {"count": 1_000_000, "sum": 999_999 * 500_000, "codes": 1, "min": "Customer 0", "bool_or": True}
    assert db.value("SELECT lane FROM pgdatahub.etl_imports") == lane


def test_cancel(db, cluster, workbook, lane, folder):
    import_ = start(db, workbook, lane)
    reader_in_midstream(cluster, import_)
    began = time.monotonic()
    with cluster.connect() as admin:
        assert admin.execute("SELECT pg_cancel_backend(%s)", [import_.pid]).fetchone() == (True,)
    import_.join()
    assert import_.sqlstate == QUERY_CANCELED, import_.error or import_.rows
    assert import_.ended - began < LIMIT
    nothing_left(db)
    works_again(db, folder, import_.connection)


def test_statement_timeout(db, cluster, workbook, lane, folder):
    milliseconds = 350
    began = time.monotonic()
    import_ = start(db, workbook, lane, f"SET statement_timeout = {milliseconds}")
    import_.join()
    assert import_.sqlstate == QUERY_CANCELED, import_.error or import_.rows
    assert import_.ended - began < milliseconds / 1000 + LIMIT
    nothing_left(db)
    import_.connection.execute("SET statement_timeout = 0")
    works_again(db, folder, import_.connection)


def test_terminate(db, cluster, workbook, lane, folder):
    import_ = start(db, workbook, lane)
    reader_in_midstream(cluster, import_)
    began = time.monotonic()
    with cluster.connect() as admin:
        assert admin.execute("SELECT pg_terminate_backend(%s)", [import_.pid]).fetchone() == (True,)
        wait_for(lambda: import_.pid not in cluster.children(), "the backend's end")
    ended = time.monotonic()
    import_.join()
    assert import_.sqlstate == ADMIN_SHUTDOWN, import_.error or import_.rows
    assert ended - began < LIMIT
    nothing_left(db)
    works_again(db, folder)


@pytest.fixture(scope="module")
def stopped_cluster(make_cluster):
    """A cluster that the tests stop and start."""
    return make_cluster("stop")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_stop(stopped_cluster, make_database, workbook, lane, mode, folder):
    db = make_database(stopped_cluster)
    import_ = start(db, workbook, lane)
    reader = reader_in_midstream(stopped_cluster, import_)
    seconds = stopped_cluster.stop(mode)
    import_.join()
    assert isinstance(import_.error, psycopg.OperationalError), import_.error or import_.rows
    assert seconds < LIMIT
    wait_for(lambda: not os.path.exists(f"/proc/{reader.pid}"), "the reader's end", LIMIT)
    stopped_cluster.start()
    nothing_left(db)
    works_again(db, folder)


@pytest.mark.server_crash
def test_postmaster_killed(stopped_cluster, make_database, workbook, lane, folder):
    """Backend and reader notice that the postmaster is gone, and the data directory is free again."""
    db = make_database(stopped_cluster)
    import_ = start(db, workbook, lane)
    reader = reader_in_midstream(stopped_cluster, import_)
    os.kill(stopped_cluster.postmaster, signal.SIGKILL)
    import_.join()
    for pid in (reader.parent, reader.pid):
        wait_for(lambda pid=pid: not os.path.exists(f"/proc/{pid}"), f"the end of {pid}", 2 * LIMIT)
    wait_for(lambda: stopped_cluster.start(), "a new start")
    if db.value("SELECT to_regclass('big') IS NULL"):  # a backend that never had to wait may have come to its commit
        nothing_left(db)
        works_again(db, folder)


def psql(db, workbook, lane, *settings):
    """psql in a process of its own, importing; its backend's pid is that of the only reader's parent."""
    script = "".join(f"SET {setting}; " for setting in [f"pgdatahub.lane = {lane}", *settings]) + importing(workbook)
    command = [str(db.cluster.bin / "psql"), "-X", "-h", str(db.cluster.home), "-U", "postgres", "-d", db.name]
    return subprocess.Popen([*command, "-c", script.replace("; ", ";")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_client_gone(db, cluster, workbook, lane, folder):
    client = psql(db, workbook, lane, "client_connection_check_interval = '50ms'")
    reader = reader_in_midstream(cluster)
    began = time.monotonic()
    client.kill()
    client.wait()
    wait_for(lambda: reader.parent not in cluster.children(), "the backend's end")
    assert time.monotonic() - began < LIMIT
    nothing_left(db)
    works_again(db, folder)


def test_client_gone_unnoticed(db, cluster, workbook, lane):
    """Without the check the backend works to its end, and either all of the file is in or nothing."""
    client = psql(db, workbook, lane)
    reader = reader_in_midstream(cluster)
    client.kill()
    client.wait()
    wait_for(lambda: reader.parent not in cluster.children(), "the backend's end")
    if db.value("SELECT to_regclass('big') IS NULL"):
        nothing_left(db)
    else:
        assert db.value("SELECT count(*) FROM big") == big.LONG_ROWS
        assert db.value("SELECT count(*) FROM pgdatahub.etl_imports WHERE row_count = 1000000") == 1
    again = db.import_file(workbook, table_name="big")[0]
    assert again["status"] in ("imported", "skipped")
    assert db.value("SELECT count(*) FROM big") == big.LONG_ROWS


def test_cancel_while_waiting_for_the_target(db, cluster, folder):
    first = folder.workbook("first.xlsx", [["id"], [1]])
    second = folder.workbook("second.xlsx", [["id"], [2]])
    with db.connect(autocommit=False) as holder:
        assert holder.execute(importing(first)).fetchone()[0] == "imported"
        for stop, sqlstate in (("pg_cancel_backend", QUERY_CANCELED), ("pg_terminate_backend", ADMIN_SHUTDOWN)):
            waiting = Background(db.connect(), importing(second))
            waits_for_lock(cluster, waiting.pid)
            began = time.monotonic()
            with cluster.connect() as admin:
                admin.execute(f"SELECT {stop}(%s)", [waiting.pid])
            waiting.join()
            assert waiting.sqlstate == sqlstate, waiting.error or waiting.rows
            assert waiting.ended - began < LIMIT
            waiting.close()
        timed = Background(db.connect(), "SET lock_timeout = 100", importing(second)).join()
        assert timed.sqlstate == LOCK_NOT_AVAILABLE, timed.error or timed.rows
        timed.close()
    assert db.import_file(second, table_name="big")[0]["status"] == "imported"
    assert db.value("SELECT count(*) FROM big") == 2


def test_wait_for_the_dedup_key(db, cluster, folder):
    """Somebody holds the key of the same bytes: the import waits for it, cancellably, and then says `skipped`."""
    path = folder.workbook("one.xlsx", [["id"], [1]])
    row = db.import_file(path, table_name="big")[0]
    assert row["status"] == "imported"
    # The state of a concurrent import of these bytes, between its claim and its commit.
    db.execute("SELECT pgdatahub.revert('big', %s, hold => false)", [str(path)])
    with db.connect(autocommit=False) as holder:
        holder.execute("UPDATE pgdatahub.etl_imports SET reverted_at = NULL, reverted_by = NULL, reverted_why = NULL")
        waiting = Background(db.connect(), importing(path))
        waits_for_lock(cluster, waiting.pid)
        began = time.monotonic()
        waiting.connection.cancel_safe()
        waiting.join()
        assert waiting.sqlstate == QUERY_CANCELED, waiting.error or waiting.rows
        assert waiting.ended - began < LIMIT
        waiting.close()
        waiting = Background(db.connect(), importing(path))
        waits_for_lock(cluster, waiting.pid)
    waiting.join()
    assert waiting.rows[0][0] == "skipped", waiting.error or waiting.rows
    assert "by another session" in waiting.rows[0][2]
    waiting.close()
    assert db.value("SELECT count(*) FROM big") == 0


def test_interrupt_of_the_group_does_not_hurt_the_reader(db, cluster, workbook):
    """A cancel reaches the whole process group; a reader that died of it would fail files for no reason."""
    import_ = start(db, workbook, "copy")
    reader = reader_in_midstream(cluster, import_)
    os.kill(reader.pid, signal.SIGINT)
    import_.join()
    assert import_.rows == [("imported", big.LONG_ROWS, None, None)]
    import_.close()
