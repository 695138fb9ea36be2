"""Watched folders, as a test waits for their looks."""

from .background import wait_for


def watch(db, path, role="postgres", every="1 s", **arguments):
    """Has a folder watched and returns the watch."""
    names = "".join(f", {name} => %({name})s" for name in arguments)
    query = f"SELECT pgdatahub.watch_folder(%(path)s, every => %(every)s{names})"
    return db.value(query, {"path": str(path), "every": every, **arguments}, role=role)


def seen(db, label):
    """What is known of a file; None before its first look."""
    rows = db.rows("SELECT state, file_bytes, attempts, next_try, last_error FROM pgdatahub.watch_files WHERE label = %s", [label])
    return rows[0] if rows else None


def one(db, columns="*"):
    (row,) = db.rows(f"SELECT {columns} FROM pgdatahub.watches")
    return row


def reaches(db, label, state, seconds=30.0):
    def there():
        known = seen(db, label)
        return known and known["state"] == state and known

    return wait_for(there, f"{label} being {state}", seconds)


def look_after(db, moment=None, seconds=30.0):
    """Waits for a look that began after `moment` (by default now); the time of the look."""
    moment = moment or db.value("SELECT clock_timestamp()")
    # One that is under way may have begun before; the next one cannot.
    first = wait_for(lambda: db.rows("SELECT last_look FROM pgdatahub.watches WHERE last_look > %s", [moment]), "a look", seconds)
    last = first[0]["last_look"]
    return wait_for(lambda: db.rows("SELECT last_look FROM pgdatahub.watches WHERE last_look > %s", [last]), "another look", seconds)


def idle(db):
    """Waits until no look and no job is under way in the database."""
    query = "SELECT FROM pg_stat_activity WHERE backend_type IN ('pgdatahub job', 'pgdatahub watch') AND datname = current_database()"
    wait_for(lambda: not db.rows(query), "the workers' end")
