"""header_row: found, given, several rows, or none."""

import openpyxl
import pytest
from test_ranges import read  # noqa: F401, a fixture

TITLED = [["A long report title"], ["id", "amount", "city"], [1, 2, "Oslo"], [3, 4, "Lyon"]]


def test_auto_and_given(read):  # noqa: F811
    row, columns, rows = read(TITLED)
    assert columns == ["id", "amount", "city"] and "header in row 2" in row["message"]
    assert read(TITLED, header_row=2)[1:] == (columns, rows)
    assert read(TITLED, header_row="auto")[1:] == (columns, rows)
    assert read(TITLED, header_row=3)[1] == ["_1", "_2", "oslo"]


@pytest.mark.parametrize("header_row", [9, 5])
def test_past_the_end(read, header_row):  # noqa: F811
    row, *_ = read(TITLED, header_row=header_row)
    assert (row["status"], row["sqlstate"]) == ("failed", "22023")
    assert f"above header row {header_row}" in row["message"] and "auto" in row["hint"]


def test_a_blank_header_row(read):  # noqa: F811
    row, *_ = read([["a"], [], [1]], header_row=2)
    assert row["sqlstate"] == "22023" and "header row 2 is blank" in row["message"]


def test_none(db, read, folder):  # noqa: F811
    _, columns, rows = read([[1, None, "x"], [2, None, "y"]], header_row="none")
    assert (columns, rows) == (["column_a", "column_c"], [(1, "x"), (2, "y")])
    assert db.value("SELECT header_row FROM pgdatahub.imports") is None


def test_none_twice_into_one_table(db, folder):
    config = folder.write("c.yaml", "header_row: none\n")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.config_file = '{config}'")
    folder.workbook("in/t/a.xlsx", [[1, "x"]])
    folder.workbook("in/t/b.xlsx", [[2, "y", True]])
    assert [row["status"] for row in db.import_folder(folder / "in")] == ["imported", "imported"]
    rows = db.rows("SELECT column_a, column_b, column_c FROM t ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [(1, "x", None), (2, "y", True)]


def test_several_rows_are_joined(read, folder):  # noqa: F811
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Premiums 2024"], ["Region", "Premium", None, "Claims", None], [None, "gross", "net", "paid", "open"], ["North", 1, 2, 3, 4]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("B2:C2")
    sheet.merge_cells("D2:E2")
    path = folder / "two.xlsx"
    book.save(path)
    path.chmod(0o644)
    _, columns, rows = read(path, header_row="[2, 3]")
    assert columns == ["region", "premium_gross", "premium_net", "claims_paid", "claims_open"]
    assert rows == [("North", 1, 2, 3, 4)]


def test_looking_takes_the_same(db, folder):
    path = folder.workbook("t.xlsx", [["x", "x"], ["a", "b"], [1, 2]])
    query = "SELECT * FROM pgdatahub.read_excel(%s, header_row => '1,2') AS t(x_a int, x_b int)"
    assert [tuple(row.values()) for row in db.rows(query, [str(path)])] == [(1, 2)]
