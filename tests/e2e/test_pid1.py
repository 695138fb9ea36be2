"""The postmaster as PID 1, as in a container without an init: a child that dies of a signal and that nobody has reaped is
handed to the postmaster, which would take it for a crashed backend and restart the cluster (postmaster.c, CleanupBackend)."""

import os
import signal
import subprocess
import time

import pytest
from harness import big, processes
from harness.background import Background, nothing_left, reader_in_midstream, wait_for

LIMIT = 2.0


@pytest.fixture(scope="module")
def workbook(scratch):
    return big.long(scratch)


@pytest.fixture
def database(pid1_cluster, make_database):
    return make_database(pid1_cluster)


@pytest.fixture
def midway(pid1_cluster, database, workbook):
    """An import in mid-stream, and its reader."""
    statement = f"SELECT status, sqlstate FROM pgdatahub.import_file('{workbook}', table_name => 'big')"
    import_ = Background(database.connect(), "SET client_connection_check_interval = '50ms'", statement)
    yield import_, reader_in_midstream(pid1_cluster, import_)
    import_.close()


def started(cluster):
    with cluster.connect() as session:
        return session.execute("SELECT pg_postmaster_start_time()").fetchone()[0]


def still_the_same(cluster, before, mark):
    """No restart, no crash, and nothing below the postmaster that has ended and was not reaped."""
    assert started(cluster) == before
    assert cluster.crashes(mark) == []
    assert "server process" not in cluster.log(mark)
    assert not cluster.readers()
    wait_for(lambda: not [p for p in cluster.children().values() if p.state == "Z"], "no zombies")


def test_kill_reader(pid1_cluster, database, midway):
    import_, reader = midway
    before, mark = started(pid1_cluster), pid1_cluster.log_size()
    os.kill(reader.pid, signal.SIGKILL)
    import_.join()
    assert import_.rows == [("failed", "58000")]
    still_the_same(pid1_cluster, before, mark)
    nothing_left(database)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGABRT, signal.SIGILL, signal.SIGXCPU])
def test_reader_ends_by(pid1_cluster, database, midway, number):
    import_, reader = midway
    before, mark = started(pid1_cluster), pid1_cluster.log_size()
    os.kill(reader.pid, number)
    import_.join()
    assert import_.rows == [("failed", "58000")]
    still_the_same(pid1_cluster, before, mark)
    nothing_left(database)


@pytest.mark.parametrize("stop", ["pg_cancel_backend", "pg_terminate_backend"])
def test_stop_backend(pid1_cluster, database, midway, stop):
    import_, reader = midway
    before, mark = started(pid1_cluster), pid1_cluster.log_size()
    began = time.monotonic()
    with database.connect() as admin:
        query = f"SELECT {stop}(pid) FROM pg_stat_activity WHERE query LIKE '%import_file%' AND pid <> pg_backend_pid()"
        assert admin.execute(query).fetchall() == [(True,)]
    import_.join()
    assert import_.sqlstate == {"pg_cancel_backend": "57014", "pg_terminate_backend": "57P01"}[stop], import_.rows
    assert import_.ended - began < LIMIT
    wait_for(lambda: not os.path.exists(f"/proc/{reader.pid}"), "the reader's end", LIMIT)
    still_the_same(pid1_cluster, before, mark)
    nothing_left(database)


def test_client_gone(pid1_cluster, database, workbook):
    script = f"SET client_connection_check_interval = '50ms'; SELECT * FROM pgdatahub.import_file('{workbook}', table_name => 'big')"
    command = [str(pid1_cluster.bin / "psql"), "-X", "-h", str(pid1_cluster.home), "-U", "postgres", "-d", database.name]
    arguments = [argument for part in script.split("; ") for argument in ("-c", part)]
    client = subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before, mark = started(pid1_cluster), pid1_cluster.log_size()
    reader = reader_in_midstream(pid1_cluster)
    began = time.monotonic()
    client.kill()
    client.wait()
    wait_for(lambda: not os.path.exists(f"/proc/{reader.parent}"), "the backend's end")
    assert time.monotonic() - began < LIMIT
    still_the_same(pid1_cluster, before, mark)
    nothing_left(database)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_stop(pid1_cluster, database, midway, mode):
    import_, reader = midway
    mark = pid1_cluster.log_size()
    assert pid1_cluster.stop(mode) < LIMIT
    import_.join()
    assert import_.error is not None
    assert reader.pid not in {process.pid for process in processes.readers()}
    assert pid1_cluster.crashes(mark) == []
    pid1_cluster.start()
    nothing_left(database)
