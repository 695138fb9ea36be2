"""columns, read_excel, read_excel_json, read_excel_query: looking into a workbook before it is imported."""

import time
from datetime import date, datetime
from decimal import Decimal

import psycopg
import pytest
from harness import big
from harness.background import Background, reader_in_midstream, wait_for

ROWS = [
    ["Policy No.", "Premium (EUR)", "Start", "Open", None],
    ["P-1", 10.75, date(2024, 1, 31), True, None],
    ["P-2", 12, date(2024, 2, 1), False, None],
    [None, 1 / 3, None, None, "late"],
]


# XlsxWriter writes 16 digits.
THIRD = float(f"{1 / 3:.16g}")


@pytest.fixture
def book(folder):
    return folder.workbook("claims.xlsx", ROWS, default_date_format="yyyy-mm-dd")


def fails(db, query, params=None, **more):
    with pytest.raises(psycopg.Error) as caught:
        db.rows(query, params, **more)
    diag = caught.value.diag
    return diag.sqlstate, diag.message_primary, diag.message_detail or "", diag.message_hint or ""


def test_columns(db, book):
    found = db.rows("SELECT * FROM pgdatahub.columns(%s)", [str(book)])
    assert [tuple(row.values()) for row in found] == [
        ("Policy No.", "policy_no", "text", 2, ["P-1", "P-2"], "P-1", "P-2"),
        ("Premium (EUR)", "premium_eur", "double precision", 3, ["10.75", "12", "0.333333333333333"], "0.333333333333333", "12"),
        ("Start", "start", "date", 2, ["2024-01-31", "2024-02-01"], "2024-01-31", "2024-02-01"),
        ("Open", "open", "boolean", 2, ["true", "false"], "false", "true"),
        (None, "column_e", "text", 1, ["late"], "late", "late"),
    ]


def test_columns_are_what_an_import_makes(db, folder):
    path = folder.fixture("cells/xlsxwriter.xlsx")
    db.import_file(path, table_name="t")
    table = db.rows(
        """SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
           WHERE attrelid = 't'::regclass AND attnum > 0 AND attname NOT IN ('source_file', 'load_timestamp') ORDER BY attnum"""
    )
    looked = db.rows("SELECT column_name, data_type FROM pgdatahub.columns(%s)", [str(path)])
    assert [tuple(row.values()) for row in looked] == [tuple(row.values()) for row in table]


def test_columns_see_the_whole_sheet(db, folder):
    path = folder.workbook("a.xlsx", [["a"], *([n] for n in range(30_000)), ["text"]])
    (row,) = db.rows("SELECT * FROM pgdatahub.columns(%s)", [str(path)], options="-c pgdatahub.chunk_size=10")
    assert (row["data_type"], row["non_null"], row["min_value"], row["max_value"]) == ("text", 30_001, "0", "text")


def test_least_and_greatest_are_by_value(db, folder):
    path = folder.workbook("a.xlsx", [["n", "mixed"], [9, 9], [10, 10], [-1.5, datetime(2024, 1, 1, 12)]])
    found = db.rows("SELECT min_value, max_value FROM pgdatahub.columns(%s)", [str(path)])
    assert [tuple(row.values()) for row in found] == [("-1.5", "10"), ("10", "9")]


def test_read_excel_by_name_through_the_types_input(db, book):
    query = """SELECT * FROM pgdatahub.read_excel(%s) AS t(premium_eur numeric(12,1), policy_no varchar(5), start timestamp, column_e text)"""
    assert [tuple(row.values()) for row in db.rows(query, [str(book)])] == [
        (Decimal("10.8"), "P-1", datetime(2024, 1, 31), None),
        (12, "P-2", datetime(2024, 2, 1), None),
        (Decimal("0.3"), None, None, "late"),
    ]


def test_doubles_keep_all_digits_and_text_reads_as_excel_shows_it(db, book):
    query = "SELECT premium_eur FROM pgdatahub.read_excel(%s) AS t(premium_eur {}) OFFSET 2"
    assert db.value(query.format("double precision"), [str(book)]) == THIRD
    assert db.value(query.format("text"), [str(book)]) == "0.333333333333333"


def test_read_excel_does_not_depend_on_the_session(db, book):
    query = "SELECT start FROM pgdatahub.read_excel(%s) AS t(start date) LIMIT 1"
    assert db.value(query, [str(book)], options="-c datestyle=sql,dmy") == date(2024, 1, 31)


def test_a_sheet_may_have_more_columns_than_a_table(db, folder):
    """Found by fuzzing: looks have no table, so that its limit of 1,600 columns is none of theirs."""
    path = folder.workbook("wide.xlsx", [[f"h{n}" for n in range(16_384)], list(range(16_384))])
    (row,) = db.rows("SELECT r->'h0' AS first, r->'h16383' AS last FROM (SELECT pgdatahub.read_excel_json(%s) AS r) x", [str(path)])
    assert row == {"first": 0, "last": 16_383}
    assert db.value("SELECT count(*) FROM pgdatahub.columns(%s)", [str(path)]) == 16_384
    assert db.rows("SELECT * FROM pgdatahub.read_excel(%s) AS t(h16383 int)", [str(path)]) == [{"h16383": 16_383}]


def test_an_unknown_name_lists_the_columns(db, book):
    found = fails(db, "SELECT * FROM pgdatahub.read_excel(%s) AS t(policy_nr text)", [str(book)])
    assert found[0] == "42703"
    assert "policy_no, premium_eur, start, open" in found[2] and str(book) in found[2]
    assert "policy_no" in found[3]


def test_a_value_that_the_type_refuses_names_its_cell(db, book):
    found = fails(db, "SELECT * FROM pgdatahub.read_excel(%s) AS t(premium_eur int)", [str(book)])
    assert found[0] == "22P02"
    assert "Cell B2." in found[2] and 'Sheet "Sheet1"' in found[2]


def test_domains_are_checked(db, book):
    db.execute("CREATE DOMAIN named AS text NOT NULL")
    found = fails(db, "SELECT * FROM pgdatahub.read_excel(%s) AS t(policy_no named)", [str(book)])
    assert found[0] == "23502" and "Cell A4." in found[2]


def test_without_a_definition_list(db, book):
    state, message, detail, hint = fails(db, "SELECT pgdatahub.read_excel(%s)", [str(book)])
    assert state in ("42601", "0A000") and "read_excel_query" in hint


def test_max_rows_header_row_and_range(db, folder):
    path = folder.workbook("t.xlsx", [["A report"], [None, "a", "b", "c"], [None, 1, 2, 0], [None, 3, 4, 0]])
    query = "SELECT * FROM pgdatahub.read_excel(%s, {}) AS t({})"

    def read(arguments, columns):
        return [tuple(row.values()) for row in db.rows(query.format(arguments, columns), [str(path)])]

    assert read("max_rows => 1", "a int, b int") == [(1, 2)]
    assert read("max_rows => 0", "a int, b int") == []
    assert read("header_row => 2", "b int") == [(2,), (4,)]
    assert read("header_row => '2'", "b int") == [(2,), (4,)]
    assert read("header_row => 'none', range => 'B3:C'", "column_b int, column_c int") == [(1, 2), (3, 4)]
    assert read("range => 'C2:C3'", "b int") == [(2,)]
    assert fails(db, query.format("header_row => 9", "a int"), [str(path)])[0] == "22023"
    assert fails(db, query.format("header_row => 'x'", "a int"), [str(path)])[0] == "22023"
    state, message, detail, _ = fails(db, query.format("range => 'F9:H'", "a int"), [str(path)])
    assert state == "22023" and "A1:D4" in detail


def test_json(db, book):
    rows = [row["r"] for row in db.rows("SELECT pgdatahub.read_excel_json(%s) AS r", [str(book)])]
    assert rows == [
        {"policy_no": "P-1", "premium_eur": 10.75, "start": "2024-01-31", "open": True, "column_e": None},
        {"policy_no": "P-2", "premium_eur": 12, "start": "2024-02-01", "open": False, "column_e": None},
        {"policy_no": None, "premium_eur": THIRD, "start": None, "open": None, "column_e": "late"},
    ]


def test_json_of_a_column_that_turns_up_late(db, folder):
    rows = [["a"], *([n] for n in range(200)), [200, "late"], *([n] for n in range(201, 300))]
    path = folder.workbook("a.xlsx", rows)
    found = [row["r"] for row in db.rows("SELECT pgdatahub.read_excel_json(%s) AS r", [str(path)])]
    assert [row["a"] for row in found] == list(range(300))
    assert [row.get("column_b") for row in found].count("late") == 1
    query = "SELECT column_b FROM pgdatahub.read_excel(%s) AS t(column_b text) WHERE column_b IS NOT NULL"
    assert db.value(query, [str(path)]) == "late"


def test_hostile_texts_survive_json(db, folder):
    text = 'a"b\\c\n\t日期 €'
    path = folder.workbook("a.xlsx", [["a"], [text]])
    assert db.value("SELECT pgdatahub.read_excel_json(%s)->>'a'", [str(path)]) == text
    euro = "SELECT pgdatahub.read_excel_json(%s)->>'a' LIKE '%%€'"
    assert db.value(euro, [str(path)], client_encoding="win1252") is True


def test_query_runs_through_gexec(db, book):
    statement = db.value("SELECT pgdatahub.read_excel_query(%s)", [str(book)])
    assert "premium_eur double precision" in statement and "sheet => 'Sheet1'" in statement
    done = db.psql(f"SELECT pgdatahub.read_excel_query('{book}') \\gexec\n", args=("-qAt",))
    assert done.stdout.decode().splitlines() == ["P-1|10.75|2024-01-31|t|", "P-2|12|2024-02-01|f|", f"|{THIRD}|||late"]


def test_a_hostile_sheet_and_path_are_quoted(db, folder):
    path = folder.workbook_of_sheets("it's $(x).xlsx", {"O'Hara; --": [['a"; DROP TABLE x; --'], [1]]})
    statement = db.value("SELECT pgdatahub.read_excel_query(%s)", [str(path)])
    (row,) = db.rows(statement)
    assert list(row.values()) == [1]


def test_several_sheets_need_a_name(db, folder):
    path = folder.workbook_of_sheets("a.xlsx", {"One": [["a"], [1]], "Two": [["b"], [2]]})
    state, _, detail, hint = fails(db, "SELECT * FROM pgdatahub.columns(%s)", [str(path)])
    assert state == "22023" and '"One", "Two"' in detail and "sheet =>" in hint
    assert db.value("SELECT pgdatahub.read_excel_json(%s, sheet => 'two')->>'b'", [str(path)]) == "2"
    assert db.value("SELECT pgdatahub.read_excel_json(%s, '1')->>'a'", [str(path)]) == "1"


def test_error_cells_are_null_and_said(db, folder):
    path = folder.fixture("cells/openpyxl.xlsx")
    notices = []
    with db.connect() as connection:
        connection.add_notice_handler(lambda diag: notices.append((diag.severity_nonlocalized, diag.message_primary, diag.message_detail)))
        connection.execute("SELECT pgdatahub.read_excel_json(%s)", [str(path)]).fetchall()
    ((severity, message, detail),) = notices
    assert severity == "WARNING" and "read as NULL" in message and "#" in detail


def test_rights_are_those_of_imports(db, book):
    role = db.role("nobody")
    for call in ("columns(%s)", "read_excel_json(%s)", "read_excel_query(%s)", "read_excel(%s) AS t(a text)"):
        assert fails(db, f"SELECT * FROM pgdatahub.{call}", [str(book)], role=role)[0] == "42501"
    db.execute(f"GRANT USAGE ON SCHEMA pgdatahub TO {role}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {role}")
    state, _, detail, _ = fails(db, "SELECT * FROM pgdatahub.columns(%s)", [str(book)], role=role)
    assert state == "42501" and "pg_read_server_files" in detail
    db.execute(f"GRANT pg_read_server_files TO {role}")
    assert len(db.rows("SELECT * FROM pgdatahub.columns(%s)", [str(book)], role=role)) == 5


@pytest.mark.parametrize(("path", "state"), [("/no/such.xlsx", "58P01"), ("relative.xlsx", "22023"), (None, "22004")])
def test_bad_paths(db, path, state):
    assert fails(db, "SELECT * FROM pgdatahub.columns(%s::text)", [path])[0] == state
    assert fails(db, "SELECT pgdatahub.read_excel_json(%s::text)", [path])[0] == state


def test_bad_files_say_which(db, folder):
    path = folder.fixture("bad/truncated.xlsx")
    state, _, detail, _ = fails(db, "SELECT pgdatahub.read_excel_json(%s)", [str(path)])
    assert state == "22000" and str(path) in detail


def test_a_read_only_transaction_may_look(db, book):
    with db.connect(autocommit=False) as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        assert len(connection.execute("SELECT * FROM pgdatahub.columns(%s)", [str(book)]).fetchall()) == 5
        assert len(connection.execute("SELECT * FROM pgdatahub.sheets(%s)", [str(book)]).fetchall()) == 1


@pytest.fixture(scope="session")
def large(scratch):
    return big.long(scratch)


def test_the_first_rows_of_a_million_answer_at_once(db, large):
    with db.connect() as connection:
        began = time.monotonic()
        found = connection.execute("SELECT pgdatahub.read_excel_json(%s) LIMIT 10", [str(large)]).fetchall()
        assert len(found) == 10
        assert time.monotonic() - began < 2
        wait_for(lambda: not db.cluster.readers(), "the reader's end while the session lives on", 2)
        began = time.monotonic()
        query = "SELECT id FROM pgdatahub.read_excel(%s, max_rows => 3) AS t(id int)"
        assert connection.execute(query, [str(large)]).fetchall() == [(0,), (1,), (2,)]
        assert time.monotonic() - began < 2


def test_a_cursor_and_an_import_do_not_disturb_each_other(db, book, folder):
    other = folder.workbook("other.xlsx", [["n"], *([n] for n in range(5_000))])
    with db.connect(autocommit=False) as connection:
        connection.execute("DECLARE c CURSOR FOR SELECT pgdatahub.read_excel_json(%s)->>'n'", [str(other)])
        first = connection.execute("FETCH 2 FROM c").fetchall()
        row = connection.execute("SELECT status FROM pgdatahub.import_file(%s, 't')", [str(book)]).fetchone()
        assert row == ("imported",)
        looked = connection.execute("SELECT count(*) FROM pgdatahub.columns(%s)", [str(book)]).fetchone()
        assert looked == (5,)
        rest = connection.execute("FETCH ALL FROM c").fetchall()
        assert [int(value) for (value,) in first + rest] == list(range(5_000))
        connection.execute("CLOSE c")
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (3,)


def test_two_files_side_by_side(db, folder):
    one = folder.workbook("one.xlsx", [["n"], [1], [2]])
    two = folder.workbook("two.xlsx", [["n"], [10], [20]])
    query = "SELECT (pgdatahub.read_excel_json(%s))->>'n' AS a, (pgdatahub.read_excel_json(%s))->>'n' AS b"
    assert [tuple(row.values()) for row in db.rows(query, [str(one), str(two)])] == [("1", "10"), ("2", "20")]


def test_an_exception_block_ends_its_reader(db, folder):
    path = folder.workbook("a.xlsx", [["n"], *([n] for n in range(3_000))])
    with db.connect() as connection:
        connection.execute(
            f"""DO $$ BEGIN
                  FOR i IN 1..3 LOOP
                    BEGIN
                      PERFORM 1 / (r->>'n')::int FROM (SELECT pgdatahub.read_excel_json('{path}') AS r OFFSET 0) s;
                    EXCEPTION WHEN division_by_zero THEN NULL;
                    END;
                  END LOOP;
                END $$"""
        )
        wait_for(lambda: not db.cluster.readers(), "the readers' end", 2)
        assert connection.execute("SELECT count(*) FROM pgdatahub.read_excel_json(%s)", [str(path)]).fetchone() == (3_000,)


@pytest.mark.parametrize("statement", ["SELECT count(*) FROM pgdatahub.read_excel_json('{}')", "SELECT * FROM pgdatahub.columns('{}')"])
@pytest.mark.parametrize("function", ["pg_cancel_backend", "pg_terminate_backend"])
def test_cancel_ends_a_look_at_once(db, large, statement, function):
    look = Background(db.connect(), statement.format(large))
    reader_in_midstream(db.cluster, look)
    with db.connect() as admin:
        began = time.monotonic()
        admin.execute(f"SELECT {function}(%s)", [look.pid])
    look.join(10)
    assert look.ended - began < 2 and look.sqlstate in ("57014", "57P01", None) and look.error is not None
    wait_for(lambda: not db.cluster.readers(), "the reader's end", 2)


def test_memory_is_flat(db, large):
    """A million rows through a tuplestore of 64 kB work_mem: the backend's own memory stays small."""
    with db.connect() as connection:
        connection.execute("SET work_mem = '1MB'")
        query = "SELECT count(*) FROM pgdatahub.read_excel(%s, max_rows => 300000) AS t(id int, customer text, code text)"
        assert connection.execute(query, [str(large)]).fetchone() == (300_000,)
        with open(f"/proc/{connection.info.backend_pid}/status", encoding="utf-8") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
        assert peak < 60_000, f"{peak} kB"
