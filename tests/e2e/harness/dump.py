"""pg_dump and pg_restore, and what of pgdatahub must have come through them."""

import shutil

from .trace import state

# Custom and directory archives are restored by pg_restore, the latter by two processes; plain text is run by psql.
FORMATS = ["plain", "custom", "directory"]


def connection(cluster):
    return [f"--host={cluster.home}", "--port=5432", "--username=postgres"]


def dump(db, form="plain", *options):
    """Dumps a database and returns the archive's path."""
    path = db.cluster.home / f"dump-{db.number}-{form}"
    forget(path)
    db.cluster._run("pg_dump", *connection(db.cluster), f"--format={form}", f"--file={path}", *options, db.name)
    return path


def restore(db, path, *options):
    """Restores what `dump` has written, into an empty database; any error is the test's."""
    if path.name.endswith("plain"):
        db.psql(path.read_bytes(), args=("-q", *options))
    else:
        jobs = ["--jobs=2"] if path.is_dir() else []
        db.cluster._run("pg_restore", *connection(db.cluster), "--exit-on-error", *jobs, f"--dbname={db.name}", *options, path)
    forget(path)


def forget(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def kept(db):
    """The rows of every table of the extension, by the table's name, and where its sequences stand."""
    rows = {name: sorted(text for _, _, text in rows) for name, rows in state(db).items() if name.startswith("pgdatahub.")}
    with db.connect() as session:
        sequences = session.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'pgdatahub' ORDER BY 1").fetchall()
    return rows, sequences


def views(db):
    """The rows of every view, sorted as text."""
    with db.connect() as session:
        names = session.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'v' AND relnamespace = 'pgdatahub'::regnamespace")
        return {name: sorted(session.execute(f"SELECT v::text FROM {name} v").fetchall()) for (name,) in names.fetchall()}
