"""The extension's life: what it registers for pg_dump, CREATE, ALTER … UPDATE and DROP."""

import re
import subprocess
from pathlib import Path

import pytest
from harness import jobs
from harness.catalog import MEMBERS, description
from harness.dump import dump, kept, restore
from harness.osuser import own_by_server
from harness.results import content, failed, imported, statuses

ROOT = Path(__file__).resolve().parents[2]
VERSION = next(line.split('"')[1] for line in (ROOT / "Cargo.toml").read_text(encoding="utf-8").splitlines() if line.startswith("version"))


def test_every_table_and_sequence_is_dumped(db):
    """A table that pg_extension_config_dump was forgotten for would come back empty; so would a sequence begin at 1."""
    forgotten = f"""
        SELECT c.oid::regclass::text FROM {MEMBERS} JOIN pg_class c ON (d.classid, d.objid) = ('pg_class'::regclass, c.oid)
         WHERE c.relkind IN ('r', 'p', 'S') AND c.oid <> ALL (e.extconfig)"""
    assert db.rows(forgotten) == []
    # A sequence that is no member would not be found above.
    strays = "SELECT relname FROM pg_class c WHERE relnamespace = 'pgdatahub'::regnamespace AND relkind IN ('r', 'p', 'S') AND NOT EXISTS"
    assert db.rows(f"{strays} (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')") == []
    partial = "SELECT FROM pg_extension, unnest(extcondition) condition WHERE extname = 'pgdatahub' AND condition <> ''"
    assert db.rows(partial) == []


def test_nothing_dumped_depends_on_an_oid(db):
    query = """
        SELECT a.attrelid::regclass::text, a.attname, a.atttypid::regtype::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'pgdatahub'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
           AND (a.atttypid = 'oid'::regtype OR a.atttypid::regtype::text LIKE 'reg%')"""
    assert db.rows(query) == []


def test_no_foreign_keys(db):
    """pg_dump does not order the tables of an extension in an archive (they are restored with their constraints): with
    --jobs a row would come before the one it refers to."""
    query = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE connamespace = 'pgdatahub'::regnamespace AND contype = 'f'"
    assert db.rows(query) == []


NEXT = f"{VERSION}next"
ADDITIONS = """
ALTER TABLE pgdatahub.etl_runs ADD COLUMN remark text;
COMMENT ON COLUMN pgdatahub.etl_runs.remark IS 'Remark';
CREATE TABLE pgdatahub.etl_remarks (remark_id bigint GENERATED ALWAYS AS IDENTITY, remark text NOT NULL DEFAULT 'none');
REVOKE ALL ON pgdatahub.etl_remarks FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_remarks', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_remarks_remark_id_seq', '');
CREATE FUNCTION pgdatahub.progress_line(share double precision) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'progress_bar_wrapper';
COMMENT ON FUNCTION pgdatahub.progress_line(double precision) IS 'A share as a bar';
"""


@pytest.fixture
def scripts(bin_dir):
    """scripts(name, text) puts install and upgrade scripts beside those of the private PostgreSQL, for one test;
    scripts.default(version) has CREATE EXTENSION take that version."""
    share = subprocess.run([bin_dir / "pg_config", "--sharedir"], capture_output=True, text=True, check=True).stdout.strip()
    made = []

    def put(name, text):
        made.append(Path(share, "extension", f"pgdatahub--{name}.sql"))
        made[-1].write_text(text, encoding="utf-8")
        own_by_server(made[-1])

    control = Path(share, "extension", "pgdatahub.control")
    as_installed = control.read_text(encoding="utf-8")

    def default(version):
        control.write_text(re.sub("(?m)^default_version.*$", f"default_version = '{version}'", as_installed), encoding="utf-8")

    put.default = default
    put.installed = Path(share, "extension", f"pgdatahub--{VERSION}.sql")
    yield put
    control.write_text(as_installed, encoding="utf-8")
    for path in made:
        path.unlink()


def upgraded(make_database, cluster, to, start=VERSION):
    made = make_database(cluster, extension=False)
    made.execute(f"CREATE EXTENSION pgdatahub VERSION '{start}'")
    made.execute(f"ALTER EXTENSION pgdatahub UPDATE TO '{to}'")
    return made


def fresh(make_database, cluster, version):
    made = make_database(cluster, extension=False)
    made.execute(f"CREATE EXTENSION pgdatahub VERSION '{version}'")
    return made


def test_update(db, cluster, make_database, folder, scripts):
    """To a version made for this test: what was remembered stays, sessions and jobs go on, and the result can be dumped."""
    scripts(f"{VERSION}--{NEXT}", ADDITIONS)
    folder.workbook("t/a.xlsx", [["Id"], [1]])
    with db.connect() as session:
        imported(db.import_folder(folder))
        session.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])
        before, _ = kept(db)
        db.execute(f"ALTER EXTENSION pgdatahub UPDATE TO '{NEXT}'")
        after, _ = kept(db)
        assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()} | {"pgdatahub.etl_remarks": 0}
        # A session that had its plans made before.
        folder.workbook("t/b.xlsx", [["Id"], [2]])
        rows = session.execute("SELECT status FROM pgdatahub.import_folder(%s)", [str(folder)]).fetchall()
        assert rows == [("skipped",), ("imported",)]
    assert db.value("SELECT pgdatahub.progress_line(1) = pgdatahub.progress_bar(1)")
    jobs.wait(db, jobs.start(db, folder))
    db.execute("INSERT INTO pgdatahub.etl_remarks DEFAULT VALUES; UPDATE pgdatahub.etl_runs SET remark = 'kept'")
    whole = kept(db)
    copy = make_database(cluster, extension=False)
    # pg_dump writes no version: the restored database gets the default one.
    scripts.default(NEXT)
    restore(copy, dump(db, "custom"))
    assert kept(copy) == whole
    assert statuses(copy.import_folder(folder)) == {"a.xlsx": "skipped", "b.xlsx": "skipped"}


def test_a_failed_update_changes_nothing(db, folder, scripts):
    scripts(f"{VERSION}--{NEXT}", ADDITIONS + "SELECT 1 / 0;")
    before = description(db)
    with pytest.raises(Exception, match="division by zero"):
        db.execute(f"ALTER EXTENSION pgdatahub UPDATE TO '{NEXT}'")
    assert description(db) == before
    imported(db.import_file(folder.workbook("t/a.xlsx", [["Id"], [1]])))


def test_fresh_is_upgraded(cluster, make_database, scripts):
    """The comparison that a release must pass finds no difference where there is none, and each one that there is."""
    scripts(f"{VERSION}--{NEXT}", ADDITIONS)
    scripts(NEXT, scripts.installed.read_text(encoding="utf-8") + ADDITIONS)
    expected = description(fresh(make_database, cluster, NEXT))
    assert description(upgraded(make_database, cluster, NEXT)) == expected
    lines = [line for line in ADDITIONS.strip().split(";\n") if line]
    for number, line in enumerate(lines):
        if not line.startswith("CREATE TABLE") and not line.startswith("ALTER TABLE") and not line.startswith("CREATE FUNCTION"):
            wrong = f"{VERSION}wrong{number}"
            scripts(f"{VERSION}--{wrong}", ";\n".join(lines[:number] + lines[number + 1 :]))
            found = description(upgraded(make_database, cluster, wrong))
            assert {what for what in expected if found[what] != expected[what]} > {"version"}, line


def test_every_released_version_leads_here(cluster, make_database):
    """Each version that has an install script can be updated to this one, and is then what a fresh installation is."""
    db = make_database(cluster)
    expected = description(db)
    released = {name.split("--")[1].removesuffix(".sql") for name in released_scripts() if name.count("--") == 1}
    known = {row["version"] for row in db.rows("SELECT version FROM pg_available_extension_versions WHERE name = 'pgdatahub'")}
    assert released | {VERSION} <= known
    for version in released - {VERSION}:
        assert description(upgraded(make_database, cluster, VERSION, start=version)) == expected, version


def released_scripts():
    lines = (ROOT / "sql/released.sha256").read_text(encoding="utf-8").splitlines()
    return [line.split()[1] for line in lines if line and not line.startswith("#")]


def test_drop_and_create_again(db, folder):
    """Data tables stay, the memory goes: what is there then is a stranger's until adopt_table."""
    folder.workbook("t/a.xlsx", [["Id"], [1]])
    imported(db.import_folder(folder))
    db.execute("DROP EXTENSION pgdatahub")
    assert content(db, "t", "id") == [(1,)]
    left = """SELECT relname::text FROM pg_class WHERE relnamespace = 'pgdatahub'::regnamespace
              UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'pgdatahub'::regnamespace"""
    assert db.rows(left) == []
    db.execute("CREATE EXTENSION pgdatahub")
    (row,) = db.import_folder(folder)
    failed(row, "55000", "adopt_table")
    db.execute("DROP EXTENSION pgdatahub CASCADE; DROP SCHEMA pgdatahub; CREATE EXTENSION pgdatahub")
    imported(db.import_file(folder.workbook("u/a.xlsx", [["Id"], [1]])))
