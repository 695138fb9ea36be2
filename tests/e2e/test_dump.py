"""pg_dump and pg_restore: a restored database knows what was imported, by names and bytes alone."""

import shutil

import pytest
from harness import jobs
from harness.background import wait_for
from harness.dump import FORMATS, dump, kept, restore, views
from harness.lived_in import is_whole, lived_in
from harness.results import content, failed, imported, statuses


@pytest.fixture
def elsewhere(make_cluster, make_database):
    """An empty database of another cluster, which has the launcher."""
    if not hasattr(elsewhere, "cluster"):
        settings = {"shared_preload_libraries": "pgdatahub", "pgdatahub.launcher_naptime": "1", "max_worker_processes": "8"}
        elsewhere.cluster = make_cluster("elsewhere", settings)
    return make_database(elsewhere.cluster, extension=False)


@pytest.mark.parametrize("form", FORMATS)
def test_whole(db, elsewhere, folder, form):
    data = lived_in(db, folder)
    before, seen = kept(db), views(db)
    empty = {name for name, rows in before[0].items() if not rows}
    assert not {name for name in empty if "watch" not in name}, f"nothing to dump in {empty}"
    restore(elsewhere, dump(db, form))
    assert (kept(elsewhere), views(elsewhere)) == (before, seen)
    is_whole(elsewhere, folder, data)


def test_over_what_was_there(db, folder):
    """pg_restore --clean drops the extension and makes it anew, in the same database."""
    data = lived_in(db, folder)
    before = kept(db)
    archive = dump(db, "custom")
    db.execute("DELETE FROM policies")
    folder.workbook("claims/later.xlsx", [["Id"], [9]])
    db.import_folder(folder)
    (folder / "claims/later.xlsx").unlink()
    restore(db, archive, "--clean", "--if-exists")
    assert kept(db) == before
    is_whole(db, folder, data)


def test_schema_only(db, elsewhere, folder):
    """Tables without rows and without a history: nothing is taken for imported, and nothing goes into tables unasked."""
    lived_in(db, folder)
    restore(elsewhere, dump(db, "custom", "--schema-only"))
    rows, sequences = kept(elsewhere)
    assert not any(rows.values()) and {value for _, value in sequences} == {None}
    (row,) = elsewhere.import_folder(folder, files="policies/p.xlsx")
    failed(row, "55000", "not managed", "adopt_table")
    elsewhere.value("SELECT pgdatahub.adopt_table('policies')")
    assert statuses(elsewhere.import_folder(folder, files="policies/*")) == {"p.xlsx": "imported", "q.xlsx": "imported"}
    assert content(elsewhere, "policies", "no") == [("P1",), ("P2",), ("P3",)]


def test_one_table_missing(db, elsewhere, folder):
    """It counts as dropped: its files are imported again but for what is held, and no others."""
    lived_in(db, folder)
    restore(elsewhere, dump(db, "custom", "--exclude-table=public.policies"))
    planned = elsewhere.rows("SELECT DISTINCT table_name, action FROM pgdatahub.plan_folder(%s, files => 'policies/*') ORDER BY 1, 2", [str(folder)])
    assert planned == [{"table_name": "policies", "action": action} for action in ("create table", "import", "skip")]
    expected = {"a.xlsx": "skipped", "b.xlsx": "skipped", "c.xlsx": "skipped", "p.xlsx": "imported", "q.xlsx": "skipped", "no.xlsx": "failed"}
    assert statuses(elsewhere.import_folder(folder)) == expected
    assert content(elsewhere, "policies", "no") == [("P1",), ("P2",)]
    why = "SELECT DISTINCT reverted_why FROM pgdatahub.imports WHERE table_name = 'policies' AND reverted_at IS NOT NULL ORDER BY 1"
    assert [row["reverted_why"] for row in elsewhere.rows(why)] == ["revert", "table dropped"]


def test_one_table_alone(db, elsewhere, folder):
    """Its rows, without the extension: a stranger's table, which adopt_table takes over."""
    lived_in(db, folder)
    archive = dump(db, "custom", "--table=public.policies")
    elsewhere.execute("CREATE EXTENSION pgdatahub")
    restore(elsewhere, archive)
    (row,) = elsewhere.import_folder(folder, files="policies/p.xlsx")
    failed(row, "55000", "not managed", "adopt_table")


@pytest.mark.parametrize("rename", ["ALTER TABLE t RENAME TO x", "CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s", "ALTER SCHEMA public RENAME TO p"])
@pytest.mark.parametrize("restored", [False, True])
def test_renamed_and_not_imported_into_since(db, elsewhere, folder, rename, restored):
    """No import has seen the new name, and an oid says nothing elsewhere: the rows tell which table it is."""
    folder.workbook("t/a.xlsx", [["Id", "City"], [1, "Oslo"]])
    folder.workbook("u/a.xlsx", [["Id", "Town"], [1, "Oslo"]])
    imported(db.import_folder(folder))
    db.execute(rename)
    db.execute("CREATE SCHEMA IF NOT EXISTS public")
    if restored:
        restore(elsewhere, dump(db, "custom"))
        db = elsewhere
    planned = db.rows("SELECT action, table_name FROM pgdatahub.plan_folder(%s, files => 't/*')", [str(folder)])
    name = "x" if "RENAME TO x" in rename else "t"
    assert planned == [{"action": "skip", "table_name": name}]
    assert [row["status"] for row in db.import_folder(folder)] == ["skipped", "skipped"]
    folder.workbook("t/b.xlsx", [["Id", "City"], [2, "Bern"]])
    (row,) = db.import_folder(folder, files="t/b.xlsx")
    schema = {"ALTER TABLE": "public", "CREATE SCHEMA": "s", "ALTER SCHEMA": "p"}[" ".join(rename.split()[:2])]
    assert (row["status"], row["table_schema"], row["table_name"]) == ("imported", schema, name)
    assert content(db, f"{schema}.{name}") == [(1, "Oslo"), (2, "Bern")]
    with db.connect() as session:
        assert session.execute(f"SELECT pgdatahub.revert('{schema}.{name}', 't/a.xlsx')").fetchone() == (1,)


def test_revert_finds_a_renamed_table_too(db, elsewhere, folder):
    folder.workbook("t/a.xlsx", [["Id"], [1]])
    imported(db.import_folder(folder))
    db.execute("ALTER TABLE t RENAME TO x")
    restore(elsewhere, dump(db))
    assert elsewhere.value("SELECT pgdatahub.revert('x', 'a.xlsx')") == 1


LOOK_ALIKES = {
    "a copy of the columns": "CREATE TABLE b (LIKE t)",
    "other rows": "CREATE TABLE b (LIKE t); INSERT INTO b SELECT id, source_file, load_timestamp + '1 s' FROM t",
    "rows kept by hand": "CREATE TABLE b AS SELECT * FROM t",
    "fewer columns": "CREATE TABLE b AS SELECT source_file, load_timestamp FROM t; "
    "ALTER TABLE b ALTER source_file SET NOT NULL, ALTER load_timestamp SET NOT NULL",
    "a view": "CREATE TABLE hidden AS SELECT * FROM t; CREATE VIEW b AS SELECT * FROM hidden",
}


@pytest.mark.parametrize("case", LOOK_ALIKES)
def test_what_looks_alike_is_not_followed(db, elsewhere, folder, case):
    """The table is gone indeed, and another one may not be filled in its place."""
    folder.workbook("t/a.xlsx", [["Id"], [1]])
    imported(db.import_folder(folder))
    db.execute(LOOK_ALIKES[case])
    before = db.value("SELECT count(*) FROM b")
    restore(elsewhere, dump(db, "custom", "--exclude-table=public.t"))
    assert statuses(elsewhere.import_folder(folder)) == {"a.xlsx": "imported"}
    assert content(elsewhere, "t") == [(1,)]
    assert elsewhere.value("SELECT count(*) FROM b") == before


def test_two_that_may_be_it(db, elsewhere, folder):
    """Then neither is, and a WARNING names both."""
    folder.workbook("t/a.xlsx", [["Id"], [1]])
    imported(db.import_folder(folder))
    for name in "xy":
        db.execute(f"CREATE TABLE {name} (LIKE t INCLUDING ALL); INSERT INTO {name} TABLE t")
    restore(elsewhere, dump(db, "custom", "--exclude-table=public.t"))
    notices = []
    with elsewhere.connect() as session:
        session.add_notice_handler(lambda notice: notices.append((notice.severity, notice.message_primary, notice.message_detail)))
        session.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])
    warnings = [said for said in notices if said[0] == "WARNING"]
    assert len(warnings) == 1 and "public.t" in warnings[0][1] and "public.x, public.y" in warnings[0][2]
    assert content(elsewhere, "t") == [(1,)]


def test_files_gone_before_the_restore(db, elsewhere, folder):
    """What is recorded needs no file: it is shown as gone, and can be reverted."""
    folder.workbook("t/a.xlsx", [["Id"], [1]])
    imported(db.import_folder(folder))
    restore(elsewhere, dump(db))
    shutil.rmtree(folder / "t")
    assert statuses(elsewhere.import_folder(folder)) == {"a.xlsx": "gone"}
    assert elsewhere.value("SELECT pgdatahub.revert('t', 'a.xlsx')") == 1


def test_running_jobs_are_left_alone(db, elsewhere, folder):
    """The launcher of another cluster does not begin a restored job by itself; a person may resume it."""
    for table in "ab":
        jobs.slow_table(db, folder, table)
        for part in range(3):
            folder.workbook(f"in_{table}/{table}/{part}.xlsx", [["id"], *[[n] for n in range(50)], [part]])
    foreign, control = (jobs.start(db, folder / f"in_{table}") for table in "ab")
    wait_for(lambda: len(db.rows("SELECT FROM pgdatahub.progress WHERE current_rows > 0")) == 2, "rows of both jobs")
    archive = dump(db)
    assert (jobs.state(db, foreign), jobs.state(db, control)) == ("running", "running")
    db.execute("SELECT pgdatahub.cancel_import(r) FROM unnest(%s::bigint[]) r", [[foreign, control]])
    restore(elsewhere, archive)
    # The launcher goes through a database's jobs from the oldest on: once it has begun the second, it has passed the first.
    elsewhere.execute("UPDATE pgdatahub.etl_jobs SET cluster = (SELECT system_identifier::text FROM pg_control_system()) WHERE run_id = %s", [control])
    jobs.reaches(elsewhere, control, "done")
    assert jobs.state(elsewhere, foreign) == "interrupted"
    assert [elsewhere.value(f"SELECT count(*)::int FROM {table}") for table in "ab"] == [1, 154]
    elsewhere.value("SELECT pgdatahub.resume_import(%s)", [foreign])
    jobs.wait(elsewhere, foreign)
    assert elsewhere.value("SELECT count(*)::int FROM a") == 154


def test_refused_where_the_encoding_differs(cluster, db, folder):
    """CREATE EXTENSION of the dump itself says so, before any table is restored."""
    imported(db.import_file(folder.workbook("t/a.xlsx", [["Id"], [1]])))
    path = dump(db)
    name = f"latin_{db.number}"
    with cluster.connect() as admin:
        admin.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(RuntimeError, match="pgdatahub needs a database in encoding UTF8"):
            cluster.psql(path.read_bytes(), dbname=name)
    finally:
        path.unlink()
        with cluster.connect() as admin:
            admin.execute(f"DROP DATABASE {name}")
