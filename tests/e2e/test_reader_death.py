"""The reader process dies: one failed file, and nothing else."""

import os
import signal
import time
import zipfile

import pytest
from harness import big
from harness.background import Background, cpu_seconds, reader_in_midstream

READER_DIED = "58000"


@pytest.fixture(params=["copy", "spi"])
def lane(request):
    return request.param


@pytest.fixture
def three_files(folder, scratch):
    """a small, a large and a small workbook, in this order, for one table."""
    folder.workbook("data/a.xlsx", [["id"], [1]])
    large = big.long(scratch)
    (folder / "data/b.xlsx").hardlink_to(large)
    folder.workbook("data/c.xlsx", [["id"], [2], [3]])
    return folder


def backends(connection):
    query = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type <> 'parallel worker' ORDER BY pid"
    return dict(connection.execute(query).fetchall())


def test_killed(db, cluster, three_files, lane):
    with db.connect() as bystander:
        started = bystander.execute("SELECT pg_postmaster_start_time()").fetchone()
        import_ = Background(
            db.connect(),
            f"SET pgdatahub.lane = {lane}",
            f"SELECT source_file, status, row_count, sqlstate, message, detail, hint FROM pgdatahub.import_folder('{three_files}')",
        )
        before = backends(bystander)
        os.kill(reader_in_midstream(cluster, import_).pid, signal.SIGKILL)
        import_.join()
        assert import_.error is None
        a, b, c = import_.rows
        assert (a[1:4], c[1:4]) == (("imported", 1, None), ("imported", 2, None))
        assert b[0].endswith("/data/b.xlsx")
        assert b[1:5] == ("failed", None, READER_DIED, "the reader process died while it read this file")
        assert "signal 9" in b[5]
        assert "The server is not affected" in b[6]
        assert bystander.execute("SELECT pg_postmaster_start_time()").fetchone() == started
        assert before.items() <= backends(bystander).items()
        import_.close()
    assert db.rows("SELECT id FROM data ORDER BY id") == [{"id": 1}, {"id": 2}, {"id": 3}]
    assert db.value("SELECT count(*) FROM information_schema.columns WHERE table_name = 'data'") == 3
    assert db.value("SELECT count(*) FROM pgdatahub.etl_imports") == 2
    again = db.import_folder(three_files)
    assert [row["status"] for row in again] == ["skipped", "imported", "skipped"]


def test_processor_time(db, scratch):
    """Wide sheet, tight limit: parsing takes more than reader_cpu allows."""
    path = big.cached(scratch, "odd-monotonous.xlsx", lambda name: big.monotonous(name, 1_000_000, 60))
    with db.connect() as session:
        session.execute("SET pgdatahub.reader_cpu = 1")
        query = "SELECT status, sqlstate, detail, hint FROM pgdatahub.import_file(%s, table_name => 'big')"
        status, sqlstate, detail, hint = session.execute(query, [str(path)]).fetchone()
    assert (status, sqlstate) == ("failed", READER_DIED)
    assert "pgdatahub.reader_cpu" in detail
    assert "pgdatahub.reader_cpu" in hint
    assert db.value("SELECT to_regclass('big') IS NULL")


def test_processor_time_is_per_file(db, folder, scratch):
    """One reader serves all files; what the earlier ones used does not count against a later one.

    Each file needs a tenth of the limit, so that a slow machine does not reach it, and all together more than twice of it.
    """
    large = big.cached(scratch, "mixed-100000.xlsx", lambda path: big.mixed(path, 100_000))
    names = [f"big/{number}.xlsx" for number in range(60)]
    for name in names:
        with zipfile.ZipFile(folder.write(name, large.read_bytes()), "a") as book:
            book.comment = name.encode()  # other bytes, the same sheet
    with db.connect() as session:
        session.execute("SET pgdatahub.reader_cpu = 1")
        import_ = Background(session, f"SELECT row_count, message, detail FROM pgdatahub.import_folder('{folder}')")
        used = 0.0
        while import_.running:
            used = max([used, *(cpu_seconds(reader.pid) for reader in db.cluster.readers())])
            time.sleep(0.02)
        assert import_.rows == [(100_000, None, None)] * len(names)
    assert used > 2, "the limit of one file was not reached by all of them"


def test_memory(db, folder, scratch):
    """Shared strings are held in memory; a table of them that is larger than reader_memory ends the reader, nothing else."""
    path = big.cached(scratch, "fat-3000.xlsx", lambda name: big.fat(name, 3_000, 30))
    small = folder.workbook("small.xlsx", [["id"], [1]])
    with db.connect() as session:
        session.execute("SET pgdatahub.reader_memory = '64MB'")
        query = "SELECT status, sqlstate, message, detail, hint FROM pgdatahub.import_file(%s, table_name => 'big')"
        status, sqlstate, message, detail, hint = session.execute(query, [str(path)]).fetchone()
        assert status == "failed"
        assert sqlstate in (READER_DIED, "54000"), message
        assert "reader_memory" in f"{detail} {hint}"
        assert session.execute(query, [str(small)]).fetchone()[0] == "imported"
    assert db.value("SELECT count(*) FROM big") == 1

