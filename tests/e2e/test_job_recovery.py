"""Jobs whose workers, server or role go away: shown as interrupted, resumed, and nothing doubled, half in or lost."""

import os
import signal
import time

import psycopg
import pytest
from harness import jobs
from harness.background import wait_for

pytestmark = pytest.mark.server_crash


@pytest.fixture
def db(make_cluster, make_database, request):
    if not hasattr(db, "cluster"):
        db.cluster = make_cluster("recovery", {"max_worker_processes": "12"})
    if not db.cluster.running:
        db.cluster.start()
    return make_database(db.cluster)


@pytest.fixture
def launcher_db(make_cluster, make_database):
    """On a cluster with the launcher."""
    if not hasattr(launcher_db, "cluster"):
        settings = {"shared_preload_libraries": "pgdatahub", "pgdatahub.launcher_naptime": "1", "max_worker_processes": "4"}
        launcher_db.cluster = make_cluster("launcher", settings)
    return make_database(launcher_db.cluster)


def tables_of(db, folder, files=3, rows=40):
    for table in "ab":
        jobs.slow_table(db, folder, table)
        for part in range(files):
            folder.workbook(f"in/{table}/{part}.xlsx", [["id"], *[[n] for n in range(rows)], [part]])
    return folder / "in"


def in_midstream(db):
    wait_for(lambda: db.rows("SELECT FROM pgdatahub.progress WHERE current_rows > 0"), "rows of a file in hand")
    return jobs.workers(db)


def answers(db):
    """Waits until the server lets sessions in again."""

    def asked():
        try:
            return db.value("SELECT true")
        except psycopg.OperationalError:
            return False

    wait_for(asked, "the server's recovery")


def exactly_once(db, files=3, rows=40):
    expected = {"a": 1 + files * (rows + 1), "b": 1 + files * (rows + 1)}
    assert {t: db.value(f"SELECT count(*)::int FROM {t}") for t in "ab"} == expected
    query = """SELECT count(*)::int AS n, count(DISTINCT file_sha256 || table_name)::int AS d, sum(row_count)::int AS s
               FROM pgdatahub.imports WHERE reverted_at IS NULL"""
    total = 2 * files * (rows + 1) + 2
    assert db.rows(query) == [{"n": 2 * files + 2, "d": 2 * files + 2, "s": total}]


@pytest.mark.parametrize("how", ["worker", "postmaster", "immediate", "fast", "terminate"])
def test_interrupted_and_resumed(db, folder, how):
    path = tables_of(db, folder)
    run = jobs.start(db, path, workers=2)
    pids = in_midstream(db)
    if how == "worker":
        os.kill(pids[0], signal.SIGKILL)
        time.sleep(0.5)
        answers(db)
    elif how == "postmaster":
        os.kill(db.cluster.postmaster, signal.SIGKILL)
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "the workers' end", 10)
        (db.cluster.data / "postmaster.pid").unlink()
        db.cluster.start()
    elif how == "terminate":
        for pid in pids:
            db.execute("SELECT pg_terminate_backend(%s)", [pid])
    else:
        assert db.cluster.stop(how) < 10
        db.cluster.start()
    wait_for(lambda: not jobs.workers(db), "the workers' end")
    assert jobs.state(db, run) == "interrupted"
    assert db.value("SELECT state FROM pgdatahub.progress WHERE run_id = %s", [run]) == "interrupted"
    wait_for(lambda: not db.cluster.readers(), "the readers' end")
    assert db.value("SELECT pgdatahub.resume_import()") == "queued"
    jobs.wait(db, run)
    exactly_once(db)


def test_one_of_two_workers_dies_by_itself(db, folder):
    """Terminated by a person: the other one goes on and takes over its file."""
    path = tables_of(db, folder)
    run = jobs.start(db, path, workers=2)
    wait_for(lambda: len(in_midstream(db)) == 2, "two workers")
    db.execute("SELECT pg_terminate_backend(%s)", [jobs.workers(db)[0]])
    jobs.wait(db, run)
    exactly_once(db)


def test_a_worker_ends_between_two_transactions(db, folder):
    """Of two workers on one table one waits, in no transaction: its end frees the job's lock like any other."""
    jobs.slow_table(db, folder, "a")
    path = folder.workbook("in/a/0.xlsx", [["id"], *[[n] for n in range(100)]]).parent.parent
    run = jobs.start(db, path, workers=2)
    resting = "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s) AND backend_xid IS NULL AND wait_event = 'Extension'"
    (idle,) = wait_for(lambda: db.rows(resting, [jobs.workers(db)]), "a worker that waits")
    pids = sorted(jobs.workers(db), key=lambda pid: pid != idle["pid"])
    for pid in pids:
        db.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    assert db.rows("SELECT pid FROM pg_locks WHERE pid = ANY(%s)", [pids]) == []
    assert jobs.state(db, run) == "interrupted"
    assert db.value("SELECT pgdatahub.resume_import()") == "queued"
    jobs.wait(db, run)
    assert db.value("SELECT count(*) FROM a") == 101


def test_a_file_cancelled_by_hand_is_a_failed_file(db, folder):
    path = tables_of(db, folder)
    run = jobs.start(db, path)
    (pid,) = in_midstream(db)
    db.execute("SELECT pg_cancel_backend(%s)", [pid])
    with pytest.raises(psycopg.Error, match="1 of 6 files failed"):
        jobs.wait(db, run)
    assert db.value("SELECT sqlstate FROM pgdatahub.failures") == "57014"


def test_the_reader_dies(db, folder):
    path = tables_of(db, folder)
    run = jobs.start(db, path)
    in_midstream(db)
    for reader in db.cluster.readers():
        os.kill(reader.pid, signal.SIGKILL)
    try:
        jobs.wait(db, run)
    except psycopg.Error:
        assert db.value("SELECT sqlstate FROM pgdatahub.failures") == "58000"
    again = jobs.start(db, path)
    jobs.wait(db, again)
    exactly_once(db)


def test_the_launcher_takes_interrupted_jobs_up(launcher_db, folder):
    db = launcher_db
    path = tables_of(db, folder)
    run = jobs.start(db, path, workers=2)
    os.kill(in_midstream(db)[0], signal.SIGKILL)
    time.sleep(0.5)
    answers(db)
    jobs.reaches(db, run, "done")
    exactly_once(db)
    assert "started again by the launcher" in str(db.rows("SELECT message FROM pgdatahub.job_states WHERE run_id = %s", [run]))


def test_the_launcher_after_a_restart(launcher_db, folder):
    db = launcher_db
    path = tables_of(db, folder)
    run = jobs.start(db, path)
    in_midstream(db)
    db.cluster.restart("fast")
    jobs.reaches(db, run, "done")
    exactly_once(db)


def test_the_launcher_leaves_paused_jobs_alone(launcher_db, folder):
    db = launcher_db
    run = jobs.start(db, tables_of(db, folder))
    in_midstream(db)
    db.execute("SELECT pgdatahub.pause_import(%s)", [run])
    wait_for(lambda: not jobs.workers(db), "the worker's leave")
    time.sleep(3)
    assert (jobs.state(db, run), jobs.workers(db)) == ("paused", [])
    db.execute("SELECT pgdatahub.cancel_import(%s)", [run])


def test_the_launcher_starts_queued_jobs(launcher_db, folder):
    """No slot is free: a WARNING, the job stays queued, and begins when there is one."""
    db = launcher_db
    path = tables_of(db, folder, files=2)
    first = jobs.start(db, path, workers=4)
    in_midstream(db)
    heard = []
    folder.workbook("other/c/0.xlsx", [["id"], [1]])
    with db.connect() as session:
        session.add_notice_handler(heard.append)
        wait_for(lambda: len(jobs.workers(db)) >= 2, "the slots taken")
        (second,) = session.execute("SELECT pgdatahub.start_import(%s, workers => 4)", [f"{folder}/other"]).fetchone()
    del first
    jobs.reaches(db, second, "done")
    assert db.value("SELECT count(*) FROM c") == 1


def test_a_role_that_may_not_log_in_any_more(launcher_db, folder):
    db = launcher_db
    path = tables_of(db, folder)
    role = db.role("gone", "pg_read_server_files")
    db.execute(f"GRANT CREATE ON SCHEMA public TO {role}; ALTER TABLE a OWNER TO {role}; ALTER TABLE b OWNER TO {role}")
    db.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {role}; GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA pgdatahub TO {role}")
    run = jobs.start(db, path, role=role)
    (pid,) = in_midstream(db)
    db.execute(f"ALTER ROLE {role} NOLOGIN")
    db.execute("SELECT pg_terminate_backend(%s)", [pid])
    jobs.reaches(db, run, "failed")
    assert "cannot own a job" in db.value("SELECT message FROM pgdatahub.runs WHERE run_id = %s", [run])
    db.execute(f"ALTER ROLE {role} LOGIN")
    assert db.value("SELECT pgdatahub.resume_import(%s)", [run]) == "queued"
    jobs.wait(db, run)
    exactly_once(db)


def test_a_job_that_brings_its_workers_down_is_given_up(launcher_db, folder):
    db = launcher_db
    jobs.slow_table(db, folder, "a", 0.1)
    folder.workbook("in/a/0.xlsx", [["id"], *[[n] for n in range(2_000)]])
    run = jobs.start(db, folder / "in")

    def fails():
        for pid in jobs.workers(db):
            db.execute("SELECT pg_terminate_backend(%s)", [pid])
        return jobs.state(db, run) == "failed"

    wait_for(fails, "giving up", 90)
    assert "given up after 3 restarts" in db.value("SELECT message FROM pgdatahub.runs WHERE run_id = %s", [run])


def test_no_slot_is_free(make_cluster, make_database, folder):
    """Without a launcher: a WARNING, and wait_import starts the job when there is a slot."""
    db = make_database(make_cluster("slots", {"max_worker_processes": "1", "max_logical_replication_workers": "0"}))
    path = tables_of(db, folder, files=1)
    run = jobs.start(db, path)
    in_midstream(db)
    folder.workbook("other/c/0.xlsx", [["id"], [1]])
    heard = []
    with db.connect() as session:
        session.add_notice_handler(lambda notice: heard.append((notice.severity, notice.message_primary)))
        (queued,) = session.execute("SELECT pgdatahub.start_import(%s)", [f"{folder}/other"]).fetchone()
    assert len(heard) == 1 and heard[0][0] == "WARNING" and "max_worker_processes" in heard[0][1], heard
    assert jobs.state(db, queued) == "queued"
    jobs.wait(db, queued)
    assert db.value("SELECT count(*) FROM c") == 1
    assert jobs.state(db, run) == "done"


def test_drop_extension_while_a_job_runs(db, folder):
    path = tables_of(db, folder)
    jobs.start(db, path, workers=2)
    in_midstream(db)
    before = db.cluster.log_size()
    db.execute("DROP EXTENSION pgdatahub CASCADE")
    wait_for(lambda: not jobs.workers(db), "the workers' end")
    assert not db.cluster.crashes(before)
    wait_for(lambda: not db.cluster.readers(), "the readers' end")


def test_drop_database_while_a_job_runs(launcher_db, make_database, folder):
    db = launcher_db
    path = tables_of(db, folder)
    jobs.start(db, path, workers=2)
    pids = in_midstream(db)
    before = db.cluster.log_size()
    db.drop()
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "the workers' end", 10)
    assert not db.cluster.crashes(before)
    db.drop = lambda: None


def test_the_launcher_pins_no_database(launcher_db, make_database):
    """It looks into every database every second, and none of them resists being dropped or copied."""
    for _ in range(5):
        database = make_database(launcher_db.cluster)
        time.sleep(0.3)
        with launcher_db.cluster.connect() as admin:
            admin.execute(f"CREATE DATABASE copy_of_it TEMPLATE {database.name}")
            admin.execute("DROP DATABASE copy_of_it")
            admin.execute(f"DROP DATABASE {database.name}")
        database.drop = lambda: None
