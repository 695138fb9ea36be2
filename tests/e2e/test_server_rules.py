"""Rules that keep a server whole and that no other test is about: other kernels, environments, a standby, the catalogs."""

import re
from pathlib import Path

import psycopg
import pytest
from harness.background import Background, wait_for
from harness.cluster import CLOSE_RANGE, SECCOMP, without_calls
from harness.results import content, imported, refused

TOP = Path(__file__).resolve().parents[2]
CONFINEMENTS = ["close_range", "rlimit_as", "rlimit_nofile", "rlimit_core", "pdeathsig", "no_new_privs", "oom_score_adj", "seccomp"]


def check(db, name):
    (row,) = [row for row in db.rows("SELECT * FROM pgdatahub.verify_setup()") if row["check_name"] == name]
    return row


def test_setup_names_every_confinement(db):
    row = check(db, "reader")
    assert row["ok"]
    for name in CONFINEMENTS:
        assert name in row["detail"], row
    assert "without" not in row["detail"]


@pytest.mark.skipif(SECCOMP is None, reason="the number of seccomp(2) is not known for this processor")
def test_a_kernel_without_seccomp_and_close_range(make_cluster, make_database, folder):
    """The reader works there with what is left, and the set-up check says what is not."""
    db = make_database(make_cluster("noseccomp", wrapper=without_calls(SECCOMP, CLOSE_RANGE)))
    row = check(db, "reader")
    assert row["ok"] and "without seccomp" in row["detail"], row
    for name in CONFINEMENTS:
        assert (name in row["detail"].split(";")[0]) == (name != "seccomp"), row
    imported(db.import_file(folder.workbook("a.xlsx", [["n"], [1]]), table_name="t"))
    assert content(db, "t") == [(1,)]


def test_backtraces_are_said_and_not_handed_on(make_cluster, make_database, folder):
    db = make_database(make_cluster("backtrace", environment={"RUST_BACKTRACE": "1"}))
    row = check(db, "RUST_BACKTRACE")
    assert not row["ok"] and "Unset" in row["hint"], row
    folder.write("t/bad.xlsx", b"no workbook")
    (row,) = db.import_folder(folder)
    assert row["status"] == "failed" and "backtrace" not in str(row).lower(), row


def test_a_reader_is_renewed(db, cluster, folder):
    """No reader serves more than 200 files: what a library leaks ends with it. The first file and the last one wait for
    the test, so that their readers can be seen."""
    db.execute(
        """
        CREATE TABLE t (n bigint);
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(NEW.n); RETURN NEW; END $$;
        CREATE TRIGGER hold BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION hold()
        """
    )
    db.value("SELECT pgdatahub.adopt_table('t')")
    data = folder.workbook("t/000.xlsx", [["n"], [1]]).read_bytes()
    for number in range(1, 210):
        folder.write(f"t/{number:03}.xlsx", data)
    folder.workbook("t/999.xlsx", [["n"], [2]])
    seen = []
    with db.connect() as holder:
        holder.execute("SELECT pg_advisory_lock(1), pg_advisory_lock(2)")
        import_ = Background(db.connect(), "SET pgdatahub.rehash = 'always'", f"SELECT count(*) FROM pgdatahub.import_folder('{folder}')")
        for key in (1, 2):
            waiting = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {key} AND NOT granted AND pid = {import_.pid}"
            wait_for(lambda query=waiting: holder.execute(query).fetchone()[0], f"the import waiting for lock {key}", 120)
            (reader,) = cluster.readers()
            seen.append(reader.pid)
            holder.execute("SELECT pg_advisory_unlock(%s)", [key])
        import_.join(120)
    assert import_.rows == [(211,)]
    assert seen[0] != seen[1]


@pytest.mark.parametrize("query", ["SELECT (pgdatahub.import_folder(%s)).status LIMIT 1", "SELECT status FROM pgdatahub.import_folder(%s) LIMIT 1"])
def test_a_limit_stops_no_import(db, folder, query):
    for number in range(4):
        folder.workbook(f"t/{number}.xlsx", [["n"], [number]])
    assert db.rows(query, [str(folder)]) == [{"status": "imported"}]
    assert content(db, "t") == [(0,), (1,), (2,), (3,)]


def test_a_cursor_stops_no_import(db, folder):
    for number in range(4):
        folder.workbook(f"t/{number}.xlsx", [["n"], [number]])
    with db.connect(autocommit=False) as session:
        session.execute(f"DECLARE c CURSOR FOR SELECT (pgdatahub.import_folder('{folder}')).status")
        assert session.execute("FETCH 1 FROM c").fetchall() == [("imported",)]
        session.execute("CLOSE c")
        session.commit()
    assert content(db, "t") == [(0,), (1,), (2,), (3,)]


def test_a_standby(make_cluster, make_database, folder):
    """Looking and planning work there; what would write says that it is read-only, with PostgreSQL's SQLSTATE."""
    cluster = make_cluster("standby", {"wal_level": "replica", "hot_standby": "on"})
    db = make_database(cluster)
    folder.workbook("t/a.xlsx", [["n"], [1]])
    imported(db.import_folder(folder))
    folder.workbook("t/b.xlsx", [["n"], ["text"]])
    cluster.stop()
    (cluster.data / "standby.signal").touch()
    cluster.start()
    try:
        assert db.value("SELECT pg_is_in_recovery()")
        path = str(folder)
        for query in ("SELECT * FROM pgdatahub.import_folder(%s)", "SELECT pgdatahub.start_import(%s)", "SELECT pgdatahub.revert('t', %s)", "CALL pgdatahub.run_import(%s)"):
            with refused("25006"):
                db.execute(query, [path])
        assert len(db.rows("SELECT * FROM pgdatahub.plan_folder(%s)", [path])) >= 1
        assert len(db.rows("SELECT * FROM pgdatahub.sheets(%s)", [str(folder / "t/a.xlsx")])) == 1
        assert content(db, "t") == [(1,)]
    finally:
        cluster.stop()
        (cluster.data / "standby.signal").unlink()
        cluster.start()


# What any role may call: pure functions, and those whose rows are filtered by what the role may see.
HARMLESS = re.compile(r"^(text_form|status|read_excel_query|.*_visible|may_.*|sees?_.*|owns?_.*|is_.*|.*_rights?)$")


def test_what_anybody_may_call(db):
    """Whatever takes a path, writes or controls a job is taken from PUBLIC; a new function must choose."""
    open_to_all = db.rows(
        "SELECT p.proname AS name, p.oid::regprocedure::text AS signature, pg_get_function_arguments(p.oid) AS arguments FROM pg_proc p "
        " WHERE p.pronamespace = 'pgdatahub'::regnamespace "
        "   AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')"
    )
    names = {row["name"] for row in open_to_all}
    print(sorted(row["signature"] for row in open_to_all))
    for name in ("import_folder", "import_file", "run_import", "plan_folder", "revert", "revert_hash", "revert_import", "adopt_table", "sheets", "columns",
                 "read_excel", "read_excel_json", "show_config", "verify_setup", "start_import", "pause_import", "resume_import", "cancel_import",
                 "wait_import", "drop_table", "prune", "map_column", "revert_schema", "check_table", "retry_rejects"):
        assert name not in names, name
    for row in open_to_all:
        assert not re.search(r"\b(path|folder|file)\b text", row["arguments"]), row


def test_tables_are_dumped_and_hold_no_oid(db):
    """An oid means nothing in a restored database; a table that is not registered would come back empty."""
    tables = db.rows(
        "SELECT c.oid::bigint AS oid, c.relname AS name, c.relkind AS kind FROM pg_class c "
        " WHERE c.relnamespace = 'pgdatahub'::regnamespace AND c.relkind IN ('r', 'S')"
    )
    dumped = set(db.value("SELECT extconfig::bigint[] FROM pg_extension WHERE extname = 'pgdatahub'"))
    assert {row["name"] for row in tables if row["oid"] not in dumped} == set()
    columns = db.rows(
        "SELECT c.relname AS name, a.attname AS column, a.atttypid::regtype::text AS type FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        " WHERE c.relnamespace = 'pgdatahub'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
    )
    assert [row for row in columns if row["type"] == "oid" or row["type"].startswith("reg")] == []
    circular = db.value("SELECT count(*) FROM pg_constraint a JOIN pg_constraint b ON a.conrelid = b.confrelid AND a.confrelid = b.conrelid AND a.contype = 'f' AND b.contype = 'f' AND a.conrelid <> a.confrelid WHERE a.connamespace = 'pgdatahub'::regnamespace")
    assert circular == 0


def test_functions_are_pinned(db):
    """What runs with other rights than the caller's has a search_path of its own; views hide rows before they are looked at."""
    definers = db.rows("SELECT p.proname AS name, p.proconfig AS config FROM pg_proc p WHERE p.pronamespace = 'pgdatahub'::regnamespace AND p.prosecdef")
    for row in definers:
        assert row["config"] and any(setting.startswith("search_path=") for setting in row["config"]), row
    views = db.rows("SELECT c.relname AS name, c.reloptions AS options FROM pg_class c WHERE c.relnamespace = 'pgdatahub'::regnamespace AND c.relkind = 'v'")
    assert len(views) > 5
    for row in views:
        assert row["options"] and any(option in ("security_barrier=true", "security_barrier=on", "security_barrier") for option in row["options"]), row


INSTALL_SCRIPTS = [path for path in sorted((TOP / "sql").glob("pgdatahub--*.sql")) if path.name.count("--") == 1]


@pytest.mark.parametrize("script", INSTALL_SCRIPTS, ids=lambda path: path.stem)
def test_the_install_script_takes_nothing_over(script):
    """On first creation neither OR REPLACE nor IF NOT EXISTS: what is there already is a stranger's."""
    statements = re.sub(r"--[^\n]*", "", script.read_text(encoding="utf-8"))
    assert "CREATE TABLE" in statements
    assert not re.search(r"\bCREATE\s+OR\s+REPLACE\b|\bIF\s+NOT\s+EXISTS\b", statements, re.IGNORECASE)


def test_control_file():
    control = dict(line.split(" = ") for line in (TOP / "pgdatahub.control").read_text(encoding="utf-8").splitlines() if " = " in line)
    assert {key: control[key] for key in ("schema", "relocatable", "trusted", "superuser")} == {
        "schema": "'pgdatahub'",
        "relocatable": "false",
        "trusted": "false",
        "superuser": "true",
    }


def test_a_cancel_is_no_failed_file(db, folder):
    """A cancel from within (57014) ends the statement; it is not one failed file among others."""
    folder.workbook("t/a.xlsx", [["n"], [1]])
    imported(db.import_folder(folder))
    db.execute("CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NEW; END $$")
    db.execute("CREATE TRIGGER stop BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stop()")
    folder.workbook("t/b.xlsx", [["n"], [2]])
    with pytest.raises(psycopg.errors.QueryCanceled):
        db.import_folder(folder)
    assert content(db, "t") == [(1,)]
