"""Tables follow their files: new columns, wider types, headers that vary; the order of files never matters."""

import itertools
import random
from datetime import date, datetime, time, timedelta

import pytest
from harness.results import by_name, content, failed, imported, types
from order import books

HOSTILE = [
    'say "hi"',
    "it's",
    "; DROP TABLE victim; --",
    "$$; SELECT 1; $$",
    "two\nlines",
    "tab\there",
    "😀 emoji",
    "\\x41\\",
    "%s %I",
    "a" * 32000,
    "' || pg_sleep(9) || '",
    "ctid",
    "select",
    "Source File",
    "Load Timestamp",
]


def load(db, folder, *files, table="t"):
    """Imports each list of rows as a file of its own, one after the other."""
    rows = []
    for number, content_ in enumerate(files):
        rows += imported(db.import_file(folder.workbook(f"{table}/{number}.xlsx", content_), table_name=table))
    return rows


def setting(db, name, value):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.{name} = '{value}'")


def test_new_column(db, folder):
    rows = load(db, folder, [["a"], [1]], [["a", "b"], [2, "x"]])
    assert rows[1]["schema_changes"] == ["+ b text"]
    assert content(db, "t") == [(1, None), (2, "x")]
    change = db.rows("SELECT * FROM pgdatahub.schema_changes WHERE change_type = 'ADD COLUMN' AND column_name = 'b'")
    assert len(change) == 1
    assert change[0]["new_type"] == "text" and change[0]["source_file"] == str(folder / "t/1.xlsx")
    assert "ADD COLUMN b" in change[0]["statement"]


def test_missing_column_is_said(db, folder):
    rows = load(db, folder, [["a", "b"], [1, 2]], [["a"], [3]])
    assert rows[1]["missing_columns"] == ["b"]
    assert db.value("SELECT missing_columns FROM pgdatahub.etl_run_files WHERE missing_columns <> '{}'") == ["b"]


WIDENINGS = [
    ([1, 1.5, "x"], ["bigint", "double precision", "text"], ["1", "1.5", "x"]),
    ([True, 2], ["boolean", "text"], ["true", "2"]),
    ([date(2024, 2, 29), datetime(2024, 2, 29, 1, 2, 3)], ["date", "timestamp without time zone"], None),
    ([datetime(2024, 1, 1, 12, 30), "x"], ["timestamp without time zone", "text"], ["2024-01-01 12:30:00", "x"]),
    ([date(2024, 1, 1), 5], ["date", "text"], ["2024-01-01", "5"]),
    ([time(1, 2, 3), timedelta(hours=30)], ["time without time zone", "interval"], None),
    ([timedelta(hours=30, minutes=1), "x"], ["interval", "text"], ["30:01:00", "x"]),
    ([time(23, 59, 59), "x"], ["time without time zone", "text"], ["23:59:59", "x"]),
    ([1e15, 0.1 + 0.2, "x"], ["bigint", "double precision", "text"], ["1000000000000000", "0.3", "x"]),
]


def typed_workbook(folder, name, values):
    """One column `x` in which Excel shows each value in its own kind of format."""
    import xlsxwriter

    target = folder._place(name)
    formats = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd", time: "hh:mm:ss", timedelta: "[h]:mm:ss"}
    with xlsxwriter.Workbook(target, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "x")
        for row, value in enumerate(values, start=1):
            form = formats.get(type(value))
            sheet.write(row, 0, value, book.add_format({"num_format": form}) if form else None)
    target.chmod(0o644)
    return target


@pytest.mark.parametrize("lane", ["copy", "spi"])
@pytest.mark.parametrize(("values", "steps", "texts"), WIDENINGS)
def test_widening_file_by_file(db, folder, lane, values, steps, texts):
    setting(db, "lane", lane)
    for number, (value, step) in enumerate(zip(values, steps, strict=True)):
        imported(db.import_file(typed_workbook(folder, f"t/{number}.xlsx", [value]), table_name="t"))
        assert types(db, "t") == {"x": step}
    # In one file, at once and with the first row alone deciding the first type.
    for size in (10000, 1):
        setting(db, "chunk_size", size)
        imported(db.import_file(typed_workbook(folder, f"u{size}/a.xlsx", values), table_name=f"u{size}"))
        assert types(db, f"u{size}") == {"x": steps[-1]}
        assert content(db, f"u{size}") == content(db, "t")
    if texts:
        assert sorted(content(db, "t")) == sorted((text,) for text in texts)


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_misfit_in_a_larger_table_restarts(db, folder, lane):
    """The strong lock is taken before any row of the file: the rows so far are rolled back and sent again."""
    setting(db, "lane", lane)
    setting(db, "chunk_size", 2)
    imported(db.import_file(folder.workbook("t/big.xlsx", [["n", "m"], *([n, n] for n in range(20000))]), table_name="t"))
    rows = [["n", "m", "late"], [1, 2, None], [3, 4, None], [5, 6.5, None], ["seven", 8, None], [9, 10, date(2024, 1, 1)]]
    (row,) = imported(db.import_file(folder.workbook("t/b.xlsx", rows), table_name="t"))
    assert row["row_count"] == 5
    assert types(db, "t") == {"n": "text", "m": "double precision", "late": "timestamp without time zone"} or types(db, "t")["late"] == "date"
    assert db.value("SELECT count(*) FROM t") == 20005
    assert db.value("SELECT count(*) FROM t WHERE source_file LIKE '%%/b.xlsx'") == 5
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE source_file LIKE '%%/b.xlsx'") == 1
    retyped = db.rows("SELECT column_name, old_type, new_type FROM pgdatahub.schema_changes WHERE change_type = 'ALTER COLUMN TYPE' ORDER BY 1")
    assert [(r["column_name"], r["new_type"]) for r in retyped] == [("m", "double precision"), ("n", "text")]


def test_busy_table_is_not_waited_for_without_end(db, folder):
    setting(db, "lock_timeout", "50ms")
    setting(db, "lock_retries", 1)
    load(db, folder, [["n"], [1]])
    with db.connect(autocommit=False) as reader:
        reader.execute("SELECT * FROM t")
        (row,) = db.import_file(folder.workbook("t/b.xlsx", [["n", "new"], [1, 2]]), table_name="t")
        failed(row, "55P03", "in use", "ALTER TABLE", "lock_timeout")
        # What needs no change goes in beside the reader.
        imported(db.import_file(folder.workbook("t/c.xlsx", [["n"], [3]]), table_name="t"))
        reader.rollback()
    assert content(db, "t") == [(1,), (3,)]


def test_provisional_column_gets_its_type_with_its_first_value(db, folder):
    load(db, folder, [["a", "b"], [1, None]])
    assert types(db, "t") == {"a": "bigint", "b": "text"}
    imported(db.import_file(folder.workbook("t/x.xlsx", [["a", "b"], [2, 7]]), table_name="t"))
    assert types(db, "t") == {"a": "bigint", "b": "bigint"}
    assert content(db, "t") == [(1, None), (2, 7)]


def test_provisional_column_settled_by_text(db, folder):
    load(db, folder, [["a", "b"], [1, None]], [["a", "b"], [2, "x"]])
    imported(db.import_file(folder.workbook("t/x.xlsx", [["a", "b"], [3, 7]]), table_name="t"))
    assert types(db, "t") == {"a": "bigint", "b": "text"}
    assert content(db, "t") == [(1, None), (2, "x"), (3, "7")]


def test_provisional_column_filled_by_hand_stays_text(db, folder):
    load(db, folder, [["a", "b"], [1, None]])
    db.execute("UPDATE t SET b = 'by hand'")
    imported(db.import_file(folder.workbook("t/x.xlsx", [["a", "b"], [2, 7]]), table_name="t"))
    assert types(db, "t") == {"a": "bigint", "b": "text"}
    assert content(db, "t") == [(1, "by hand"), (2, "7")]


def test_headers_that_vary_are_one_column(db, folder):
    load(db, folder, [["Policy No"], [1]], [["Policy No."], [2]], [["policy_no"], [3]], [[" POLICY  NO "], [4]])
    assert content(db, "t") == [(1,), (2,), (3,), (4,)]
    assert types(db, "t") == {"policy_no": "bigint"}


def test_duplicate_headers_keep_their_columns(db, folder):
    load(db, folder, [["Amount", "amount", "Amount"], [1, 2, 3]], [["Amount", "amount", "Amount"], [4, 5, 6]])
    assert types(db, "t") == {"amount": "bigint", "amount_2": "bigint", "amount_3": "bigint"}
    assert content(db, "t") == [(1, 2, 3), (4, 5, 6)]


def test_column_order_does_not_matter(db, folder):
    load(db, folder, [["a", "b", "c"], [1, 2, 3]], [["c", "a", "b"], [30, 10, 20]])
    assert content(db, "t") == [(1, 2, 3), (10, 20, 30)]


def test_blank_header_that_gets_data_late(db, folder):
    setting(db, "chunk_size", 1)
    rows = [["a", None, "c"], *([n, None, n] for n in range(5)), [5, "late", 5]]
    load(db, folder, rows)
    assert types(db, "t") == {"a": "bigint", "c": "bigint", "column_b": "text"}
    assert content(db, "t", "column_b", order="a")[-1] == ("late",)


@pytest.mark.parametrize("chunk", [1, 100])
def test_rejects_above_the_first_value_of_a_blank_header_name_its_column(db, folder, chunk):
    setting(db, "chunk_size", chunk)
    rows = [[("n", 1, "0"), ("e", "#N/A")], [("n", 2, "0"), ("s", "late")]]
    file = {"writer": "xlsxwriter", "date1904": False, "header": [("s", "a")], "rows": rows}
    books.write(file, folder / "t.xlsx", "t")
    imported(db.import_file(folder / "t.xlsx", table_name="t"))
    assert content(db, "t", "a", "column_b") == [(1, None), (2, "late")]
    assert db.rows("SELECT cell, column_name FROM pgdatahub.rejects") == [{"cell": "B2", "column_name": "column_b"}]


def test_hostile_headers(db, folder):
    db.execute("CREATE TABLE victim ()")
    (row,) = load(db, folder, [HOSTILE, list(range(len(HOSTILE)))])
    found = list(types(db, "t"))
    assert len(found) == len(HOSTILE)
    assert {"ctid_", "select", "source_file_2", "load_timestamp_2"} <= set(found)
    assert content(db, "t") == [tuple(range(len(HOSTILE)))]
    assert db.value("SELECT to_regclass('victim')") == "victim"
    comments = db.rows("SELECT col_description(attrelid, attnum) AS c FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum")
    assert [row["c"] for row in comments][: len(HOSTILE)] == [" ".join(h.split(" ")).strip() for h in HOSTILE]
    # The second file finds the same columns.
    (row,) = imported(db.import_file(folder.workbook("t/again.xlsx", [HOSTILE, list(range(100, 100 + len(HOSTILE)))]), table_name="t"))
    assert row["schema_changes"] == [] and row["missing_columns"] == []


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_hostile_names_of_folder_file_and_sheet(db, folder, lane):
    setting(db, "lane", lane)
    db.execute("CREATE TABLE victim ()")
    evil = "x'); DROP TABLE victim; --"
    names = [evil, 'q"uo\'te', "new\nline", "😀", "日期 Prénom", "a" * 200, "$1 %s \\"]
    for number, name in enumerate(names):
        folder.workbook(f"{name}/{name[:100]}.xlsx", [["n"], [number]], sheet=name.replace("\\", "").replace("'", "’")[:31])
    rows = imported(db.import_folder(folder))
    assert len(rows) == len(names)
    assert db.value("SELECT to_regclass('victim')") == "victim"
    for row in rows:
        table = db.value("SELECT format('%%I.%%I', table_schema, table_name) FROM pgdatahub.imports WHERE source_file = %s", [row["source_file"]])
        assert len(content(db, table)) == 1
        assert db.value("SELECT pgdatahub.revert(%s, %s)", [table, row["source_file"]]) == 1


def test_comments_name_header_and_folder_and_respect_users(db, folder):
    load(db, folder, [["Policy No."], [1]])
    comment = "SELECT col_description('t'::regclass, 1)"
    assert db.value(comment) == "Policy No."
    assert str(folder / "t") in db.value("SELECT obj_description('t'::regclass)")
    db.execute("COMMENT ON COLUMN t.policy_no IS 'mine'; COMMENT ON TABLE t IS 'mine too'")
    imported(db.import_file(folder.workbook("t/b.xlsx", [["Policy No", "b"], [2, 3]]), table_name="t"))
    assert (db.value(comment), db.value("SELECT obj_description('t'::regclass)")) == ("mine", "mine too")


def test_view_that_blocks_is_named(db, folder):
    load(db, folder, [["n"], [1]])
    db.execute("CREATE VIEW over_n AS SELECT n FROM t")
    (row,) = db.import_file(folder.workbook("t/b.xlsx", [["n"], ["x"]]), table_name="t")
    failed(row, "2BP01", "over_n", "ALTER TABLE", "Drop what is named")


def test_two_headers_remembered_for_one_column(db, folder):
    load(db, folder, [["Policy No"], [1]], [["Policy No."], [2]])
    (row,) = db.import_file(folder.workbook("t/c.xlsx", [["Policy No", "Policy No."], [3, 4]]), table_name="t")
    failed(row, "42701", "Policy No")


VALUES = [1, 7, 2.5, 1e10, -3, True, "text", "00123", date(2024, 1, 2), datetime(2023, 5, 6, 7, 8, 9), None, None, time(4, 5, 6)]


def random_files(seed):
    chance = random.Random(seed)
    headers = ["a", "B ", "c#", "d", None, "a"]
    files = []
    for _ in range(4):
        # At least half of all known headers, or a file is taken for another template.
        columns = chance.sample(headers, chance.randint(4, 6))
        kinds = [chance.sample(VALUES, 2) for _ in columns]
        rows = [[chance.choice(kind) for kind in kinds] for _ in range(chance.randint(1, 6))]
        files.append([columns, *rows])
    return files


@pytest.mark.parametrize("seed", range(6))
def test_order_of_files_and_chunks_does_not_matter(db, folder, seed):
    """The final table (types and every value) is the same for any chunk_size, lane and order of files."""
    files = random_files(seed)
    paths = []
    for number, rows in enumerate(files):
        # A marker column tells the rows apart, so that they can be compared in one order.
        marked = [["id", *rows[0]], *([number * 100 + row, *values] for row, values in enumerate(rows[1:]))]
        paths.append(folder.workbook(f"t/{number}.xlsx", marked, default_date_format="yyyy-mm-dd hh:mm:ss"))
    orders = list(itertools.permutations(paths))
    random.Random(seed).shuffle(orders)
    results = set()
    for number, (lane, size, order) in enumerate(zip(["copy", "spi"] * 3, [1, 3, 10000] * 2, orders)):
        setting(db, "lane", lane)
        setting(db, "chunk_size", size)
        table = f"t{number}"
        for path in order:
            imported(db.import_file(path, table_name=table))
        columns = sorted(name for name in types(db, table))
        kinds = tuple(sorted(types(db, table).items()))
        results.add((kinds, tuple(content(db, table, *columns, order="id"))))
    assert len(results) == 1, results


def test_widened_text_is_what_reading_as_text_gives(db, folder):
    values = [1, 0, -7, 1.5, 1 / 3, 1e15, 123456789012345678, 2.5e20, 1e-7, 0.1 + 0.2, 1e21, -1e-10]
    load(db, folder, [["x"], *([value] for value in values)])
    assert types(db, "t") == {"x": "double precision"}
    imported(db.import_file(folder.workbook("t/z.xlsx", [["x"], ["text"]]), table_name="t"))
    setting(db, "chunk_size", 10000)
    imported(db.import_file(folder.workbook("u/a.xlsx", [["x"], ["text"], *([value] for value in values)]), table_name="u"))
    assert content(db, "t") == content(db, "u")


def test_result_names_what_changed(db, folder):
    folder.workbook("t/a.xlsx", [["n"], [1]])
    folder.workbook("t/b.xlsx", [["n", "m"], ["x", 2]])
    row = by_name(db.import_folder(folder))["b.xlsx"]
    assert sorted(row["schema_changes"]) == ["+ m bigint", "n bigint → text"]
