"""Jobs of start_import, as a test watches and disturbs them."""

import os
import signal

from .background import wait_for

SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$;
"""


def start(db, path, role="postgres", settings=(), **arguments):
    """Submits a job and returns its run."""
    names = "".join(f", {name} => %({name})s" for name in arguments)
    with db.connect(role) as session:
        for setting in settings:
            session.execute(setting)
        query = f"SELECT pgdatahub.start_import(%(path)s{names})"
        return session.execute(query, {"path": str(path), **arguments}).fetchone()[0]


def wait(db, run, role="postgres", timeout="60 s"):
    """CALL wait_import as a user does; psycopg's error is the caller's."""
    with db.connect(role) as session:
        session.execute("CALL pgdatahub.wait_import(%s, %s)", [run, timeout])


def state(db, run):
    return db.value("SELECT state FROM pgdatahub.runs WHERE run_id = %s", [run])


def reaches(db, run, *states, seconds=30.0):
    return wait_for(lambda: state(db, run) in states, f"run {run} being {' or '.join(states)}", seconds)


def history(db, run):
    """Every state with its reason, as ["queued", "running", "paused user", …]."""
    rows = db.rows("SELECT concat_ws(' ', state, reason) AS word FROM pgdatahub.job_states WHERE run_id = %s ORDER BY changed_at", [run])
    return [row["word"] for row in rows]


def workers(db):
    """The pids of the job workers of this database."""
    query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pgdatahub job' AND datname = current_database()"
    return [row["pid"] for row in db.rows(query)]


def slow_table(db, folder, table, seconds=0.02):
    """A managed table whose rows each take so long to insert."""
    path = folder.workbook(f"first/{table}.xlsx", [["id"], [0]])
    db.import_file(path, table_name=table)
    if db.value("SELECT to_regproc('slow') IS NULL"):
        db.execute(SLOW.format(seconds=seconds))
    db.execute(f"CREATE TRIGGER slow BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION slow()")


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)
