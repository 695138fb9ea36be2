"""Tables with types of the user's own: values go through the type's input, unchanged or not at all."""

import itertools
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from harness.compare import data_columns

pytestmark = pytest.mark.parametrize("lane", ["copy", "spi"])

ID = UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
NUMBERS_ONLY = ("n/a", True, date(2024, 1, 31), "1,5", "1e5", "NaN")
TAKEN = [
    ("varchar(5)", ["abc", 12345, 1.5, True], ["abc", "12345", "1.5", "true"]),
    ("char(3)", ["abc", "a"], ["abc", "a  "]),
    ("numeric(12,2)", [10.75, 7, "3.50", 0.1 + 0.2], [Decimal("10.75"), Decimal("7.00"), Decimal("3.50"), Decimal("0.30")]),
    ("numeric(2,-2)", [1200], [Decimal("1200")]),
    ("smallint", [32767, "12"], [32767, 12]),
    ("integer", [-(2**31), 7.0], [-(2**31), 7]),
    ("real", [0.1, 16777216, 1.5], [0.1, 16777216.0, 1.5]),
    ("colour", ["red", "green"], ["red", "green"]),
    ("positive", [1, 2.5], [Decimal(1), Decimal("2.5")]),
    ("short", ["abc"], ["abc"]),
    ("whole", [7], [7]),
    ("jsonb", ['{"a": 1}', 7, True], [{"a": 1}, 7, True]),
    ("uuid", [str(ID)], [ID]),
    ("integer[]", ["{1,2}"], [[1, 2]]),
    ("varchar(3)[]", ["{abc,d}"], [["abc", "d"]]),
    ("bit(3)", ["101"], ["101"]),
    ("bytea", ["\\x6162"], [b"ab"]),
    ("timestamp(0)", [datetime(2024, 1, 31, 12, 30), date(2024, 2, 1), "2024-02-02T10:00:00"],
     [datetime(2024, 1, 31, 12, 30), datetime(2024, 2, 1), datetime(2024, 2, 2, 10)]),
    ("time(0)", [time(12, 30), "08:15"], [time(12, 30), time(8, 15)]),
    ("interval(0)", [timedelta(hours=30)], [timedelta(hours=30)]),
    ("day", [date(2024, 1, 31), "2024-02-01"], [date(2024, 1, 31), date(2024, 2, 1)]),
    ("int4range", ["[1,5)"], None),
    ("int8", [7], [7]),
]
REFUSED = [
    ("varchar(3)", ["abcd"], "22001"),
    ("char(3)", ["abcd", 1234], "22001"),
    ("short", ["abcd"], "22001"),
    ("varchar(3)[]", ["{abcd}"], "22001"),
    ("bit(3)", ["10", "1011"], "22026"),
    ("numeric(12,2)", [10.755, 12345678901, *NUMBERS_ONLY], "42804"),
    ("numeric(2,-2)", [1250], "42804"),
    ("smallint", [32768, 10.75, *NUMBERS_ONLY], "42804"),
    ("integer", [10.75, 2**31], "42804"),
    ("real", [0.123456789, 16777217], "42804"),
    ("colour", ["blue", 1], "22P02"),
    ("positive", [-1], "23514"),
    ("whole", [1.5], "42804"),
    ("jsonb", ["{", date(2024, 1, 31)], "22P02"),
    ("uuid", ["x", 7], "22P02"),
    ("integer[]", ["{a}"], "22P02"),
    ("timestamp(0)", [datetime(2024, 1, 31, 12, 30, 0, 250000), "31.01.2024 12:00", "now", 45000.5], "42804"),
    ("time(0)", [time(12, 30, 0, 500000)], "42804"),
    ("day", ["01/02/2024", "today", "infinity", datetime(2024, 1, 31, 12)], "42804"),
    ("timestamptz", [datetime(2024, 1, 31, 12)], "42804"),
    ("timetz", [time(12)], "42804"),
    ("money", [7], "42804"),
    ("name", ["x"], "42804"),
    ("tstzrange", ["[2024-01-01,2024-01-02)"], "42804"),
    ("interval year to month", [timedelta(hours=30)], "42804"),
]


@pytest.fixture
def load(db, folder, lane):
    """load(type, value…) imports one column of values into an adopted table t with a column of that type; the result."""
    db.execute("CREATE TYPE colour AS ENUM ('red', 'green')")
    db.execute("CREATE DOMAIN positive AS numeric CHECK (VALUE > 0)")
    db.execute("CREATE DOMAIN short AS varchar(3); CREATE DOMAIN whole AS bigint; CREATE DOMAIN day AS date")
    numbers = itertools.count(1)

    def load(sql_type, *values, settings=()):
        number = next(numbers)
        schema = f"s{number}"
        db.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.t (a {sql_type})")
        db.execute(f"SELECT pgdatahub.adopt_table('{schema}.t')")
        db.execute(f"ALTER DATABASE {db.name} SET search_path = {schema}, public")
        name = f"t/{number}.xlsx"
        elapsed = any(isinstance(value, timedelta) for value in values)
        clock = any(isinstance(value, time) for value in values)
        options = {"default_date_format": "[h]:mm:ss.000"} if elapsed else {"default_date_format": "hh:mm:ss.000"} if clock else {}
        path = folder.workbook(name, [["A"], *[[value] for value in values]], **options)
        with db.connect() as connection:
            for setting in (f"pgdatahub.lane = {lane}", *settings):
                connection.execute(f"SET {setting}")
            query = "SELECT status, sqlstate, message, detail, hint FROM pgdatahub.import_file(%s, table_name => 't')"
            return dict(zip(("status", "sqlstate", "message", "detail", "hint"), connection.execute(query, [str(path)]).fetchone(), strict=True))

    return load


@pytest.mark.parametrize(("sql_type", "values", "expected"), TAKEN, ids=[case[0] for case in TAKEN])
def test_what_a_type_takes(db, load, sql_type, values, expected):
    result = load(sql_type, *values)
    assert result["status"] == "imported", result
    got = [row["a"] for row in db.rows("SELECT a FROM t ORDER BY ctid")]
    if expected is None:
        assert len(got) == len(values)
    elif sql_type == "real":
        assert got == pytest.approx(expected, rel=1e-6)
    else:
        assert got == expected
    (column,) = data_columns(db, "t")
    declared = db.value("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'a'")
    assert column == ("a", declared)


@pytest.mark.parametrize(("sql_type", "values", "sqlstate"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_a_type_refuses(db, load, sql_type, values, sqlstate):
    for value in values:
        result = load(sql_type, value)
        assert (result["status"], result["sqlstate"]) == ("failed", sqlstate), (value, result)
        assert db.value("SELECT count(*) FROM t") == 0


def test_the_place_is_told(db, load):
    result = load("varchar(3)", "abc", "abcd", "abc")
    assert "Sheet row 3." in result["detail"]
    result = load("numeric(12,2)", 1, 10.755)
    assert "cell A3" in result["detail"] and "without rounding" in result["hint"]
    result = load("timestamptz", datetime(2024, 1, 31, 12))
    assert 'columns: {"A": {time_zone: Europe/Berlin}}' in result["hint"]


@pytest.mark.parametrize("settings", [("DateStyle = 'German, DMY'", "IntervalStyle = sql_standard", "extra_float_digits = 0", "array_nulls = off")])
def test_input_does_not_depend_on_the_session(db, load, settings):
    assert load("date[]", "{2024-02-01}", settings=settings)["status"] == "imported"
    assert db.value("SELECT a FROM t") == [date(2024, 2, 1)]
    assert load("integer[]", "{1,NULL}", settings=settings)["status"] == "imported"
    assert db.value("SELECT a FROM t") == [1, None]
    assert load("real", 0.1, settings=settings)["status"] == "imported"
    assert load("interval(3)", timedelta(hours=30, seconds=0.5), settings=settings)["status"] == "imported"
    assert db.value("SELECT a FROM t") == timedelta(hours=30, seconds=0.5)


def test_settings_of_the_session_come_back(db, folder, load, lane):
    load("varchar(5)", "abc")
    path = folder.workbook("u/b.xlsx", [["A"], ["x"]])
    with db.connect() as connection:
        connection.execute(f"SET pgdatahub.lane = {lane}")
        connection.execute("SET DateStyle = 'German, DMY'")
        connection.execute("SELECT * FROM pgdatahub.import_file(%s, table_name => 't')", [str(path)])
        assert connection.execute("SHOW DateStyle").fetchone() == ("German, DMY",)


def test_defaults_and_triggers_see_the_sessions_zone(db, folder, lane):
    db.execute("CREATE TABLE t (a varchar(5), zone text DEFAULT current_setting('TimeZone'))")
    db.execute("SELECT pgdatahub.adopt_table('t')")
    path = folder.workbook("u/b.xlsx", [["A"], ["x"]])
    with db.connect() as connection:
        connection.execute(f"SET pgdatahub.lane = {lane}")
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        connection.execute("SELECT * FROM pgdatahub.import_file(%s, table_name => 't')", [str(path)])
    assert db.value("SELECT zone FROM t") == "Asia/Tokyo"


def test_an_empty_column_of_a_type_that_takes_nothing(db, folder, lane):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    db.execute("CREATE TABLE t (id int, a money, b timestamptz, c numeric(5,2))")
    db.execute("SELECT pgdatahub.adopt_table('t')")
    path = folder.workbook("u/b.xlsx", [["Id", "A", "B", "C"], [1, None, None, None]])
    (result,) = db.import_file(path, table_name="t")
    assert result["status"] == "imported", result
    assert db.rows("SELECT id, a, b, c FROM t") == [{"id": 1, "a": None, "b": None, "c": None}]


def test_types_altered_after_the_import(db, folder, lane):
    """A table of ours whose column the user has given a type: it is kept from then on."""
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    (result,) = db.import_file(folder.workbook("t/a.xlsx", [["A"], [10.75]]), table_name="t")
    assert result["status"] == "imported"
    db.execute("ALTER TABLE t ALTER COLUMN a TYPE numeric(12,2)")
    (result,) = db.import_file(folder.workbook("t/b.xlsx", [["A"], [10.755]]), table_name="t")
    assert result["sqlstate"] == "42804"
    (result,) = db.import_file(folder.workbook("t/c.xlsx", [["A"], ["11.50"]]), table_name="t")
    assert result["status"] == "imported"
    assert [row["a"] for row in db.rows("SELECT a FROM t ORDER BY a")] == [Decimal("10.75"), Decimal("11.50")]
