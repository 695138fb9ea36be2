"""What a session holds of the server and of the operating system: counted before and after."""

import os
from pathlib import Path


def held(db, session):
    """Open descriptors by what they are, child processes, locks, and temporary files of the whole cluster."""
    pid = session.info.backend_pid
    with db.connect() as other:
        locks = other.execute("SELECT locktype, mode, relation::regclass::text FROM pg_locks WHERE pid = %s ORDER BY 1, 2, 3", [pid]).fetchall()
    children = [child.command for child in db.cluster.children().values() if child.parent == pid]
    return {"descriptors": descriptors(pid), "children": children, "locks": locks, "temporary files": temporary_files(db.cluster)}


def descriptors(pid):
    """Kinds of the open descriptors; PostgreSQL keeps the data files of relations open for later use, those are left out."""
    found = []
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(entry.path)
        except FileNotFoundError:
            continue
        kind = target.split(":")[0] if ":[" in target else target
        if "/data/base/" not in target and "/data/global/" not in target and "/pg_tblspc/" not in target and "/pg_wal/" not in target:
            found.append(kind)
    return sorted(found)


def temporary_files(cluster):
    """PostgreSQL's own, and what anybody left beside the socket."""
    places = [*cluster.data.glob("base/pgsql_tmp/*"), *cluster.data.glob("pg_tblspc/*/*/pgsql_tmp/*")]
    return sorted(str(path) for path in places) + sorted(path.name for path in Path(cluster.home).iterdir() if "reader" in path.name)
