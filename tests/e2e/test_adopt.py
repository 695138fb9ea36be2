"""A table that pgdatahub did not create is filled only after adopt_table."""

import pytest
from harness.results import content, failed, imported, refused, types


def adopt(db, name="t", role="postgres"):
    return db.value("SELECT pgdatahub.adopt_table(%s)", [name], role=role)


def test_refused_before_and_the_hint_works(db, folder):
    db.execute('CREATE TABLE "My Table" (n bigint, note text)')
    path = folder.workbook("a.xlsx", [["n", "note"], [1, "x"]])
    (row,) = db.import_file(path, table_name='"My Table"')
    failed(row, "55000", "not managed", "adopt_table")
    statement = row["hint"].split("there: ")[1].split(";")[0].split(". If")[0]
    assert db.value(statement) == 'public."My Table"'
    imported(db.import_file(path, table_name='"My Table"'))
    assert content(db, '"My Table"') == [(1, "x")]


def test_folder_named_like_a_table(db, folder):
    db.execute("CREATE TABLE users (id int, name text)")
    folder.workbook("users/a.xlsx", [["id", "name"], [1, "x"]])
    (row,) = db.import_folder(folder)
    failed(row, "55000", "users")
    assert content(db, "users") == []


def test_adopting_twice(db):
    db.execute("CREATE TABLE t (n bigint)")
    adopt(db)
    with refused("55000", "managed already"):
        adopt(db)


def test_reserved_columns_of_another_type(db):
    db.execute("CREATE TABLE t (n bigint, source_file integer)")
    with refused("42804", "source_file", "integer"):
        adopt(db)


def test_what_cannot_be_adopted(db):
    db.execute("CREATE SEQUENCE s; CREATE TEMP TABLE tmp (n int); CREATE MATERIALIZED VIEW m AS SELECT 1 AS n; CREATE INDEX i ON pgdatahub.etl_runs (path)")
    for name in ("s", "m", "i", "pg_catalog.pg_class", "pgdatahub.etl_imports"):
        with refused("42809", "not a table that imports can fill") if name != "i" else refused("42P01"):
            adopt(db, name)


def test_only_the_owner(db):
    role = db.role("clerk")
    db.execute(f"CREATE TABLE t (n bigint); GRANT ALL ON t TO {role}; GRANT EXECUTE ON FUNCTION pgdatahub.adopt_table TO {role}")
    with refused("42501", "owner"):
        adopt(db, role=role)


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_types_of_the_user_are_kept(db, folder, lane):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    db.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    db.execute("CREATE TABLE t (i integer, s smallint, v varchar(10), p numeric(12,2), m mood, j jsonb, r real, c char(3), u uuid)")
    adopt(db)
    before = types(db, "t")
    rows = [
        ["i", "s", "v", "p", "m", "j", "r", "c", "u"],
        [7, 1, "short", 12.35, "ok", '{"a": 1}', 1.5, "ab", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
        [None, None, 12, 3, None, None, 2, None, None],
    ]
    imported(db.import_file(folder.workbook("a.xlsx", rows), table_name="t"))
    assert types(db, "t") == before
    found = content(db, "t", "i", "s", "v", "p", "m", "j", "r", "c")
    assert [tuple(map(str, row)) for row in found] == [
        ("7", "1", "short", "12.35", "ok", "{'a': 1}", "1.5", "ab "),
        ("None", "None", "12", "3.00", "None", "None", "2.0", "None"),
    ]


MISFITS = [
    ("integer", 1.5, "42804"),
    ("integer", 3_000_000_000, "42804"),
    ("integer", "x", "42804"),
    ("varchar(3)", "long text", "22001"),
    ("numeric(4,2)", 123456, "42804"),
    ("mood", "glad", "22P02"),
    ("jsonb", "{", "22P02"),
]


@pytest.mark.parametrize("lane", ["copy", "spi"])
@pytest.mark.parametrize(("sql_type", "value", "sqlstate"), MISFITS)
def test_what_a_type_refuses_fails_the_file(db, folder, lane, sql_type, value, sqlstate):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    db.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    db.execute(f"CREATE TABLE t (n bigint, x {sql_type})")
    adopt(db)
    (row,) = db.import_file(folder.workbook("a.xlsx", [["n", "x"], [1, None], [2, value]]), table_name="t")
    failed(row, sqlstate)
    assert "3" in row["detail"] or sqlstate == "42804", row
    assert content(db, "t") == []


@pytest.mark.parametrize("sql_type", ["timestamptz", "timetz"])
def test_zones_are_refused(db, folder, sql_type):
    from datetime import datetime

    db.execute(f"CREATE TABLE t (n bigint, x {sql_type})")
    adopt(db)
    (row,) = db.import_file(folder.workbook("a.xlsx", [["n", "x"], [1, datetime(2024, 1, 2, 3, 4, 5)]]), table_name="t")
    failed(row, "42804", '"x"')
    imported(db.import_file(folder.workbook("b.xlsx", [["n"], [1]]), table_name="t"))


def test_generated_and_identity_columns(db, folder):
    db.execute("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, n bigint, twice bigint GENERATED ALWAYS AS (n * 2) STORED)")
    adopt(db)
    (row,) = imported(db.import_file(folder.workbook("a.xlsx", [["n"], [4]]), table_name="t"))
    assert row["missing_columns"] == []
    assert content(db, "t") == [(1, 4, 8)]
    (row,) = db.import_file(folder.workbook("b.xlsx", [["n", "twice"], [4, 9]]), table_name="t")
    failed(row, "428C9", '"twice"')


def test_native_columns_widen(db, folder):
    db.execute("CREATE TABLE t (n bigint); INSERT INTO t VALUES (5)")
    adopt(db)
    imported(db.import_file(folder.workbook("a.xlsx", [["n"], [1.5]]), table_name="t"))
    assert types(db, "t") == {"n": "double precision"}
    assert content(db, "t") == [(1.5,), (5.0,)]


def test_beyond_two_to_the_53_becomes_numeric(db, folder):
    db.execute("CREATE TABLE t (n bigint); INSERT INTO t VALUES (9007199254740993)")
    adopt(db)
    imported(db.import_file(folder.workbook("a.xlsx", [["n"], [1.5]]), table_name="t"))
    assert types(db, "t") == {"n": "numeric"}
    assert [str(row[0]) for row in content(db, "t")] == ["1.5", "9007199254740993"]
    imported(db.import_file(folder.workbook("b.xlsx", [["n"], ["text"]]), table_name="t"))
    assert content(db, "t") == [("1.5",), ("9007199254740993",), ("text",)]


def test_revert_of_an_adopted_table_keeps_its_own_rows(db, folder):
    db.execute("CREATE TABLE t (n bigint); INSERT INTO t VALUES (5)")
    adopt(db)
    imported(db.import_file(folder.workbook("a.xlsx", [["n"], [1]]), table_name="t"))
    assert db.value("SELECT pgdatahub.revert('t', 'a.xlsx')") == 1
    assert content(db, "t") == [(5,)]
