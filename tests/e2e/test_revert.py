"""revert: exactly the rows of that import, marked and never erased."""

import hashlib
import shutil

import pytest
from harness.results import content, imported, refused, types


def load(db, folder, **files):
    for name, values in files.items():
        folder.workbook(f"t/{name}.xlsx", [["n"], *([value] for value in values)])
    imported(db.import_folder(folder))


def revert(db, *arguments, **named):
    names = "".join(f", {name} => {value}" for name, value in named.items())
    return db.value(f"SELECT pgdatahub.revert({', '.join(['%s'] * len(arguments))}{names})", arguments)


def test_by_recorded_path(db, folder):
    load(db, folder, a=[1, 2], b=[3])
    assert revert(db, "t", str(folder / "t/a.xlsx")) == 2
    assert content(db, "t") == [(3,)]
    row = db.rows("SELECT reverted_by, reverted_why, reverted_at IS NOT NULL AS at, row_count FROM pgdatahub.imports ORDER BY import_id")[0]
    assert row == {"reverted_by": "postgres", "reverted_why": "revert", "at": True, "row_count": 2}


def test_by_ending(db, folder):
    load(db, folder, a=[1], ba=[2])
    assert revert(db, "t", "a.xlsx") == 1
    assert content(db, "t") == [(2,)]


def test_ambiguous_ending_lists_candidates(db, folder):
    config = folder.write("config.yaml", "x: {table: t}\ny: {table: t}\n")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.config_file = '{config}'")
    folder.workbook("x/a.xlsx", [["n"], [1]])
    folder.workbook("y/a.xlsx", [["n"], [2]])
    imported(db.import_folder(folder))
    with refused("22023", "2 paths", str(folder / "x/a.xlsx"), str(folder / "y/a.xlsx"), "more of the path"):
        revert(db, "t", "a.xlsx")
    assert revert(db, "t", "x/a.xlsx") == 1
    assert content(db, "t") == [(2,)]


def test_unknown_file_names_the_nearest(db, folder):
    load(db, folder, april=[1])
    with refused("22023", 'no import of "aprl.xlsx"', "april.xlsx"):
        revert(db, "t", "aprl.xlsx")


def test_by_hash(db, folder):
    load(db, folder, a=[1], b=[2])
    sha256 = hashlib.sha256((folder / "t/a.xlsx").read_bytes()).hexdigest()
    assert db.value("SELECT pgdatahub.revert_hash('t', %s)", [sha256.upper()]) == 1
    assert content(db, "t") == [(2,)]
    with refused("55000", "no longer in", "removed by postgres on"):
        db.value("SELECT pgdatahub.revert_hash('t', %s)", [sha256])
    with refused("22023", "no import with SHA-256"):
        db.value("SELECT pgdatahub.revert_hash('t', %s)", ["0" * 64])


def test_by_import_id_once(db, folder):
    load(db, folder, a=[1])
    number = db.value("SELECT import_id FROM pgdatahub.imports")
    assert db.value("SELECT pgdatahub.revert_import(%s)", [number]) == 1
    with refused("55000", "reverted before", "postgres"):
        db.value("SELECT pgdatahub.revert_import(%s)", [number])
    with refused("22023", "no import 4711"):
        db.value("SELECT pgdatahub.revert_import(4711)")


def test_twice_by_path_says_when(db, folder):
    load(db, folder, a=[1])
    revert(db, "t", "a.xlsx")
    with refused("55000", "no longer in", "removed by postgres on"):
        revert(db, "t", "a.xlsx")


def test_dry_run_changes_nothing(db, folder):
    load(db, folder, a=[1, 2])
    number = db.value("SELECT import_id FROM pgdatahub.imports")
    assert revert(db, "t", "a.xlsx", dry_run="true") == 2
    assert db.value("SELECT pgdatahub.revert_import(%s, dry_run => true)", [number]) == 2
    assert len(content(db, "t")) == 2
    assert db.value("SELECT reverted_at FROM pgdatahub.imports") is None


def test_wrong_count_is_said(db, folder):
    load(db, folder, a=[1, 2, 3])
    db.execute("DELETE FROM t WHERE n = 2")
    with db.connect() as connection:
        said = []
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
        assert connection.execute("SELECT pgdatahub.revert('t', 'a.xlsx')").fetchone() == (2,)
    assert "2 rows removed where 3 were imported" in said


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "SET DEFAULT"])
def test_foreign_key_that_cascades(db, folder, action):
    load(db, folder, a=[1], b=[2])
    db.execute("ALTER TABLE t ADD UNIQUE (n)")
    db.execute(f"CREATE TABLE child (n bigint DEFAULT 2 REFERENCES t (n) ON DELETE {action})")
    db.execute("INSERT INTO child VALUES (1)")
    with refused("2BP01", "child_n_fkey", action, "cascade => true"):
        revert(db, "t", "a.xlsx")
    assert content(db, "t") == [(1,), (2,)]
    assert revert(db, "t", "a.xlsx", cascade="true") == 1


def test_foreign_key_that_restricts_keeps_its_own_error(db, folder):
    load(db, folder, a=[1])
    db.execute("ALTER TABLE t ADD UNIQUE (n)")
    db.execute("CREATE TABLE child (n bigint REFERENCES t (n))")
    db.execute("INSERT INTO child VALUES (1)")
    with refused("23503", "child"):
        revert(db, "t", "a.xlsx")
    assert db.value("SELECT reverted_at FROM pgdatahub.imports") is None


def test_after_widening(db, folder):
    load(db, folder, a=[1, 2])
    load_text = [["n", "more"], ["x", 1.5]]
    folder.workbook("t/b.xlsx", load_text)
    db.import_folder(folder)
    assert types(db, "t") == {"n": "text", "more": "double precision"}
    assert revert(db, "t", "a.xlsx") == 2
    assert content(db, "t") == [("x", 1.5)]


def test_rename_and_move_are_followed(db, folder):
    load(db, folder, a=[1], b=[2])
    db.execute("CREATE SCHEMA archive")
    db.execute("ALTER TABLE t RENAME TO claims_2024")
    db.execute("ALTER TABLE claims_2024 SET SCHEMA archive")
    assert revert(db, "archive.claims_2024", "a.xlsx") == 1
    names = db.rows("SELECT DISTINCT table_schema, table_name FROM pgdatahub.imports")
    assert names == [{"table_schema": "archive", "table_name": "claims_2024"}]
    # The folder still feeds it, under its new name.
    folder.workbook("t/c.xlsx", [["n"], [3]])
    rows = {row["status"]: row["table_name"] for row in db.import_folder(folder)}
    assert rows["imported"] in ("claims_2024", "archive.claims_2024")
    assert content(db, "archive.claims_2024") == [(2,), (3,)]
    assert db.value("SELECT to_regclass('t')") is None
    changes = db.rows("SELECT DISTINCT table_schema, table_name FROM pgdatahub.schema_changes")
    assert changes == [{"table_schema": "archive", "table_name": "claims_2024"}]


def test_unmanaged_and_missing_tables(db):
    db.execute("CREATE TABLE mine (n int)")
    with refused("42P01", "mine", "not managed"):
        revert(db, "mine", "a.xlsx")
    with refused("42P01"):
        revert(db, "nothing_here", "a.xlsx")


def test_nulls_are_refused(db, folder):
    load(db, folder, a=[1])
    for call in ("revert(NULL, 'a')", "revert('t', NULL)", "revert_hash('t', NULL)", "revert_import(NULL)", "adopt_table(NULL)"):
        with refused("22004", "must not be null"):
            db.value(f"SELECT pgdatahub.{call}")


def test_file_of_two_sheets(db, folder):
    """Both sheets of a file went into one table: the file's revert takes both."""
    path = folder.workbook_of_sheets("t/a.xlsx", {"One": [["n"], [1]], "Two": [["n"], [2]]})
    imported(db.import_file(path, table_name="t", sheet="One"))
    imported(db.import_file(path, table_name="t", sheet="Two"))
    assert revert(db, "t", "a.xlsx") == 2
    assert content(db, "t") == []


def test_reverted_bytes_do_not_come_back_by_another_path(db, folder):
    load(db, folder, a=[1])
    shutil.copyfile(folder / "t/a.xlsx", folder / "t/b.xlsx")
    revert(db, "t", "a.xlsx")
    assert {row["status"] for row in db.import_folder(folder)} == {"skipped"}
    assert content(db, "t") == []


def test_a_replacement_does_not_cascade(db, folder):
    """Replacing an import deletes its rows: rows of other tables must not go with them unsaid."""
    folder.workbook("t/a.xlsx", [["n"], [1]])
    db.import_folder(folder)
    db.execute("ALTER TABLE t ADD UNIQUE (n)")
    db.execute("CREATE TABLE child (n bigint REFERENCES t (n) ON DELETE CASCADE)")
    db.execute("INSERT INTO child VALUES (1)")
    folder.workbook("t/a.xlsx", [["n"], [2]])
    (row,) = db.import_folder(folder)
    assert (row["status"], row["sqlstate"]) == ("failed", "2BP01")
    assert "child_n_fkey" in row["detail"] and "cascade => true" in row["hint"]
    assert db.rows("SELECT t.n, c.n AS child FROM t JOIN child c USING (n)") == [{"n": 1, "child": 1}]
