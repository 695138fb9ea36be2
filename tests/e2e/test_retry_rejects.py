"""retry_rejects: rows that fit after a schema change come in, exactly once, under the import they belong to."""

import shutil

import pytest
from harness.conflicts import LANES, adopt, configure, ids, load, rejects, use_lane


@pytest.fixture(params=LANES)
def lane(db, folder, request):
    use_lane(db, request.param)
    configure(folder, on_type_conflict="reject_row")
    return request.param


def retry(db, import_id, role="postgres"):
    return db.value("SELECT pgdatahub.retry_rejects(%s)", [import_id], role=role)


def only_import(db):
    return db.value("SELECT max(import_id) FROM pgdatahub.imports")


ROWS = [["id", "v"], [1, "happy"], [2, "bored"], [3, "sad"], [4, "bored"], [5, "no mood"], [1, "happy"]]


@pytest.fixture
def moods(db, folder, lane):
    db.execute("CREATE TYPE mood AS ENUM ('happy', 'sad')")
    adopt(db, "id bigint CONSTRAINT once UNIQUE, v mood")
    load(db, folder, "other.xlsx", [["id", "v"], [100, "sad"]])
    assert load(db, folder, "a.xlsx", ROWS)["rejected"] == 4
    return only_import(db)


def test_rows_come_in_after_a_schema_change(db, moods):
    assert retry(db, moods) == 0
    assert ids(db) == [1, 3, 100]
    db.execute("ALTER TYPE mood ADD VALUE 'bored'")
    assert retry(db, moods) == 2
    assert ids(db) == [1, 2, 3, 4, 100]
    assert retry(db, moods) == 0, "exactly once"
    db.execute("ALTER TABLE t DROP CONSTRAINT once")
    assert retry(db, moods) == 1
    assert ids(db) == [1, 1, 2, 3, 4, 100]
    state = rejects(db, "sheet_row", "retried_at IS NOT NULL")
    assert state == [(3, True), (5, True), (6, False), (7, True)]
    assert db.rows("SELECT row_count, rejected FROM pgdatahub.imports WHERE import_id = %s", [moods]) == [{"row_count": 5, "rejected": 1}]


def test_they_belong_to_the_import(db, moods):
    db.execute("ALTER TYPE mood ADD VALUE 'bored'")
    retry(db, moods)
    assert db.value("SELECT count(DISTINCT (source_file, load_timestamp)) FROM t") == 2
    assert db.value("SELECT pgdatahub.revert_import(%s)", [moods]) == 4
    assert ids(db) == [100]
    with pytest.raises(Exception) as caught:
        retry(db, moods)
    assert caught.value.sqlstate == "55000" and "reverted" in str(caught.value)


def test_other_bytes_are_refused(db, folder, moods):
    shutil.copyfile(folder / "other.xlsx", folder / "a.xlsx")
    with pytest.raises(Exception) as caught:
        retry(db, moods)
    assert caught.value.sqlstate == "55000"
    assert "changed since" in str(caught.value) and "import_file" in caught.value.diag.message_hint


def test_a_file_that_is_gone(db, folder, moods):
    (folder / "a.xlsx").unlink()
    with pytest.raises(Exception) as caught:
        retry(db, moods)
    assert caught.value.sqlstate == "58P01"


def test_native_columns(db, folder, lane):
    load(db, folder, "a.xlsx", [["id", "v"], [1, 1]])
    load(db, folder, "b.xlsx", [["id", "v"], [2, "x"], [3, 3], ["four", 4]])
    db.execute("ALTER TABLE t ALTER v TYPE text")
    assert retry(db, only_import(db)) == 1
    assert db.rows("SELECT id, v FROM t ORDER BY id") == [{"id": 1, "v": "1"}, {"id": 2, "v": "x"}, {"id": 3, "v": "3"}]


def test_cells_need_reimport(db, folder, lane):
    configure(folder, on_type_conflict="reject_cell")
    adopt(db, "id bigint, v varchar(3)")
    load(db, folder, "a.xlsx", [["id", "v"], [1, "long"]])
    db.execute("ALTER TABLE t ALTER v TYPE text")
    done = db.psql(f"SELECT pgdatahub.retry_rejects({only_import(db)});", args=("-At",))
    assert done.stdout == b"0\n"
    assert "1 rejected cell need reimport => true" in done.stderr.decode().replace("needs", "need")


def test_the_same_sheet_and_header(db, folder, lane):
    adopt(db, "id bigint CHECK (id <> 2)")
    path = folder.workbook_of_sheets("a.xlsx", {"Other": [["x"], [9]], "Data": [["A title"], [], ["id", "note", "more"], [1, "n", 1], [2, "n", 1]]})
    (result,) = db.import_file(path, table_name="t", sheet="Data")
    assert (result["row_count"], result["rejected"]) == (1, 1), result
    db.execute("ALTER TABLE t DROP CONSTRAINT t_id_check")
    assert retry(db, only_import(db)) == 1
    assert db.rows("SELECT id, note FROM t ORDER BY id") == [{"id": 1, "note": "n"}, {"id": 2, "note": "n"}]


def test_an_unknown_import(db):
    for value, sqlstate in ((4711, "22023"), (None, "22004")):
        with pytest.raises(Exception) as caught:
            retry(db, value)
        assert caught.value.sqlstate == sqlstate


def test_rights(db, folder, moods):
    role = db.role("nobody", "pg_read_server_files")
    with pytest.raises(Exception) as caught:
        retry(db, moods, role)
    assert caught.value.sqlstate == "42501", "no EXECUTE"
    db.execute(f"GRANT EXECUTE ON FUNCTION pgdatahub.retry_rejects(bigint) TO {role}")
    with pytest.raises(Exception) as caught:
        retry(db, moods, role)
    assert caught.value.sqlstate == "42501", "no INSERT"
    db.execute(f"GRANT INSERT ON t TO {role}")
    db.execute("ALTER TYPE mood ADD VALUE 'bored'")
    assert retry(db, moods, role) == 2


def test_it_undoes_with_its_transaction(db, moods):
    db.execute("ALTER TYPE mood ADD VALUE 'bored'")
    with db.connect(autocommit=False) as connection:
        assert connection.execute("SELECT pgdatahub.retry_rejects(%s)", [moods]).fetchone() == (2,)
        connection.rollback()
    assert retry(db, moods) == 2


def test_cells_are_read_as_by_the_import(db, folder, lane):
    """By the settings kept with it, whatever the configuration says today; the types are the table's, as they are now."""
    columns = "{Amount: {type: 'numeric(4,2)', decimal: ','}, Day: {name: due, format: DD.MM.YYYY}, N: {infer_text: true}}"
    configure(folder, on_type_conflict="reject_row", missing_columns="fail", columns=columns)
    rows = [["Id", "Amount", "Day", "N"], [1, "1,50", "31.01.2024", "7"], [2, "1.234,56", "01.02.2024", "8"], [3, "12.34", "02.02.2024", "9"]]
    assert load(db, folder, "a.xlsx", rows)["rejected"] == 2
    configure(folder, on_type_conflict="widen")
    db.execute("ALTER TABLE t ALTER amount TYPE numeric(12,2), ADD later text")
    assert retry(db, only_import(db)) == 1
    found = db.rows("SELECT id, amount::text, due::text, n FROM t ORDER BY id")
    assert found == [{"id": 1, "amount": "1.50", "due": "2024-01-31", "n": 7}, {"id": 2, "amount": "1234.56", "due": "2024-02-01", "n": 8}]
    assert rejects(db, "cell", "retried_at IS NOT NULL") == [("B3", True), ("B4", False)]


def test_a_zone_is_kept_with_the_import(db, folder, lane):
    from datetime import datetime

    adopt(db, "id bigint, at timestamptz CHECK (at > '2024-01-15 11:30+00')")
    configure(folder, on_type_conflict="reject_row", columns="{At: {time_zone: Europe/Berlin}}")
    assert load(db, folder, "a.xlsx", [["Id", "At"], [1, datetime(2024, 1, 15, 12)], [2, datetime(2024, 1, 15, 13)]])["rejected"] == 1
    db.execute("ALTER TABLE t DROP CONSTRAINT t_at_check")
    (folder / "etl_config.yaml").unlink()
    assert retry(db, only_import(db)) == 1
    assert db.value("SELECT at = '2024-01-15 11:00+00' FROM t WHERE id = 1") is True
