"""When something runs out: disk, WAL, connections, descriptors, memory. Each ends well, and nothing is half in or left.

Worker slots: test_job_recovery.py. statement_timeout, lock_timeout and a client that vanishes: test_cancel.py, test_pid1.py.
Memory: test_memory.py. The largest inputs are in test_large.py.
"""

import os
import shutil
import subprocess
from datetime import datetime

import psycopg
import pytest
from harness import big, jobs
from harness.background import nothing_left, wait_for
from harness.cluster import Cluster
from harness.disk import Disk
from harness.results import content, imported, refused, statuses
from harness.traces import held

ROWS = 100_000


@pytest.fixture(scope="module")
def workbook(scratch):
    """Some 10 MB as a table."""
    return big.cached(scratch, f"mixed-{ROWS}.xlsx", lambda path: big.mixed(path, ROWS))


@pytest.fixture
def disk(scratch):
    made = Disk(scratch / "small-disk", 4)
    yield made
    made.remove()


@pytest.fixture
def small(db, cluster, disk):
    """A database whose new tables go to the small disk."""
    with cluster.connect() as admin:
        admin.execute(f"CREATE TABLESPACE small LOCATION '{disk.path}'")
    db.execute(f"ALTER DATABASE {db.name} SET default_tablespace = 'small'")
    yield db
    db.execute("DROP SCHEMA public CASCADE")
    with cluster.connect() as admin:
        # Which lets go of the files of what was dropped.
        admin.execute("CHECKPOINT")
        admin.execute("DROP TABLESPACE small")


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_disk_full(small, disk, workbook, lane):
    """No file's failure: the statement ends, as any statement would. With more space the same import goes in."""
    call = f"SELECT status FROM pgdatahub.import_file('{workbook}', table_name => 'big')"
    with small.connect() as session:
        session.execute(f"SET pgdatahub.lane = {lane}")
        with refused("53100", "No space left on device"):
            session.execute(call)
        nothing_left(small)
        disk.resize(200)
        assert session.execute(call).fetchall() == [("imported",)]
    assert small.value("SELECT count(*)::int FROM big") == ROWS


def test_disk_full_in_the_second_file(small, disk, folder, workbook):
    """run_import: what is committed stays, and a second call brings in the rest. A job pauses, and is resumed."""
    folder.workbook("a/1.xlsx", [["id"], [1]])
    shutil.copyfile(workbook, folder / "a/2.xlsx")
    with refused("53100", "No space left on device"):
        small.execute(f"CALL pgdatahub.run_import('{folder}')")
    assert content(small, "a", "id") == [(1,)]
    run = jobs.start(small, folder)
    jobs.reaches(small, run, "paused")
    assert jobs.history(small, run)[-1] == "paused error"
    with pytest.raises(psycopg.Error, match="No space left on device"):
        jobs.wait(small, run)
    disk.resize(200)
    small.value("SELECT pgdatahub.resume_import(%s)", [run])
    jobs.wait(small, run)
    assert small.value("SELECT count(*)::int FROM a") == 1 + ROWS
    assert statuses(small.import_folder(folder)) == {"1.xlsx": "skipped", "2.xlsx": "skipped"}


@pytest.mark.server_crash
def test_wal_full(bin_dir, scratch, make_database, workbook):
    """PostgreSQL itself stops then. Once there is space it recovers, and the import is in as a whole or not at all."""
    disk = Disk(scratch / "small-wal", 48)
    cluster = Cluster(bin_dir, scratch / "test-wal", {"max_wal_size": "32MB", "min_wal_size": "32MB", "wal_recycle": "off"})
    try:
        cluster.create()
        # tmpfs is empty at first: what initdb wrote moves there.
        for path in (cluster.data / "pg_wal").iterdir():
            subprocess.run(["cp", "-a", path, disk.path], check=True)
        shutil.rmtree(cluster.data / "pg_wal")
        (cluster.data / "pg_wal").symlink_to(disk.path)
        cluster.start()
        db = make_database(cluster)
        db.execute("CREATE TABLE ballast (t text)")
        # Leaves less than the import needs: a segment that is not even there yet.
        (disk.path / "ballast").write_bytes(bytes(max(0, disk.free - 4 * 2**20)))
        with pytest.raises(psycopg.Error):
            with db.connect() as session:
                session.execute(f"SELECT * FROM pgdatahub.import_file('{workbook}', table_name => 'big')")
                session.execute("CHECKPOINT")
                raise AssertionError("the WAL fits")
        wait_for(lambda: not cluster.running or not cluster.readers(), "the reader's end")
        (disk.path / "ballast").unlink()
        disk.resize(500)
        if cluster.running:
            cluster.stop("immediate")
        cluster.start()
        nothing_left(db)
        (row,) = imported(db.import_file(workbook, table_name="big"))
        assert row["row_count"] == ROWS
    finally:
        cluster.remove()
        disk.remove()


def test_no_connection_is_free(make_cluster, make_database, folder):
    """An import takes none but its session's, and a job's workers none of the clients'."""
    db = make_database(make_cluster("connections", {"max_connections": "6", "superuser_reserved_connections": "1", "max_wal_senders": "0"}))
    jobs.slow_table(db, folder, "a", 0.01)
    folder.workbook("in/a/0.xlsx", [["id"], *[[n] for n in range(50)]])
    with db.connect() as session:
        run = session.execute("SELECT pgdatahub.start_import(%s)", [f"{folder}/in"]).fetchone()[0]
        others = []
        with pytest.raises(psycopg.OperationalError, match="too many clients|remaining connection slots"):
            while len(others) < 10:
                others.append(db.connect())
        folder.workbook("b/0.xlsx", [["id"], [1]])
        assert session.execute("SELECT status FROM pgdatahub.import_folder(%s, files => 'b/*')", [str(folder)]).fetchall() == [("imported",)]
        session.execute("CALL pgdatahub.wait_import(%s, '60 s')", [run])
        assert session.execute("SELECT count(*)::int FROM a").fetchone() == (51,)
        for other in others:
            other.close()


def test_few_descriptors(make_cluster, make_database, folder):
    """The least that PostgreSQL runs with: files and readers come and go, and none is left open."""
    db = make_database(make_cluster("descriptors", {"max_files_per_process": "64"}))
    for number in range(60):
        folder.workbook(f"t{number % 20}/{number}.xlsx", [["Id", f"Own {number}"], [number, "x"]])
    with db.connect() as session:
        session.execute("SELECT * FROM pgdatahub.sheets(%s)", [str(folder / "t0/0.xlsx")])
        before = held(db, session)
        assert {row[0] for row in session.execute("SELECT status FROM pgdatahub.import_folder(%s)", [str(folder)])} == {"imported"}
        assert held(db, session) == before
        # Open cursors keep a reader each, up to what the server lets a session open.
        opened = 0
        with pytest.raises(psycopg.Error) as caught:
            with session.transaction():
                for number in range(60):
                    path = folder / f"t{number % 20}/{number}.xlsx"
                    session.execute(f"DECLARE c{number} CURSOR FOR SELECT pgdatahub.read_excel_json('{path}')")
                    session.execute(f"FETCH 1 FROM c{number}")
                    opened += 1
        assert caught.value.sqlstate == "53000", caught.value
        assert opened > 3
        wait_for(lambda: held(db, session) == before, "the readers' end", 10)


def test_nothing_is_left(db, folder, workbook, scratch):
    """After imports that went well, failed, were cancelled, timed out or ran in a transaction that was rolled back."""
    folder.workbook("t/good.xlsx", [["Id", "N"], [1, 2]])
    folder.write("t/bad.xlsx", b"no workbook")
    folder.workbook("t/wide.xlsx", [["Id", "N"], [2, "x"]])
    with db.connect() as session:
        session.execute("SELECT * FROM pgdatahub.verify_setup()")
        before = held(db, session)
        session.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])
        session.execute("SELECT * FROM pgdatahub.plan_folder(%s, reimport => true)", [str(folder)])
        assert held(db, session) == before
        with session.transaction(force_rollback=True):
            session.execute("SELECT * FROM pgdatahub.import_folder(%s, reimport => true)", [str(folder)])
        assert held(db, session) == before
        session.execute("SET statement_timeout = 300")
        with refused("57014"):
            session.execute("SELECT * FROM pgdatahub.import_file(%s, table_name => 'big')", [str(big.long(scratch))])
        session.execute("RESET statement_timeout")
        assert held(db, session) == before
        session.execute("SET work_mem = '64kB'")
        rows = session.execute(f"SELECT count(*)::int FROM pgdatahub.read_excel('{workbook}', max_rows => 30000) AS t(id bigint, customer text)").fetchall()
        assert rows == [(30_000,)]
        assert held(db, session) == before


def test_least_memory(db, workbook):
    """work_mem and maintenance_work_mem at their lowest; rows that read_excel gives go to disk, and the files vanish."""
    with db.connect() as session:
        session.execute("SET work_mem = '64kB'; SET maintenance_work_mem = '1MB'; SET temp_buffers = '800kB'; SET logical_decoding_work_mem = '64kB'")
        assert session.execute(f"SELECT status, row_count FROM pgdatahub.import_file('{workbook}', table_name => 'big')").fetchall() == [("imported", ROWS)]
        session.execute("SET temp_file_limit = '1MB'")
        with refused("53400", "temp_file_limit"):
            session.execute(f"SELECT count(*) FROM pgdatahub.read_excel('{workbook}') AS t(id bigint, customer text, code text)")
        assert held(db, session)["temporary files"] == []


TIMES = {"in the future": datetime(2199, 1, 1), "before 1970": datetime(1960, 1, 1), "at 1970": datetime(1970, 1, 1)}


@pytest.mark.parametrize("case", TIMES)
def test_times_of_files(db, folder, case):
    """A file's time only says whether it was written since; any will do."""
    path = folder.workbook("t/a.xlsx", [["Id"], [1]])
    when = (TIMES[case] - datetime(1970, 1, 1)).total_seconds()
    os.utime(path, (when, when))
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "imported"}
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "skipped"}
    folder.workbook("t/a.xlsx", [["Id"], [2]])
    os.utime(path, (when + 1, when + 1))
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "replaced"}
    assert content(db, "t") == [(2,)]


def test_the_servers_clock_jumps_back(db, folder):
    """Imports made an hour ago in the future: later ones are told from them, replaced, reverted and retried all the same."""
    folder.workbook("t/a.xlsx", [["Id"], [1]])
    imported(db.import_folder(folder))
    db.execute("UPDATE t SET load_timestamp = load_timestamp + '1 h'")
    db.execute("UPDATE pgdatahub.etl_imports SET load_timestamp = load_timestamp + '1 h', imported_at = imported_at + '1 h'")
    db.execute("UPDATE pgdatahub.etl_runs SET started_at = started_at + '1 h', finished_at = finished_at + '1 h'")
    folder.workbook("t/b.xlsx", [["Id"], [2]])
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "skipped", "b.xlsx": "imported"}
    folder.workbook("t/a.xlsx", [["Id"], [3]])
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "replaced", "b.xlsx": "skipped"}
    assert content(db, "t") == [(2,), (3,)]
    assert db.value("SELECT pgdatahub.revert('t', 'b.xlsx')") == 1
    assert db.rows("SELECT * FROM pgdatahub.check_table('t') WHERE difference <> 0") == []
