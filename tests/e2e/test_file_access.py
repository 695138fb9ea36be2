"""What a path may turn out to be, also between two looks at it: links, devices, folders, files that change."""

import os
import shutil
import threading
from pathlib import Path

import pytest
from harness import big
from harness.background import Background, waits_for_lock
from harness.cluster import OPENAT2, without_calls
from harness.results import by_name, content, failed, imported, refused
from test_rights import execute_all, set_roots

IMPORT = "SELECT * FROM pgdatahub.import_folder(%s)"
FILE = "SELECT * FROM pgdatahub.import_file(%s, table_name => %s)"


@pytest.fixture(scope="module", params=["openat2", "no openat2"])
def kernel(request, make_cluster):
    """A cluster on this kernel, and one whose kernel refuses openat2, as old kernels and container runtimes do."""
    if request.param == "openat2":
        return make_cluster("links")
    return make_cluster("oldkernel", wrapper=without_calls(OPENAT2))


@pytest.fixture
def clerk(kernel, make_database, folder):
    """(database, role): the role may call everything and read below folder/inside only."""
    db = make_database(kernel)
    role = db.role("clerk")
    execute_all(db, role)
    folder.workbook("inside/t/a.xlsx", [["n"], [1]])
    folder.workbook("outside/t/secret.xlsx", [["n"], [4711]])
    set_roots(kernel, folder / "inside")
    return db, role


def test_links_lead_nowhere(clerk, folder):
    db, role = clerk
    inside = folder / "inside"
    (inside / "t/file.xlsx").symlink_to(folder / "outside/t/secret.xlsx")
    (inside / "t/up.xlsx").symlink_to("../../outside/t/secret.xlsx")
    (inside / "t/magic.xlsx").symlink_to("/proc/self/exe")
    (inside / "folder").symlink_to(folder / "outside/t")
    rows = by_name(db.rows(IMPORT, [str(inside / "t")], role=role))
    assert rows.pop("a.xlsx")["status"] == "imported"
    assert sorted(rows) == ["file.xlsx", "magic.xlsx", "up.xlsx"]
    for row in rows.values():
        failed(row, "42501")
    for path in ("t/file.xlsx", "folder/secret.xlsx", "t/../../outside/t/secret.xlsx"):
        try:
            (row,) = db.rows(FILE, [str(inside / path), "stolen"], role=role)
            assert row["status"] == "failed", row
        except Exception as error:
            assert error.sqlstate in ("42501", "42809"), error
    with refused("42501"):
        db.rows(IMPORT, [str(inside / "../outside")], role=role)
    assert db.value("SELECT to_regclass('stolen')") is None
    assert content(db, "t") == [(1,)]


class Swapping:
    """Swaps a path between two targets as fast as it can."""

    def __init__(self, path, targets):
        self.path, self.targets = path, targets
        self.done = threading.Event()
        self.swaps = 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        spare = self.path.with_name(".swap")
        while not self.done.is_set():
            for target in self.targets:
                spare.symlink_to(target)
                os.replace(spare, self.path)
                self.swaps += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_link_swapped_in_between(clerk, folder, what):
    """Whoever may write below a root swaps a link while a file is looked up and opened: nothing from outside comes in."""
    db, role = clerk
    inside = folder / "inside"
    folder.workbook("inside/real/secret.xlsx", [["n"], [1]])
    (inside / "t/a.xlsx").unlink()
    if what == "file":
        path, inner, outer = inside / "t/secret.xlsx", "../real/secret.xlsx", folder / "outside/t/secret.xlsx"
    else:
        path, inner, outer = inside / "u", "real", folder / "outside/t"
    path.symlink_to(inner)
    states = set()
    with Swapping(path, [inner, outer]) as swapping, db.connect(role) as session:
        for _ in range(60):
            for query in (IMPORT, "SELECT * FROM pgdatahub.import_folder(%s, reimport => true)"):
                try:
                    session.execute(query, [str(inside / "t" if what == "file" else path)])
                    states.add("ran")
                except Exception as error:
                    assert error.sqlstate in ("42501", "42809", "58P01", "58030"), error
                    states.add(error.sqlstate)
    assert swapping.swaps > 0
    assert states, states
    tables = [row["tablename"] for row in db.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for table in tables:
        assert set(content(db, table)) <= {(1,)}, table
    sources = db.rows("SELECT DISTINCT source_file FROM pgdatahub.imports")
    assert not [row for row in sources if "outside" in row["source_file"]], sources


@pytest.mark.parametrize("role_kind", ["superuser", "pg_read_server_files"])
def test_links_are_followed_for_who_may_read_all(db, folder, role_kind):
    role = "postgres" if role_kind == "superuser" else db.role("loader", "pg_read_server_files")
    if role != "postgres":
        execute_all(db, role)
    folder.workbook("elsewhere/a.xlsx", [["n"], [1]])
    (folder / "t").mkdir()
    (folder / "t/a.xlsx").symlink_to("../elsewhere/a.xlsx")
    imported(db.rows(IMPORT, [str(folder / "t")], role=role))


def test_what_is_no_file(db, folder):
    """A device, a folder that bears a workbook's name, a socket: refused or gone into, never read or waited for."""
    (folder / "t/folder.xlsx").mkdir(parents=True)
    folder.workbook("t/folder.xlsx/a.xlsx", [["n"], [1]])
    (folder / "t/device.xlsx").symlink_to("/dev/zero")
    (folder / "t/terminal.xlsx").symlink_to("/dev/tty")
    (folder / "t/memory.xlsx").symlink_to("/proc/self/mem")
    os.mkfifo(folder / "t/fifo.xlsx")
    (folder / "t/fifo.xlsx").chmod(0o666)
    rows = db.import_folder(folder)
    assert len(rows) == 5
    (good,) = [row for row in rows if row["source_file"].endswith("/a.xlsx")]
    imported([good])
    for row in rows:
        if row is not good:
            # A link is known by what it leads to; the terminal is not even there for a server.
            failed(row, row["sqlstate"])
            assert row["sqlstate"] in ("42809", "42501", "58030", "58P01", "22000"), row
    (row,) = db.rows(FILE, [str(folder / "t/folder.xlsx"), "u"])
    failed(row, "42809", "import_folder")


@pytest.fixture
def held(db, cluster, folder, scratch):
    """An import that waits at its first row for a lock that the test holds: its reader stands in mid-stream.
    (path, import, what lets it go on)"""
    source = big.cached(scratch, "mixed-300000.xlsx", lambda path: big.mixed(path, 300_000))
    path = folder.write("a.xlsx", b"")
    shutil.copyfile(source, path)
    db.execute(
        """
        CREATE TABLE t (id bigint, customer text);
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$;
        CREATE TRIGGER hold BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION hold()
        """
    )
    db.value("SELECT pgdatahub.adopt_table('t')")
    with db.connect() as holder:
        holder.execute("SELECT pg_advisory_lock(4711)")
        session = db.connect()
        pid = session.info.backend_pid
        query = f"SELECT status, sqlstate, message, row_count FROM pgdatahub.import_file('{path}', table_name => 't')"
        import_ = Background(session, query)
        waits_for_lock(cluster, pid)
        yield path, import_, lambda: holder.execute("SELECT pg_advisory_unlock(4711)")
    import_.close()


@pytest.mark.parametrize("change", ["truncated", "grown", "rewritten"])
def test_file_that_changes_while_it_is_read(db, held, change):
    path, import_, go_on = held
    with open(path, "r+b") as file:
        if change == "truncated":
            file.truncate(1000)
        elif change == "grown":
            file.seek(0, os.SEEK_END)
            file.write(b"more")
        else:
            file.write(b"\0" * path.stat().st_size)
    go_on()
    import_.join(300)
    ((status, sqlstate, message, _),) = import_.rows
    assert (status, sqlstate) == ("failed", "55006"), (status, sqlstate, message)
    assert content(db, "t") == []


def test_file_that_is_replaced_while_it_is_read(db, folder, held):
    """By a rename, as a careful writer does: the open file is read to its end, and the next run finds the new one."""
    path, import_, go_on = held
    os.replace(folder.workbook("new.xlsx", [big.HEADERS[:2], [-1, "x"]]), path)
    go_on()
    import_.join(300)
    ((status, sqlstate, message, rows),) = import_.rows
    # Losing its name is a change of the open file too (ctime), which some file systems note.
    assert (status, rows) == ("imported", 300_000) or (status, sqlstate) == ("failed", "55006"), message
    (again,) = db.import_file(path, table_name="t")
    assert again["status"] in ("imported", "replaced"), again
    assert content(db, "t", "id")[0] == (-1,)


def test_odd_file_names(db, folder):
    """New lines, quotes, backslashes, bytes that are not UTF-8, a name as long as names may be: imported, and found again."""
    names = [b"new\nline.xlsx", b"quote'\".xlsx", b"back\\slash.xlsx", b"tab\t.xlsx", b"latin1-\xe9.xlsx", b"cut-\xe2\x82.xlsx", b"x" * 250 + b".xlsx", b"%s{}$1.xlsx", b"; DROP TABLE t.xlsx"]
    for number, name in enumerate(names):
        data = folder.workbook("made.xlsx", [["n"], [number]]).read_bytes()
        target = os.fsencode(folder / "t") + b"/" + name
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(os.fsdecode(target)).write_bytes(data)
    (folder / "made.xlsx").unlink()
    rows = imported(db.import_folder(folder))
    assert len(rows) == len(names)
    assert content(db, "t") == [(number,) for number in range(len(names))]
    assert {row["status"] for row in db.import_folder(folder)} == {"skipped"}
    for row in rows:
        assert db.value("SELECT pgdatahub.revert('t', %s)", [row["source_file"]]) == 1, row["source_file"]
    assert content(db, "t") == []


def test_longest_paths(db, folder):
    """A path longer than the system takes is an error that says so, not a cut one."""
    with pytest.raises(Exception) as caught:
        db.import_folder(str(folder) + "/a" * 3000)
    assert caught.value.sqlstate in ("58P01", "58030", "22023"), caught.value
    with pytest.raises(Exception) as caught:
        db.import_folder("/" + "a" * 300)
    assert caught.value.sqlstate in ("58P01", "58030", "22023"), caught.value


