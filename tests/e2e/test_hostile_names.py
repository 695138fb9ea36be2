"""Headers, sheets, folders and files with hostile names reach every statement, comment, notification, log line and view:
they are names there, never SQL, and no log line is forged."""

import json

import pytest
from harness import jobs
from harness.results import content, imported, types

# Each would end a string, a name, a dollar quote, a format or a line if it were pasted in.
NAMES = [
    "x'; DROP TABLE victim; --",
    'x"; DROP TABLE victim; --',
    "$$; DROP TABLE victim; $$",
    "$1 %s %I {} {0}",
    "\\'; DROP TABLE victim; --",
    "E'\\x27; DROP TABLE victim; --",
    "a\nFATAL:  forged line",
    "/* x */ -- y",
    "pg_catalog.pg_class",
    "\u202eevil\u202c \u00a0\ufeff",
    "select",
    "Prämie (€) 日期",
]
# Excel allows neither these characters nor more than 31 in a sheet's name; other programs are not as strict.
SHEETS = [name for name in NAMES if not set(name) & set("[]:*?/\\")]
FOLDERS = [name for name in NAMES if "/" not in name]


@pytest.fixture(params=["copy", "spi"])
def hostile(request, db):
    """A database with a table that any injected statement would drop."""
    db.execute("CREATE TABLE victim (n int); INSERT INTO victim VALUES (1)")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{request.param}'")
    mark = db.cluster.log_size()
    yield db
    assert db.rows("SELECT n FROM victim") == [{"n": 1}]
    forged = [line for line in db.cluster.log(mark).splitlines() if line.startswith("FATAL:")]
    assert not forged, forged


def look_at_everything(db, *paths):
    """Every view, and every function that shows what is known."""
    views = db.rows("SELECT viewname FROM pg_views WHERE schemaname = 'pgdatahub'")
    assert len(views) > 5
    for view in views:
        db.rows(f"SELECT * FROM pgdatahub.{view['viewname']}")
    db.rows("SELECT * FROM pgdatahub.status()")
    db.rows("SELECT * FROM pgdatahub.verify_setup()")
    for path in paths:
        db.rows("SELECT * FROM pgdatahub.plan_folder(%s)", [str(path)])
        db.rows("SELECT * FROM pgdatahub.show_config(%s)", [str(path)])


def test_headers(hostile, folder):
    """As columns, their comments and their history, through CREATE, ADD COLUMN, ALTER TYPE, reject and revert."""
    db = hostile
    folder.workbook("t/a.xlsx", [NAMES[:-2], list(range(len(NAMES) - 2))])
    imported(db.import_folder(folder))
    folder.workbook("t/b.xlsx", [NAMES, [f"text {name}" for name in NAMES]])
    imported([row for row in db.import_folder(folder) if row["source_file"].endswith("b.xlsx")])
    assert len(types(db, "t")) == len(NAMES)
    comments = db.rows("SELECT col_description('t'::regclass, attnum) AS said FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0")
    said = [row["said"] for row in comments if row["said"]]
    # A header is trimmed, and else as the sheet shows it.
    assert {name.strip("\ufeff\u00a0 ") for name in NAMES} <= {text.strip("\ufeff\u00a0 ") for text in said}
    assert db.value("SELECT count(*) FROM t") == 2
    look_at_everything(db, folder)
    for name in NAMES[:3]:
        try:
            db.rows("SELECT * FROM pgdatahub.map_column('t', %s, 'other')", [name])
        except Exception as error:
            assert error.sqlstate not in ("42601", "42P01"), error
    assert db.value("SELECT pgdatahub.revert('t', 'b.xlsx')") == 1
    db.rows("SELECT * FROM pgdatahub.revert_schema('t', 'b.xlsx')")
    assert db.value("SELECT count(*) FROM t") == 1


def test_values(hostile, folder):
    """As text of both lanes, as rejected values, and as what a trigger's error quotes."""
    db = hostile
    folder.workbook("t/a.xlsx", [["n", "s"], *([number, name] for number, name in enumerate(NAMES))])
    imported(db.import_folder(folder))
    stored = {row[0]: row[1] for row in content(db, "t", "n", "s")}
    for number, name in enumerate(NAMES):
        assert stored[number].strip("\u00a0\ufeff ") == name.strip("\u00a0\ufeff ")
    folder.write("etl_config.yaml", "t: {on_type_conflict: reject_cell}\n")
    folder.workbook("t/b.xlsx", [["n", "s"], *([name, "x"] for name in NAMES)])
    db.import_folder(folder)
    rejected = {row["raw_value"].strip("\u00a0\ufeff ") for row in db.rows("SELECT raw_value FROM pgdatahub.rejects")}
    assert rejected == {name.strip("\u00a0\ufeff ") for name in NAMES}
    look_at_everything(db, folder)


def test_sheets(hostile, folder):
    db = hostile
    for number, name in enumerate(SHEETS):
        title = name.strip("'")[:31]
        path = folder.workbook_of_sheets(f"s{number}/a.xlsx", {title: [["n"], [number]]})
        imported(db.import_file(path, table_name=f"t{number}", sheet=title))
        assert content(db, f"t{number}") == [(number,)]
        assert db.value("SELECT sheet_name FROM pgdatahub.imports WHERE table_name = %s", [f"t{number}"]) == title
        try:
            db.rows("SELECT * FROM pgdatahub.import_file(%s, table_name => 'u', sheet => %s)", [str(path), name + "?"])
        except Exception as error:
            assert error.sqlstate == "22023", error
    config = folder.write("server.yaml", "all: {sheet: '*', table: '{folder}_{sheet}'}\n")
    titles = [f"{number}{name}"[:31].strip("'") for number, name in enumerate(SHEETS)]
    folder.workbook_of_sheets("all/a.xlsx", {title: [["n"], [number]] for number, title in enumerate(titles)})
    with db.connect() as session:
        session.execute(f"SET pgdatahub.config_file = '{config}'")
        rows = session.execute("SELECT status, sheet_name FROM pgdatahub.import_folder(%s, files => 'all/*')", [str(folder)]).fetchall()
    assert rows == [("imported", title) for title in titles]
    look_at_everything(db, folder)


def test_folders_and_files(hostile, folder):
    """As table names, paths, messages and the DETAIL of failures."""
    db = hostile
    for number, name in enumerate(FOLDERS):
        folder.workbook(f"{name}{number}/{name}.xlsx", [["n"], [number]])
        folder.write(f"{name}{number}/bad {name}.xlsx", b"no workbook")
    rows = db.import_folder(folder)
    assert [row["status"] for row in rows].count("imported") == len(FOLDERS), rows
    assert [row["status"] for row in rows].count("failed") == len(FOLDERS), rows
    tables = db.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'victim'")
    assert len(tables) == len(FOLDERS)
    look_at_everything(db, folder)
    for row in db.rows("SELECT table_schema, table_name, source_file FROM pgdatahub.imports"):
        arguments = [f'"{row["table_schema"]}"."{row["table_name"]}"', row["source_file"]]
        assert db.value("SELECT pgdatahub.revert(%s, %s)", arguments) == 1
    for argument in NAMES:
        for query in ("SELECT pgdatahub.revert(%s, 'a')", "SELECT pgdatahub.drop_table(%s)", "SELECT * FROM pgdatahub.check_table(%s)"):
            try:
                db.rows(query, [argument])
            except Exception as error:
                assert error.sqlstate in ("42P01", "42602", "22023", "3F000", "42809", "55000", "3D000", "0A000"), error


def test_jobs_and_notifications(hostile, folder):
    """A job over such folders: its queue, its workers' log lines, its NOTIFY, which stays JSON of one line."""
    db = hostile
    for number, name in enumerate(FOLDERS):
        folder.workbook(f"{name}{number}/{name}.xlsx", [["n"], [number]])
    with db.connect() as listener:
        listener.execute("LISTEN pgdatahub")
        run = jobs.start(db, folder)
        jobs.wait(db, run)
        listener.execute("SELECT 1")
        heard = list(listener.notifies(timeout=2, stop_after=1))
    assert heard
    for notification in heard:
        json.loads(notification.payload)
        assert len(notification.payload.encode()) < 8000
    assert jobs.state(db, run) == "done"
    assert db.value("SELECT count(*) FROM pgdatahub.imports") == len(FOLDERS)
    look_at_everything(db)


def test_configured_names(hostile, folder):
    """What a configuration file says goes into statements too."""
    db = hostile
    for number, name in enumerate(NAMES):
        folder.workbook(f"f{number}/a.xlsx", [[name, "n"], [1, 2]])
        quoted = json.dumps(name, ensure_ascii=True)
        table = json.dumps('"' + name.replace('"', '""')[:50] + '"', ensure_ascii=True)
        config = folder.write("server.yaml", f"f{number}:\n  table: {table}\n  row_number: {quoted}\n  columns:\n    {quoted}: {{name: {quoted}}}\n")
        with db.connect() as session:
            session.execute(f"SET pgdatahub.config_file = '{config}'")
            try:
                session.execute("SELECT * FROM pgdatahub.import_folder(%s, files => %s)", [str(folder), f"f{number}/*"]).fetchall()
            except Exception as error:
                assert error.sqlstate == "F0000", error
    look_at_everything(db, folder)


def test_texts_for_every_argument(hostile, folder):
    """Every text argument of every function of the API takes a hostile text as a text."""
    db = hostile
    folder.workbook("t/a.xlsx", [["n"], [1]])
    imported(db.import_folder(folder))
    routines = db.rows(
        "SELECT p.oid::regprocedure::text AS signature, p.proname AS name, p.prokind AS kind, p.proretset AS is_set, "
        "       pg_get_function_identity_arguments(p.oid) AS arguments, p.proargtypes::regtype[]::text[] AS types "
        "  FROM pg_proc p WHERE p.pronamespace = 'pgdatahub'::regnamespace AND p.prokind = 'f' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) "
        # Those whose columns the caller declares cannot be called otherwise.
        "   AND NOT (p.prorettype = 'record'::regtype AND p.proargmodes IS NULL) AND p.provariadic = 0"
    )
    called = 0
    for routine in routines:
        if "text" not in routine["types"]:
            continue
        samples = {"bigint": "1", "integer": "1", "boolean": "true", "interval": "'1 day'", "uuid": "NULL"}
        for name in NAMES[:5]:
            arguments = ", ".join("%(x)s::text" if kind == "text" else f"{samples.get(kind, 'NULL')}::{kind}" for kind in routine["types"])
            # A function that returns record has no columns to show in FROM; in the SELECT list it needs none.
            try:
                db.rows(f"SELECT pgdatahub.{routine['name']}({arguments})", {"x": name})
            except Exception as error:
                assert error.sqlstate not in ("42601", "XX000"), f"{routine['signature']}: {error}"
            called += 1
    assert called > 40
    assert content(db, "t") == [(1,)]
