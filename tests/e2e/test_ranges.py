"""Which cells of a sheet are read, and as what."""

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.table import Table

# Row 1 a title, row 3 the header in columns B to D, a note beside the table, a total and a remark below.
LAYOUT = [
    ["Claims 2024"],
    [],
    [None, "id", "amount", "city", None, "note"],
    [None, 1, 10.5, "Lyon", None, "n1"],
    [None, 2, 20, "Oslo"],
    [None, 3, 30, "Köln"],
    [None, "Total", 60.5],
    [],
    [],
    [None, "printed by A."],
]


@pytest.fixture
def read(db, folder):
    """read(rows or path, setting: text …) imports under these settings; (result row, columns, rows)."""
    numbers = iter(range(1, 100))

    def run(content, **settings):
        number = next(numbers)
        path = content
        if isinstance(content, list):
            path = folder.workbook(f"w{number}/a.xlsx", content)
        text = "".join(f"{name}: {value}\n" for name, value in settings.items())
        config = folder.write(f"w{number}.yaml", text)
        with db.connect() as connection:
            connection.execute(f"SET pgdatahub.config_file = '{config}'")
            cursor = connection.execute("SELECT * FROM pgdatahub.import_file(%s, %s)", [str(path), f"t{number}"])
            (row,) = [dict(zip((column.name for column in cursor.description), values)) for values in cursor.fetchall()]
            if row["status"] == "failed":
                return row, None, None
            cursor = connection.execute(f"SELECT * FROM t{number} ORDER BY ctid")
            columns = [column.name for column in cursor.description][:-2]
            return row, columns, [values[:-2] for values in cursor.fetchall()]

    return run


def test_a_fixed_range(read):
    _, columns, rows = read(LAYOUT, range="B3:D6")
    assert (columns, rows) == (["id", "amount", "city"], [(1, 10.5, "Lyon"), (2, 20, "Oslo"), (3, 30, "Köln")])


def test_a_range_open_below_with_a_footer(read):
    _, columns, rows = read(LAYOUT, range="B3:D", stop_at_blank=1, skip_footer=1)
    assert columns == ["id", "amount", "city"] and [row[0] for row in rows] == [1, 2, 3]


def test_skip_footer_counts_rows_that_are_not_blank(read):
    row, columns, rows = read(LAYOUT, header_row=3, skip_footer=2)
    assert columns == ["id", "amount", "city", "note"] and [row[0] for row in rows] == [1, 2, 3]


def test_stop_at_blank(read):
    gaps = [["a"], [1], [], [2], [], [], [3]]
    assert [len(read(gaps, stop_at_blank=n)[2]) for n in (0, 1, 2, 3)] == [3, 1, 2, 3]
    assert len(read([["a"], [], [], [1], [2]], stop_at_blank=1)[2]) == 2, "blank rows below the header end nothing"


def test_a_range_outside_the_sheet(read):
    row, *_ = read(LAYOUT, range="K20:M30")
    assert (row["status"], row["sqlstate"]) == ("failed", "22023")
    assert "K20:M30" in row["message"] and "A1:F10" in row["detail"]


@pytest.fixture
def named(folder):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "My 'Data'"
    for row in LAYOUT:
        sheet.append(row)
    sheet.add_table(Table(displayName="Claims", ref="B3:D6"))
    other = book.create_sheet("Other")
    for row in ([1, 2], [3, 4]):
        other.append(row)
    book.defined_names["Window"] = DefinedName("Window", attr_text="'My ''Data'''!$B$3:$C$5")
    book.defined_names["Formula"] = DefinedName("Formula", attr_text="OFFSET(Other!$A$1,0,0,2,2)")
    path = folder / "named.xlsx"
    book.save(path)
    path.chmod(0o644)
    return path


def test_a_named_range_says_its_sheet(read, named):
    row, columns, rows = read(named, range="window")
    assert row["sheet_name"] == "My 'Data'" and (columns, rows) == (["id", "amount"], [(1, 10.5), (2, 20)])


def test_an_excel_table_by_name(read, named):
    _, columns, rows = read(named, range="Claims")
    assert columns == ["id", "amount", "city"] and len(rows) == 3


def test_a_table_with_totals_row_leaves_them_out(read, folder):
    import xlsxwriter

    path = folder / "totals.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        columns = [{"header": "id"}, {"header": "n", "total_function": "sum"}]
        sheet.add_table("B2:C5", {"name": "Sums", "data": [[1, 2], [3, 4]], "columns": columns, "total_row": True})
    path.chmod(0o644)
    assert read(path, range="Sums")[1:] == (["id", "n"], [(1, 2), (3, 4)])


def test_unknown_and_unusable_names(read, named, folder):
    row, *_ = read(named, range="Windows")
    assert row["sqlstate"] == "22023" and '"Window", "Formula", "Claims"' in row["detail"] and '"Window"' in row["hint"]
    row, *_ = read(named, range="Formula")
    assert row["sqlstate"] == "22023" and "no plain range" in row["message"]
    row, *_ = read(named, range="Window", sheet="Other")
    assert row["sqlstate"] == "22023" and 'lies on sheet "My \'Data\'", not on "Other"' in row["message"]
    row, *_ = read(folder.fixture("cells/odfpy.ods"), range="Window")
    assert row["sqlstate"] == "0A000" and "B3:H200" in row["hint"]


@pytest.mark.parametrize("name", ["xlsxwriter.xlsx", "xlwt.xls", "pyxlsbwriter.xlsb", "odfpy.ods"])
def test_ranges_in_every_format(read, folder, name):
    path = folder.fixture(f"cells/{name}")
    whole = read(path)
    _, columns, rows = read(path, range="B1:C3")
    assert columns == whole[1][1:3]
    assert len(rows) <= 2 and [tuple(map(str, row)) for row in rows] == [tuple(map(str, row[1:3])) for row in whole[2][: len(rows)]]


def test_the_range_is_part_of_the_dedup_key(db, folder):
    path = folder.workbook("in/c/a.xlsx", LAYOUT)
    config = folder.write("c.yaml", "range: B3:D6\n")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.config_file = '{config}'")
    assert [row["status"] for row in db.import_folder(path.parent.parent)] == ["imported"]
    assert [row["status"] for row in db.import_folder(path.parent.parent)] == ["skipped"]
    folder.write("c.yaml", "range: B3:D5\n")
    (row,) = db.import_folder(path.parent.parent)
    assert (row["status"], row["row_count"], row["rows_removed"]) == ("replaced", 2, 3), "never both"
    assert db.rows("SELECT sheet_range FROM pgdatahub.imports WHERE reverted_at IS NULL") == [{"sheet_range": "B3:D5"}]


def test_row_number(read):
    _, columns, rows = read([["a"], [1], [], [2]], row_number="source_row")
    assert (columns, rows) == (["a", "source_row"], [(1, 2), (2, 4)])
    row, *_ = read([["Source Row"], [1]], row_number="source_row")
    assert row["status"] == "failed" and row["sqlstate"] == "22023" and "column A" in row["detail"]


def test_row_number_stays_in_its_column(db, folder):
    config = folder.write("c.yaml", "row_number: source_row\n")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.config_file = '{config}'")
    folder.workbook("in/t/a.xlsx", [["a"], [1]])
    folder.workbook("in/t/b.xlsx", [["a", "b"], [2, 3], ["late", 4]])
    assert [row["status"] for row in db.import_folder(folder / "in")] == ["imported", "imported"]
    rows = db.rows("SELECT a, b, source_row FROM t ORDER BY source_file, source_row")
    assert [tuple(row.values()) for row in rows] == [("1", None, 2), ("2", 3, 2), ("late", 4, 3)]


def test_null_strings_and_trim(read):
    rows = [["a", "b"], ["-", " x "], [1, "n/a"], [2, "N/A"], ["-", "n/a"]]
    _, _, found = read(rows, null_strings="['-', n/a]")
    assert found == [(None, "x"), (1, None), (2, "N/A")], "and the last row is blank"
    _, _, found = read([["a", " b "], ["x", "  y "], ["z", "  "]], trim="false")
    assert found == [("x", "  y "), ("z", "  ")]
    rows = [["a", " b "], [" ", None], *([n, "x"] for n in range(60)), [None, "  "]]
    _, columns, found = read(rows, trim="false")
    assert columns == ["a", "b"] and found[0] == (" ", None) and found[-1] == (None, "  "), "blanks are values then"
    assert len(read(rows)[2]) == 60


def test_error_cells(read, folder):
    path = folder / "e.xlsx"
    book = openpyxl.Workbook()
    for row in (["a", "n"], ["x", 1], ["y", "#N/A"]):
        book.active.append(row)
    book.active["B3"].data_type = "e"
    book.save(path)
    path.chmod(0o644)
    row, _, found = read(path)
    assert (row["rejected"], found) == (1, [("x", 1), ("y", None)])
    row, _, found = read(path, error_cells="text")
    assert (row["rejected"], found) == (0, [("x", "1"), ("y", "#N/A")])
    row, *_ = read(path, error_cells="fail")
    assert (row["status"], row["sqlstate"]) == ("failed", "22000") and "cell B3" in row["message"]


@pytest.fixture
def merged(folder):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["region", "city", "n"], ["North", "Oslo", 1], [None, "Bergen", 2], ["South", "Lyon", 3], [None, None, None], [None, "Nice", 4]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("A4:A6")
    path = folder / "merged.xlsx"
    book.save(path)
    path.chmod(0o644)
    return path


def test_fill_merged(read, merged):
    row, _, rows = read(merged)
    assert [row[0] for row in rows] == ["North", None, "South", None] and "2 merged ranges" in row["message"]
    _, _, rows = read(merged, fill_merged="true")
    assert rows == [("North", "Oslo", 1), ("North", "Bergen", 2), ("South", "Lyon", 3), ("South", "Nice", 4)]


def test_fill_merged_over_a_misfit(db, folder, merged):
    """The stream begins again in the middle of a merged range."""
    book = openpyxl.load_workbook(merged)
    book.active["C6"] = "late"
    book.save(merged)
    config = folder.write("c.yaml", "fill_merged: true\nskip_footer: 0\n")
    with db.connect() as connection:
        connection.execute(f"SET pgdatahub.config_file = '{config}'; SET pgdatahub.chunk_size = 1")
        connection.execute("SELECT * FROM pgdatahub.import_file(%s, 't')", [str(merged)])
        rows = connection.execute("SELECT region, n FROM t ORDER BY city").fetchall()
    assert sorted(rows) == [("North", "1"), ("North", "2"), ("South", "3"), ("South", "late")]


def test_duplicate_columns(read):
    rows = [["Amount", "b", "amount"], [1, "x", None], [None, "y", 2]]
    assert read(rows)[1] == ["amount", "b", "amount_2"]
    _, columns, found = read(rows, duplicate_columns="coalesce")
    assert (columns, found) == (["amount", "b"], [(1, "x"), (2, "y")])
    row, *_ = read([*rows, [3, "z", 4]], duplicate_columns="coalesce")
    assert row["sqlstate"] == "22000" and "cells A4 and C4" in row["message"]


def test_skip_footer_over_a_misfit(db, folder):
    path = folder.workbook("a.xlsx", [["a"], *([n] for n in range(30)), ["text"], ["total"], ["remark"]])
    config = folder.write("c.yaml", "skip_footer: 2\n")
    for lane in ("copy", "spi"):
        with db.connect() as connection:
            connection.execute(f"SET pgdatahub.config_file = '{config}'; SET pgdatahub.chunk_size = 3; SET pgdatahub.lane = {lane}")
            connection.execute("SELECT * FROM pgdatahub.import_file(%s, %s)", [str(path), f"t_{lane}"])
            rows = connection.execute(f"SELECT a FROM t_{lane} ORDER BY ctid").fetchall()
        assert [a for (a,) in rows] == [*map(str, range(30)), "text"]
