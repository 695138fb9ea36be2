"""Which sheets of a workbook are imported, and into which tables."""

import openpyxl
import pytest
from harness import jobs

TWO = {"Jan 2024": [["a", "b"], [1, "x"]], "Feb 2024": [["a", "b"], [2, "y"], [3, "z"]]}


@pytest.fixture
def configure(db, folder, scratch):
    """configure(text) makes `text` the server's configuration of this test's database."""

    def write(text):
        path = folder.write("config/server.yaml", text)
        db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.config_file = '{path}'")

    return write


def run(db, folder, **arguments):
    return db.import_folder(folder / "in", **arguments)


def outcome(rows):
    return [(row["sheet_name"], row["table_name"], row["status"], row["row_count"]) for row in rows]


def test_several_sheets_to_one_table(db, folder, configure):
    configure("claims: {sheet: ['Jan 2024', 2]}\n")
    folder.workbook_of_sheets("in/claims/c.xlsx", {**TWO, "Other": [["x"], [9]]})
    assert outcome(run(db, folder)) == [("Jan 2024", "claims", "imported", 1), ("Feb 2024", "claims", "imported", 2)]
    assert db.value("SELECT array_agg(a ORDER BY a) FROM claims") == [1, 2, 3]
    assert outcome(run(db, folder)) == [("Jan 2024", "claims", "skipped", None), ("Feb 2024", "claims", "skipped", None)]
    run_files = db.rows("SELECT DISTINCT run_id, file_no, sheet_name FROM pgdatahub.etl_run_files ORDER BY 1, 2")
    assert len(run_files) == 4
    assert db.value("SELECT array_agg(imported ORDER BY run_id) FROM pgdatahub.etl_runs") == [1, 0], "a file counts once"


def test_each_sheet_to_its_own_table(db, folder, configure):
    configure("table: '{folder}_{sheet}'\nsheet: '*'\n")
    folder.workbook_of_sheets("in/claims/c.xlsx", TWO)
    assert outcome(run(db, folder)) == [("Jan 2024", "claims_jan_2024", "imported", 1), ("Feb 2024", "claims_feb_2024", "imported", 2)]
    assert [row["status"] for row in run(db, folder)] == ["skipped", "skipped"]
    assert db.value("SELECT pgdatahub.revert('claims_jan_2024', 'c.xlsx')") == 1
    assert db.value("SELECT count(*) FROM claims_feb_2024") == 2


def test_patterns_and_hidden_sheets(db, folder):
    path = folder / "h.xlsx"
    book = openpyxl.Workbook()
    for name, state in (("Q1", "visible"), ("Q2", "hidden"), ("q3", "veryHidden"), ("Notes", "visible")):
        sheet = book.create_sheet(name)
        sheet.append(["n"])
        sheet.append([int(name[1]) if name[1].isdigit() else 0])
        sheet.sheet_state = state
    del book["Sheet"]
    book.save(path)
    path.chmod(0o644)
    assert [row["visibility"] for row in db.rows("SELECT * FROM pgdatahub.sheets(%s)", [str(path)])] == [
        "visible", "hidden", "very hidden", "visible",
    ]  # fmt: skip
    rows = db.import_file(path, table_name="t", sheet="Q*")
    assert outcome(rows) == [("Q1", "t", "imported", 1), ("Q2", "t", "imported", 1), ("q3", "t", "imported", 1)]
    assert "the sheet is hidden" in rows[1]["message"] and "the sheet is very hidden" in rows[2]["message"]
    (row,) = db.import_file(path, table_name="u")
    assert row["status"] == "failed" and '"Q2" (hidden), "q3" (very hidden)' in row["detail"]


def test_an_empty_sheet_of_a_pattern_is_passed_over_and_said(db, folder):
    path = folder.workbook_of_sheets("a.xlsx", {"One": [["a"], [1]], "Empty": []})
    rows = db.import_file(path, table_name="t", sheet="*")
    assert outcome(rows) == [("One", "t", "imported", 1), ("Empty", "t", "skipped", None)]
    assert rows[1]["message"] == "the sheet is empty"
    (row,) = db.import_file(path, table_name="u", sheet="Empty")
    assert row["status"] == "failed" and row["sqlstate"] == "22000"


EMPTY_FIRST = {"Cover": [], **TWO}


def test_a_file_counts_as_imported_though_its_first_sheet_is_empty(db, folder, configure):
    configure("sheet: '*'\n")
    folder.workbook_of_sheets("in/claims/c.xlsx", EMPTY_FIRST)
    assert [status for _, _, status, _ in outcome(run(db, folder))] == ["skipped", "imported", "imported"]
    assert db.rows("SELECT imported, skipped, row_count FROM pgdatahub.etl_runs") == [{"imported": 1, "skipped": 0, "row_count": 3}]


def test_a_folder_that_is_undone_leaves_no_sheet_in_the_record(db, folder, configure):
    """The rows of the sheets say so, whichever of them was empty, and the table has none of them."""
    configure("sheet: '*'\n")
    folder.workbook_of_sheets("in/claims/c.xlsx", EMPTY_FIRST)
    folder.write("in/claims/d.xlsx", b"no workbook")
    with db.connect() as session:
        session.execute("SET pgdatahub.sectional_commit = on")
        columns = "sheet_name, status, row_count"
        rows = session.execute(f"SELECT {columns} FROM pgdatahub.import_folder(%s)", [str(folder / "in")]).fetchall()
    assert rows == [("Cover", "skipped", None), ("Jan 2024", "undone", None), ("Feb 2024", "undone", None), (None, "failed", None)]
    assert db.value("SELECT to_regclass('claims') IS NULL")
    assert db.rows("SELECT imported, failed, row_count FROM pgdatahub.etl_runs") == [{"imported": 0, "failed": 2, "row_count": 0}]


def test_a_job_counts_files_and_not_first_sheets(db, folder, configure):
    configure("sheet: '*'\n")
    folder.workbook_of_sheets("in/claims/c.xlsx", EMPTY_FIRST)
    job = jobs.start(db, folder / "in")
    jobs.wait(db, job)
    assert db.rows("SELECT imported, skipped, row_count FROM pgdatahub.etl_runs") == [{"imported": 1, "skipped": 0, "row_count": 3}]
    assert db.value("SELECT status FROM pgdatahub.etl_job_files") == "imported"


@pytest.mark.parametrize(
    ("sheet", "message", "hint"),
    [("Jann 2024", 'no sheet "Jann 2024"', 'Perhaps you meant the sheet "Jan 2024"'), ("Q*", 'no sheet that matches "Q*"', None), ("3", 'no sheet "3"', None)],
)
def test_a_sheet_that_is_not_there(db, folder, sheet, message, hint):
    path = folder.workbook_of_sheets("a.xlsx", TWO)
    (row,) = db.import_file(path, table_name="t", sheet=sheet)
    assert (row["status"], row["sqlstate"]) == ("failed", "22023")
    assert message in row["message"] and '"Jan 2024", "Feb 2024"' in row["detail"]
    assert hint is None or hint in row["hint"]
    assert db.value("SELECT to_regclass('t')") is None


def test_two_sheets_with_clashing_headers_leave_nothing(db, folder):
    """The second sheet has another template: nothing of the first one stays."""
    path = folder.workbook_of_sheets("a.xlsx", {"One": [["a", "b", "c"], [1, 2, 3]], "Two": [["x", "y", "z"], [4, 5, 6]]})
    (row,) = db.import_file(path, table_name="t", sheet="*")
    assert (row["status"], row["sheet_name"], row["sqlstate"]) == ("failed", "Two", "22000")
    assert "another template" in row["message"]
    assert db.value("SELECT to_regclass('t')") is None
    assert db.value("SELECT count(*) FROM pgdatahub.etl_imports") == 0


def test_two_sheets_whose_names_give_one_table(db, folder, configure):
    configure("table: '{folder}_{sheet}'\nsheet: '*'\n")
    folder.workbook_of_sheets("in/claims/c.xlsx", {"Q 1": [["a"], [1]], "Q-1": [["a"], [2]]})
    (row,) = run(db, folder)
    assert (row["status"], row["sqlstate"]) == ("failed", "42P07")
    assert '"Q 1" and "Q-1"' in row["detail"]


def test_a_corrected_workbook_replaces_sheet_by_sheet(db, folder, configure):
    configure("sheet: '*'\n")
    folder.workbook_of_sheets("in/c/c.xlsx", TWO)
    run(db, folder)
    folder.workbook_of_sheets("in/c/c.xlsx", {"Jan 2024": [["a", "b"], [10, "x"]], "Feb 2024": TWO["Feb 2024"]})
    rows = run(db, folder)
    assert [(row["sheet_name"], row["status"], row["rows_removed"]) for row in rows] == [("Jan 2024", "replaced", 1), ("Feb 2024", "replaced", 2)]
    assert db.value("SELECT array_agg(a ORDER BY a) FROM c") == [2, 3, 10]


def test_a_late_widening_in_the_second_sheet(db, folder):
    """The table is larger than the file when the misfit comes: the file begins again, all its sheets."""
    db.import_file(folder.workbook("big.xlsx", [["a"], *([n] for n in range(20_000))]), table_name="t")
    sheets = {"One": [["a"], [1]], "Two": [["a"], *([n] for n in range(50)), ["text"]]}
    path = folder.workbook_of_sheets("late.xlsx", sheets)
    with db.connect() as connection:
        connection.execute("SET pgdatahub.chunk_size = 10")
        rows = connection.execute("SELECT sheet_name, status, row_count FROM pgdatahub.import_file(%s, 't', '*')", [str(path)]).fetchall()
    assert rows == [("One", "imported", 1), ("Two", "imported", 51)]
    assert db.value("SELECT count(*) FROM t") == 20_052


def test_ignored_files(db, folder, configure):
    configure("ignore: ['*_draft.xlsx', old/**]\n")
    for name in ("a.xlsx", "a_draft.xlsx", "old/b.xlsx"):
        folder.workbook(f"in/{name}", [["a"], [1]])
    rows = run(db, folder)
    assert [row["source_file"].rsplit("/")[-1] for row in rows] == ["a.xlsx"]
    assert db.value("SELECT ignored FROM pgdatahub.etl_runs") == 2


@pytest.mark.parametrize(("setting", "status", "left"), [("replace", "replaced", [2]), ("append", "imported", [1, 2]), ("error", "failed", [1])])
def test_on_change(db, folder, configure, setting, status, left):
    configure(f"on_change: {setting}\n")
    folder.workbook("in/c/a.xlsx", [["a"], [1]])
    run(db, folder)
    folder.workbook("in/c/a.xlsx", [["a"], [2]])
    (row,) = run(db, folder)
    assert row["status"] == status
    assert db.value("SELECT array_agg(a ORDER BY a) FROM c") == left
    if setting == "error":
        assert row["sqlstate"] == "55000" and "reimport" in row["hint"]


def test_replace_min_percent(db, folder, configure):
    configure("strict: {replace_min_percent: 100}\nfree: {replace_min_percent: 0}\n")
    for name in ("strict", "free"):
        folder.workbook(f"in/{name}/a.xlsx", [["a"], [1], [2], [3]])
    run(db, folder)
    folder.workbook("in/strict/a.xlsx", [["a"], [1], [2]])
    folder.workbook("in/free/a.xlsx", [["a"]])
    status = {row["table_name"]: row["status"] for row in run(db, folder)}
    assert status == {"free": "replaced", "strict": "failed"}


def test_a_sheet_renamed_in_the_corrected_workbook_is_not_in_twice(db, folder):
    folder.workbook("in/c/a.xlsx", [["a"], [1], [2]], sheet="Sheet1")
    run(db, folder)
    folder.workbook("in/c/a.xlsx", [["a"], [3], [4]], sheet="Sheet 1")
    (row,) = run(db, folder)
    assert (row["status"], row["rows_removed"], row["sheet_name"]) == ("replaced", 2, "Sheet 1")
    assert db.value("SELECT array_agg(a ORDER BY a) FROM c") == [3, 4]


def test_a_sheet_that_the_corrected_workbook_lost_goes_with_the_others_of_its_table(db, folder, configure):
    configure("sheet: '*'\nreplace_min_percent: 0\n")
    folder.workbook_of_sheets("in/c/c.xlsx", TWO)
    run(db, folder)
    folder.workbook_of_sheets("in/c/c.xlsx", {"Jan 2024": [["a", "b"], [10, "x"]]})
    planned = db.rows("SELECT rows_removed FROM pgdatahub.import_folder(%s, dry_run => true)", [str(folder / "in")])
    (row,) = run(db, folder)
    assert (row["status"], row["rows_removed"]) == ("replaced", 3)
    assert planned == [{"rows_removed": 3}]
    assert db.value("SELECT array_agg(a ORDER BY a) FROM c") == [10]


def test_a_lost_sheet_with_a_table_of_its_own_is_said(db, folder, configure):
    configure("table: '{folder}_{sheet}'\nsheet: '*'\n")
    folder.workbook_of_sheets("in/claims/c.xlsx", TWO)
    run(db, folder)
    folder.workbook_of_sheets("in/claims/c.xlsx", {"Jan 2024": [["a", "b"], [10, "x"]]})
    import_id = db.value("SELECT import_id FROM pgdatahub.imports WHERE sheet_name = 'Feb 2024'")
    reasons = db.rows("SELECT reason FROM pgdatahub.plan_folder(%s)", [str(folder / "in")])
    assert 'claims/c.xlsx has no sheet "Feb 2024" any more' in str(reasons)
    with db.connect() as connection:
        said = []
        connection.add_notice_handler(lambda n: said.append((n.severity, n.message_primary, n.message_detail, n.message_hint)))
        connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder / "in")])
    ((message, detail, hint),) = [tuple(rest) for severity, *rest in said if severity == "WARNING"]
    assert message == 'claims/c.xlsx has no sheet "Feb 2024" any more'
    assert detail.startswith("Its 2 rows of ") and "claims_feb_2024" in detail
    assert f"revert_import({import_id})" in hint
    assert db.value("SELECT count(*) FROM claims_feb_2024") == 2
