"""Tables with types of the user's own: values go through the type's input, unchanged or not at all."""

import itertools
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from harness.compare import data_columns
from harness.conflicts import adopt, configure, ids, load as load_book, rejects, use_lane

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
    ("plain", ["(10.755,x)"], None),
    ("numeric[]", ["{10.755}"], [[Decimal("10.755")]]),
    ("int8", [7], [7]),
]
REFUSED = [
    ("varchar(3)", ["abcd"], "22001"),
    ("char(3)", ["abcd", 1234], "22001"),
    ("short", ["abcd"], "22001"),
    ("varchar(3)[]", ["{abcd}"], "22001"),
    ("varchar(2)[]", ['{"ab "}'], "42804"),
    ("numeric(12,2)[]", ["{10.755}"], "42804"),
    ("real[]", ["{0.123456789}"], "42804"),
    ("pair", ["(10.755,x)"], "42804"),
    ("pair[]", ['{"(1,x)"}'], "42804"),
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
    db.execute("CREATE TYPE pair AS (n numeric(12,2), t text); CREATE TYPE plain AS (n numeric, t text)")
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
    assert "cell A3" in result["detail"]
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


BLANKS = [("varchar(3)", "ab  "), ("short", "ab  "), ("char(3)", "    ")]


@pytest.mark.parametrize(("sql_type", "value"), BLANKS, ids=[case[0] for case in BLANKS])
@pytest.mark.parametrize("policy", ["widen", "reject_cell", "reject_row"])
def test_blanks_at_the_end_are_not_cut(db, folder, lane, sql_type, value, policy):
    """PostgreSQL itself cuts blanks that are too long for the type, and says nothing."""
    use_lane(db, lane)
    db.execute("CREATE DOMAIN short AS varchar(3)")
    adopt(db, f"id bigint, a {sql_type}")
    configure(folder, trim="false", on_type_conflict=policy)
    result = load_book(db, folder, "a.xlsx", [["Id", "A"], [1, "a "], [2, value], [3, "abc"]])
    if policy == "widen":
        assert (result["status"], result["sqlstate"]) == ("failed", "42804") and "cell B3" in result["detail"], result
        return
    assert rejects(db, "cell", "raw_value", "sqlstate", "scope") == [("B3", value, "42804", policy.removeprefix("reject_"))]
    assert ids(db) == ([1, 3] if policy == "reject_row" else [1, 2, 3])
    assert db.value("SELECT octet_length(a) FROM t WHERE id = 1") == (3 if sql_type == "char(3)" else 2)


LOSSY = [
    ("numeric(12,2)", 10.75, 10.755),
    ("real", 0.5, 0.123456789),
    ("smallint", 7, 7.5),
    ("timestamp(0)", datetime(2024, 1, 31, 12, 30), datetime(2024, 1, 31, 12, 30, 0, 250000)),
    ("time(0)", time(12, 30), time(12, 30, 0, 500000)),
    ("date", date(2024, 1, 31), datetime(2024, 1, 31, 12)),
]


@pytest.mark.parametrize(("sql_type", "good", "bad"), LOSSY, ids=[case[0] for case in LOSSY])
@pytest.mark.parametrize("policy", ["reject_cell", "reject_row"])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "adopted"])
def test_a_value_that_would_be_rounded_is_rejected(db, folder, lane, sql_type, good, bad, policy, declared):
    """Whether the user has made the column, or the configuration says its type and this very file makes it."""
    use_lane(db, lane)
    settings = {"on_type_conflict": policy}
    if declared:
        settings["columns"] = f"{{A: {{type: '{sql_type}'}}}}"
    else:
        adopt(db, f"id bigint, a {sql_type}")
    configure(folder, **settings)
    options = {"default_date_format": "hh:mm:ss.000"} if isinstance(good, time) else {}
    path = folder.workbook("a.xlsx", [["Id", "A"], [1, good], [2, bad], [3, good]], **options)
    (result,) = db.import_file(path, table_name="t")
    assert (result["status"], result["rejected"]) == ("imported", 1), result
    assert rejects(db, "cell", "column_name", "sqlstate", "scope") == [("B3", "a", "42804", policy.removeprefix("reject_"))]
    kept = [(1, good), (3, good)] if policy == "reject_row" else [(1, good), (2, None), (3, good)]
    got = [(row["id"], row["a"]) for row in db.rows("SELECT id, a FROM t ORDER BY id")]
    assert [(n, float(v) if isinstance(v, Decimal) else v) for n, v in got] == kept
    assert data_columns(db, "t")[1] == ("a", SHOWN.get(sql_type, sql_type))


SHOWN = {"timestamp(0)": "timestamp(0) without time zone", "time(0)": "time(0) without time zone"}
