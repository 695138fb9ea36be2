"""The comparison's own rules, and that it notices a wrong table."""

import pytest
from harness import compare


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([["n", 1], ["n", 2]], "bigint"),
        ([["n", 1], ["n", 1.5]], "double precision"),
        ([["n", 2**53 + 2]], "double precision"),
        ([["d", "2024-01-01"], ["ts", "2024-01-01 01:00:00"]], "timestamp without time zone"),
        ([["t", "01:00:00"], ["h", 99999.0]], "interval"),
        ([["b", True], ["n", 1]], "text"),
        ([["d", "2024-01-01"], ["t", "01:00:00"]], "text"),
        ([None, ["e", "#N/A"], ["s", " \u00a0"]], "text"),
        ([None, ["n", 3]], "bigint"),
    ],
)
def test_column_type(cells, kind):
    assert compare.column_type(cells) == kind


@pytest.mark.parametrize(
    ("number", "text"),
    [(1 / 3, "0.333333333333333"), (0.1 + 0.2, "0.3"), (2.5e20, "250000000000000000000"), (-0.001, "-0.001"), (12, "12"), (1e-7, "0.0000001")],
)
def test_number_text(number, text):
    assert compare.number_text(number) == text


def test_letters():
    assert [compare.column_letters(n) for n in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]


def test_a_wrong_cell_is_noticed(cluster, make_database):
    db = make_database(cluster, extension=False)
    header, rows = compare.expected("xlsxwriter.xlsx")
    kinds = [compare.column_type(column) for column in zip(*rows, strict=True)]
    names = [f"c{number}" for number in range(len(header))]
    db.execute(f"CREATE TABLE t ({', '.join(f'{n} {k}' for n, k in zip(names, kinds))})")
    for row in rows:
        values = [compare.value_of(cell, kind) for cell, kind in zip(row, kinds)]
        db.execute(f"INSERT INTO t VALUES ({', '.join(['%s'] * len(values))})", values)
    compare.assert_same(db, "t", "xlsxwriter.xlsx")
    db.execute("UPDATE t SET c1 = c1 + 1 WHERE c1 = 42")
    with pytest.raises(AssertionError):
        compare.assert_same(db, "t", "xlsxwriter.xlsx")
