"""check_table: each import held against the rows that are there, and rows that belong to none."""

import pytest
from harness.background import Background
from harness.results import imported, refused


def load(db, folder, **files):
    for name, values in files.items():
        imported(db.import_file(folder.workbook(f"t/{name}.xlsx", [["n"], *([v] for v in values)]), table_name="t"))


def check(db, table="t", role="postgres", **more):
    rows = db.rows("SELECT * FROM pgdatahub.check_table(%s)", [table], role=role, **more)
    for row in rows:
        row["source_file"] = row["source_file"] and row["source_file"].rsplit("/", 1)[-1]
    return rows


def brief(rows):
    return [(row["source_file"], row["row_count"], row["rows_found"], row["difference"]) for row in rows]


def test_all_is_well(db, folder):
    load(db, folder, a=[1, 2], b=[3], c=[])
    rows = check(db)
    assert brief(rows) == [("a.xlsx", 2, 2, 0), ("b.xlsx", 1, 1, 0), ("c.xlsx", 0, 0, 0)]
    assert {row["note"] for row in rows} == {None}
    assert {row["sheet_name"] for row in rows} == {"Sheet1"}
    assert [row["import_id"] for row in rows] == sorted(row["import_id"] for row in rows)
    assert rows[0]["load_timestamp"] == db.value("SELECT min(load_timestamp) FROM t")


def test_rows_removed_and_added_by_hand(db, folder):
    load(db, folder, a=[1, 2], b=[3], c=[4, 5, 6])
    db.execute("DELETE FROM t WHERE n = 2; INSERT INTO t SELECT 9, source_file, load_timestamp FROM t WHERE n = 3; DELETE FROM t WHERE n > 3 AND n < 9")
    rows = check(db)
    assert brief(rows) == [("a.xlsx", 2, 1, -1), ("b.xlsx", 1, 2, 1), ("c.xlsx", 3, 0, -3)]
    assert "removed" in rows[0]["note"] and "added" in rows[1]["note"] and "removed" in rows[2]["note"]
    # What the note says helps.
    imported_again = db.rows("SELECT status, row_count FROM pgdatahub.import_file(%s, table_name => 't', reimport => true)", [str(folder / "t/c.xlsx")])
    assert imported_again == [{"status": "replaced", "row_count": 3}]
    assert ("c.xlsx", 3, 3, 0) in brief(check(db))


def test_rows_of_no_import(db, folder):
    load(db, folder, a=[1])
    db.execute("INSERT INTO t VALUES (7, 'psql', now()), (8, 'psql', now())")
    db.execute("INSERT INTO t SELECT 9, source_file, load_timestamp + '1 us' FROM t WHERE n = 1")
    rows = check(db)
    assert sorted(brief(rows)[1:], key=str) == [("a.xlsx", None, 1, 1), ("psql", None, 2, 2)]
    assert {row["note"] for row in rows[1:]} == {"no import has this source_file and load_timestamp"}
    assert {row["import_id"] for row in rows[1:]} == {None}


def test_rows_of_a_reverted_import(db, folder):
    load(db, folder, a=[1], b=[2])
    db.execute("CREATE TABLE kept AS SELECT * FROM t")
    db.value("SELECT pgdatahub.revert('t', 'a.xlsx')")
    db.execute("INSERT INTO t SELECT * FROM kept WHERE n = 1")
    rows = check(db)
    assert brief(rows) == [("b.xlsx", 1, 1, 0), ("a.xlsx", None, 1, 1)]
    assert rows[1]["note"].startswith("the import was reverted by postgres on ")
    assert rows[1]["import_id"] == 1


def test_the_tables_own_rows_are_no_difference(db, folder):
    db.execute("CREATE TABLE t (n bigint); INSERT INTO t VALUES (5), (6)")
    db.value("SELECT pgdatahub.adopt_table('t')")
    load(db, folder, a=[1])
    rows = check(db)
    assert brief(rows) == [("a.xlsx", 1, 1, 0), (None, None, 2, None)]
    assert rows[1]["note"] == "rows of the table's own, without source_file"


def test_rights(db, folder):
    load(db, folder, a=[1])
    role = db.role("clerk")
    with refused("42501"):
        check(db, role=role)
    db.execute(f"GRANT USAGE ON SCHEMA pgdatahub TO {role}; GRANT EXECUTE ON FUNCTION pgdatahub.check_table TO {role}")
    with refused("42501", "permission denied for table t"):
        check(db, role=role)
    db.execute(f"GRANT SELECT ON t TO {role}")
    assert brief(check(db, role=role)) == [("a.xlsx", 1, 1, 0)]
    db.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    with refused("42501", "row-level security"):
        check(db, role=role)


def test_in_a_read_only_transaction(db, folder):
    load(db, folder, a=[1])
    with db.connect() as connection:
        connection.execute("SET default_transaction_read_only = on")
        assert connection.execute("SELECT difference FROM pgdatahub.check_table('t')").fetchall() == [(0,)]


def test_renamed(db, folder):
    load(db, folder, a=[1])
    db.execute("ALTER TABLE t RENAME TO u")
    assert brief(check(db, "u")) == [("a.xlsx", 1, 1, 0)]


def test_not_managed(db):
    db.execute("CREATE TABLE mine (n int)")
    with refused("42P01", "not managed"):
        check(db, "mine")
    with refused("22004"):
        db.rows("SELECT * FROM pgdatahub.check_table(NULL)")


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
def test_beside_imports_and_reverts(db, folder, level):
    """No false difference while another session imports and reverts."""
    load(db, folder, a=[1])
    path = folder.workbook("t/b.xlsx", [["n"], *([n] for n in range(500))])
    work = [f"SELECT count(*) FROM pgdatahub.import_file('{path}', table_name => 't')", "SELECT pgdatahub.revert('t', 'b.xlsx', hold => false)"]
    other = Background(db.connect(), *(work * 25))
    checks = 0
    with db.connect() as connection:
        connection.execute(f"SET default_transaction_isolation = '{level}'")
        while other.running:
            wrong = connection.execute("SELECT * FROM pgdatahub.check_table('t') WHERE difference <> 0").fetchall()
            assert wrong == []
            checks += 1
    other.join()
    assert other.error is None and checks > 5
    other.close()
