"""The harness proves itself: a check that cannot fail protects nobody."""

import os
import signal
import time

import pytest


def test_cluster_is_private_and_utf8(cluster):
    with cluster.connect() as connection:
        row = connection.execute("SELECT current_setting('server_encoding'), current_setting('listen_addresses')").fetchone()
    assert row == ("UTF8", "")


def test_extension_is_there(db):
    assert db.value("SELECT extversion FROM pg_extension WHERE extname = 'pgdatahub'") == "1.0.0"


def test_client_encoding_reaches_the_server(db):
    assert db.value("SHOW client_encoding", client_encoding="win1252") == "WIN1252"
    done = db.psql("SELECT 'Prénom €';".encode("cp1252"), client_encoding="WIN1252", args=("-At",))
    assert done.stdout == "Prénom €\n".encode("cp1252")


def test_children_are_seen(cluster):
    with cluster.connect() as connection:
        assert connection.info.backend_pid in cluster.children()


@pytest.mark.server_crash
def test_crash_is_noticed(make_cluster):
    cluster = make_cluster("crash")
    with cluster.connect() as connection:
        mark = cluster.log_size()
        os.kill(connection.info.backend_pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while not cluster.crashes(mark) and time.monotonic() < end:
        time.sleep(0.05)
    assert any("terminated by signal 9" in line for line in cluster.crashes(mark))


def test_pid1(pid1_cluster):
    with pid1_cluster.connect() as connection:
        (pid,) = connection.execute("SELECT pg_read_file('postmaster.pid')::text").fetchone()
    assert pid.split()[0] == "1"
    assert pid1_cluster.stop("fast") < 10
    pid1_cluster.start()


def test_cron_runs(cron_cluster):
    with cron_cluster.connect() as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_cron")
        assert connection.execute("SELECT count(*) FROM cron.job").fetchone() is not None
