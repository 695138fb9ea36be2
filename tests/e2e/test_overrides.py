"""columns: names, types, formats, decimal marks and zones; infer_text."""

import itertools
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from harness.compare import data_columns

LANES = pytest.mark.parametrize("lane", ["copy", "spi"])


@pytest.fixture
def load(db, folder):
    """load(config, rows…) imports workbooks of one column or more into table t; the last result."""
    numbers = itertools.count(1)

    def load(config, *books, lane="auto", expect="imported"):
        db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
        folder.write("etl_config.yaml", config)
        for rows in books:
            folder.workbook(f"t/{next(numbers)}.xlsx", rows)
        result = db.import_folder(folder)[-1]
        assert result["status"] == expect, result
        return result

    return load


def column(db, name="a"):
    return [row[name] for row in db.rows(f"SELECT {name} FROM t ORDER BY ctid")]


@LANES
def test_name_and_type(db, load, lane):
    load("columns: {Premium (EUR): {name: premium, type: 'numeric(12,2)'}}\n", [["Premium (EUR)"], [10.75], [1000]], lane=lane)
    assert data_columns(db, "t") == [("premium", "numeric(12,2)")]
    assert column(db, "premium") == [Decimal("10.75"), Decimal("1000.00")]
    change = db.rows("SELECT new_type FROM pgdatahub.etl_schema_changes WHERE column_name = 'premium'")
    assert change == [{"new_type": "numeric(12,2)"}]


@LANES
def test_a_type_is_not_widened(db, load, lane):
    config = "columns: {A: {type: 'numeric(12,2)'}}\n"
    load(config, [["A"], [1.5]], lane=lane)
    for value in (10.755, "n/a", "1,5", True, date(2024, 1, 31)):
        result = load(config, [["A"], [1.25], [value]], lane=lane, expect="failed")
        assert result["sqlstate"] == "42804", result
        assert result["hint"]
    assert "A3" in load(config, [["A"], [1.25], [10.755]], lane=lane, expect="failed")["detail"]
    assert data_columns(db, "t") == [("a", "numeric(12,2)")]
    assert column(db) == [Decimal("1.50")]


@LANES
def test_native_types_are_kept_too(db, load, lane):
    config = "columns: {A: {type: bigint}, B: {type: text}}\n"
    load(config, [["A", "B"], [1, 7], [None, 7.5], [2, date(2024, 1, 31)]], lane=lane)
    assert data_columns(db, "t") == [("a", "bigint"), ("b", "text")]
    assert column(db, "b") == ["7", "7.5", "2024-01-31"]
    result = load(config, [["A", "B"], [1.5, "x"]], lane=lane, expect="failed")
    assert result["sqlstate"] == "42804" and 'type bigint cannot take "1.5"' in result["message"]


def test_a_misfit_far_down_is_a_conflict_at_its_cell(db, load):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = 5")
    rows = [["A"]] + [[n] for n in range(500)]
    result = load("columns: {A: {type: integer}}\n", [*rows, [2**31]], expect="failed")
    assert result["sqlstate"] == "42804" and "cell A502" in result["detail"]
    assert db.value("SELECT to_regclass('t')") is None


def test_an_existing_column_of_another_type_is_told(db, load):
    load("", [["A"], [1]])
    result = load("columns: {A: {type: 'numeric(12,2)'}}\n", [["A"], [2]], expect="failed")
    assert result["sqlstate"] == "42804"
    assert "is of type bigint, the configuration says numeric(12,2)" in result["message"]
    assert "ALTER COLUMN a TYPE numeric(12,2)" in result["hint"]
    load("columns: {A: {type: text}}\n", [["A"], [3]])
    assert data_columns(db, "t") == [("a", "text")], "a type of ours that holds it is a widening"


def test_a_provisional_column_gets_the_type(db, load):
    load("", [["Id", "A"], [1, None]])
    load("columns: {A: {type: 'varchar(5)'}}\n", [["Id", "A"], [2, "abc"]])
    assert data_columns(db, "t")[1] == ("a", "character varying(5)")


@LANES
def test_formats(db, load, lane):
    config = "columns:\n  A: {type: date, format: DD.MM.YYYY}\n  B: {type: timestamp, format: 'DD.MM.YYYY HH24:MI'}\n  C: {type: time, format: HH24.MI}\n"
    load(config, [["A", "B", "C"], ["29.02.2024", "01.02.2024 13:45", "07.30"], [date(2024, 3, 1), None, None]], lane=lane)
    assert column(db, "a") == [date(2024, 2, 29), date(2024, 3, 1)]
    assert column(db, "b") == [datetime(2024, 2, 1, 13, 45), None]
    assert column(db, "c") == [time(7, 30), None]
    for wrong in ("02/29/2024", "2024-02-29", "30.02.2024", "29.02.24", "today"):
        assert load(config, [["A"], [wrong]], lane=lane, expect="failed")["sqlstate"] == "42804"


def test_a_format_without_a_type(db, load):
    config = "columns: {A: {format: DD.MM.YYYY}, B: {decimal: ','}}\n"
    load(config, [["A", "B"], ["31.01.2024", "1.234,56"], [None, "7"]])
    assert data_columns(db, "t") == [("a", "date"), ("b", "double precision")]
    assert column(db, "b") == [1234.56, 7.0]
    load(config, [["A", "B"], ["unknown", 8]])
    assert column(db, "a") == ["2024-01-31", None, "unknown"], "a type of ours widens"


@LANES
def test_decimal_marks(db, load, lane):
    config = "columns: {A: {type: 'numeric(30,4)', decimal: ','}}\n"
    texts = ["1.234,56", "-7", "+0,5", "12.345.678.901.234.567,8901", 2.5]
    load(config, [["A"], *[[t] for t in texts]], lane=lane)
    assert column(db) == [Decimal(d) for d in ("1234.5600", "-7.0000", "0.5000", "12345678901234567.8901", "2.5000")]
    for wrong in ("12.34", "1.23,4", "1,234.5", "€ 5", "1e5"):
        assert load(config, [["A"], [wrong]], lane=lane, expect="failed")["sqlstate"] == "42804"


@LANES
def test_time_zones(db, load, lane):
    """Berlin: +01 in winter, +02 in summer; 02:30 happens twice on 27 October 2024, the second one counts, and never on
    31 March, where PostgreSQL takes it for 03:30."""
    config = "columns: {A: {time_zone: Europe/Berlin}}\n"
    local = [datetime(2024, 1, 15, 12), datetime(2024, 7, 15, 12), datetime(2024, 10, 27, 2, 30), datetime(2024, 3, 31, 2, 30)]
    rows = [["A"], *[[moment] for moment in local], [date(2024, 7, 1)], ["2024-07-15T12:00:00-05:00"], ["2024-07-15 12:00"]]
    db.execute(f"ALTER DATABASE {db.name} SET timezone = 'Asia/Tokyo'")
    load(config, rows, lane=lane)
    assert data_columns(db, "t") == [("a", "timestamp with time zone")]
    got = [row["u"] for row in db.rows("SELECT a AT TIME ZONE 'UTC' AS u FROM t ORDER BY ctid")]
    assert got == [
        datetime(2024, 1, 15, 11),
        datetime(2024, 7, 15, 10),
        datetime(2024, 10, 27, 1, 30),
        datetime(2024, 3, 31, 1, 30),
        datetime(2024, 6, 30, 22),
        datetime(2024, 7, 15, 17),
        datetime(2024, 7, 15, 10),
    ]


def test_time_zone_mistakes(db, load):
    result = load("columns: {A: {time_zone: Europe/Berlni}}\n", [["A"], [datetime(2024, 1, 1, 12)]], expect="failed")
    assert result["sqlstate"] == "22023" and "Europe/Berlin" in result["hint"]
    result = load("columns: {A: {time_zone: Europe/Berlin, type: timestamp}}\n", [["A"], [datetime(2024, 1, 2, 12)]], expect="failed")
    assert result["sqlstate"] == "42804" and "has no time zone" in result["message"]


@pytest.mark.parametrize(
    ("name", "sqlstate", "words"),
    [("numerc(12,2)", "42704", "numeric"), ("no_such", "42704", "search_path"), ("money", "0A000", "lc_monetary"), ("numeric(", "42601", None)],
)
def test_type_mistakes(db, load, name, sqlstate, words):
    result = load(f"columns: {{A: {{type: '{name}'}}}}\n", [["A"], [1]], expect="failed")
    assert result["sqlstate"] == sqlstate, result
    if words:
        assert words in f"{result['detail']} {result['hint']}"
    assert db.value("SELECT to_regclass('t')") is None


def test_hostile_names(db, load):
    load("columns: {A: {name: 'x\"; DROP TABLE t; --'}}\n", [["A"], [1]])
    assert data_columns(db, "t") == [('x"; DROP TABLE t; --', "bigint")]


def test_a_type_of_another_schema_is_found_and_qualified(db, load):
    db.execute("CREATE SCHEMA s; CREATE TYPE s.colour AS ENUM ('red', 'green')")
    load("columns: {A: {type: s.colour}}\n", [["A"], ["red"]])
    assert data_columns(db, "t") == [("a", "s.colour")]


def test_headers_match_exactly_or_cleaned_and_absent_ones_are_no_error(db, load):
    config = "columns: {Policy No: {type: text}, Gone: {type: 'numeric(5,1)', name: gone}}\n"
    load(config, [["POLICY NO.", "B"], [7, 1]])
    assert data_columns(db, "t") == [("policy_no", "text"), ("b", "bigint")]


def test_two_headers_with_one_name_fail(load):
    config = "columns: {A: {name: x}, B: {name: x}}\n"
    result = load(config, [["A", "B"], [1, 2]], expect="failed")
    assert result["sqlstate"] == "42701" and "columns:" in result["hint"]


def test_two_months_with_one_name_are_one_column(db, load):
    config = "columns: {Premium (EUR): {name: premium}}\n"
    load(config, [["Premium"], [1]], [["Premium (EUR)"], [2]])
    assert sorted(column(db, "premium")) == [1, 2]


def test_not_where_it_goes_but_all_of_this_in_the_folder(db, folder):
    folder.workbook("t/a.xlsx", [["A"], [1]])
    folder.write("etl_config.yaml", "t: {table: elsewhere}\n")
    with pytest.raises(Exception, match="not allowed in a file that lies in the imported folder"):
        db.import_folder(folder)


TEXTS = ["7", "-3", "8.5", "1E+21", "2024-01-31", "2024-01-31 12:30:00"]


@LANES
def test_infer_text(db, load, lane):
    config = "infer_text: true\n"
    rows = [["I", "F", "D", "T", "Z", "N"], ["7", "8.5", "2024-01-31", "2024-01-31 12:30:00", "00123", "7"], ["-1", "9", "2024-02-01", "2024-02-01", "7", 0.5]]
    load(config, rows, lane=lane)
    types = ["bigint", "double precision", "date", "timestamp without time zone", "text", "double precision"]
    assert [kind for _, kind in data_columns(db, "t")] == types
    assert column(db, "z") == ["00123", "7"]
    assert column(db, "t") == [datetime(2024, 1, 31, 12, 30), datetime(2024, 2, 1)]


@LANES
@pytest.mark.parametrize("chunk", [1, 3, 10000])
def test_inferred_columns_do_not_depend_on_order(db, load, lane, chunk):
    """A later text that does not read back makes the column text, with every cell's own text."""
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = {chunk}")
    load("infer_text: true\n", [["A"], *[[t] for t in TEXTS[:3]]], [["A"], *[[t] for t in TEXTS[3:]]], [["A"], ["00123"]], lane=lane)
    assert data_columns(db, "t") == [("a", "text")]
    assert sorted(column(db)) == sorted([*TEXTS, "00123"])


def test_infer_text_per_column(db, load):
    load("infer_text: true\ncolumns: {A: {infer_text: false}}\n", [["A", "B"], ["7", "7"]])
    assert data_columns(db, "t") == [("a", "text"), ("b", "bigint")]


def test_without_the_setting_text_is_text(db, load):
    load("", [["A"], ["7"]])
    assert data_columns(db, "t") == [("a", "text")]


def test_what_undoing_does_to_declared_columns(db, load):
    """A new one goes; a type given to a column that had no values stays, as revert_schema knows only types of its own."""
    load("", [["Id", "A"], [1, None]])
    load("columns: {A: {type: 'numeric(12,2)'}, B: {type: 'varchar(5)'}}\n", [["Id", "A", "B"], [2, 1.5, "x"]])
    assert data_columns(db, "t")[1:] == [("a", "numeric(12,2)"), ("b", "character varying(5)")]
    file = db.value("SELECT max(source_file) FROM t")
    db.value("SELECT pgdatahub.revert('t', %s)", [file])
    rows = db.rows("SELECT column_name, outcome, why FROM pgdatahub.revert_schema('t', %s, dry_run => false)", [file])
    assert {row["column_name"]: row["outcome"] for row in rows} == {"a": "refused", "b": "done"}
    assert all(row["why"] for row in rows if row["outcome"] == "refused")
    assert data_columns(db, "t") == [("id", "bigint"), ("a", "numeric(12,2)")]
