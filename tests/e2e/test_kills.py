"""Jobs that are disturbed at random moments, over and over: every time the folder ends up in the tables exactly once.

KILLS says how often (15, or 300 for `make test-kills`), PGDATAHUB_SEED which moments."""

import os
import random
import signal
import time
from collections import Counter

import psycopg
import pytest
from harness import jobs
from harness.background import wait_for

KILLS = int(os.environ.get("KILLS", "15"))
WAYS = ["worker -9", "reader -9", "postmaster -9", "terminate", "cancel", "fast stop"]
TABLES = "pqr"
FILES = 4
ROWS = 3_000

pytestmark = [pytest.mark.server_crash, pytest.mark.timeout(60 + 30 * KILLS)]


@pytest.fixture(scope="module")
def cluster(make_cluster):
    return make_cluster("kills", {"max_worker_processes": "12", "fsync": "on", "max_connections": "60"})


@pytest.fixture
def mixed(folder):
    """Columns that come and widen from file to file, one broken file, and one that is the copy of another."""
    for table in TABLES:
        for part in range(FILES):
            header = ["id", "part", "value", *[f"more {n}" for n in range(part)]]
            value = [lambda n: n, lambda n: n + 0.5, lambda n: f"text {n}", lambda n: n][part]
            rows = [[n, f"{table}{part}", value(n), *range(part)] for n in range(ROWS)]
            folder.workbook(f"in/{table}/{part}.xlsx", [header, *rows])
    folder.write("in/p/broken.xlsx", b"no workbook")
    (folder / "in/q/copy.xlsx").write_bytes((folder / "in/q/1.xlsx").read_bytes())
    (folder / "in/q/copy.xlsx").chmod(0o644)
    return folder / "in"


def contents(db):
    """Columns and rows of each table, and what the audit says of them."""
    found = {}
    for table in TABLES:
        columns = """SELECT string_agg(format('%%I %%s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attname)
                     FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"""
        # Of two files with the same bytes the other one goes in where the first one was hit.
        row = "replace((to_jsonb(t) - 'load_timestamp')::text, 'copy.xlsx', '1.xlsx')"
        rows = f"SELECT count(*), md5(string_agg(j, E'\\n' ORDER BY j)) FROM (SELECT {row} AS j FROM {table} t) x"
        with db.connect() as session:
            found[table] = (session.execute(columns, [table]).fetchone(), session.execute(rows).fetchone())
    return found


def nothing_partial(db):
    """Each table holds exactly the rows of the imports that are on record."""
    for table in TABLES:
        if db.value("SELECT to_regclass(%s) IS NOT NULL", [table]):
            query = f"""SELECT (SELECT count(*) FROM {table}) = (SELECT coalesce(sum(row_count), 0) FROM pgdatahub.imports
                        WHERE table_name = %s AND reverted_at IS NULL)"""
            assert db.value(query, [table]), f"{table} holds part of a file"


def audit(db):
    query = """SELECT table_name, count(*)::int AS n, count(DISTINCT file_sha256)::int AS d, sum(row_count)::int AS s
               FROM pgdatahub.imports WHERE reverted_at IS NULL GROUP BY 1 ORDER BY 1"""
    return db.rows(query)


def disturb(cluster, db, way, dice):
    """Does it, and leaves a server that answers; False if there was nothing left to disturb."""
    pids = jobs.workers(db)
    readers = [reader.pid for reader in cluster.readers()]
    if not pids or (way == "reader -9" and not readers):
        return False
    if way == "worker -9":
        if not killed(dice.choice(pids)):
            return False
        time.sleep(0.3)
    elif way == "reader -9":
        if not killed(dice.choice(readers)):
            return False
    elif way == "postmaster -9":
        children = list(cluster.children())
        os.kill(cluster.postmaster, signal.SIGKILL)
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children), "the end of all processes", 20)
        (cluster.data / "postmaster.pid").unlink()
        cluster.start()
    elif way == "fast stop":
        cluster.restart("fast")
    else:
        function = {"terminate": "pg_terminate_backend", "cancel": "pg_cancel_backend"}[way]
        db.execute(f"SELECT {function}(%s)", [dice.choice(pids)])
    wait_for(lambda: answers(db), "an answer of the server")
    return True


def killed(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False  # it has just ended by itself
    return True


def answers(db):
    try:
        return db.value("SELECT true")
    except psycopg.OperationalError:
        return False


def settled(db, run):
    """The state of a job that will not change by itself; a queued one whose workers were hit as they began stays queued."""
    word = jobs.state(db, run)
    if word == "queued":
        end = time.monotonic() + 2
        while time.monotonic() < end and jobs.state(db, run) == word:
            time.sleep(0.05)
        return word if jobs.state(db, run) == word and not jobs.workers(db) else None
    return word if word != "running" else None


def situation(db, run):
    """What a person would look at where a job stands still."""
    processes = """SELECT pid, backend_type, state, wait_event_type, wait_event, xact_start, query_start, left(query, 200) AS query,
                          pg_blocking_pids(pid) AS blocked_by
                   FROM pg_stat_activity WHERE datname = current_database()"""
    locks = "SELECT pid, locktype, relation::regclass::text, classid, objid, objsubid, mode, granted FROM pg_locks"
    found = [("state", jobs.state(db, run)), ("history", jobs.history(db, run))]
    found += [("process", row) for row in db.rows(processes)] + [("lock", row) for row in db.rows(locks)]
    return "\n".join(f"{what}: {row}" for what, row in found)


def finish(db, run):
    """Waits for the job's end, resuming it as a person would."""
    for _ in range(10):
        try:
            word = wait_for(lambda: settled(db, run), f"run {run} coming to rest", 60)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{situation(db, run)}") from None
        if word in ("done", "done with failures"):
            return word
        wait_for(lambda word=word: not jobs.workers(db) or jobs.state(db, run) != word, "the workers' leave")
        if jobs.state(db, run) == word:
            db.execute("SELECT pgdatahub.resume_import(%s)", [run])
    raise AssertionError(f"run {run} does not end: {jobs.history(db, run)}")


def undisturbed(make_database, cluster, mixed):
    """What it should come to, and how long it takes."""
    db = make_database(cluster)
    run = jobs.start(db, mixed, workers=2)
    assert finish(db, run) == "done with failures"
    seconds = db.value("SELECT extract(epoch FROM finished_at - started_at)::float8 FROM pgdatahub.runs WHERE run_id = %s", [run])
    result = contents(db), audit(db)
    assert [row["n"] for row in result[1]] == [FILES] * len(TABLES)
    assert [row["s"] for row in result[1]] == [FILES * ROWS] * len(TABLES)
    return result, seconds


def test_kills(cluster, make_database, mixed):
    seed = os.environ.get("PGDATAHUB_SEED", str(time.time_ns()))
    print(f"PGDATAHUB_SEED={seed} KILLS={KILLS}")
    dice = random.Random(seed)
    expected, seconds = undisturbed(make_database, cluster, mixed)
    hit, tried = Counter(), 0
    while sum(hit.values()) < KILLS:
        way = WAYS[sum(hit.values()) % len(WAYS)]
        tried += 1
        assert tried < 5 * KILLS + 20, f"the moments are missed: {hit}"
        db = make_database(cluster)
        settings = ["SET pgdatahub.sectional_commit = on"] if dice.random() < 0.25 else []
        workers = dice.randint(1, 3)
        if settings:  # a broken file pauses it, so that there is something to mend
            mended = mixed / "p/broken.xlsx"
            mended.rename(f"{mended}.away")
        run = jobs.start(db, mixed, workers=workers, settings=settings)
        time.sleep(dice.uniform(0.02, seconds * 1.1))
        place = f"seed {seed}, kill {sum(hit.values()) + 1} ({way}, {workers} workers, {settings})"
        if disturb(cluster, db, way, dice):
            hit[way] += 1
            nothing_partial(db)
            if sum(hit.values()) % 10 == 0:
                print(f"{sum(hit.values())} of {KILLS}", flush=True)
        finish(db, run)
        wait_for(lambda: not jobs.workers(db), f"{place}: the workers' end")
        wait_for(lambda: not cluster.readers(), f"{place}: the readers' end")
        if settings:
            mended = mixed / "p/broken.xlsx.away"
            mended.rename(mixed / "p/broken.xlsx")
        # A file that was cancelled, or whose reader died, is a failed one: the next run brings it.
        again = jobs.start(db, mixed)
        assert finish(db, again) == "done with failures"
        assert (contents(db), audit(db)) == expected, place
        assert db.value("SELECT failed FROM pgdatahub.runs WHERE run_id = %s", [again]) == 1, place
        db.drop()
        db.drop = lambda: None
        wait_for(lambda: not cluster.readers(), f"{place}: the readers' end")
    print(f"{sum(hit.values())} kills, {tried - sum(hit.values())} came too late: {dict(hit)}")
