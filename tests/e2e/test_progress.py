"""View progress, from another session while files load; and what pg_stat_activity says meanwhile."""

import re

import pytest
from harness import jobs
from harness.background import Background, wait_for


def shown(db, where="true", role="postgres"):
    return db.rows(f"SELECT * FROM pgdatahub.progress WHERE {where}", role=role)


def folder_of_two(db, folder):
    jobs.slow_table(db, folder, "a")
    for part in range(2):
        folder.workbook(f"in/a/{part}.xlsx", [["id"], *[[n] for n in range(150)], [part]])
    return folder / "in"


@pytest.mark.parametrize("lane", ["copy", "spi"])
@pytest.mark.parametrize("kind", ["import_folder", "run_import"])
def test_a_session(db, folder, kind, lane):
    path = folder_of_two(db, folder)
    call = f"SELECT pgdatahub.import_folder('{path}')" if kind == "import_folder" else f"CALL pgdatahub.run_import('{path}')"
    session = db.connect(application_name="my psql")
    run = Background(session, f"SET pgdatahub.lane = {lane}", call)
    first = wait_for(lambda: shown(db, "files_done = 0 AND current_rows > 0"), "rows of the first file")[0]
    assert (first["kind"], first["state"], first["files"], first["current_file"], first["pid"]) == (kind, "running", 2, "a/0.xlsx", run.pid)
    assert first["bar"] == "[············] 0%"
    assert first["row_count"] == first["current_rows"]
    second = wait_for(lambda: shown(db, "files_done = 1 AND current_rows > 0"), "rows of the second file")[0]
    assert (second["current_file"], second["row_count"]) == ("a/1.xlsx", 151 + second["current_rows"])
    assert 0 < second["bytes_done"] < second["bytes"] and second["eta"] is not None and second["rows_per_second"] > 0
    assert re.fullmatch(r"\[#+·+\] \d+%", second["bar"])
    assert run.join().error is None, run.error
    assert not shown(db)
    name = "SELECT application_name FROM pg_stat_activity WHERE pid = %s"
    assert db.value(name, [run.pid]) == "my psql", "the session's own name is back"
    run.close()


def test_a_job(db, folder):
    path = folder_of_two(db, folder)
    run = jobs.start(db, path)
    first = wait_for(lambda: shown(db, "files_done = 0 AND current_rows > 0"), "rows of the first file")[0]
    assert (first["run_id"], first["kind"], first["workers"], first["current_file"]) == (run, "start_import", 1, "a/0.xlsx")
    activity = "SELECT application_name, query, state FROM pg_stat_activity WHERE backend_type = 'pgdatahub job' AND datname = current_database()"
    assert db.rows(activity) == [
        {"application_name": "pgdatahub [1/2] a/0.xlsx", "query": f"pgdatahub run {run}, file 1/2: a/0.xlsx → public.a", "state": "active"}
    ]
    second = wait_for(lambda: shown(db, "files_done = 1 AND current_rows > 0"), "rows of the second file")[0]
    assert second["row_count"] == 151 + second["current_rows"]
    db.execute("SELECT pgdatahub.pause_import(%s)", [run])
    wait_for(lambda: not jobs.workers(db), "the worker's leave")
    (paused,) = shown(db)
    assert (paused["state"], paused["reason"], paused["workers"], paused["bar"]) == ("paused", "user", 0, "[############] 100%")
    db.execute("SELECT pgdatahub.resume_import()")
    jobs.wait(db, run)
    assert not shown(db)


def test_a_cancelled_session_is_shown_no_more(db, folder):
    path = folder_of_two(db, folder)
    session = db.connect(application_name="mine")
    run = Background(session, f"SELECT pgdatahub.import_folder('{path}')")
    wait_for(lambda: shown(db, "current_rows > 0"), "rows")
    session.cancel_safe()
    assert run.join().sqlstate == "57014"
    assert not shown(db)
    assert db.value("SELECT application_name FROM pg_stat_activity WHERE pid = %s", [run.pid]) == "mine"
    run.close()


def test_who_sees_it(db, folder):
    path = folder_of_two(db, folder)
    monitor, other = db.role("watcher", "pg_monitor"), db.role("stranger")
    run = Background(db.connect(), f"SELECT pgdatahub.import_folder('{path}')")
    wait_for(lambda: shown(db, "current_rows > 0", monitor), "what pg_monitor sees")
    assert not shown(db, role=other)
    assert run.join().error is None
    run.close()
