"""map_column: a renamed header mended, values moved exactly, or nothing changed at all."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from harness import results
from harness.results import failed, imported, refused


def load(db, folder, **files):
    """One workbook of table t per keyword, in order: {header: values}. Each has a column Key, by which its
    header row is known for the table's."""
    rows = []
    for name, columns in files.items():
        lines = [["Key", *columns], *(["k", *row] for row in zip(*columns.values(), strict=True))]
        rows += imported(db.import_file(folder.workbook(f"t/{name}.xlsx", lines), table_name="t"))
    return rows


def types(db, table):
    return {name: kind for name, kind in results.types(db, table).items() if name != "key"}


def content(db, table, *columns):
    return results.content(db, table, *(columns or types(db, table)))


def map_column(db, header, column, table="t", role="postgres"):
    return db.value("SELECT pgdatahub.map_column(%s, %s, %s)", [table, header, column], role=role)


def remembered(db):
    rows = db.rows("SELECT header, column_name FROM pgdatahub.etl_columns WHERE column_name <> 'key'")
    return {row["header"]: row["column_name"] for row in rows}


def state(db):
    """Everything that a refused map_column must leave as it was."""
    history = db.rows("SELECT * FROM pgdatahub.etl_schema_changes ORDER BY change_id")
    return types(db, "t"), content(db, "t"), history, db.rows("SELECT * FROM pgdatahub.etl_columns ORDER BY header")


def test_a_renamed_header(db, folder):
    load(db, folder, jan={"Id": [1, 2], "Premium": [10, 20]}, feb={"Id": [3, 4], "Premium (EUR)": [30, None]})
    assert types(db, "t") == {"id": "bigint", "premium": "bigint", "premium_eur": "bigint"}
    assert map_column(db, "Premium (EUR)", "premium") == 1
    assert types(db, "t") == {"id": "bigint", "premium": "bigint"}
    assert content(db, "t") == [(1, 10), (2, 20), (3, 30), (4, None)]
    assert remembered(db) == {"Id": "id", "Premium": "premium", "Premium (EUR)": "premium"}
    # From now on it goes there by itself.
    (row,) = load(db, folder, mar={"Id": [5], "Premium (EUR)": [50]})
    assert (row["schema_changes"], row["missing_columns"]) == ([], [])
    assert content(db, "t")[-1] == (5, 50)
    assert db.rows("SELECT * FROM pgdatahub.check_table('t') WHERE difference <> 0") == []


def test_the_audit(db, folder):
    load(db, folder, jan={"Premium": [10]}, feb={"Premium (EUR)": [30.5]})
    map_column(db, "Premium (EUR)", "premium")
    made = db.rows("SELECT * FROM pgdatahub.schema_changes WHERE source_file IS NULL ORDER BY change_id")
    assert [(row["change_type"], row["column_name"], row["old_type"], row["new_type"]) for row in made] == [
        ("ALTER COLUMN TYPE", "premium", "bigint", "double precision"),
        ("MAP COLUMN", "premium", None, None),
        ("DROP COLUMN", "premium_eur", "double precision", None),
    ]
    assert made[1]["statement"].startswith("UPDATE public.t AS t SET premium = ")
    assert made[2]["statement"] == "ALTER TABLE public.t DROP COLUMN premium_eur"
    assert {row["changed_by"] for row in made} == {"postgres"}
    marked = db.rows("SELECT change_type, column_name FROM pgdatahub.schema_changes WHERE reverted_at IS NOT NULL")
    assert marked == [{"change_type": "ADD COLUMN", "column_name": "premium_eur"}]


JOINS = [
    ([1], [1.5], "double precision", [(1.0,), (1.5,)]),
    ([1.5], [1], "double precision", [(1.0,), (1.5,)]),
    ([1], ["x"], "text", [("1",), ("x",)]),
    ([1.25], [date(2024, 2, 29)], "text", [("1.25",), ("2024-02-29",)]),
    ([date(2024, 2, 29)], [datetime(2024, 3, 1, 2, 3)], "timestamp without time zone", [(datetime(2024, 2, 29),), (datetime(2024, 3, 1, 2, 3),)]),
    ([True], ["x"], "text", [("true",), ("x",)]),
    ([None], [7], "bigint", [(7,), (None,)]),
    ([7], [None], "bigint", [(7,), (None,)]),
    ([None], [None], "text", [(None,), (None,)]),
]


@pytest.mark.parametrize(("first", "second", "joined", "expected"), JOINS)
def test_types_are_joined_first(db, folder, first, second, joined, expected):
    load(db, folder, a={"old name": first}, b={"new name": second})
    map_column(db, "new name", "old_name")
    assert types(db, "t") == {"old_name": joined}
    assert content(db, "t") == expected
    # The same as if both files had had one header from the start.
    provisional = db.value("SELECT bool_or(provisional) FROM pgdatahub.etl_columns WHERE column_name <> 'key'")
    assert provisional == (first == second == [None])
    assert types(db, "t") == {"old_name": joined}


def test_an_empty_column_goes_whatever_its_type_is(db, folder):
    """No cast leads from timestamp to boolean; no value needs one."""
    load(db, folder, a={"x": [True]}, b={"y": [datetime(2024, 2, 29, 1, 2)]})
    assert db.value("SELECT pgdatahub.revert('t', 'b.xlsx')") == 1
    assert map_column(db, "y", "x") == 0
    assert (types(db, "t"), content(db, "t")) == ({"x": "boolean"}, [(True,)])


def test_integers_beyond_two_to_the_53(db, folder):
    load(db, folder, a={"n": [1]}, b={"m": [1.5]})
    db.execute("UPDATE t SET n = 9007199254740993 WHERE n = 1; UPDATE t SET m = 0.1::float8 + 0.2::float8 WHERE m = 1.5")
    db.execute(f"ALTER DATABASE {db.name} SET extra_float_digits = 0")
    map_column(db, "m", "n")
    assert types(db, "t") == {"n": "numeric"}
    assert content(db, "t") == [(Decimal("0.30000000000000004"),), (Decimal("9007199254740993"),)]


def test_different_values_are_refused(db, folder):
    load(db, folder, a={"x": [1, 2, 3, None], "y": [1, 9, 8, 7]})
    before = state(db)
    with refused("22000", '2 rows have different values in "y" and "x"', "a.xlsx"):
        map_column(db, "y", "x")
    assert state(db) == before
    db.execute("UPDATE t SET y = x WHERE x IS NOT NULL")
    assert map_column(db, "y", "x") == 1
    assert content(db, "t") == [(1,), (2,), (3,), (7,)]


def test_values_that_differ_past_the_15th_digit_are_different(db, folder):
    load(db, folder, a={"x": [0.3], "y": [0.5]})
    db.execute("UPDATE t SET y = 0.1::float8 + 0.2::float8")
    with refused("22000", "different values"):
        map_column(db, "y", "x")


def test_other_headers_of_the_column_come_along(db, folder):
    load(db, folder, a={"n": [1], "x": [1]}, b={"New-Name": [2]}, c={"new name": [3]})
    assert map_column(db, "New-Name", "x") == 2
    assert remembered(db) == {"n": "n", "x": "x", "New-Name": "x", "new name": "x"}
    assert content(db, "t", "x") == [(1,), (2,), (3,)]


def test_a_header_to_come(db, folder):
    load(db, folder, a={"Premium": [1]})
    with db.connect() as connection:
        said = []
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
        assert connection.execute("SELECT pgdatahub.map_column('t', 'Prämie', 'premium')").fetchone() == (0,)
        assert connection.execute("SELECT pgdatahub.map_column('t', 'Premiun', 'premium')").fetchone() == (0,)
    assert said == ['no import has had the header "Prämie" so far', 'no import has had the header "Premiun" so far; "Premium" was']
    (row,) = load(db, folder, b={"Prämie": [2]})
    assert row["schema_changes"] == []
    assert content(db, "t") == [(1,), (2,)]
    change = db.rows("SELECT statement FROM pgdatahub.schema_changes WHERE change_type = 'MAP COLUMN' ORDER BY change_id LIMIT 1")
    assert change == [{"statement": "pgdatahub.map_column('public.t', 'Prämie', 'premium')"}]


def test_a_provisional_column_stays_so(db, folder):
    load(db, folder, a={"n": [1], "Empty": [None]})
    map_column(db, "Leer", "empty")
    load(db, folder, b={"n": [2], "Leer": [date(2024, 2, 29)]})
    assert types(db, "t") == {"n": "bigint", "empty": "date"}


def duplicates(db, folder):
    """Two columns of one header, and a third column; the rows."""
    lines = [["Key", "Amount", "Amount", "Sum"], ["k", 1, 10, None], ["k", 2, 20, None], ["k", None, None, 7]]
    imported(db.import_file(folder.workbook("t/a.xlsx", lines), table_name="t"))
    assert types(db, "t") == {"amount": "bigint", "amount_2": "bigint", "sum": "bigint"}
    return [(1, 10, None), (2, 20, None), (None, None, 7)]


def test_one_of_several_equal_headers_must_be_named(db, folder):
    rows = duplicates(db, folder)
    before = state(db)
    with refused("22023", 'header "Amount" stands more than once', 'number 1 goes to "amount", number 2 goes to "amount_2"') as caught:
        map_column(db, "Amount", "sum")
    assert state(db) == before and content(db, "t") == rows
    # What the hint says does it.
    hint = caught.value.diag.message_hint
    assert hint == "Say which one: SELECT pgdatahub.map_column('public.t', 'Amount', 'sum', occurrence => 2);"
    assert db.value(hint.removeprefix("Say which one: ")) == 2
    assert types(db, "t") == {"amount": "bigint", "sum": "bigint"}
    assert content(db, "t") == [(1, 10), (2, 20), (None, 7)]
    # The second one goes there from now on, the first one stays.
    lines = [["Key", "Amount", "Amount"], ["k", 3, 30]]
    (row,) = imported(db.import_file(folder.workbook("t/b.xlsx", lines), table_name="t"))
    assert row["schema_changes"] == [] and row["missing_columns"] == []
    assert content(db, "t") == [(1, 10), (2, 20), (3, 30), (None, 7)]


def test_the_first_of_several_equal_headers(db, folder):
    duplicates(db, folder)
    assert db.value("SELECT pgdatahub.map_column('t', 'Amount', 'sum', 1)") == 2
    assert content(db, "t", "amount_2", "sum") == [(10, 1), (20, 2), (None, 7)]
    kept = db.rows("SELECT occurrence, column_name FROM pgdatahub.etl_columns WHERE header = 'Amount' ORDER BY 1")
    assert [tuple(row.values()) for row in kept] == [(1, "sum"), (2, "amount_2")]


def test_a_second_equal_header_to_come(db, folder):
    load(db, folder, a={"x": [1], "y": [2]})
    assert db.value("SELECT pgdatahub.map_column('t', 'x', 'y', occurrence => 2)") == 0
    call = db.value("SELECT statement FROM pgdatahub.schema_changes WHERE change_type = 'MAP COLUMN'")
    assert call == "pgdatahub.map_column('public.t', 'x', 'y', occurrence => 2)"
    imported(db.import_file(folder.workbook("t/b.xlsx", [["Key", "x", "x"], ["k", 3, 4]]), table_name="t"))
    assert content(db, "t") == [(1, 2), (3, 4)]
    with refused("22023", "at least 1"):
        db.value("SELECT pgdatahub.map_column('t', 'x', 'y', occurrence => 0)")


def test_a_large_table_is_not_rewritten_unasked(db, folder):
    load(db, folder, a={"x": [1]}, b={"y": [2.5]})
    before = state(db)
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.max_rewrite = 0")
    with refused("54000", "too large to be rewritten", "ALTER COLUMN x TYPE pg_catalog.float8") as caught:
        map_column(db, "y", "x")
    assert state(db) == before
    hint = caught.value.diag.message_hint
    assert hint == "When the table may be locked: SET pgdatahub.max_rewrite = -1; SELECT * FROM pgdatahub.map_column('public.t', 'y', 'x');"
    db.execute(hint.removeprefix("When the table may be locked: "))
    assert content(db, "t") == [(1.0,), (2.5,)]
    # Where no column is retyped, nothing is rewritten.
    load(db, folder, c={"z": [3.5]})
    assert map_column(db, "z", "x") == 1


def test_the_same_again_is_nothing(db, folder):
    load(db, folder, a={"Premium": [1]}, b={"Premium (EUR)": [2]})
    map_column(db, "Premium (EUR)", "premium")
    before = state(db)
    assert map_column(db, "Premium (EUR)", "premium") == 0
    assert state(db) == before


def test_both_headers_in_one_file_fail_it(db, folder):
    load(db, folder, a={"x": [1]}, b={"y": [2]})
    map_column(db, "y", "x")
    (row,) = db.import_file(folder.workbook("t/c.xlsx", [["Key", "x", "y"], [None, 1, 2]]), table_name="t")
    failed(row, "42701")


USER_TYPES = [
    ("numeric(12,2)", [12.3, 4], ["12.30", "4.00"]),
    ("varchar(5)", ["short", None], ["short", "None"]),
    ("integer", [7], ["7"]),
    ("mood", ["ok"], ["ok"]),
]


@pytest.mark.parametrize(("sql_type", "values", "expected"), USER_TYPES)
def test_into_a_users_type(db, folder, sql_type, values, expected):
    db.execute(f"CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (key text, x {sql_type})")
    db.value("SELECT pgdatahub.adopt_table('t')")
    load(db, folder, a={"y": values})
    assert map_column(db, "y", "x") == sum(value is not None for value in values)
    assert sorted(str(row[0]) for row in content(db, "t", "x")) == sorted(expected)
    assert list(types(db, "t")) == ["x"]


@pytest.mark.parametrize(
    ("sql_type", "value", "sqlstate"),
    [
        ("numeric(12,2)", 12.345, "22000"),
        ("numeric(4,2)", 123, "22003"),
        ("varchar(3)", "too long", "22000"),
        ("integer", 1.5, "22P02"),
        ("mood", "glad", "22P02"),
        ("timestamptz", datetime(2024, 2, 29), "42804"),
    ],
)
def test_what_a_users_type_cannot_take(db, folder, sql_type, value, sqlstate):
    db.execute(f"CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (key text, x {sql_type})")
    db.value("SELECT pgdatahub.adopt_table('t')")
    load(db, folder, a={"y": [value]})
    before = state(db)
    with refused(sqlstate):
        map_column(db, "y", "x")
    assert state(db) == before


def test_a_users_own_column_is_not_dropped(db, folder):
    db.execute("CREATE TABLE t (key text, x bigint, y bigint)")
    db.value("SELECT pgdatahub.adopt_table('t')")
    load(db, folder, a={"y": [1]})
    with refused("55000", '"y" was not made by an import'):
        map_column(db, "y", "x")
    assert list(types(db, "t")) == ["x", "y"]


def test_what_depends_on_the_emptied_column(db, folder):
    load(db, folder, a={"x": [1]}, b={"y": [2]})
    db.execute("CREATE VIEW v AS SELECT y FROM t; CREATE INDEX i ON t (y)")
    before = state(db)
    with refused("2BP01", '"y" cannot be dropped', "index i, view v"):
        map_column(db, "y", "x")
    assert state(db) == before


def test_what_depends_on_the_widened_column(db, folder):
    load(db, folder, a={"x": [1]}, b={"y": [2.5]})
    db.execute("CREATE VIEW v AS SELECT x FROM t")
    before = state(db)
    with refused("2BP01", '"x" cannot be altered', "view public.v"):
        map_column(db, "y", "x")
    assert state(db) == before


def test_a_trigger_that_keeps_values_back(db, folder):
    load(db, folder, a={"x": [1]}, b={"y": [2, 3]})
    db.execute(
        """CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.y = 3 THEN RETURN NULL; END IF; RETURN NEW; END';
           CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()"""
    )
    before = state(db)
    with refused("55000", "did not take their value", "trigger"):
        map_column(db, "y", "x")
    assert state(db) == before


def test_columns_that_cannot_take_a_header(db, folder):
    load(db, folder, a={"premium": [1]}, b={"y": [2]})
    db.execute("ALTER TABLE t ADD twice bigint GENERATED ALWAYS AS (y * 2) STORED")
    with refused("42703", 'no column "premum"', 'Did you mean "premium"?'):
        map_column(db, "y", "premum")
    with refused("22023", "source_file"):
        map_column(db, "y", "source_file")
    with refused("22023", "generated"):
        map_column(db, "y", "twice")
    with refused("22023", "header must not be empty"):
        map_column(db, " ", "premium")
    for call in ("NULL, 'y', 'x'", "'t', NULL, 'x'", "'t', 'y', NULL"):
        with refused("22004"):
            db.value(f"SELECT pgdatahub.map_column({call})")
    db.execute("CREATE TABLE mine (x int)")
    with refused("42P01", "not managed"):
        map_column(db, "y", "x", table="mine")


def test_rights_and_hidden_rows(db, folder):
    load(db, folder, a={"x": [1]}, b={"y": [2]})
    role = db.role("clerk")
    with refused("42501"):
        map_column(db, "y", "x", role=role)
    db.execute(f"GRANT ALL ON t TO {role}; GRANT USAGE ON SCHEMA pgdatahub TO {role}; GRANT EXECUTE ON FUNCTION pgdatahub.map_column TO {role}")
    with refused("42501", "must be owner"):
        map_column(db, "y", "x", role=role)
    db.execute(f"ALTER TABLE t OWNER TO {role}; ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY")
    with refused("42501", "row-level security"):
        map_column(db, "y", "x", role=role)
    db.execute("ALTER TABLE t NO FORCE ROW LEVEL SECURITY")
    assert map_column(db, "y", "x", role=role) == 1


def test_a_partitioned_table(db, folder):
    db.execute("CREATE TABLE t (key text, n bigint, x bigint) PARTITION BY LIST (n); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t DEFAULT")
    db.value("SELECT pgdatahub.adopt_table('t')")
    load(db, folder, a={"n": [1, 2], "y": [1.5, 2.5]})
    assert map_column(db, "y", "x") == 2
    assert content(db, "t", "n", "x") == [(1, 1.5), (2, 2.5)]
    assert "y" not in types(db, "t1")


def test_reverts_stay_exact_afterwards(db, folder):
    load(db, folder, a={"x": [1, 2]}, b={"y": [3.5]})
    map_column(db, "y", "x")
    assert db.value("SELECT pgdatahub.revert('t', 'b.xlsx')") == 1
    assert content(db, "t") == [(1.0,), (2.0,)]
    assert db.rows("SELECT * FROM pgdatahub.revert_schema('t', 'b.xlsx')") == []


def test_in_a_transaction_that_is_rolled_back(db, folder):
    load(db, folder, a={"x": [1]}, b={"y": ["z"]})
    before = state(db)
    with db.connect(autocommit=False) as connection:
        connection.execute("SELECT pgdatahub.map_column('t', 'y', 'x')")
        connection.rollback()
    assert state(db) == before
