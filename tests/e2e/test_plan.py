"""plan_folder says what an import would do, by the same code; the import that follows does it."""

import datetime
import itertools
import json
import random

import pytest
from harness import big
from harness.background import Background, reader_in_midstream, wait_for
from harness.trace import brief, plan, size, state

HEAD = ["Id", "Premium"]


@pytest.fixture(scope="module")
def cluster(still_cluster):
    return still_cluster


def statements(db):
    """Statement, change and column of every schema change, in order."""
    rows = db.rows("SELECT source_file, statement, change_type, column_name FROM pgdatahub.etl_schema_changes ORDER BY change_id")
    return [tuple(row.values()) for row in rows]


def test_a_new_table_and_its_rows(db, folder):
    folder.workbook("claims/a.xlsx", [["Title"], [], [*HEAD, "Day", "City"], [1, 2.5, None, "x"], [2, None, None, "y"]])
    rows = plan(db, folder)
    assert brief(rows) == [("a.xlsx", "create table"), ("a.xlsx", "import")]
    create, load = rows
    assert create["ddl"] == (
        "CREATE TABLE public.claims (id pg_catalog.int8, premium pg_catalog.float8, day pg_catalog.text, city pg_catalog.text, "
        "source_file pg_catalog.text NOT NULL, load_timestamp pg_catalog.timestamptz NOT NULL)"
    )
    assert create["reason"] == "new table with 4 columns"
    assert create["table_schema"] == "public" and create["table_name"] == "claims"
    assert create["sheet_name"] == "Sheet1" and create["header_row"] == 3
    assert create["rewrites"] is None and create["blocked_by"] is None
    assert load["reason"].startswith("2 rows; header in row 3, 1 row above it not read")
    (result,) = db.import_folder(folder)
    assert result["status"] == "imported"
    assert {row[1] for row in statements(db)} == {create["ddl"]}


def test_later_files_see_what_earlier_ones_would_change(db, folder):
    folder.workbook("claims/1.xlsx", [["Id", "Empty"], [1, None]])
    folder.workbook("claims/2.xlsx", [["Id", "Empty", "New"], [1.5, 7, True]])
    folder.workbook("claims/3.xlsx", [["Id", "Empty", "New"], [1, 8, False], [2, "x", None]])
    folder.workbook("claims/4.xlsx", [["Id", "Empty", "New"], [3, "y", True]])
    planned = plan(db, folder)
    assert brief(planned) == [
        ("1.xlsx", "create table"),
        ("1.xlsx", "import"),
        ("2.xlsx", "alter column type"),
        ("2.xlsx", "alter column type"),
        ("2.xlsx", "add column"),
        ("2.xlsx", "import"),
        ("3.xlsx", "alter column type"),
        ("3.xlsx", "import"),
        ("4.xlsx", "import"),
    ]
    assert planned[2]["reason"] == "id bigint → double precision"
    assert planned[3]["reason"] == "empty text → bigint"
    db.import_folder(folder)
    assert same_ddl(planned, statements(db))


def same_ddl(planned, executed):
    """Whether the plan's DDL is what was executed, in order; the columns of a new table are in its statement."""
    wanted = [(row["source_file"], row["ddl"], row["action"].upper().removesuffix(" TYPE").removesuffix(" COLUMN")) for row in planned if row["ddl"]]
    created = {(file, statement) for file, statement, change, _ in executed if change == "CREATE TABLE"}
    done = [
        (file, statement, change.removesuffix(" COLUMN TYPE").removesuffix(" COLUMN"))
        for file, statement, change, _ in executed
        if change == "CREATE TABLE" or (file, statement) not in created
    ]
    assert done == wanted
    return True


def test_skips_replacements_and_duplicates(db, folder):
    folder.workbook("claims/a.xlsx", [HEAD, [1, 1], [2, 2]])
    folder.workbook("claims/b.xlsx", [HEAD, [3, 3]])
    db.import_folder(folder)
    folder.workbook("claims/a.xlsx", [HEAD, [1, 1], [2, 2.5], [4, 4]])
    folder.workbook("claims/c.xlsx", [HEAD, [5, 5]])
    (folder / "claims/d.xlsx").write_bytes((folder / "claims/c.xlsx").read_bytes())
    (folder / "claims/d.xlsx").chmod(0o644)
    rows = plan(db, folder)
    assert brief(rows) == [
        ("a.xlsx", "alter column type"),
        ("a.xlsx", "replace"),
        ("b.xlsx", "skip"),
        ("c.xlsx", "import"),
        ("d.xlsx", "skip"),
    ]
    assert rows[0]["rewrites"] == 8192 == size(db, "claims")
    assert rows[0]["reason"] == "premium bigint → double precision; rewrites 8192 bytes"
    assert rows[1]["reason"] == "3 rows; 2 rows of the earlier import removed"
    assert rows[4]["reason"] == f"the same content as {rows[3]['source_file']}"
    results = db.import_folder(folder)
    assert [row["status"] for row in results] == ["replaced", "skipped", "imported", "skipped"]
    assert brief(plan(db, folder, files="**/b*", reimport=True)) == [("b.xlsx", "replace")]


def test_a_replacement_that_loses_rows_fails_in_the_plan_too(db, folder):
    folder.workbook("claims/a.xlsx", [HEAD, *([n, n] for n in range(10))])
    db.import_folder(folder)
    folder.workbook("claims/a.xlsx", [HEAD, [1, 1]])
    (row,) = plan(db, folder)
    assert row["action"] == "fail" and "(22000)" in row["reason"], row
    assert db.import_folder(folder)[0]["status"] == "failed"


def test_a_likely_rename_is_said(db, folder):
    folder.workbook("claims/1.xlsx", [["Id", "Premium", "City"], [1, 1.5, "x"]])
    db.import_folder(folder)
    folder.workbook("claims/2.xlsx", [["Id", "Premium (EUR)", "City"], [1, 2.5, "y"]])
    rows = plan(db, folder, files="**/2.xlsx")
    assert brief(rows) == [("2.xlsx", "add column"), ("2.xlsx", "import")]
    assert "without premium" in rows[1]["reason"]
    assert 'columns: {"Premium (EUR)": {name: "premium"}}' in rows[1]["reason"]


def test_failures_are_rows(db, folder):
    folder.fixture("bad/truncated.xlsx", "claims/a.xlsx")
    folder.workbook("claims/b.xlsx", [HEAD, [1, 2]])
    folder.workbook("users/c.xlsx", [HEAD, [1, 2]])
    db.execute("CREATE TABLE users (id int)")
    rows = plan(db, folder)
    assert brief(rows) == [("a.xlsx", "fail"), ("b.xlsx", "create table"), ("b.xlsx", "import"), ("c.xlsx", "fail")]
    assert "not managed by pgdatahub (55000)" in rows[3]["reason"] and "adopt_table('public.users')" in rows[3]["reason"]


def test_rights_are_asked_for(db, folder):
    reader = db.role("reader", "pg_read_server_files")
    db.execute(f"GRANT USAGE ON SCHEMA pgdatahub TO {reader}; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA pgdatahub TO {reader}")
    folder.workbook("claims/a.xlsx", [HEAD, [1, 2]])
    (row,) = plan(db, folder, reader)
    assert row["action"] == "fail" and row["reason"].startswith("permission denied for schema public (42501)")
    db.import_folder(folder)
    folder.workbook("claims/b.xlsx", [HEAD, [1, 3]])
    (_, row) = plan(db, folder, reader)
    assert row["action"] == "fail" and row["reason"].startswith("permission denied for table claims (42501)"), row
    db.execute(f"GRANT INSERT, SELECT ON claims TO {reader}")
    assert plan(db, folder, reader)[1]["action"] == "import"
    folder.workbook("claims/b.xlsx", [HEAD, [1, "x"]])
    row = plan(db, folder, reader)[1]
    assert row["action"] == "fail" and row["reason"].startswith("must be owner of table claims (42501)")
    folder.workbook("claims/a.xlsx", [HEAD, [7, 2]])
    row = plan(db, folder, reader, files="**/a.xlsx")[0]
    assert row["action"] == "fail" and row["reason"].startswith("permission denied for table claims (42501)")


def test_a_renamed_table_is_followed_without_being_recorded(db, folder):
    folder.workbook("claims/a.xlsx", [HEAD, [1, 2]])
    db.import_folder(folder)
    db.execute("ALTER TABLE claims RENAME TO losses")
    folder.workbook("claims/b.xlsx", [HEAD, [1, 2.5]])
    rows = plan(db, folder)
    assert brief(rows) == [("a.xlsx", "skip"), ("b.xlsx", "alter column type"), ("b.xlsx", "import")]
    assert rows[1]["ddl"].startswith("ALTER TABLE public.losses ")
    db.import_folder(folder)
    assert statements(db)[-1][1] == rows[1]["ddl"]


def test_a_dropped_table_would_be_made_anew(db, folder):
    folder.workbook("claims/a.xlsx", [HEAD, [1, 2]])
    folder.workbook("claims/b.xlsx", [HEAD, [3, "x"]])
    db.import_folder(folder)
    db.execute("DROP TABLE claims")
    planned = plan(db, folder)
    assert brief(planned) == [("a.xlsx", "create table"), ("a.xlsx", "import"), ("b.xlsx", "alter column type"), ("b.xlsx", "import")]
    assert [row["status"] for row in db.import_folder(folder)] == ["imported", "imported"]


def test_it_runs_in_a_read_only_transaction(db, folder):
    folder.workbook("claims/a.xlsx", [HEAD, [1, 2]])
    with db.connect(autocommit=False) as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        rows = connection.execute("SELECT action FROM pgdatahub.plan_folder(%s)", [str(folder)]).fetchall()
        assert rows == [("create table",), ("import",)]
    with db.connect(autocommit=False) as connection:
        assert len(connection.execute("SELECT action FROM pgdatahub.plan_folder(%s)", [str(folder)]).fetchall()) == 2
        connection.execute("CREATE TABLE after_it ()")


def test_a_column_that_was_filled_by_hand_stays_text(db, folder):
    folder.workbook("claims/1.xlsx", [["Id", "Note"], [1, None]])
    db.import_folder(folder)
    db.execute("UPDATE claims SET note = 'by hand'")
    folder.workbook("claims/2.xlsx", [["Id", "Note"], [1, 5]])
    assert brief(plan(db, folder)) == [("1.xlsx", "skip"), ("2.xlsx", "import")]
    # With the row goes what was written into it.
    folder.workbook("claims/1.xlsx", [["Id", "Note"], [1, 4]])
    planned = plan(db, folder)
    assert brief(planned) == [("1.xlsx", "alter column type"), ("1.xlsx", "replace"), ("2.xlsx", "import")]
    db.import_folder(folder)
    assert statements(db)[-1][1] == planned[0]["ddl"]


def test_large_integers_of_others_become_numeric(db, folder):
    folder.workbook("claims/1.xlsx", [["Id"], [1]])
    db.import_folder(folder)
    db.execute("UPDATE claims SET id = 9007199254740993")
    folder.workbook("claims/2.xlsx", [["Id"], [1.5]])
    planned = plan(db, folder, files="**/2.xlsx")
    assert planned[0]["reason"].startswith("id bigint → numeric")
    db.import_folder(folder)
    assert statements(db)[-1][1] == planned[0]["ddl"]


def test_sectional_commit_undoes_the_folder(db, folder):
    folder.workbook("a/1.xlsx", [HEAD, [1, 2]])
    folder.fixture("bad/text.xlsx", "a/2.xlsx")
    folder.workbook("b/3.xlsx", [HEAD, [1, 2]])
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.sectional_commit = on")
    assert brief(plan(db, folder)) == [("1.xlsx", "undone"), ("2.xlsx", "fail"), ("3.xlsx", "not_tried")]


def test_no_lock_that_blocks_anybody(db, cluster, scratch, folder):
    folder.workbook("t/1.xlsx", [["id", "customer"], [1, "x"]])
    db.import_folder(folder)
    (folder / "t/2.xlsx").write_bytes(big.long(scratch).read_bytes())
    (folder / "t/2.xlsx").chmod(0o644)
    planning = Background(db.connect(), f"SELECT action FROM pgdatahub.plan_folder('{folder}')")
    try:
        reader_in_midstream(cluster, planning)
        locks = db.rows("SELECT locktype, relation::regclass::text AS relation, mode FROM pg_locks WHERE pid = %s", [planning.pid])
        assert {lock["mode"] for lock in locks if lock["locktype"] != "virtualxid"} <= {"AccessShareLock"}, locks
        assert not [lock for lock in locks if lock["locktype"] == "object"]
        # Somebody else imports, alters and drops meanwhile.
        with db.connect() as other:
            other.execute("SET lock_timeout = '2s'")
            other.execute("INSERT INTO t (id, source_file, load_timestamp) VALUES (9, 'x', now())")
        assert planning.running
        planning.join()
        assert planning.error is None
        assert [row[0] for row in planning.rows][-1] == "import"
    finally:
        planning.close()


def test_a_plan_can_be_cancelled(db, cluster, scratch, folder):
    (folder / "2.xlsx").write_bytes(big.long(scratch).read_bytes())
    (folder / "2.xlsx").chmod(0o644)
    planning = Background(db.connect(), f"SELECT action FROM pgdatahub.plan_folder('{folder}')")
    try:
        reader_in_midstream(cluster, planning)
        db.execute("SELECT pg_cancel_backend(%s)", [planning.pid])
        planning.join(5)
        assert planning.sqlstate == "57014"
        wait_for(lambda: not cluster.readers(), "the reader's end", 2)
    finally:
        planning.close()


CELLS = [
    lambda r: None,
    lambda r: r.randrange(-50, 50),
    lambda r: r.randrange(100) / 8,
    lambda r: r.choice([True, False]),
    lambda r: r.choice(["x", "1", "é"]),
    lambda r: datetime.datetime(2024, 1, r.randrange(1, 28)),
    lambda r: datetime.datetime(2024, 1, r.randrange(1, 28), 12, 30),
]


def workbook(r):
    """A header row and rows; few kinds of cells per column, some of them late."""
    headers = r.sample(["Id", "Amount", "Amount.", "City", "Day", "", "Note", "Id"], r.randrange(1, 7))
    columns = [r.sample(CELLS, r.choice([1, 1, 2])) for _ in headers]
    rows = []
    for n in range(r.randrange(0, 9)):
        late = n > 4
        rows.append([(kinds[-1] if late else kinds[0])(r) for kinds in columns])
    return [headers, *rows]


@pytest.mark.parametrize("seed", range(12))
def test_the_import_does_what_the_plan_said(db, folder, seed):
    """Random workbooks of several folders, some of them changed, some repeated, before each round; small samples, so that
    types change in mid-stream."""
    r = random.Random(seed)
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = {r.choice([1, 2, 3, 100])}")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = {r.choice(['auto', 'spi'])}")
    for round_no in range(3):
        for number, name in itertools.product(range(3), ["a", "b"]):
            if r.random() < 0.6:
                folder.workbook(f"{name}/{number}.xlsx", workbook(r))
        done_before = len(statements(db))
        planned = plan(db, folder)
        dry = db.import_folder(folder, dry_run=True)
        results = db.import_folder(folder)
        context = json.dumps([seed, round_no, planned, results], indent=1, default=str, ensure_ascii=False)
        ends = [row for row in planned if row["action"] not in ("create table", "add column", "alter column type")]
        expected = {"imported": "import", "replaced": "replace", "skipped": "skip", "failed": "fail"}
        assert [row["action"] for row in ends] == [expected[row["status"]] for row in results], context
        assert same_ddl([row for row in planned if row["action"] != "fail"], statements(db)[done_before:]), context
        for said, done in zip(dry, results, strict=True):
            assert said["status"] == {"imported": "planned", "replaced": "planned"}.get(done["status"], done["status"]), context
            for column in ("table_name", "row_count", "rows_removed", "rejected", "schema_changes", "missing_columns", "sqlstate"):
                assert said[column] == done[column], (column, context)
        done = {row["source_file"] for row in results if row["status"] != "failed"}
        again = [row for row in plan(db, folder) if row["source_file"] in done]
        assert {row["action"] for row in again} <= {"skip"}, context


def test_state_notices_a_change(db):
    """The check that the tests above rely on can fail."""
    before = state(db)
    db.execute("SELECT nextval('pgdatahub.etl_runs_run_id_seq')")
    after = state(db)
    assert {name for name in before if before[name] != after[name]} >= {"etl_runs_run_id_seq"}
