"""start_import and what controls its jobs: pause, resume, cancel, wait; whose they are, and what they say."""

import json
import time

import psycopg
import pytest
from harness import jobs
from harness.background import Background, wait_for


@pytest.fixture
def files(folder):
    """Three tables of two files each."""
    for table in "abc":
        for part in range(2):
            folder.workbook(f"in/{table}/{part}.xlsx", [["id"], *[[n] for n in range(10)], [ord(table) * 100 + part]])
    return folder / "in"


def rows(db, tables="abc"):
    """Rows per table, 0 for one that is not there."""
    there = [t for t in tables if not db.value("SELECT to_regclass(%s) IS NULL", [t])]
    return {t: db.value(f"SELECT count(*)::int FROM {t}") if t in there else 0 for t in tables}


@pytest.mark.parametrize("workers", [1, 3])
def test_imports_in_the_background(db, files, workers):
    run = jobs.start(db, files, workers=workers)
    jobs.wait(db, run)
    assert rows(db) == {"a": 22, "b": 22, "c": 22}
    totals = db.rows("SELECT kind, state, files, imported, failed, row_count, workers FROM pgdatahub.runs")
    assert totals == [{"kind": "start_import", "state": "done", "files": 6, "imported": 6, "failed": 0, "row_count": 66, "workers": workers}]
    assert jobs.history(db, run) == ["queued", "running", "done"]
    assert db.value("SELECT array_agg(file_no ORDER BY file_no) FROM pgdatahub.etl_run_files") == [1, 2, 3, 4, 5, 6]
    wait_for(lambda: not jobs.workers(db), "the workers' end")
    again = jobs.start(db, files, workers=workers)
    jobs.wait(db, again)
    assert rows(db) == {"a": 22, "b": 22, "c": 22}
    assert db.value("SELECT skipped FROM pgdatahub.runs WHERE run_id = %s", [again]) == 6


def test_one_reader_reads_file_after_file(db, cluster, folder):
    for number in range(60):
        folder.workbook(f"data/{number:02}.xlsx", [["id"], [number + 1]])
    jobs.slow_table(db, folder, "data")
    run = jobs.start(db, folder / "data", workers=1)
    seen = set()
    while jobs.state(db, run) in ("queued", "running"):
        seen |= {reader.pid for reader in cluster.readers()}
    assert db.value("SELECT imported FROM pgdatahub.runs WHERE run_id = %s", [run]) == 60
    assert len(seen) == 1


def test_begins_at_the_commit(db, files):
    with db.connect(autocommit=False) as session:
        run = session.execute("SELECT pgdatahub.start_import(%s)", [str(files)]).fetchone()[0]
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as error:
            session.execute("CALL pgdatahub.wait_import()")
        assert "commit" in error.value.diag.message_primary.lower()
        session.rollback()
        session.execute("SAVEPOINT one; SELECT pgdatahub.start_import('%s'); ROLLBACK TO one" % files)
        session.commit()
        assert not db.rows("SELECT FROM pgdatahub.runs")
        run = session.execute("SELECT pgdatahub.start_import(%s)", [str(files)]).fetchone()[0]
        time.sleep(0.3)
        assert rows(db) == {"a": 0, "b": 0, "c": 0}
        session.commit()
    jobs.wait(db, run)
    assert rows(db) == {"a": 22, "b": 22, "c": 22}


def test_prepared_transactions_are_refused(make_cluster, make_database, folder):
    db = make_database(make_cluster("prepared", {"max_prepared_transactions": "2"}))
    folder.workbook("a.xlsx", [["id"], [1]])
    with db.connect(autocommit=False) as session:
        session.execute("SELECT pgdatahub.start_import(%s)", [str(folder)])
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            session.execute("PREPARE TRANSACTION 'x'")
        session.rollback()
    assert not db.rows("SELECT FROM pgdatahub.runs")


def test_workers_take_different_tables(db, folder):
    for table in "ab":
        jobs.slow_table(db, folder, table)
        for part in range(2):
            folder.workbook(f"in/{table}/{part}.xlsx", [["id"], *[[n] for n in range(60)], [part]])
    run = jobs.start(db, folder / "in", workers=2)
    both = "SELECT current_file FROM pgdatahub.progress WHERE workers = 2 AND current_file LIKE 'a/%%, b/%%' AND run_id = %s"
    wait_for(lambda: db.rows(both, [run]), "both tables at once")
    jobs.wait(db, run)
    assert rows(db, "ab") == {"a": 123, "b": 123}


def test_pause_and_resume(db, folder):
    jobs.slow_table(db, folder, "a")
    for part in range(3):
        folder.workbook(f"in/a/{part}.xlsx", [["id"], *[[n] for n in range(40)], [part]])
    run = jobs.start(db, folder / "in")
    wait_for(lambda: db.rows("SELECT FROM pgdatahub.progress WHERE current_rows > 0"), "rows of the first file")
    assert db.value("SELECT pgdatahub.pause_import(%s)", [run]) == "paused"
    wait_for(lambda: not jobs.workers(db), "the worker's leave")
    assert rows(db, "a") == {"a": 42}, "the file in hand is finished, no other is begun"
    shown = db.rows("SELECT state, reason, changed_by FROM pgdatahub.runs WHERE run_id = %s", [run])
    assert shown == [{"state": "paused", "reason": "user", "changed_by": "postgres"}]
    assert db.value("SELECT pgdatahub.resume_import()") == "queued"
    jobs.wait(db, run)
    assert rows(db, "a") == {"a": 124}
    assert jobs.history(db, run) == ["queued", "running", "paused user", "queued", "running", "done"]


def test_resumed_before_the_worker_left(db, folder):
    jobs.slow_table(db, folder, "a")
    for part in range(2):
        folder.workbook(f"in/a/{part}.xlsx", [["id"], *[[n] for n in range(40)], [part]])
    run = jobs.start(db, folder / "in")
    wait_for(lambda: jobs.workers(db), "the worker")
    jobs.reaches(db, run, "running")
    for _ in range(5):
        db.execute("SELECT pgdatahub.pause_import(%s)", [run])
        assert db.value("SELECT pgdatahub.resume_import(%s)", [run]) == "running"
    jobs.wait(db, run)
    assert rows(db, "a") == {"a": 83}


@pytest.mark.parametrize("workers", [1, 2])
def test_cancel_breaks_off_the_file_in_hand(db, cluster, folder, workers):
    for table in "ab"[:workers]:
        jobs.slow_table(db, folder, table, 0.05)
        folder.workbook(f"in/{table}/1.xlsx", [["id"], *[[n] for n in range(2_000)]])
    run = jobs.start(db, folder / "in", workers=workers)
    wait_for(lambda: len(cluster.readers()) == workers, "the readers")
    wait_for(lambda: db.rows("SELECT FROM pgdatahub.progress WHERE current_rows > 0"), "rows")
    began = time.monotonic()
    assert db.value("SELECT pgdatahub.cancel_import(%s)", [run]) == "cancelled"
    wait_for(lambda: not jobs.workers(db) and not cluster.readers(), "the workers' end", 2)
    assert time.monotonic() - began < 2
    assert rows(db, "ab"[:workers]) == dict.fromkeys("ab"[:workers], 1)
    assert jobs.state(db, run) == "cancelled"
    with pytest.raises(psycopg.Error, match="was cancelled") as error:
        jobs.wait(db, run)
    assert error.value.sqlstate == "PD001"


def test_cancel_while_it_waits_for_a_lock(db, folder):
    db.import_file(folder.workbook("first/a.xlsx", [["id"], [0]]), table_name="a")
    folder.workbook("in/a/1.xlsx", [["id"], [1]])
    with db.connect(autocommit=False) as holder:
        holder.execute("LOCK TABLE a")
        run = jobs.start(db, folder / "in")
        wait_for(lambda: db.rows("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND backend_type = 'pgdatahub job'"), "the wait")
        db.execute("SELECT pgdatahub.cancel_import(%s)", [run])
        wait_for(lambda: not jobs.workers(db), "the worker's end", 2)


def test_what_is_refused(db, files):
    run = jobs.start(db, files)
    jobs.wait(db, run)
    for call, sqlstate, says in [
        (f"SELECT pgdatahub.pause_import({run})", "55000", "cannot pause a job that is done"),
        (f"SELECT pgdatahub.resume_import({run})", "55000", "cannot resume a job that is done"),
        (f"SELECT pgdatahub.cancel_import({run})", "55000", "cannot cancel a job that is done"),
        ("SELECT pgdatahub.resume_import()", "55000", "there is no job to resume"),
        ("SELECT pgdatahub.pause_import(NULL)", "22004", "run_id must not be null"),
        ("SELECT pgdatahub.cancel_import(4711)", "42704", "there is no job of run 4711"),
        ("CALL pgdatahub.wait_import(4711)", "42704", "there is no job of run 4711"),
        (f"CALL pgdatahub.wait_import({run}, '-1 s')", "22023", "timeout must not be negative"),
        (f"SELECT pgdatahub.start_import('{files}', workers => 0)", "22023", "workers cannot be 0"),
        (f"SELECT pgdatahub.start_import('{files}', on_error => 'raise')", "22023", "on_error cannot be \"raise\" for a job"),
        (f"SELECT pgdatahub.start_import('{files}/none')", "58P01", "does not exist"),
        ("SELECT pgdatahub.start_import('in')", "22023", "is not absolute"),
        (f"SET pgdatahub.dry_run = on; SELECT pgdatahub.start_import('{files}')", "55000", "while pgdatahub.dry_run is on"),
        (f"BEGIN; CALL pgdatahub.wait_import({run})", "2D000", "wait_import cannot run inside a transaction"),
    ]:
        with db.connect() as session, pytest.raises(psycopg.Error) as error:
            session.execute(call)
        assert (error.value.sqlstate, says in str(error.value)) == (sqlstate, True), str(error.value)


def test_whose_job_it_is(db, files):
    owner = db.role("jobber", "pg_read_server_files")
    other = db.role("other", "pg_read_server_files")
    for role in (owner, other):
        db.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        db.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {role}; GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA pgdatahub TO {role}")
    run = jobs.start(db, files, role=owner)
    jobs.wait(db, run, role=owner)
    owners = db.rows("SELECT DISTINCT relowner::regrole::text AS o FROM pg_class WHERE relname IN ('a', 'b', 'c')")
    assert owners == [{"o": owner}], "tables belong to the role that submitted"
    for call in (f"SELECT pgdatahub.cancel_import({run})", f"CALL pgdatahub.wait_import({run})"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.connect(other) as session:
            session.execute(call)
    for view in ("runs", "job_states", "progress"):
        assert not db.rows(f"SELECT FROM pgdatahub.{view}", role=other)
    assert db.rows("SELECT state FROM pgdatahub.runs", role=owner) == [{"state": "done"}]


def test_a_role_that_may_not_log_in(db, folder):
    jobs.slow_table(db, folder, "a")
    for part in range(2):
        folder.workbook(f"in/a/{part}.xlsx", [["id"], *[[n] for n in range(40)], [part]])
    role = db.role("sleeper", "pg_read_server_files")
    db.execute(f"GRANT CREATE ON SCHEMA public TO {role}; ALTER TABLE a OWNER TO {role}")
    db.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {role}; GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA pgdatahub TO {role}")
    run = jobs.start(db, folder / "in", role=role)
    wait_for(lambda: jobs.workers(db), "the worker")
    jobs.reaches(db, run, "running")
    db.execute("SELECT pgdatahub.pause_import(%s)", [run])
    wait_for(lambda: not jobs.workers(db), "the worker's leave")
    db.execute(f"ALTER ROLE {role} NOLOGIN")
    for call in (f"SELECT pgdatahub.resume_import({run})", f"SET ROLE {role}; SELECT pgdatahub.start_import('{folder}/in')"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="cannot own a job"), db.connect() as session:
            session.execute(call)
    db.execute(f"ALTER ROLE {role} LOGIN")
    assert db.value("SELECT pgdatahub.resume_import(%s)", [run]) == "queued"
    jobs.wait(db, run)
    assert rows(db, "a") == {"a": 83}


def test_failed_files_do_not_stop_the_others(db, files, folder):
    folder.write("in/a/broken.xlsx", b"no workbook")
    run = jobs.start(db, files)
    with pytest.raises(psycopg.Error, match="1 of 7 files failed") as error:
        jobs.wait(db, run)
    assert error.value.sqlstate == "PD001"
    assert jobs.state(db, run) == "done with failures"
    assert rows(db) == {"a": 22, "b": 22, "c": 22}
    assert db.value("SELECT source_file FROM pgdatahub.failures WHERE run_id = %s", [run]) == f"{folder}/in/a/broken.xlsx"


@pytest.mark.parametrize("sectional", [True, False])
def test_an_error_pauses_the_job(db, files, folder, sectional):
    """With sectional_commit the folder is undone; with on_error => 'stop' only the file; both go on where they stopped."""
    folder.write("in/b/0.xlsx", b"no workbook")
    if sectional:
        run = jobs.start(db, files, settings=["SET pgdatahub.sectional_commit = on"])
    else:
        run = jobs.start(db, files, on_error="stop")
    with pytest.raises(psycopg.Error, match="is paused by an error") as error:
        jobs.wait(db, run)
    assert error.value.sqlstate == "PD001"
    assert rows(db) == {"a": 22, "b": 0, "c": 0}
    wait_for(lambda: not jobs.workers(db), "the worker's leave")
    shown = db.rows("SELECT state, reason, message, imported, failed FROM pgdatahub.runs WHERE run_id = %s", [run])[0]
    assert (shown["state"], shown["reason"], shown["imported"], shown["failed"]) == ("paused", "error", 2, 1)
    for part in ("in/b", "public.b", f"{folder}/in/b/0.xlsx", "workbook"):
        assert part in shown["message"], shown["message"]
    folder.workbook("in/b/0.xlsx", [["id"], [7]])
    db.execute("SELECT pgdatahub.resume_import(%s)", [run])
    jobs.wait(db, run)
    assert rows(db) == {"a": 22, "b": 12, "c": 22}
    statuses = db.rows("SELECT status, count(*)::int AS n FROM pgdatahub.etl_run_files WHERE run_id = %s GROUP BY 1", [run])
    assert statuses == [{"status": "imported", "n": 6}], "an attempt that was overruled is not kept"


def test_other_workers_finish_their_folder(db, folder):
    jobs.slow_table(db, folder, "a")
    for part in range(2):
        folder.workbook(f"in/a/{part}.xlsx", [["id"], *[[n] for n in range(30)], [part]])
    folder.write("in/b/0.xlsx", b"no workbook")
    folder.workbook("in/c/0.xlsx", [["id"], [1]])
    run = jobs.start(db, folder / "in", workers=2, settings=["SET pgdatahub.sectional_commit = on"])
    jobs.reaches(db, run, "paused")
    wait_for(lambda: not jobs.workers(db), "the workers' leave")
    assert rows(db) == {"a": 63, "b": 0, "c": 0}


def test_settings_of_the_submitter(db, folder):
    db.execute("CREATE SCHEMA sales; CREATE SCHEMA other")
    folder.workbook("in/a/0.xlsx", [["id"], [1]])
    settings = ["SET search_path = sales", "SET pgdatahub.lane = spi", "SET pgdatahub.chunk_size = 17"]
    run = jobs.start(db, folder / "in", settings=settings)
    jobs.wait(db, run)
    assert db.rows("SELECT table_schema, lane FROM pgdatahub.imports") == [{"table_schema": "sales", "lane": "spi"}]
    kept = db.value("SELECT settings FROM pgdatahub.etl_jobs WHERE run_id = %s", [run])
    assert kept["pgdatahub.chunk_size"] == "17"


def test_statement_timeout_is_a_file_s_failure(db, folder):
    jobs.slow_table(db, folder, "a", 0.05)
    folder.workbook("in/a/0.xlsx", [["id"], *[[n] for n in range(1_000)]])
    folder.workbook("in/b/0.xlsx", [["id"], [1]])
    run = jobs.start(db, folder / "in", settings=["SET statement_timeout = '700ms'"])
    with pytest.raises(psycopg.Error, match="1 of 2 files failed"):
        jobs.wait(db, run)
    assert rows(db, "ab") == {"a": 1, "b": 1}
    assert db.value("SELECT sqlstate FROM pgdatahub.failures") == "57014"


def test_a_file_that_vanished(db, files, folder):
    with db.connect(autocommit=False) as session:
        run = session.execute("SELECT pgdatahub.start_import(%s)", [str(files)]).fetchone()[0]
        (folder / "in/b/0.xlsx").unlink()
        session.commit()
    with pytest.raises(psycopg.Error, match="1 of 6 files failed"):
        jobs.wait(db, run)
    assert db.value("SELECT sqlstate FROM pgdatahub.failures") == "58P01"
    assert rows(db) == {"a": 22, "b": 11, "c": 22}


def test_a_configuration_that_breaks_fails_the_job(db, files, folder):
    with db.connect(autocommit=False) as session:
        run = session.execute("SELECT pgdatahub.start_import(%s)", [str(files)]).fetchone()[0]
        folder.write("in/etl_config.yaml", "sheeet: x\n")
        session.commit()
    with pytest.raises(psycopg.Error, match=f"run {run} failed"):
        jobs.wait(db, run)
    assert "sheeet" in db.value("SELECT message FROM pgdatahub.runs WHERE run_id = %s", [run])
    (folder / "in/etl_config.yaml").unlink()
    db.execute("SELECT pgdatahub.resume_import()")
    jobs.wait(db, run)
    assert rows(db) == {"a": 22, "b": 22, "c": 22}


def test_nothing_to_do(db, folder):
    (folder / "empty").mkdir()
    run = jobs.start(db, folder / "empty")
    jobs.wait(db, run)
    assert jobs.history(db, run) == ["queued", "running", "done"]


def test_what_is_said(db, cluster, files, folder):
    """NOTIFY pgdatahub, and one line of the server log, for each file and each end."""
    folder.write("in/c/broken.xlsx", b"no workbook")
    before = cluster.log_size()
    with db.connect() as listener:
        listener.execute("LISTEN pgdatahub")
        run = jobs.start(db, files)
        with pytest.raises(psycopg.Error):
            jobs.wait(db, run)
        said = [json.loads(note.payload) for note in listener.notifies(timeout=5, stop_after=8)]
    said_files = [word for word in said if word["event"] == "file"]
    assert [(w["file_no"], w["files"], w["status"], w["row_count"]) for w in said_files] == [
        *[(n, 7, "imported", 11) for n in range(1, 7)],
        (7, 7, "failed", None),
    ]
    assert said_files[6]["sqlstate"] == "0A000" and said_files[6]["source_file"].endswith("/c/broken.xlsx")
    end = {"event": "job", "run_id": run, "state": "done with failures", "reason": None, "files": 7, "imported": 6, "skipped": 0, "failed": 1}
    assert said[7] == end | {"row_count": 66}
    lines = [line for line in cluster.log(before).splitlines() if f"pgdatahub run={run} " in line]
    assert len([line for line in lines if " file=" in line]) == 7, lines
    assert any('state="done with failures" files=7 imported=6' in line for line in lines), lines


def test_what_a_person_asked_for_is_said_too(db, cluster, folder):
    """A pause and a cancel are heard with the transaction that asked for them, and stand in the log."""
    jobs.slow_table(db, folder, "a")
    for part in range(2):
        folder.workbook(f"in/a/{part}.xlsx", [["id"], *[[n] for n in range(40)], [part]])
    before = cluster.log_size()
    with db.connect() as listener:
        listener.execute("LISTEN pgdatahub")
        run = jobs.start(db, folder / "in")
        wait_for(lambda: jobs.state(db, run) == "running", "the worker")
        db.execute("SELECT pgdatahub.pause_import(%s)", [run])
        wait_for(lambda: not jobs.workers(db), "the worker's leave")
        db.execute("SELECT pgdatahub.cancel_import(%s)", [run])
        said = [json.loads(note.payload) for note in listener.notifies(timeout=20, stop_after=3)]
    assert [(w["state"], w["reason"]) for w in said if w["event"] == "job"] == [("paused", "user"), ("cancelled", None)]
    lines = [line for line in cluster.log(before).splitlines() if f"pgdatahub run={run} state=" in line]
    assert ["state=paused reason=user" in lines[0], "state=cancelled" in lines[1]] == [True, True], lines


def test_jobs_and_sessions_overlap(db, folder):
    """Eight sessions and two jobs import the same folders at once: no deadlock reaches a user, nothing doubles."""
    for table in "abcdef":
        for part in range(3):
            folder.workbook(f"root/{table}/{part}.xlsx", [["id"], *[[n] for n in range(500)], [ord(table) * 10 + part]])
    for _ in range(2):
        both = [jobs.start(db, folder / "root", workers=2) for _ in range(2)]
        calls = [f"SELECT status FROM pgdatahub.import_folder('{folder}/root')", f"CALL pgdatahub.run_import('{folder}/root')"]
        sessions = [Background(db.connect(), calls[n % 2]) for n in range(8)]
        for session in sessions:
            assert session.join().error is None, session.error
            session.close()
        for run in both:
            jobs.wait(db, run)
    assert rows(db, "abcdef") == dict.fromkeys("abcdef", 1_503)
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE reverted_at IS NULL") == 18


def test_dump_and_restore(db, cluster, make_database, folder):
    """A paused job is dumped with its database, and goes on in the restored one, under another name and oid."""
    jobs.slow_table(db, folder, "a")
    for part in range(2):
        folder.workbook(f"in/a/{part}.xlsx", [["id"], *[[n] for n in range(40)], [part]])
    run = jobs.start(db, folder / "in")
    wait_for(lambda: db.rows("SELECT FROM pgdatahub.progress WHERE current_rows > 0"), "rows of the first file")
    db.execute("SELECT pgdatahub.pause_import(%s)", [run])
    wait_for(lambda: not jobs.workers(db), "the worker's leave")
    copy = make_database(cluster, extension=False)
    args = [f"--{option}={value}" for option, value in {"host": cluster.home, "port": 5432, "username": "postgres"}.items()]
    copy.psql(cluster._run("pg_dump", *args, db.name).stdout, args=("-q",))
    assert (jobs.state(copy, run), jobs.history(copy, run)) == ("paused", jobs.history(db, run))
    assert copy.value("SELECT pgdatahub.resume_import()") == "queued"
    jobs.wait(copy, run)
    assert (rows(copy, "a"), rows(db, "a")) == ({"a": 83}, {"a": 42})


def test_workers_read_committed(db, folder):
    """Whatever a role's default is: a snapshot older than the table's lock would not see what was imported meanwhile."""
    db.import_file(folder.workbook("first/a.xlsx", [["id"], [0]]), table_name="a")
    db.execute("""
        CREATE TABLE seen (level text);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO seen VALUES (current_setting('transaction_isolation')); RETURN NEW; END $$;
        CREATE TRIGGER note BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION note()""")
    db.execute(f"ALTER DATABASE {db.name} SET default_transaction_isolation = 'serializable'")
    folder.workbook("in/a/0.xlsx", [["id"], [1]])
    run = jobs.start(db, folder / "in")
    jobs.wait(db, run)
    assert db.rows("SELECT level FROM seen") == [{"level": "read committed"}]
