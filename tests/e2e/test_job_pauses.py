"""Pauses that pass: pgdatahub.pause_every and pgdatahub.pause_window, in jobs and in run_import."""

import psycopg
import pytest
from harness import jobs
from harness.background import Background, wait_for

ALWAYS = "Mon-Sun 00:00-24:00"


@pytest.fixture
def paused_cluster(make_cluster, request):
    """A cluster whose configuration a test may change."""
    found = getattr(paused_cluster, "made", None)
    if found is None:
        paused_cluster.made = found = make_cluster("pauses", {"shared_preload_libraries": "", "session_preload_libraries": "pgdatahub"})
    yield found
    with found.connect() as admin:
        for name in ("pause_every", "pause_seconds", "pause_window"):
            admin.execute(f"ALTER SYSTEM RESET pgdatahub.{name}")
        admin.execute("SELECT pg_reload_conf()")


@pytest.fixture
def db(paused_cluster, make_database):
    return make_database(paused_cluster)


@pytest.fixture
def files(folder):
    for number in range(1, 6):
        folder.workbook(f"data/{number}.xlsx", [["id"], [number]])
    return folder / "data"


def system(db, **settings):
    with db.connect() as admin:
        for name, value in settings.items():
            admin.execute(f"ALTER SYSTEM SET pgdatahub.{name} = '{value}'")
        admin.execute("SELECT pg_reload_conf()")
    wait_for(
        lambda: all(db.value(f"SELECT current_setting('pgdatahub.{name}')").startswith(str(value)) for name, value in settings.items()),
        "the reload",
    )


def count(db):
    return 0 if db.value("SELECT to_regclass('data') IS NULL") else db.value("SELECT count(*) FROM data")


def holds_nothing(db, pid):
    """No transaction with a snapshot or an id, and no lock but the job's own."""
    (row,) = db.rows("SELECT backend_xmin, backend_xid, xact_start FROM pg_stat_activity WHERE pid = %s", [pid])
    assert row == {"backend_xmin": None, "backend_xid": None, "xact_start": None}
    locks = """SELECT locktype, mode FROM pg_locks WHERE pid = %s AND locktype <> 'virtualxid'
               AND NOT (locktype = 'object' AND classid = 'pgdatahub.etl_runs'::regclass)"""
    assert db.rows(locks, [pid]) == []


def test_a_job_pauses_every_n_files(db, files):
    system(db, pause_every=2, pause_seconds=500)
    run = jobs.start(db, files)
    jobs.reaches(db, run, "paused")
    assert db.value("SELECT reason FROM pgdatahub.runs") == "interval"
    assert count(db) == 2
    (pid,) = jobs.workers(db)
    wait_for(lambda: db.value("SELECT state FROM pg_stat_activity WHERE pid = %s", [pid]) == "idle", "idle")
    holds_nothing(db, pid)
    wait_for(lambda: not db.cluster.readers(), "the reader's end: a pause may last for hours")
    # A reload shortens the pause that lasts.
    system(db, pause_seconds=0)
    jobs.wait(db, run)
    assert count(db) == 5
    words = jobs.history(db, run)
    assert words == ["queued", "running", "paused interval", "running", "paused interval", "running", "done"]


def test_resumed_and_cancelled_in_a_pause(db, files):
    system(db, pause_every=2, pause_seconds=500)
    run = jobs.start(db, files)
    jobs.reaches(db, run, "paused")
    assert db.value("SELECT pgdatahub.resume_import(%s)", [run]) == "running"
    wait_for(lambda: count(db) == 4, "the next two files")
    jobs.reaches(db, run, "paused")
    # By a person from now on: the worker leaves.
    assert db.value("SELECT pgdatahub.pause_import(%s)", [run]) == "paused"
    wait_for(lambda: not jobs.workers(db), "the worker's leave")
    assert db.value("SELECT pgdatahub.resume_import(%s)", [run]) == "queued"
    jobs.wait(db, run)
    assert count(db) == 5
    folder_of_more = [files / f"{n}.xlsx" for n in range(1, 6)]
    for path in folder_of_more:
        path.unlink()
    again = jobs.start(db, files.parent)
    jobs.wait(db, again)
    assert jobs.state(db, again) == "done"


def test_cancelled_in_a_pause(db, files):
    system(db, pause_every=1, pause_seconds=500)
    run = jobs.start(db, files)
    jobs.reaches(db, run, "paused")
    db.execute("SELECT pgdatahub.cancel_import(%s)", [run])
    wait_for(lambda: not jobs.workers(db), "the worker's end", 2)
    assert (jobs.state(db, run), count(db)) == ("cancelled", 1)


def test_a_job_pauses_in_the_window(db, files):
    system(db, pause_window=ALWAYS)
    run = jobs.start(db, files, workers=2)
    jobs.reaches(db, run, "paused")
    assert db.value("SELECT reason FROM pgdatahub.runs") == "window"
    assert count(db) == 0
    for pid in jobs.workers(db):
        wait_for(lambda pid=pid: db.value("SELECT state FROM pg_stat_activity WHERE pid = %s", [pid]) == "idle", "idle")
        holds_nothing(db, pid)
    db.execute("ALTER SYSTEM RESET pgdatahub.pause_window")
    db.execute("SELECT pg_reload_conf()")
    jobs.wait(db, run)
    assert count(db) == 5
    assert jobs.history(db, run) == ["queued", "running", "paused window", "running", "done"]


def test_run_import_pauses_in_the_window(db, files):
    system(db, pause_window=ALWAYS)
    run = Background(db.connect(), f"CALL pgdatahub.run_import('{files}')")
    wait_for(lambda: db.value("SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = %s", [run.pid]), "the pause")
    holds_nothing(db, run.pid)
    assert count(db) == 0
    db.execute("ALTER SYSTEM RESET pgdatahub.pause_window")
    db.execute("SELECT pg_reload_conf()")
    assert run.join().error is None, run.error
    run.close()
    assert count(db) == 5


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ("Mon-Fry 08:00-18:00", "Mon-Fry"),
        ("Mon 8-18", "8-18"),
        ("Mon-Fri 08:00-18:00 Europe/Nowhere", "Europe/Nowhere"),
        ("08:00", "08:00"),
    ],
)
def test_a_window_that_cannot_be_read(db, window, says):
    with db.connect() as session, pytest.raises(psycopg.errors.InvalidParameterValue) as error:
        session.execute(f"SET pgdatahub.pause_window = '{window}'")
    assert says in error.value.diag.message_detail
    assert "Europe/Berlin" in error.value.diag.message_hint


BERLIN = "Sun 01:00-04:00 Europe/Berlin"


@pytest.mark.parametrize(
    ("window", "at", "end"),
    [
        # Clocks go from 02:00 to 03:00 on 29 March 2026: the window lasts two hours.
        (BERLIN, "2026-03-29 00:00Z", "2026-03-29 02:00Z"),
        (BERLIN, "2026-03-28 23:59Z", None),
        (BERLIN, "2026-03-29 02:00Z", None),
        # And from 03:00 to 02:00 on 25 October 2026: four hours.
        (BERLIN, "2026-10-24 23:00Z", "2026-10-25 03:00Z"),
        (BERLIN, "2026-10-25 02:59:59Z", "2026-10-25 03:00Z"),
        # Summer and winter: 08:00 by the clock on the wall.
        ("Mon-Fri 08:00-18:00 Europe/Berlin", "2026-07-01 06:00Z", "2026-07-01 16:00Z"),
        ("Mon-Fri 08:00-18:00 Europe/Berlin", "2026-01-07 06:00Z", None),
        ("Mon-Fri 08:00-18:00 Europe/Berlin", "2026-01-07 07:00Z", "2026-01-07 17:00Z"),
        ("Mon-Fri 08:00-18:00 Europe/Berlin", "2026-07-04 10:00Z", None),
        # A night, and the next window right after it.
        ("Fri 22:00-06:00 UTC; Sat 06:00-07:30 UTC", "2026-07-03 23:00Z", "2026-07-04 07:30Z"),
        # Half-hour zones, and the day that is another one there.
        ("Thu 00:00-24:00 Asia/Kolkata", "2026-07-01 18:30Z", "2026-07-02 18:30Z"),
        # Without a zone: TimeZone.
        ("Wed 12:00-13:00", "2026-07-01 12:00Z", "2026-07-01 13:00Z"),
        (ALWAYS, "2026-07-01 12:00Z", "infinity"),
        ("", "2026-07-01 12:00Z", None),
    ],
)
def test_windows_by_the_clock_on_the_wall(db, window, at, end):
    with db.connect() as session:
        session.execute(f"SET pgdatahub.pause_window = '{window}'")
        query = "SELECT (pgdatahub.pause_window_end(%s) IS NOT DISTINCT FROM %s::timestamptz), pgdatahub.pause_window_end(%s)::text"
        same, found = session.execute(query, [at, end, at]).fetchone()
        assert same, found


def test_a_window_without_a_zone_goes_by_timezone(db):
    with db.connect() as session:
        session.execute("SET TimeZone = 'Asia/Tokyo'; SET pgdatahub.pause_window = 'Wed 12:00-13:00'")
        assert session.execute("SELECT pgdatahub.pause_window_end('2026-07-01 03:00Z') = '2026-07-01 04:00Z'").fetchone() == (True,)


def test_a_pause_of_the_session_alone_is_said_not_to_hold(db, folder):
    folder.workbook("in/c/a.xlsx", [["a"], [1]])
    said = []
    with db.connect() as connection:
        connection.add_notice_handler(lambda n: said.append((n.severity, n.message_primary, n.message_hint)))
        connection.execute("SET pgdatahub.pause_every = 1")
        connection.execute("SELECT pgdatahub.start_import(%s)", [str(folder / "in")])
        connection.execute("CALL pgdatahub.wait_import()")
    ((message, hint),) = [rest for severity, *rest in said if severity == "WARNING"]
    assert message == "pgdatahub.pause_every of this session does not hold for the job"
    assert "ALTER ROLE CURRENT_USER SET pgdatahub.pause_every" in hint
