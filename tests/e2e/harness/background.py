"""A statement that runs while the test does something to it."""

import os
import threading
import time

import psycopg

# The reader has hashed the file and decided the first types well before it has used this much processor time.
STREAMING_SECONDS = 0.2


class Background:
    """Runs `statements` in a connection and a thread of its own; the last one's result or error is kept."""

    def __init__(self, connection, *statements):
        self.connection = connection
        self.pid = connection.info.backend_pid
        self.error = None
        self.rows = None
        self.ended = None
        self._statements = statements
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            for statement in self._statements:
                cursor = self.connection.execute(statement)
            self.rows = cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            self.error = error
        self.ended = time.monotonic()

    @property
    def running(self):
        return self._thread.is_alive()

    @property
    def sqlstate(self):
        return getattr(self.error, "sqlstate", None)

    def join(self, seconds=60):
        self._thread.join(seconds)
        assert not self.running, f"still running after {seconds} s"
        return self

    def close(self):
        self.connection.close()


def cpu_seconds(pid, children=False):
    """Processor time of a process, or of its children that have ended and were reaped (proc(5), utime to cstime)."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    first = 13 if children else 11
    return (int(fields[first]) + int(fields[first + 1])) / os.sysconf("SC_CLK_TCK")


def wait_for(condition, what, seconds=30.0):
    """The first true value of `condition()`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"{what}: not within {seconds} s")


def reader_in_midstream(cluster, background=None):
    """Waits until the only reader below `cluster` sends rows; the reader."""

    def streaming():
        if background and not background.running:
            raise AssertionError(f"the import ended before it was disturbed: {background.error or background.rows}")
        try:
            return next((r for r in cluster.readers() if r.state != "Z" and cpu_seconds(r.pid) > STREAMING_SECONDS), None)
        except FileNotFoundError:
            return None

    return wait_for(streaming, "a reader in mid-stream")


def waits_for_lock(cluster, pid):
    """Waits until backend `pid` waits for a heavyweight lock."""
    with cluster.connect() as admin:
        query = "SELECT wait_event FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
        return wait_for(lambda: admin.execute(query, [pid]).fetchone(), f"backend {pid} waiting for a lock")


def nothing_left(db, table="big"):
    """Fails unless an import that was broken off left nothing at all."""
    cluster = db.cluster
    wait_for(lambda: not cluster.readers(), "the reader's end", 2)
    with db.connect() as connection:
        query = """SELECT to_regclass(%(table)s), (SELECT count(*) FROM pgdatahub.etl_imports), (SELECT count(*) FROM pgdatahub.etl_tables),
                          (SELECT count(*) FROM pgdatahub.etl_schema_changes)"""
        assert connection.execute(query, {"table": table}).fetchone() == (None, 0, 0, 0)
        locks = """SELECT locktype, relation::regclass, mode, pid FROM pg_locks
                   WHERE pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
        assert connection.execute(locks).fetchall() == []
