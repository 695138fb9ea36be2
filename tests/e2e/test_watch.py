"""Watched folders: what two looks found unchanged is imported, what is broken backs off, and nothing comes in twice."""

import os
import time

import psycopg
import pytest
from harness import jobs, watches
from harness.background import wait_for

BROKEN = b"PK\x03\x04 not a workbook"


@pytest.fixture
def launcher_db(make_cluster, make_database):
    """On a cluster with the launcher, which looks every second."""
    if not hasattr(launcher_db, "cluster"):
        settings = {"shared_preload_libraries": "pgdatahub", "pgdatahub.launcher_naptime": "1", "max_worker_processes": "12"}
        launcher_db.cluster = make_cluster("watch", settings)
    return make_database(launcher_db.cluster)


def refused(sqlstate, db, path, role="postgres", **arguments):
    with pytest.raises(psycopg.Error) as caught:
        watches.watch(db, path, role, **arguments)
    assert caught.value.sqlstate == sqlstate, caught.value
    return caught.value


def rows(db, table):
    return db.value(f"SELECT count(*)::int FROM {table}") if db.value("SELECT to_regclass(%s) IS NOT NULL", [table]) else 0


def watcher(db, name="watcher"):
    role = db.role(name, "pg_read_server_files")
    db.execute(f"GRANT CREATE ON SCHEMA public TO {role}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {role}")
    return role


def test_imported_after_two_equal_looks(launcher_db, folder):
    """A file that is there before, one dropped in later, and one in a new subfolder; as the role that watches."""
    db = launcher_db
    role = watcher(db)
    folder.workbook("claims/a.xlsx", [["id"], [1], [2]])
    before = db.cluster.log_size()
    watch = watches.watch(db, folder, role, every="2 s")
    watches.reaches(db, "claims/a.xlsx", "waiting")
    first = watches.one(db, "last_look, settled, waiting, failed, run_id")
    assert {**first, "last_look": None} == {"last_look": None, "settled": 0, "waiting": 1, "failed": 0, "run_id": None}
    assert rows(db, "claims") == 0
    watches.reaches(db, "claims/a.xlsx", "done")
    second = watches.one(db, "last_look, settled, waiting, failed, run_id, owner, last_error")
    assert (second["settled"], second["owner"], second["last_error"]) == (1, role, None)
    assert (second["last_look"] - first["last_look"]).total_seconds() > 1.5
    assert rows(db, "claims") == 2
    assert db.value("SELECT extract(epoch FROM started_at - %s)::float8 FROM pgdatahub.runs", [first["last_look"]]) > 1.5
    run = db.rows("SELECT kind, state, started_by, files, imported FROM pgdatahub.runs")
    assert run == [{"kind": "watch_folder", "state": "done", "started_by": role, "files": 1, "imported": 1}]
    assert db.value("SELECT imported_by FROM pgdatahub.imports") == role
    folder.workbook("claims/b.xlsx", [["id"], [3]])
    folder.workbook("policies/c.xlsx", [["id"], [4]])
    watches.reaches(db, "claims/b.xlsx", "done")
    watches.reaches(db, "policies/c.xlsx", "done")
    assert (rows(db, "claims"), rows(db, "policies")) == (3, 1)
    watches.look_after(db)
    # What is in makes no more runs: each had only its new files.
    assert db.value("SELECT sum(files)::int FROM pgdatahub.runs") == 3
    assert f"pgdatahub watch={watch} run={second['run_id']} files=1 path={folder}" in db.cluster.log(before)
    assert f"run={second['run_id']} file=1/1 status=imported" in db.cluster.log(before)


def test_a_file_that_grows_is_left_alone(launcher_db, folder):
    db = launcher_db
    whole = folder.workbook("stage/t.xlsx", [["id"], *[[n] for n in range(100)]]).read_bytes()
    (folder / "in").mkdir()
    watches.watch(db, folder / "in")
    with open(folder.write("in/t.xlsx", whole[:100]), "ab") as growing:
        end = time.monotonic() + 6
        at = 100
        while time.monotonic() < end:
            growing.write(whole[at : at + 20])
            growing.flush()
            at += 20
            time.sleep(0.1)
        assert at < len(whole)
        assert watches.seen(db, "t.xlsx")["state"] == "waiting"
        assert db.rows("SELECT FROM pgdatahub.runs") == []
        growing.write(whole[at:])
    watches.reaches(db, "t.xlsx", "done")
    assert rows(db, '"in"') == 100
    assert db.value("SELECT count(*) FROM pgdatahub.runs") == 1


def test_a_broken_file_backs_off_and_is_imported_once_mended(launcher_db, folder):
    db = launcher_db
    folder.write("t/broken.xlsx", BROKEN)
    folder.workbook("t/good.xlsx", [["id"], [1]])
    watches.watch(db, folder)
    failed = watches.reaches(db, "t/broken.xlsx", "failed")
    assert failed["attempts"] == 1 and failed["last_error"]
    wait = "SELECT extract(epoch FROM next_try - clock_timestamp())::float8 FROM pgdatahub.watch_files WHERE label = 't/broken.xlsx'"
    assert 0 < db.value(wait) <= 2
    assert rows(db, "t") == 1
    wait_for(lambda: (watches.seen(db, "t/broken.xlsx") or {}).get("attempts") == 2, "a second attempt")
    assert 2 < db.value(wait) <= 4
    wait_for(lambda: (watches.seen(db, "t/broken.xlsx") or {}).get("attempts") == 3, "a third attempt")
    assert watches.one(db, "settled, waiting, failed") == {"settled": 1, "waiting": 0, "failed": 1}
    # One attempt each, although there were looks every second.
    assert db.value("SELECT count(*) FROM pgdatahub.etl_run_files WHERE status = 'failed'") == 3
    # Mended, it does not wait for the next try.
    db.execute("UPDATE pgdatahub.etl_watch_files SET next_try = clock_timestamp() + interval '1 hour' WHERE state = 'failed'")
    folder.workbook("t/broken.xlsx", [["id"], [2]])
    mended = watches.reaches(db, "t/broken.xlsx", "done")
    assert (mended["attempts"], mended["last_error"], mended["next_try"]) == (0, None, None)
    assert rows(db, "t") == 2
    # A changed file replaces its earlier content, as any import does.
    folder.workbook("t/good.xlsx", [["id"], [1], [5]])
    wait_for(lambda: rows(db, "t") == 3, "the new content")


def test_unwatch_stops(launcher_db, folder):
    db = launcher_db
    folder.workbook("t/a.xlsx", [["id"], [1]])
    watch = watches.watch(db, folder)
    watches.reaches(db, "t/a.xlsx", "done")
    assert db.value("SELECT pgdatahub.unwatch_folder(%s)", [f"{folder}/"]) == watch
    folder.workbook("t/b.xlsx", [["id"], [2]])
    time.sleep(4)
    assert (rows(db, "t"), db.rows("SELECT FROM pgdatahub.watches"), db.rows("SELECT FROM pgdatahub.etl_watch_files")) == (1, [], [])
    with pytest.raises(psycopg.Error, match="is not watched") as caught:
        db.value("SELECT pgdatahub.unwatch_folder(%s)", [str(folder)])
    assert caught.value.sqlstate == "42704"
    # Watched anew, what is in is skipped, and what is new comes in.
    watches.watch(db, folder)
    watches.reaches(db, "t/a.xlsx", "done")
    watches.reaches(db, "t/b.xlsx", "done")
    assert rows(db, "t") == 2


def test_a_restart_goes_on(launcher_db, folder):
    db = launcher_db
    folder.workbook("t/a.xlsx", [["id"], [1]])
    watches.watch(db, folder)
    watches.reaches(db, "t/a.xlsx", "done")
    db.cluster.restart("fast")
    folder.workbook("t/b.xlsx", [["id"], [2]])
    watches.reaches(db, "t/b.xlsx", "done")
    assert rows(db, "t") == 2
    db.cluster.restart("immediate")
    folder.workbook("t/c.xlsx", [["id"], [3]])
    watches.reaches(db, "t/c.xlsx", "done")
    assert (rows(db, "t"), watches.one(db, "last_error")) == (3, {"last_error": None})
    assert db.value("SELECT sum(files)::int FROM pgdatahub.runs") == 3


def test_a_restart_in_the_midst_of_its_job(launcher_db, folder):
    db = launcher_db
    jobs.slow_table(db, folder, "t")
    folder.workbook("in/t/a.xlsx", [["id"], *[[n] for n in range(60)]])
    watches.watch(db, folder / "in")
    wait_for(lambda: jobs.workers(db), "the job's worker")
    assert watches.seen(db, "t/a.xlsx")["state"] == "submitted"
    db.cluster.restart("fast")
    watches.reaches(db, "t/a.xlsx", "done")
    assert rows(db, "t") == 61
    assert db.value("SELECT count(*) FROM pgdatahub.runs WHERE kind = 'watch_folder'") == 1


def test_a_role_that_is_gone(launcher_db, folder):
    """DROP ROLE is not held up; the watch ends with a word, and does not come back with a namesake."""
    db = launcher_db
    role = watcher(db)
    watches.watch(db, folder, role)
    watches.look_after(db)
    before = db.cluster.log_size()
    db.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    wait_for(lambda: not watches.one(db, "enabled")["enabled"], "the end of the watch")
    assert watches.one(db, "next_look, last_error") == {"next_look": None, "last_error": f'role "{role}" does not exist any more'}
    db.execute(f"CREATE ROLE {role} LOGIN")
    folder.workbook("t/a.xlsx", [["id"], [1]])
    time.sleep(3)
    assert db.rows("SELECT FROM pgdatahub.runs") == []
    assert "FATAL" not in db.cluster.log(before)
    assert db.value("SELECT pgdatahub.unwatch_folder(%s)", [str(folder)])


def test_a_role_that_may_not_log_in(launcher_db, folder):
    db = launcher_db
    role = watcher(db)
    watches.watch(db, folder, role)
    watches.look_after(db)
    before = db.cluster.log_size()
    db.execute(f"ALTER ROLE {role} NOLOGIN")
    wait_for(lambda: watches.one(db, "last_error")["last_error"] == f'role "{role}" is not permitted to log in', "the word of it")
    assert "FATAL" not in db.cluster.log(before)
    db.execute(f"ALTER ROLE {role} LOGIN")
    folder.workbook("t/a.xlsx", [["id"], [1]])
    watches.reaches(db, "t/a.xlsx", "done")
    assert watches.one(db, "last_error") == {"last_error": None}


def test_rights_that_are_lost(launcher_db, folder):
    """The watch backs off, says why once in the log, and goes on when the rights are back."""
    db = launcher_db
    role = watcher(db)
    watches.watch(db, folder, role)
    watches.look_after(db)
    before = db.cluster.log_size()
    db.execute(f"REVOKE pg_read_server_files FROM {role}")
    wait_for(lambda: "permission denied to read" in (watches.one(db, "last_error")["last_error"] or ""), "the word of it")
    wait_for(lambda: db.value("SELECT failures FROM pgdatahub.etl_watches") >= 3, "failed looks")
    assert db.value("SELECT extract(epoch FROM next_look - last_look)::float8 FROM pgdatahub.watches") > 2
    log = db.cluster.log(before)
    assert (log.count("permission denied to read"), log.count("FATAL")) == (1, 0), log
    db.execute(f"GRANT pg_read_server_files TO {role}")
    wait_for(lambda: watches.one(db, "last_error")["last_error"] is None, "a look that came to its end")
    db.execute(f"REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub FROM {role}")
    wait_for(lambda: "for function watch_folder" in (watches.one(db, "last_error")["last_error"] or ""), "the right to watch is asked for")


def test_no_connection(launcher_db, folder):
    """Looks that cannot even begin back off too."""
    db = launcher_db
    role = watcher(db)
    watches.watch(db, folder, role)
    watches.look_after(db)
    before = db.cluster.log_size()
    db.execute(f"REVOKE CONNECT ON DATABASE {db.name} FROM PUBLIC")
    wait_for(lambda: db.value("SELECT failures FROM pgdatahub.etl_watches") >= 3, "failed looks")
    assert "did not come to an end" in watches.one(db, "last_error")["last_error"]
    assert 1 <= db.cluster.log(before).count("FATAL") <= 4


def test_nothing_is_doubled_by_a_job_meanwhile(launcher_db, folder):
    db = launcher_db
    for table in "ab":
        jobs.slow_table(db, folder, table, 0.005)
    (folder / "in").mkdir()
    watches.watch(db, folder / "in")
    for table in "ab":
        for part in range(4):
            folder.workbook(f"in/{table}/{part}.xlsx", [["id"], *[[n] for n in range(100)], [part]])
    wait_for(lambda: watches.one(db, "run_id")["run_id"], "the watch's job")
    run = jobs.start(db, folder / "in", workers=2)
    db.import_folder(folder / "in")
    jobs.wait(db, run)
    wait_for(lambda: watches.one(db, "settled")["settled"] == 8, "all files settled")
    assert (rows(db, "a"), rows(db, "b")) == (405, 405)
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE reverted_at IS NULL") == 10
    watches.look_after(db)
    assert (rows(db, "a"), rows(db, "b")) == (405, 405)


def test_what_was_reverted_stays_out(launcher_db, folder):
    db = launcher_db
    path = folder.workbook("t/a.xlsx", [["id"], [1]])
    watches.watch(db, folder)
    watches.reaches(db, "t/a.xlsx", "done")
    db.execute("SELECT pgdatahub.revert('t', %s)", [str(path)])
    os.utime(path)
    watches.look_after(db)
    watches.reaches(db, "t/a.xlsx", "done")
    assert rows(db, "t") == 0


def test_its_own_job_is_not_the_one_to_wait_for(launcher_db, folder):
    """wait_import without a run waits for what start_import began; a paused job of the watch holds it back, with a word."""
    db = launcher_db
    jobs.slow_table(db, folder, "t", 0.1)
    folder.workbook("in/t/a.xlsx", [["id"], *[[n] for n in range(60)]])
    folder.workbook("other/u.xlsx", [["id"], [1]])
    run = jobs.start(db, folder / "other")
    jobs.wait(db, run)
    watches.watch(db, folder / "in")
    own = wait_for(lambda: watches.one(db, "run_id")["run_id"], "the watch's job")
    with db.connect() as session:
        session.execute("CALL pgdatahub.wait_import(timeout => '1 s')")
    assert db.value("SELECT pgdatahub.pause_import(%s)", [own]) == "paused"
    wait_for(lambda: "is paused" in (watches.one(db, "last_error")["last_error"] or ""), "the word of it")
    folder.workbook("in/t/b.xlsx", [["id"], [1]])
    watches.look_after(db)
    watches.look_after(db)
    assert watches.seen(db, "t/b.xlsx")["state"] == "waiting"
    db.execute("SELECT pgdatahub.resume_import(%s)", [own])
    watches.reaches(db, "t/b.xlsx", "done")
    assert rows(db, "t") == 62


def test_refusals(launcher_db, folder):
    db = launcher_db
    assert watches.watch(db, folder, every="1 day")
    error = refused("42710", db, f"{folder}/", every="1 min")
    assert "watches" in error.diag.message_primary and "unwatch_folder" in error.diag.message_hint
    for every in ("0.9 s", "-1 s", "1 day 1 s", "1 mon"):
        assert "every" in refused("22023", db, folder / "x", every=every).diag.message_primary
    refused("22004", db, folder, every=None)
    refused("58P01", db, folder / "missing")
    refused("22023", db, "relative/path")
    refused("22023", db, folder, workers=0)
    folder.workbook("t/a.xlsx", [["id"], [1]])
    clerk = db.role("clerk")
    assert "watch_folder" in refused("42501", db, folder / "t", clerk).diag.message_primary
    db.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {clerk}")
    assert "permission denied to read" in refused("42501", db, folder / "t", clerk).diag.message_primary
    with pytest.raises(psycopg.Error, match="permission denied for the watch") as caught:
        db.value("SELECT pgdatahub.unwatch_folder(%s)", [str(folder)], role=clerk)
    assert caught.value.sqlstate == "42501"
    assert db.rows("SELECT FROM pgdatahub.watches", role=clerk) == []
    db.execute(f"GRANT pg_read_server_files TO {clerk}; ALTER ROLE {clerk} NOLOGIN; GRANT {clerk} TO postgres")
    with db.connect() as session, pytest.raises(psycopg.Error) as caught:
        session.execute(f"SET ROLE {clerk}")
        session.execute("SELECT pgdatahub.watch_folder(%s)", [f"{folder}/t"])
    assert caught.value.sqlstate == "42501" and "log in" in caught.value.diag.message_detail
    # The same folder may be watched by several roles; each ends its own.
    db.execute(f"ALTER ROLE {clerk} LOGIN")
    own = watches.watch(db, folder, clerk)
    assert db.value("SELECT pgdatahub.unwatch_folder(%s)", [str(folder)], role=clerk) == own
    assert watches.one(db, "owner") == {"owner": "postgres"}
    with db.connect() as session, pytest.raises(psycopg.Error) as caught:
        session.execute("SET default_transaction_read_only = on")
        session.execute("SELECT pgdatahub.watch_folder(%s)", [f"{folder}/t"])
    assert caught.value.sqlstate == "25006"


def test_without_the_preload(db, folder):
    """The watch is recorded, and a WARNING says that nobody looks."""
    heard = []
    with db.connect() as session:
        session.add_notice_handler(lambda notice: heard.append((notice.severity, notice.message_primary, notice.message_hint)))
        session.execute("SELECT pgdatahub.watch_folder(%s)", [str(folder)])
    ((severity, message, hint),) = heard
    assert (severity, "until pgdatahub is preloaded" in message) == ("WARNING", True)
    assert "ALTER SYSTEM SET shared_preload_libraries = 'pgdatahub'" in hint
    assert watches.one(db, "path, enabled, last_look") == {"path": str(folder), "enabled": True, "last_look": None}


def test_restored_elsewhere_it_waits_for_a_word(launcher_db, make_database, folder):
    db = launcher_db
    folder.workbook("t/a.xlsx", [["id"], [1]])
    watches.watch(db, folder)
    watches.reaches(db, "t/a.xlsx", "done")
    watches.idle(db)
    copy = make_database(db.cluster, extension=False)
    args = [f"--{option}={value}" for option, value in {"host": db.cluster.home, "port": 5432, "username": "postgres"}.items()]
    dump = db.cluster._run("pg_dump", *args, db.name).stdout.replace(db.value("SELECT cluster FROM pgdatahub.etl_watches"), "1")
    copy.psql(dump, args=("-q",))
    wait_for(lambda: not watches.one(copy, "enabled")["enabled"], "the look that refuses")
    assert "restored from another cluster" in watches.one(copy, "last_error")["last_error"]
    folder.workbook("t/b.xlsx", [["id"], [2]])
    watches.reaches(db, "t/b.xlsx", "done")
    assert rows(copy, "t") == 1
    watches.watch(copy, folder)
    watches.reaches(copy, "t/b.xlsx", "done")
    assert (rows(copy, "t"), rows(db, "t")) == (2, 2)


def test_drop_extension_and_database(launcher_db, folder):
    db = launcher_db
    folder.workbook("t/a.xlsx", [["id"], [1]])
    watches.watch(db, folder)
    watches.look_after(db)
    before = db.cluster.log_size()
    db.execute("DROP EXTENSION pgdatahub CASCADE")
    time.sleep(2)
    db.execute("CREATE EXTENSION pgdatahub")
    watches.watch(db, folder)
    watches.look_after(db)
    db.drop()
    db.drop = lambda: None
    time.sleep(2)
    assert "ERROR" not in db.cluster.log(before), db.cluster.log(before)


def test_links_below_a_data_root(make_cluster, make_database, folder):
    """The size of what a link leads to counts, not the link's own."""
    settings = {"shared_preload_libraries": "pgdatahub", "pgdatahub.launcher_naptime": "1", "pgdatahub.data_roots": str(folder)}
    db = make_database(make_cluster("watchroots", settings))
    role = db.role("reader")
    db.execute(f"GRANT CREATE ON SCHEMA public TO {role}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {role}")
    target = folder.workbook("stage/a.xlsx", [["id"], [1]])
    (folder / "in" / "t").mkdir(parents=True)
    (folder / "in" / "t" / "a.xlsx").symlink_to("../../stage/a.xlsx")
    watches.watch(db, folder / "in", role)
    assert watches.reaches(db, "t/a.xlsx", "done")["file_bytes"] == target.stat().st_size
    folder.workbook("stage/a.xlsx", [["id"], [1], [2]])
    wait_for(lambda: rows(db, "t") == 2, "the new content behind the link")


def test_what_stops_a_job_makes_its_files_back_off(launcher_db, folder):
    """An error that pauses a job (here: disk full) needs nobody to resume it: its files are tried again later."""
    db = launcher_db
    db.import_file(folder.workbook("first/t.xlsx", [["id"], [0]]), table_name="t")
    raised = "BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END"
    db.execute(f"CREATE FUNCTION full() RETURNS trigger LANGUAGE plpgsql AS $$ {raised} $$")
    db.execute("CREATE TRIGGER disk_full BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION full()")
    folder.workbook("in/t/a.xlsx", [["id"], [1]])
    watches.watch(db, folder / "in")
    failed = watches.reaches(db, "t/a.xlsx", "failed")
    assert failed["attempts"] == 1 and "could not extend file" in failed["last_error"]
    run = watches.one(db, "run_id")["run_id"]
    assert jobs.history(db, run)[-2:] == ["paused error", "cancelled"]
    db.execute("DROP TRIGGER disk_full ON t")
    watches.reaches(db, "t/a.xlsx", "done")
    assert rows(db, "t") == 2


def test_a_file_that_changes_while_its_job_has_it(launcher_db, folder):
    """What the job says of the old content is not taken for the new."""
    db = launcher_db
    jobs.slow_table(db, folder, "t", 0.1)
    path = folder.workbook("in/t/a.xlsx", [["id"], *[[n] for n in range(60)]])
    watches.watch(db, folder / "in")
    wait_for(lambda: db.rows("SELECT FROM pgdatahub.progress WHERE current_rows > 0"), "rows of the file in hand")
    folder.workbook("stage/a.xlsx", [["id"], *[[n] for n in range(62)]])
    os.rename(folder / "stage" / "a.xlsx", path)
    wait_for(lambda: watches.seen(db, "t/a.xlsx")["state"] == "waiting", "the change seen", 5)
    watches.reaches(db, "t/a.xlsx", "done", 60)
    assert rows(db, "t") == 63
    assert db.rows("SELECT files, imported + replaced AS done FROM pgdatahub.runs WHERE kind = 'watch_folder'") == [{"files": 1, "done": 1}] * 2
