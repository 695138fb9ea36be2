"""verify_setup names each fault of an installation, and what helps: each is made, and seen."""

import shutil

import pytest
from harness.results import refused


@pytest.fixture(scope="module")
def broken(make_cluster):
    """A cluster whose settings are broken one by one."""
    return make_cluster("verify", {"max_worker_processes": "4", "shared_preload_libraries": "pgdatahub", "pgdatahub.launcher_naptime": "600"})


@pytest.fixture
def db(broken, make_database):
    return make_database(broken)


def checks(session, path=None):
    rows = session.execute("SELECT check_name, ok, detail, hint FROM pgdatahub.verify_setup(%s)", [path and str(path)]).fetchall()
    return {name: (ok, detail, hint) for name, ok, detail, hint in rows}


def faults(session, path=None):
    return {name: (detail, hint) for name, (ok, detail, hint) in checks(session, path).items() if not ok}


def only(found, name):
    """The one fault there is: what is found wrong must not drown in false alarms."""
    assert list(found) == [name], found
    detail, hint = found[name]
    assert hint, detail
    return detail, hint


def reloaded(broken, setting, value):
    with broken.connect() as admin:
        admin.execute("LOAD 'pgdatahub'")
        admin.execute(f"ALTER SYSTEM SET {setting} = '{value}'" if value else f"ALTER SYSTEM RESET {setting}")
        admin.execute("SELECT pg_reload_conf()")


@pytest.fixture
def setting(broken):
    """setting(name, value) for the whole server, until the test's end."""
    names = []

    def change(name, value):
        names.append(name)
        reloaded(broken, name, value)

    yield change
    for name in names:
        reloaded(broken, name, None)


def settled(db, name, wanted):
    """A connection whose server process has seen the reload."""
    for _ in range(200):
        session = db.connect()
        session.execute("LOAD 'pgdatahub'")
        if session.execute(f"SHOW {name}").fetchone()[0] == wanted:
            return session
        session.close()
    raise AssertionError(f"{name} is never {wanted}")


def test_nothing_is_wrong(db, folder):
    folder.workbook("t/a.xlsx", [["n"], [1]])
    with db.connect() as session:
        found = checks(session, folder)
        assert faults(session, folder) == {}
    assert set(found) >= {"version", "encoding", "reader", "rights", "grants", "schema", "login", "workers", "launcher", "path"}
    assert found["path"][1].startswith("1 workbooks")


@pytest.mark.parametrize(
    ("how", "says"),
    [("missing", "No such file"), ("not executable", "Permission denied"), ("another version", "does not answer as the reader"), ("no reader", "does not answer as the reader")],
)
def test_the_reader(db, setting, scratch, bin_dir, how, says):
    path = scratch / "reader" / how.replace(" ", "-")
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o755)
    if how == "not executable":
        shutil.copyfile(next(bin_dir.glob("pgdatahub-reader-*")), path)
        path.chmod(0o644)
    elif how == "another version":
        path.write_text("#!/bin/sh\nprintf 'version 0.0.1'\n", encoding="utf-8")
        path.chmod(0o755)
    elif how == "no reader":
        path.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
        path.chmod(0o755)
    setting("pgdatahub.reader", path)
    with settled(db, "pgdatahub.reader", str(path)) as session:
        detail, hint = only(faults(session), "reader")
    assert says in detail and "pgdatahub.reader" in f"{detail}{hint}", (detail, hint)


def test_rights_of_the_role(db):
    role = db.role("poor")
    db.execute(f"GRANT EXECUTE ON FUNCTION pgdatahub.verify_setup(text) TO {role}; ALTER ROLE {role} NOLOGIN; CREATE SCHEMA closed")
    with db.connect() as session:
        session.execute(f"SET ROLE {role}; SET search_path = closed")
        found = faults(session)
        assert set(found) == {"rights", "grants", "schema", "login"}, found
        assert "pg_read_server_files" in found["rights"][1]
        assert "import_folder" in found["grants"][0] and f"TO {role}" in found["grants"][1]
        assert "closed" in f"{found['schema'][0]}" or "no schema" in found["schema"][0]
        assert f"ALTER ROLE {role} LOGIN" in found["login"][1]
        session.execute("RESET ROLE; SET search_path = nowhere")
        assert "no schema" in only(faults(session), "schema")[0]


def test_the_session(db):
    with db.connect() as session:
        session.execute("SET statement_timeout = '30s'")
        assert "30s" in only(faults(session), "statement_timeout")[0]
        session.execute("SET statement_timeout = 0; SET default_transaction_read_only = on")
        assert "read-only" in only(faults(session), "writable")[0]


def test_the_folder(db, folder):
    with db.connect() as session:
        assert "does not exist" in faults(session, folder / "missing")["path"][0]
        folder.workbook("closed/a.xlsx", [["n"], [1]])
        (folder / "closed").chmod(0o000)
        assert "may not read" in faults(session, folder / "closed")["path"][0]
        (folder / "closed").chmod(0o755)
        (folder / "closed" / "a.xlsx").chmod(0o000)
        detail, _ = faults(session, folder / "closed")["path"]
        assert "a.xlsx" in detail and "may not read" in detail, detail
        (folder / "closed" / "a.xlsx").chmod(0o644)
        assert faults(session, folder / "closed") == {}


def test_the_configuration(db, folder, setting):
    folder.workbook("in/t/a.xlsx", [["n"], [1]])
    folder.write("in/etl_config.yaml", b"sheeet: 1\n")
    with db.connect() as session:
        detail, hint = only(faults(session, folder / "in"), "configuration")
        assert "sheeet" in detail, (detail, hint)
    wrong = folder.write("server.yaml", b"a: [\n")
    setting("pgdatahub.config_file", wrong)
    with settled(db, "pgdatahub.config_file", str(wrong)) as session:
        assert "server.yaml" in faults(session)["configuration"][0]
    setting("pgdatahub.config_file", "/no/such.yaml")
    with settled(db, "pgdatahub.config_file", "/no/such.yaml") as session:
        assert "/no/such.yaml" in faults(session)["configuration"][0]


def test_the_launcher_looks_elsewhere(db, setting):
    setting("pgdatahub.databases", "another")
    with settled(db, "pgdatahub.databases", "another") as session:
        assert "pgdatahub.databases" in only(faults(session), "launcher")[0]


def test_no_worker_is_free(db, folder):
    """Jobs of paused files fill the slots: the launcher has one of four, logical replication's another."""
    db.execute("ALTER DATABASE " + db.name + " SET pgdatahub.pause_window = 'Mon-Sun 00:00-24:00'")
    folder.workbook("in/t/a.xlsx", [["n"], [1]])
    with db.connect() as session:
        run = session.execute("SELECT pgdatahub.start_import(%s, workers => 4)", [str(folder / "in")]).fetchone()[0]
        for _ in range(2_000):
            found = faults(session)
            if "workers" in found:
                break
            session.execute("SELECT pg_sleep(0.01)")
        detail, hint = only(found, "workers")
        assert "4 slots" in detail and "max_worker_processes" in hint
        session.execute("SELECT pgdatahub.cancel_import(%s)", [run])


def test_sql_objects_of_another_version(db):
    db.execute("UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'pgdatahub'")
    with db.connect() as session:
        detail, hint = only(faults(session), "sql_objects")
    assert "0.0.9" in detail and "ALTER EXTENSION pgdatahub UPDATE" in hint


def test_the_databases_encoding(broken):
    """Nobody gets as far as verify_setup there."""
    with broken.connect() as admin:
        admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with broken.connect("latin") as session:
            with refused("0A000", "UTF8", "LATIN1"):
                session.execute("CREATE EXTENSION pgdatahub")
    finally:
        with broken.connect() as admin:
            admin.execute("DROP DATABASE latin WITH (FORCE)")


def test_a_developers_environment(make_cluster, make_database):
    cluster = make_cluster("backtrace")
    cluster.stop()
    cluster.environment = {"RUST_BACKTRACE": "1"}
    cluster.start()
    with make_database(cluster).connect() as session:
        assert "set to 1" in only(faults(session), "RUST_BACKTRACE")[0]
