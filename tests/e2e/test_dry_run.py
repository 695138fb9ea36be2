"""dry_run: the import's columns, nothing done."""

import psycopg
import pytest
from harness.trace import state

HEAD = ["Id", "Premium"]


@pytest.fixture(scope="module")
def cluster(still_cluster):
    return still_cluster


def test_import_folder(db, folder):
    folder.workbook("claims/a.xlsx", [HEAD, [1, 2.5], [2, "#"]])
    folder.fixture("bad/zero_bytes.xlsx", "claims/b.xlsx")
    before = state(db)
    rows = db.import_folder(folder, dry_run=True)
    assert state(db) == before
    assert [row["status"] for row in rows] == ["planned", "failed"]
    assert rows[0]["row_count"] == 2 and rows[0]["schema_changes"] == ["new table with 2 columns"]
    assert rows[1]["sqlstate"] == "22000"
    assert db.value("SELECT to_regclass('claims')") is None


def test_the_argument_wins_over_the_setting(db, folder):
    path = folder.workbook("claims/a.xlsx", [HEAD, [1, 2.5]])
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.dry_run = on")
    assert db.import_file(path)[0]["status"] == "planned"
    assert db.import_folder(folder)[0]["status"] == "planned"
    assert db.value("SELECT count(*) FROM pgdatahub.etl_runs") == 0
    assert db.import_file(path, dry_run=False)[0]["status"] == "imported"
    assert db.import_file(path, reimport=True)[0]["status"] == "planned"


def test_import_file_of_a_held_content(db, folder):
    path = folder.workbook("claims/a.xlsx", [HEAD, [1, 2.5]])
    db.import_file(path)
    db.execute("SELECT pgdatahub.revert('claims', %s)", [str(path)])
    assert db.import_folder(folder, dry_run=True)[0]["status"] == "skipped"
    assert db.import_file(path, dry_run=True)[0]["status"] == "planned"
    assert db.import_folder(folder, dry_run=True)[0]["status"] == "skipped", "the dry run lifted the hold"


def notices(connection, statement, params):
    said = []
    connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
    try:
        connection.execute(statement, params)
    except psycopg.Error as error:
        return said, error
    return said, None


def test_run_import(db, folder):
    folder.workbook("claims/a.xlsx", [HEAD, [1, 2.5]])
    before = state(db)
    with db.connect() as connection:
        said, error = notices(connection, "CALL pgdatahub.run_import(%s, dry_run => true)", [str(folder)])
    assert error is None
    assert state(db) == before
    assert said[0].startswith("a.xlsx would go to claims: 1 row") or "a.xlsx would go to claims: 1 row" in said[0]
    assert said[-1].startswith("run_import, dry run: 1 planned; 1 row into 1 table")
    folder.fixture("bad/text.xlsx", "claims/b.xlsx")
    with db.connect() as connection:
        said, error = notices(connection, "CALL pgdatahub.run_import(%s, dry_run => true)", [str(folder)])
    assert error.sqlstate == "PD001" and "1 file would fail; nothing was written" in str(error)
    assert "plan_folder" in error.diag.message_hint
    assert state(db) == before


def test_a_dry_run_on_a_standby_s_terms(db, folder):
    folder.workbook("claims/a.xlsx", [HEAD, [1, 2.5]])
    with db.connect(autocommit=False) as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        query = "SELECT status FROM pgdatahub.import_folder(%s, dry_run => true)"
        assert connection.execute(query, [str(folder)]).fetchall() == [("planned",)]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("SELECT status FROM pgdatahub.import_folder(%s)", [str(folder)])
        connection.rollback()


def test_the_first_failure_raises(db, folder):
    folder.workbook("claims/a.xlsx", [HEAD, [1, 2.5]])
    folder.fixture("bad/text.xlsx", "claims/b.xlsx")
    with pytest.raises(psycopg.Error) as caught:
        db.import_folder(folder, on_error="raise", dry_run=True)
    assert caught.value.sqlstate == "0A000"
    rows = db.import_folder(folder, on_error="stop", dry_run=True)
    assert [row["status"] for row in rows] == ["planned", "failed"]
