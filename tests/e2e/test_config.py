"""Options of a call, the configuration file, and run_import."""

import time

import pytest
from harness.results import by_name, content, failed, imported, refused, statuses

GOOD = [["n"], [1]]
BAD = b"this is no workbook"


def config(db, folder, text, name="server.yaml"):
    path = folder.write(name, text)
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.config_file = '{path}'")
    return path


def four_files(folder):
    folder.workbook("one/a.xlsx", [["n"], [1]])
    folder.write("one/b.xlsx", BAD)
    folder.workbook("one/c.xlsx", [["n"], [3]])
    folder.workbook("two/d.xlsx", [["n"], [4]])


def tables(db):
    rows = db.rows("SELECT format('%I.%I', schemaname, tablename) AS t FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'pgdatahub') ORDER BY 1")
    return [row["t"].removeprefix("public.") for row in rows]


def test_on_error_continue(db, folder):
    four_files(folder)
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "imported", "b.xlsx": "failed", "c.xlsx": "imported", "d.xlsx": "imported"}
    assert db.value("SELECT state FROM pgdatahub.runs") == "done with failures"


def test_on_error_stop(db, folder):
    four_files(folder)
    expected = {"a.xlsx": "imported", "b.xlsx": "failed", "c.xlsx": "not_tried", "d.xlsx": "not_tried"}
    assert statuses(db.import_folder(folder, on_error="stop")) == expected
    assert tables(db) == ["one"]


def test_on_error_raise(db, folder):
    four_files(folder)
    with refused("0A000", "not a workbook", str(folder / "one/b.xlsx")):
        db.import_folder(folder, on_error="raise")
    assert tables(db) == []
    assert db.value("SELECT count(*) FROM pgdatahub.runs") == 0


def test_on_error_misspelt(db, folder):
    with refused("22023", "contineu", "'continue'"):
        db.import_folder(folder, on_error="contineu")


def test_sectional_commit_undoes_the_folder(db, folder):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.sectional_commit = on")
    four_files(folder)
    folder.workbook("first/z.xlsx", GOOD)
    expected = {"z.xlsx": "imported", "a.xlsx": "undone", "b.xlsx": "failed", "c.xlsx": "not_tried", "d.xlsx": "not_tried"}
    assert statuses(db.import_folder(folder)) == expected
    assert tables(db) == ["first"]
    assert db.value("SELECT count(*) FROM pgdatahub.imports") == 1


def test_files_keeps_the_tables(db, folder):
    folder.workbook("a/b/x.xlsx", GOOD)
    folder.workbook("a/y.xlsx", [["n"], [2]])
    rows = imported(db.import_folder(folder, files="a/b/*.xlsx"))
    assert [row["table_name"] for row in rows] == ["a_b"]
    assert statuses(db.import_folder(folder)) == {"x.xlsx": "skipped", "y.xlsx": "imported"}
    assert db.import_folder(folder, files="nothing*") == []
    with refused("22023", "pattern"):
        db.import_folder(folder, files="[")


def test_files_in_the_folder_itself(db, folder):
    folder.workbook("x.xlsx", GOOD)
    (row,) = imported(db.import_folder(str(folder) + "//"))
    assert row["table_name"] == folder.path.name.replace("-", "_").lower()


def test_two_folders_of_one_name(db, folder):
    folder.workbook("a/b/x.xlsx", GOOD)
    folder.workbook("a_b/y.xlsx", [["n"], [2]])
    with refused("42P07", str(folder / "a/b"), str(folder / "a_b"), "table: a_b"):
        db.import_folder(folder)
    config(db, folder, "a:\n  b:\n    table: a_b\na_b:\n  table: a_b\n")
    imported(db.import_folder(folder))
    assert content(db, "a_b") == [(1,), (2,)]


def test_target_schema(db, folder):
    db.execute('CREATE SCHEMA "My Schema"')
    folder.workbook("t/x.xlsx", GOOD)
    (row,) = imported(db.import_folder(folder, target_schema="My Schema"))
    assert (row["table_schema"], row["table_name"]) == ("My Schema", "t")
    assert content(db, '"My Schema".t') == [(1,)]


ORIGINAL = """default_sheet: Sheet1
folder_a:
  sheet: Policies
folder_b:
  nested:
    sheet: Claims
"""


@pytest.mark.parametrize("place", ["server", "folder"])
def test_original_format(db, folder, place):
    def sheets(**named):
        return {"Sheet1": [["s"], ["sheet1"]], "Policies": [["s"], ["policies"]], "Claims": [["s"], ["claims"]], **named}

    for name in ("Folder_A/1.xlsx", "folder_a/deeper/2.xlsx", "folder_b/3.xlsx", "folder_b/nested/4.xlsx", "other/5.xlsx", "other/nested/6.xlsx"):
        folder.workbook_of_sheets(name, sheets(Mark=[[name]]))
    if place == "server":
        config(db, folder, ORIGINAL)
    else:
        folder.write("etl_config.yaml", ORIGINAL)
    rows = by_name(imported(db.import_folder(folder)))
    found = {name: row["sheet_name"] for name, row in rows.items()}
    assert found == {"1.xlsx": "Policies", "2.xlsx": "Policies", "3.xlsx": "Sheet1", "4.xlsx": "Claims", "5.xlsx": "Sheet1", "6.xlsx": "Sheet1"}


def test_table_is_read_as_a_name(db, folder):
    db.execute("CREATE SCHEMA sales")
    folder.workbook("a/1.xlsx", GOOD)
    folder.workbook("b/2.xlsx", [["n"], [2]])
    folder.workbook("c/3.xlsx", [["n"], [3]])
    config(db, folder, "a: {table: Sales.Claims}\nb:\n  table: '\"My Table\"'\nc: {schema: sales}\n")
    imported(db.import_folder(folder))
    assert tables(db) == ['"My Table"', "sales.c", "sales.claims"]
    db.execute("CREATE SCHEMA elsewhere")
    folder.workbook("a/4.xlsx", [["n"], [4]])
    rows = db.import_folder(folder, target_schema="elsewhere", files="a/4.xlsx")
    assert (rows[0]["table_schema"], rows[0]["table_name"]) == ("elsewhere", "claims")


@pytest.mark.parametrize(
    ("text", "line", "texts"),
    [
        ("a:\n  sheets: X\n", 2, ["sheets", '"sheet"']),
        ("a:\n  sheet: X\n sheet: Y\n", 3, []),
        ("default_sheet:\n", 1, ["default_sheet"]),
        ("a:\n  table: two words\n", 2, ["table", "two words", '"My Name"']),
        ("a: {sheet: X}\nA: {sheet: Y}\n", 2, ["twice"]),
        ("- a\n- b\n", 1, ["mapping"]),
    ],
)
def test_invalid_configuration(db, folder, text, line, texts):
    folder.workbook("a/1.xlsx", GOOD)
    path = config(db, folder, text)
    with refused("F0000", f"Line {line}", str(path), *texts):
        db.import_folder(folder)
    assert tables(db) == []


def test_configuration_that_is_missing(db, folder):
    folder.workbook("a/1.xlsx", GOOD)
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.config_file = '{folder}/no.yaml'")
    with refused("58P01", "no.yaml", "pgdatahub.config_file"):
        db.import_folder(folder)


def test_configuration_in_the_folder_may_not_say_where(db, folder):
    folder.workbook("a/1.xlsx", GOOD)
    folder.write("etl_config.yaml", "a:\n  table: users\n")
    with refused("F0000", "Line 2", "pgdatahub.config_file"):
        db.import_folder(folder)


def test_import_file_takes_the_table_of_its_folder(db, folder):
    folder.workbook("claims/1.xlsx", GOOD)
    imported(db.import_folder(folder))
    (row,) = imported(db.import_file(folder.workbook("claims/2.xlsx", [["n"], [2]])))
    assert row["table_name"] == "claims"
    (row,) = imported(db.import_file(folder.workbook("new one/2.xlsx", [["n"], [5]])))
    assert row["table_name"] == "new_one"
    for name in ("my table", "a.b.c", "", "2024"):
        with refused("42602", "table_name", "sales.claims"):
            db.import_file(folder / "claims/2.xlsx", table_name=name)


def call(db, folder, *arguments, role="postgres"):
    return db.execute(f"CALL pgdatahub.run_import('{folder}'{''.join(', ' + a for a in arguments)})", role=role)


def test_run_import_commits_each_file_and_names_failures(db, folder):
    four_files(folder)
    with refused("PD001", "1 file failed", str(folder / "one/b.xlsx"), "pgdatahub.failures") as caught:
        call(db, folder)
    assert content(db, "one") == [(1,), (3,)]
    assert content(db, "two") == [(4,)]
    hint = caught.value.diag.message_hint
    (failure,) = db.rows(hint.rstrip(";"))
    assert failure["source_file"] == str(folder / "one/b.xlsx")
    assert db.value("SELECT state FROM pgdatahub.runs") == "done with failures"
    folder.workbook("one/b.xlsx", [["n"], [2]])
    call(db, folder)
    assert db.value("SELECT count(*) FROM pgdatahub.failures") == 0


def test_run_import_stops(db, folder):
    four_files(folder)
    with refused("PD001"):
        call(db, folder, "on_error => 'stop'")
    assert tables(db) == ["one"]
    assert content(db, "one") == [(1,)]


def test_run_import_sectional(db, folder):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.sectional_commit = on")
    four_files(folder)
    folder.workbook("first/z.xlsx", GOOD)
    with refused("PD001", "one/b.xlsx"):
        call(db, folder)
    assert tables(db) == ["first"]


def test_run_import_is_visible_file_by_file(db, folder):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.pause_every = 1")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.pause_seconds = 1")
    for number in range(3):
        folder.workbook(f"t/{number}.xlsx", [["n"], [number]])
    import threading

    began = time.monotonic()
    thread = threading.Thread(target=call, args=(db, folder))
    thread.start()
    seen = set()
    while thread.is_alive():
        if db.value("SELECT to_regclass('t') IS NOT NULL"):
            seen.add(db.value("SELECT count(*) FROM t"))
        time.sleep(0.1)
    thread.join()
    assert {1, 2} <= seen
    assert 2.0 <= time.monotonic() - began < 10
    assert db.value("SELECT count(*) FROM t") == 3


def test_pause_holds_nothing(db, folder):
    """While it pauses, the session holds no lock on the table and no snapshot."""
    for number in range(2):
        folder.workbook(f"t/{number}.xlsx", [["n"], [number]])
    import threading

    with db.connect() as connection:
        pid = connection.info.backend_pid
        connection.execute("SET pgdatahub.pause_every = 1; SET pgdatahub.pause_seconds = 2")
        thread = threading.Thread(target=lambda: connection.execute(f"CALL pgdatahub.run_import('{folder}')"))
        thread.start()
        time.sleep(1.2)
        locks = db.rows("SELECT relation::regclass::text, locktype, mode FROM pg_locks WHERE pid = %s AND locktype NOT IN ('virtualxid')", [pid])
        xmin = db.rows("SELECT backend_xid, backend_xmin FROM pg_stat_activity WHERE pid = %s", [pid])
        thread.join()
    assert locks == []
    assert xmin == [{"backend_xid": None, "backend_xmin": None}]


def test_run_import_in_a_transaction(db, folder):
    with refused("2D000", "transaction", "import_folder"), db.connect(autocommit=False) as connection:
        connection.execute("CALL pgdatahub.run_import(%s)", [str(folder)])
    db.execute("CREATE FUNCTION f(p text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL pgdatahub.run_import(p); END $$")
    with refused("2D000", "import_folder"):
        db.rows("SELECT f(%s)", [str(folder)])


def test_run_import_from_plpgsql(db, folder):
    """A procedure or DO block that CALL may commit in works, with statements before and after it."""
    four_files(folder)
    db.execute("CREATE TABLE log (what text)")
    db.execute(
        f"""DO $$ BEGIN INSERT INTO log VALUES ('before'); CALL pgdatahub.run_import('{folder}', files => 'two/*');
            INSERT INTO log VALUES ('after'); END $$"""
    )
    assert content(db, "two") == [(4,)]
    assert content(db, "log") == [("after",), ("before",)]
    db.execute(
        f"""DO $$ BEGIN CALL pgdatahub.run_import('{folder}');
            EXCEPTION WHEN SQLSTATE '2D000' THEN INSERT INTO log VALUES ('2D000'); END $$"""
    )
    assert db.value("SELECT count(*) FROM log WHERE what = '2D000'") == 1


def test_session_is_usable_after_failures(db, folder):
    four_files(folder)
    with db.connect() as connection:
        for _ in range(3):
            with refused("PD001"):
                connection.execute(f"CALL pgdatahub.run_import('{folder}')")
            with refused("58P01"):
                connection.execute("SELECT * FROM pgdatahub.import_folder('/no/such/folder')")
        assert connection.execute("SELECT count(*) FROM one").fetchone() == (2,)


def test_status_and_views(db, folder):
    four_files(folder)
    db.import_folder(folder)
    (one, two) = db.rows("SELECT * FROM pgdatahub.status()")
    assert (one["table_name"], one["files"], one["row_count"], one["failed_files"]) == ("one", 2, 2, 1)
    assert (two["table_name"], two["folder"]) == ("two", str(folder / "two"))
    states = db.rows("SELECT file_state, count(*) AS n FROM pgdatahub.file_status GROUP BY 1 ORDER BY 1")
    assert states == [{"file_state": "failed", "n": 1}, {"file_state": "imported", "n": 3}]
    # A file that was fixed is a failure no more.
    folder.workbook("one/b.xlsx", [["n"], [2]])
    db.import_folder(folder)
    assert db.rows("SELECT * FROM pgdatahub.failures") == []


def test_notices_read_well(db, folder):
    four_files(folder)
    with db.connect() as connection:
        said = []
        connection.add_notice_handler(lambda n: said.append((n.severity, n.message_primary)))
        connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])
    severities = [severity for severity, _ in said]
    assert severities == ["NOTICE", "WARNING", "NOTICE", "NOTICE", "NOTICE"]
    assert said[0][1].startswith("[1/4] one/a.xlsx → one: 1 row")
    assert said[1][1].startswith("[2/4] one/b.xlsx: ")
    assert said[-1][1].startswith("import_folder: 3 imported, 1 failed; 3 rows into 2 tables (")
    assert all(len(text) < 100 for _, text in said), said


def test_sheets_and_verify_setup(db, folder):
    path = folder.fixture("shapes/hidden.xlsx")
    assert [tuple(row.values()) for row in db.rows("SELECT * FROM pgdatahub.sheets(%s)", [str(path)])] == [
        (1, "Shown", "visible", True),
        (2, "Hidden", "hidden", True),
        (3, "VeryHidden", "very hidden", True),
    ]
    with refused("0A000", "text.xlsx"):
        db.rows("SELECT * FROM pgdatahub.sheets(%s)", [str(folder.fixture("bad/text.xlsx"))])
    checks = {row["check_name"]: row for row in db.rows("SELECT * FROM pgdatahub.verify_setup(%s)", [str(folder)])}
    assert all(checks[name]["ok"] for name in ("version", "encoding", "reader", "rights", "path")), checks
    (missing,) = [row for row in db.rows("SELECT * FROM pgdatahub.verify_setup('/no/such')") if row["check_name"] == "path"]
    assert not missing["ok"] and "does not exist" in missing["detail"]


def test_failed_row_says_why(db, folder):
    path = folder.write("t/a.xlsx", BAD)
    (row,) = db.import_folder(folder)
    failed(row, "0A000")
    stored = db.rows("SELECT status, message, detail, hint, sqlstate FROM pgdatahub.etl_run_files WHERE source_file = %s", [str(path)])
    assert stored == [{name: row[name] for name in ("status", "message", "detail", "hint", "sqlstate")}]
