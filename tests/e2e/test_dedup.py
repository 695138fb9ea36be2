"""The same bytes go in once; a changed file replaces what it was; nothing comes back unasked."""

import os
import shutil
import threading
import time

import pytest
from harness.results import by_name, content, failed, imported, refused, statuses

ROWS = [["policy", "sum"], ["P-1", 100], ["P-2", 200]]


def numbers(*values):
    return [["n"], *([value] for value in values)]


def test_same_bytes_under_another_name(db, folder):
    first = folder.workbook("t/a.xlsx", ROWS)
    shutil.copyfile(first, folder / "t/b.xlsx")
    rows = by_name(db.import_folder(folder))
    assert (rows["a.xlsx"]["status"], rows["b.xlsx"]["status"]) == ("imported", "skipped")
    assert f"already imported as {first}" in rows["b.xlsx"]["message"]
    assert len(content(db, "t")) == 2


@pytest.mark.parametrize("rehash", ["changed", "always"])
def test_second_run_skips_all(db, folder, rehash):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.rehash = '{rehash}'")
    folder.workbook("t/a.xlsx", numbers(1))
    folder.workbook("t/b.xlsx", numbers(2))
    imported(db.import_folder(folder))
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "skipped", "b.xlsx": "skipped"}
    assert content(db, "t") == [(1,), (2,)]


def test_unchanged_file_is_skipped_unread(make_cluster, make_database, folder):
    """Without a reader program a file can only be skipped unread."""
    cluster = make_cluster("unread")
    db = make_database(cluster)
    folder.workbook("t/a.xlsx", numbers(1))
    imported(db.import_folder(folder))
    with db.connect() as connection:
        connection.execute("LOAD 'pgdatahub'")  # ALTER SYSTEM takes no name that no library has defined
        connection.execute("ALTER SYSTEM SET pgdatahub.reader = '/nonexistent'")
    cluster.restart()
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "skipped"}
    os.utime(folder / "t/a.xlsx")  # new times, the same bytes: they must be read to know
    (row,) = db.import_folder(folder)
    failed(row, "58000", "/nonexistent")
    with db.connect() as connection:
        connection.execute("LOAD 'pgdatahub'")
        connection.execute("ALTER SYSTEM RESET pgdatahub.reader")
    cluster.restart()
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "skipped"}


def test_new_content_replaces_in_one_transaction(db, folder):
    folder.workbook("t/a.xlsx", numbers(1, 2, 3))
    folder.workbook("t/b.xlsx", numbers(9))
    imported(db.import_folder(folder))
    folder.workbook("t/a.xlsx", numbers(4, 5))
    with db.connect(autocommit=False) as connection:
        rows = connection.execute("SELECT source_file, status, row_count, rows_removed FROM pgdatahub.import_folder(%s)", [str(folder)]).fetchall()
        assert rows == [(str(folder / "t/a.xlsx"), "replaced", 2, 3), (str(folder / "t/b.xlsx"), "skipped", None, None)]
        assert content(db, "t") == [(1,), (2,), (3,), (9,)]
        connection.commit()
    assert content(db, "t") == [(4,), (5,), (9,)]
    assert db.rows("SELECT reverted_why, held FROM pgdatahub.imports ORDER BY import_id")[0] == {"reverted_why": "replaced", "held": False}


def test_replacement_that_loses_most_rows_fails(db, folder):
    folder.workbook("t/a.xlsx", numbers(*range(10)))
    imported(db.import_folder(folder))
    folder.workbook("t/a.xlsx", numbers(1, 2, 3, 4))
    (row,) = db.import_folder(folder)
    failed(row, "22000", "replace_min_percent", "revert", "4 rows", "10")
    assert len(content(db, "t")) == 10
    # The hint works when it is followed.
    assert "pgdatahub.revert(" in row["hint"]
    assert db.value("SELECT " + row["hint"].split("SELECT ")[1]) == 10
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "imported"}
    assert len(content(db, "t")) == 4


def test_half_of_the_rows_is_enough(db, folder):
    folder.workbook("t/a.xlsx", numbers(*range(10)))
    imported(db.import_folder(folder))
    folder.workbook("t/a.xlsx", numbers(*range(5)))
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "replaced"}


def test_what_a_replace_ended_is_not_held(db, folder):
    path = folder.workbook("t/a.xlsx", numbers(1, 2))
    earlier = path.read_bytes()
    imported(db.import_folder(folder))
    folder.workbook("t/a.xlsx", numbers(3, 4))
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "replaced"}
    folder.write("t/a.xlsx", earlier)
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "replaced"}
    assert content(db, "t") == [(1,), (2,)]


def test_reimport_loads_anew(db, folder):
    folder.workbook("t/a.xlsx", numbers(1, 2))
    imported(db.import_folder(folder))
    db.execute("DELETE FROM t WHERE n = 1")
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "skipped"}
    (row,) = db.import_folder(folder, reimport=True)
    assert (row["status"], row["row_count"], row["rows_removed"]) == ("replaced", 2, 1)
    assert content(db, "t") == [(1,), (2,)]
    (row,) = db.import_file(folder / "t/a.xlsx", reimport=True)
    assert (row["status"], row["table_name"]) == ("replaced", "t")


def test_renamed_file_is_skipped_and_reimport_moves_it(db, folder):
    path = folder.workbook("t/a.xlsx", numbers(1))
    imported(db.import_folder(folder))
    path.rename(folder / "t/b.xlsx")
    rows = by_name(db.import_folder(folder))
    assert {name: row["status"] for name, row in rows.items()} == {"b.xlsx": "skipped", "a.xlsx": "gone"}
    assert statuses(db.import_folder(folder, reimport=True))["b.xlsx"] == "replaced"
    assert db.rows("SELECT n, source_file FROM t") == [{"n": 1, "source_file": str(folder / "t/b.xlsx")}]


def test_bytes_in_another_table_warn(db, folder):
    first = folder.workbook("one/a.xlsx", ROWS)
    (folder / "two").mkdir()
    shutil.copyfile(first, folder / "two/b.xlsx")
    with db.connect() as connection:
        said = []
        connection.add_notice_handler(lambda n: said.append((n.severity, n.message_primary, n.message_detail)))
        rows = connection.execute("SELECT status FROM pgdatahub.import_folder(%s)", [str(folder)]).fetchall()
    assert rows == [("imported",), ("imported",)]
    assert any(severity == "WARNING" and "two/b.xlsx" in message and "one" in detail for severity, message, detail in said), said


def test_gone_file_keeps_its_rows(db, folder):
    path = folder.workbook("t/a.xlsx", numbers(1))
    imported(db.import_folder(folder))
    path.unlink()
    folder.workbook("t/b.xlsx", numbers(2))
    rows = by_name(db.import_folder(folder))
    assert {name: row["status"] for name, row in rows.items()} == {"a.xlsx": "gone", "b.xlsx": "imported"}
    assert content(db, "t") == [(1,), (2,)]
    state = db.rows("SELECT file_state FROM pgdatahub.file_status WHERE source_file = %s", [str(path)])
    assert state == [{"file_state": "gone"}]


def test_held_after_revert(db, folder):
    path = folder.workbook("t/a.xlsx", numbers(1))
    imported(db.import_folder(folder))
    assert db.value("SELECT pgdatahub.revert('t', 'a.xlsx')") == 1
    (row,) = db.import_folder(folder)
    assert row["status"] == "skipped" and "reverted by postgres on" in row["message"]
    assert "import_file" in row["hint"]
    assert content(db, "t") == []
    assert db.value("SELECT file_state FROM pgdatahub.file_status") == "held"
    assert statuses(db.import_file(path)) == {"a.xlsx": "imported"}
    assert content(db, "t") == [(1,)]
    # Loaded again on purpose, so no longer held.
    db.value("SELECT pgdatahub.revert('t', 'a.xlsx', hold => false)")
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "imported"}


def test_held_bytes_under_another_name(db, folder):
    path = folder.workbook("t/a.xlsx", numbers(1))
    imported(db.import_folder(folder))
    db.value("SELECT pgdatahub.revert('t', 'a.xlsx')")
    path.rename(folder / "t/b.xlsx")
    (row,) = db.import_folder(folder)
    assert row["status"] == "skipped" and "reverted by" in row["message"]
    assert statuses(db.import_folder(folder, reimport=True)) == {"b.xlsx": "imported"}


def test_new_bytes_at_a_held_path_load(db, folder):
    folder.workbook("t/a.xlsx", numbers(1))
    imported(db.import_folder(folder))
    db.value("SELECT pgdatahub.revert('t', 'a.xlsx')")
    folder.workbook("t/a.xlsx", numbers(2))
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "imported"}


def test_table_dropped_by_hand(db, folder):
    folder.workbook("t/a.xlsx", [["a", "b"], [1, "x"]])
    imported(db.import_folder(folder))
    db.execute("DROP TABLE t")
    imported(db.import_folder(folder))
    assert content(db, "t") == [(1, "x")]
    assert [row["reverted_why"] for row in db.rows("SELECT reverted_why FROM pgdatahub.imports ORDER BY import_id")] == ["table dropped", None]


def test_settings_changed_since(db, folder):
    folder.workbook_of_sheets("t/a.xlsx", {"One": numbers(1), "Two": numbers(2)})
    config = folder.write("etl_config.yaml", "t:\n  sheet: One\n")
    imported(db.import_folder(folder))
    config.write_text("t:\n  sheet: 1\n")
    (row,) = db.import_folder(folder)
    assert row["status"] == "skipped" and "settings changed since" in row["message"] and "reimport => true" in row["message"]
    # Another sheet is another import.
    config.write_text("t:\n  sheet: Two\n")
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "imported"}
    assert content(db, "t") == [(1,), (2,)]


def test_two_sessions_import_the_same_bytes(db, folder):
    """The second waits for the first and then finds the bytes in."""
    folder.workbook("t/a.xlsx", numbers(1))
    query = "SELECT status FROM pgdatahub.import_folder(%s)"
    with db.connect(autocommit=False) as first, db.connect() as second:
        assert first.execute(query, [str(folder)]).fetchall() == [("imported",)]
        found = []
        thread = threading.Thread(target=lambda: found.extend(second.execute(query, [str(folder)]).fetchall()))
        thread.start()
        time.sleep(0.5)
        assert thread.is_alive() and not found
        first.commit()
        thread.join(10)
        assert found == [("skipped",)]
    assert content(db, "t") == [(1,)]


def test_second_session_imports_when_the_first_rolls_back(db, folder):
    folder.workbook("t/a.xlsx", numbers(1))
    query = "SELECT status FROM pgdatahub.import_folder(%s)"
    with db.connect(autocommit=False) as first, db.connect() as second:
        first.execute(query, [str(folder)])
        found = []
        thread = threading.Thread(target=lambda: found.extend(second.execute(query, [str(folder)]).fetchall()))
        thread.start()
        time.sleep(0.3)
        first.rollback()
        thread.join(10)
        assert found == [("imported",)]
    assert content(db, "t") == [(1,)]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_serialization_conflict_says_what_helps(db, folder, level):
    folder.workbook("t/a.xlsx", numbers(1))
    folder.workbook("u/a.xlsx", numbers(2))
    with db.connect(autocommit=False) as connection:
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        connection.execute("SELECT 1")
        imported(db.import_folder(folder))
        with refused("40001", "READ COMMITTED"):
            connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])
        connection.rollback()


def test_repeatable_read_works_alone(db, folder):
    folder.workbook("t/a.xlsx", numbers(1))
    with db.connect(autocommit=False) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert connection.execute("SELECT status FROM pgdatahub.import_folder(%s)", [str(folder)]).fetchall() == [("imported",)]
        connection.commit()


def test_file_that_grows_while_it_is_read(db, folder):
    """A file that changes between opening and reading must not become a row under an old hash: the writer goes on
    while imports run, and each import is either of a whole version or failed as still being written."""
    path = folder.workbook("t/a.xlsx", [["n"], *([n] for n in range(20000))])
    data = path.read_bytes()
    stop = threading.Event()

    def write():
        while not stop.is_set():
            with open(path, "r+b") as file:
                file.write(data)
            time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        (row,) = db.import_folder(folder)
    finally:
        stop.set()
        writer.join()
    failed(row, "55006", "still being written")
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "imported"}
