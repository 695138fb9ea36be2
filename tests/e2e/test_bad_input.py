"""Bad input: one clear failed row each, the other files go in, and the server does not notice."""

import os

import pytest
from harness.folder import FIXTURES
from harness.osuser import IS_ROOT
from harness.results import by_name, content, failed, imported, refused

GOOD = [["policy", "sum"], ["P-1", 100], ["P-2", 200]]

# file, SQLSTATE, what the failure must say
BAD = [
    ("truncated.xlsx", "22000", ["damaged"]),
    ("text.xlsx", "0A000", ["not a workbook"]),
    ("zero_bytes.xlsx", "22000", ["empty"]),
    ("encrypted.xlsx", "0A000", ["password"]),
    ("encrypted.xls", "0A000", ["password"]),
    ("huge_unique_count.xlsx", "22000", ["100000000000"]),
    ("wrapped_reference.xlsx", "22000", ["ZZZZZZZZZZ99999999999"]),
]


def server_state(connection):
    pids = "SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity WHERE backend_type <> 'client backend' OR pid = pg_backend_pid()"
    return connection.execute(f"SELECT pg_postmaster_start_time(), ({pids})").fetchone()


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_each_bad_file_fails_alone(db, folder, lane):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    for name, _, _ in BAD:
        folder.fixture(f"bad/{name}", f"claims/{name}")
    folder.workbook("claims/a_good.xlsx", GOOD)
    folder.workbook("claims/z_good.xlsx", [["policy", "sum"], ["P-3", 300]])
    folder.workbook("policies/good.xlsx", GOOD)
    with db.connect() as watcher:
        before = server_state(watcher)
        rows = by_name(db.import_folder(folder))
        assert server_state(watcher) == before
    for name, sqlstate, texts in BAD:
        row = failed(rows[name], sqlstate, *texts)
        assert row["message"] and row["hint"], row
    assert [rows[name]["status"] for name in ("a_good.xlsx", "z_good.xlsx", "good.xlsx")] == ["imported"] * 3
    assert content(db, "claims") == [("P-1", 100), ("P-2", 200), ("P-3", 300)]
    assert not db.cluster.readers()
    failures = db.rows("SELECT source_file, sqlstate, message, hint FROM pgdatahub.failures ORDER BY source_file")
    assert [(os.path.basename(row["source_file"]), row["sqlstate"]) for row in failures] == sorted((name, state) for name, state, _ in BAD)


def test_far_cells_are_read_without_a_grid(db, folder):
    """A1 and XFD1048576: a dense grid would take 549 GB; a stream of two cells is a header and a row."""
    path = folder.fixture("bad/far_cells.xlsx")
    (row,) = db.import_file(path, table_name="far")
    assert row["status"] in ("imported", "failed"), row
    if row["status"] == "imported":
        assert content(db, "far")[0][-1] == 1
    else:
        failed(row, row["sqlstate"], "XFD1048576")


def test_misnamed_workbook_is_read(db, folder):
    path = folder.fixture("bad/really_xlsx.xls")
    imported(db.import_file(path, table_name="t", sheet="Policies"))
    assert content(db, "t") == [("P-1", 100)]


def test_failed_file_leaves_nothing(db, folder):
    """A file that fails after its first rows: no row, no column, no audit of it is visible."""
    folder.workbook("t/a.xlsx", [["n"], [1]])
    imported(db.import_folder(folder))
    db.execute("ALTER TABLE t ADD CONSTRAINT small CHECK (n < 100)")
    path = folder.workbook("t/b.xlsx", [["n", "more"], [2, "x"], [3, "y"], [1000, "z"]])
    row = by_name(db.import_folder(folder))["b.xlsx"]
    failed(row, "23514", "small")
    assert db.rows("SELECT n FROM t") == [{"n": 1}]
    assert db.value("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'more'") == 0
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE source_file = %s", [str(path)]) == 0
    assert db.value("SELECT count(*) FROM pgdatahub.schema_changes WHERE source_file = %s", [str(path)]) == 0


def test_missing_folder(db, folder):
    with refused("58P01", str(folder / "nowhere")):
        db.import_folder(folder / "nowhere")
    with refused("58P01", "server"):
        db.execute("CALL pgdatahub.run_import(%s)", [str(folder / "nowhere")])


@pytest.mark.parametrize("path", ["excel", "./excel", "", "C:\\excel"])
def test_relative_path(db, path):
    with refused("22023", "absolute", "/srv/excel"):
        db.import_folder(path)
    with refused("22023", "absolute"):
        db.import_file(path)


def test_null_path(db):
    with refused("22004", "path"):
        db.rows("SELECT * FROM pgdatahub.import_folder(NULL)")
    with refused("22004", "path"):
        db.rows("SELECT * FROM pgdatahub.import_file(NULL)")


def test_folder_for_file_and_file_for_folder(db, folder):
    path = folder.workbook("a.xlsx", GOOD)
    with refused("42809", "import_file"):
        db.import_folder(path)
    (row,) = db.import_file(folder)
    failed(row, "42809", "import_folder")


def test_missing_file(db, folder):
    (row,) = db.import_file(folder / "no.xlsx")
    failed(row, "58P01", "no.xlsx")


def test_folder_without_workbooks(db, folder):
    folder.write("notes.txt", "nothing")
    folder.write("~$lock.xlsx", "x")
    folder.write(".hidden.xlsx", "x")
    with db.connect() as connection:
        said = []
        connection.add_notice_handler(lambda notice: said.append((notice.severity, notice.message_primary)))
        assert connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)]).fetchall() == []
    assert ("WARNING", f'no workbooks to import in "{folder}"') in said
    assert db.value("SELECT ignored FROM pgdatahub.runs") == 3


@pytest.mark.skipif(not IS_ROOT, reason="the file must belong to another user than the server's")
def test_file_without_rights(db, folder):
    path = folder.workbook("t/a.xlsx", GOOD)
    path.chmod(0o600)
    folder.workbook("t/b.xlsx", GOOD)
    rows = by_name(db.import_folder(folder))
    failed(rows["a.xlsx"], "42501", "operating system user", str(path))
    assert rows["b.xlsx"]["status"] == "imported"


@pytest.mark.skipif(not IS_ROOT, reason="the folder must belong to another user than the server's")
def test_folder_without_rights_is_said(db, folder):
    folder.workbook("t/a.xlsx", GOOD)
    folder.workbook("closed/b.xlsx", GOOD)
    (folder / "closed").chmod(0o700)
    with db.connect() as connection:
        said = []
        connection.add_notice_handler(lambda notice: said.append((notice.severity, notice.message_primary)))
        rows = connection.execute("SELECT source_file, status FROM pgdatahub.import_folder(%s)", [str(folder)]).fetchall()
    assert rows == [(str(folder / "t/a.xlsx"), "imported")]
    assert any(severity == "WARNING" and str(folder / "closed") in message for severity, message in said), said


def test_misspelt_sheet_lists_sheets_and_the_nearest(db, folder):
    path = folder.fixture("shapes/several_sheets.xlsx")
    (row,) = db.import_file(path, table_name="t", sheet="Polices")
    failed(row, "22023", "Polices", "Policies", "Claims", 'meant the sheet "Policies"')


def test_several_sheets_and_none_chosen(db, folder):
    folder.fixture("shapes/several_sheets.xlsx", "t/a.xlsx")
    (row,) = db.import_folder(folder)
    failed(row, "22023", "Policies", "Claims", "sheet")


def test_sheet_by_other_case_is_taken_and_said(db, folder):
    path = folder.fixture("shapes/several_sheets.xlsx")
    imported(db.import_file(path, table_name="t", sheet=" claims "))
    assert content(db, "t") == [("C-1", 7.5), ("C-2", 0.0)]


def test_empty_sheet(db, folder):
    path = folder.fixture("shapes/several_sheets.xlsx")
    (row,) = db.import_file(path, table_name="t", sheet="Empty")
    failed(row, "22000", '"Empty" is empty', "sheet")
    assert db.value("SELECT to_regclass('t')") is None


def test_header_only_is_imported_with_no_rows(db, folder):
    path = folder.fixture("shapes/header_only.xlsx")
    (row,) = db.import_file(path, table_name="t")
    assert (row["status"], row["row_count"]) == ("imported", 0)
    assert content(db, "t") == []


def test_fifo_is_not_waited_for(db, folder):
    os.mkfifo(folder / "a.xlsx")
    (folder / "a.xlsx").chmod(0o666)
    (row,) = db.import_folder(folder)
    failed(row, "42809", "regular file")


def test_link_loop_ends(db, folder):
    folder.workbook("t/a.xlsx", GOOD)
    (folder / "t" / "loop").symlink_to(folder.path)
    imported(db.import_folder(folder))


def test_path_that_is_not_utf8(db, folder):
    data = (FIXTURES / "shapes/header_only.xlsx").read_bytes()
    with open(os.fsencode(folder / "x") + b"\xff.xlsx", "wb") as file:
        file.write(data)
    (row,) = imported(db.import_folder(folder))
    assert row["source_file"] == str(folder / "x\\xff.xlsx")
    assert [row["status"] for row in db.import_folder(folder)] == ["skipped"]


def test_too_many_columns(db, folder):
    path = folder.workbook("wide.xlsx", [[f"c{n}" for n in range(1700)], list(range(1700))])
    (row,) = db.import_file(path, table_name="wide")
    failed(row, "54011", "1600")


def test_row_too_wide_for_a_page(db, folder):
    """1,500 texts of some length fit the column limit, not a page: PostgreSQL's own error, one failed file."""
    wide = [[f"c{n}" for n in range(1500)], [f"{n:06d}" * 3 for n in range(1500)]]
    path = folder.workbook("wide.xlsx", wide)
    (row,) = db.import_file(path, table_name="wide")
    failed(row, "54000", "row")
