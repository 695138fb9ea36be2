"""Files that are in as they are, passed over many at a time: the rows are those of asking for each alone."""

import os
from pathlib import Path

import pytest
from harness.background import Background, wait_for

FILES = 60
RECORDED = """SELECT source_file, table_name, sheet_name, status, message, file_sha256 FROM pgdatahub.etl_run_files
              WHERE run_id = (SELECT max(run_id) FROM pgdatahub.etl_runs)"""


@pytest.fixture(params=["changed", "always"])
def rehash(db, request):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.rehash = {request.param}")
    return request.param


@pytest.fixture
def files(folder):
    for number in range(FILES):
        folder.workbook(f"data/{number:03d}.xlsx", [["id"], [number]])
    for number in range(3):
        folder.workbook(f"data/other/{number}.xlsx", [["id"], [number]])
    return folder


def outcome(db, files, how):
    """(source_file, table_name, sheet, status, message, sha256), as recorded, in the run's order."""
    if how == "import_folder":
        db.import_folder(files)
    else:
        db.execute(f"CALL pgdatahub.run_import('{files}')")
    return [tuple(row.values()) for row in db.rows(f"{RECORDED} ORDER BY file_no")]


def one_by_one(db, files):
    """As [`outcome`], each file in a run of its own: no other is asked for with it."""
    rows = []
    for path in sorted(Path(str(files)).rglob("*.xlsx")):
        db.import_folder(files, files=str(path.relative_to(Path(str(files)))))
        rows += db.rows(f"{RECORDED} AND status <> 'gone'")
    return sorted(tuple(row.values()) for row in rows)


@pytest.mark.parametrize("how", ["import_folder", "run_import"])
def test_the_rows_are_those_of_asking_one_by_one(db, files, how, rehash):
    first = outcome(db, files, how)
    assert [row[3] for row in first] == ["imported"] * (FILES + 3)
    again = outcome(db, files, how)
    assert [row[3] for row in again] == ["skipped"] * (FILES + 3)
    assert sorted(again) == one_by_one(db, files)
    assert [row[0] for row in again] == [row[0] for row in first]


@pytest.mark.parametrize("how", ["import_folder", "run_import"])
def test_what_changed_among_them_is_read(db, files, how, rehash):
    outcome(db, files, how)
    files.workbook("data/020.xlsx", [["id"], [1020], [2020]])
    files.workbook("data/0205.xlsx", [["id"], [3020]])
    os.utime(files / "data/030.xlsx", ns=(0, 0))
    files.write("data/040.xlsx", "no workbook")
    (files / "data/050.xlsx").unlink()
    statuses = {os.path.basename(row[0]): row[3] for row in outcome(db, files, how) if "other" not in row[0]} if how == "import_folder" else None
    if how == "run_import":
        with pytest.raises(Exception, match="1 file failed"):
            outcome(db, files, how)
        rows = db.rows(
            """SELECT source_file, status FROM pgdatahub.etl_run_files
               WHERE run_id = (SELECT max(run_id) FROM pgdatahub.etl_runs) AND source_file NOT LIKE '%/other/%'"""
        )
        statuses = {os.path.basename(row["source_file"]): row["status"] for row in rows}
    found = {name: status for name, status in statuses.items() if status != "skipped"}
    assert found == {"020.xlsx": "replaced", "0205.xlsx": "imported", "040.xlsx": "failed", "050.xlsx": "gone"}
    assert statuses["030.xlsx"] == "skipped"
    assert db.value("SELECT count(*) FROM data WHERE id IN (20, 1020, 2020, 3020)") == 3


def test_other_settings_are_asked_for(db, files, rehash):
    outcome(db, files, "import_folder")
    files.write("etl_config.yaml", "data:\n  trim: false\n")
    again = outcome(db, files, "import_folder")
    said = [row[4] for row in again if "/other/" not in row[0]]
    assert all("settings changed since" in message for message in said), said


def test_pauses_hold_nothing(db, files):
    outcome(db, files, "run_import")
    run = Background(
        db.connect(),
        "SET pgdatahub.pause_every = 20",
        "SET pgdatahub.pause_seconds = 30",
        f"CALL pgdatahub.run_import('{files}')",
    )
    wait_for(lambda: db.value("SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = %s", [run.pid]), "the pause")
    last = "SELECT count(*) FROM pgdatahub.etl_run_files WHERE run_id = (SELECT max(run_id) FROM pgdatahub.etl_runs)"
    assert db.value(last) == 20
    locks = db.rows("SELECT locktype FROM pg_locks WHERE pid = %s AND locktype <> 'virtualxid'", [run.pid])
    assert locks == []
    run.connection.cancel_safe()
    assert run.join().sqlstate == "57014"
    run.close()
