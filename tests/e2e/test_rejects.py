"""on_type_conflict: a value that its column's type does not take, in native and in user-made types, through both lanes."""

import pytest
from harness.conflicts import LANES, adopt, configure, ids, load, rejects, traces, use_lane

FIRST = [["id", "amount"], [1, 10], [2, 20]]
SECOND = [["id", "amount"], [3, 30], [4, "n/a"], [5, 50.5], [6, 60]]


@pytest.fixture(params=LANES)
def lane(db, request):
    use_lane(db, request.param)
    return request.param


def types(db):
    rows = db.rows("SELECT attname::text AS n, atttypid::regtype::text AS t FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0")
    return {row["n"]: row["t"] for row in rows}


# Native types -------------------------------------------------------------------------------------------------------


def test_widen_is_the_default(db, folder, lane):
    load(db, folder, "a.xlsx", FIRST)
    assert load(db, folder, "b.xlsx", SECOND)["rejected"] == 0
    assert types(db)["amount"] == "text"
    assert [r["amount"] for r in db.rows("SELECT amount FROM t ORDER BY id")] == ["10", "20", "30", "n/a", "50.5", "60"]


@pytest.mark.parametrize("chunk", [1, 3, 10_000])
def test_reject_cell(db, folder, lane, chunk):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = {chunk}")
    configure(folder, on_type_conflict="reject_cell")
    load(db, folder, "a.xlsx", FIRST)
    result = load(db, folder, "b.xlsx", SECOND)
    assert (result["status"], result["row_count"], result["rejected"], result["schema_changes"]) == ("imported", 4, 2, [])
    assert types(db)["amount"] == "bigint"
    assert [r["amount"] for r in db.rows("SELECT amount FROM t ORDER BY id")] == [10, 20, 30, None, None, 60]
    assert rejects(db, "cell", "sheet_row", "column_name", "raw_value", "sqlstate", "scope") == [
        ("B3", 3, "amount", "n/a", "42804", "cell"),
        ("B4", 4, "amount", "50.5", "42804", "cell"),
    ]
    assert rejects(db, "reason")[0] == ("a value of type text does not fit the column's type bigint",)


@pytest.mark.parametrize("chunk", [1, 3, 10_000])
def test_reject_row(db, folder, lane, chunk):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = {chunk}")
    configure(folder, on_type_conflict="reject_row")
    load(db, folder, "a.xlsx", FIRST)
    result = load(db, folder, "b.xlsx", SECOND)
    assert (result["status"], result["row_count"], result["rejected"]) == ("imported", 2, 2)
    assert ids(db) == [1, 2, 3, 6]
    assert rejects(db, "cell", "raw_value", "scope") == [("B3", "n/a", "row"), ("B4", "50.5", "row")]


def test_reject_row_has_an_entry_for_each_cell_to_blame(db, folder, lane):
    configure(folder, on_type_conflict="reject_row")
    load(db, folder, "a.xlsx", FIRST)
    assert load(db, folder, "b.xlsx", [["id", "amount"], ["x", "y"], [7, 7]])["row_count"] == 1
    assert rejects(db, "cell", "raw_value", "scope") == [("A2", "x", "row"), ("B2", "y", "row")]


@pytest.mark.parametrize("chunk", [1, 10_000])
def test_reject_file_names_the_cell(db, folder, lane, chunk):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = {chunk}")
    configure(folder, on_type_conflict="reject_file")
    load(db, folder, "a.xlsx", FIRST)
    before = traces(db)
    result = load(db, folder, "b.xlsx", SECOND)
    assert (result["status"], result["sqlstate"]) == ("failed", "42804")
    assert result["message"] == 'column "amount" of type bigint does not take values of type text'
    assert 'Sheet "Sheet1", cell B3 holds "n/a".' in result["detail"]
    assert "reject_cell" in result["hint"]
    assert traces(db) == before


@pytest.mark.parametrize("policy", ["reject_cell", "reject_row", "reject_file"])
@pytest.mark.parametrize("chunk", [1, 10_000])
def test_a_new_column_takes_all_of_its_file(db, folder, lane, policy, chunk):
    """Else its type would depend on chunk_size."""
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = {chunk}")
    configure(folder, on_type_conflict=policy)
    result = load(db, folder, "b.xlsx", SECOND)
    assert (result["status"], result["rejected"]) == ("imported", 0)
    assert types(db)["amount"] == "text"
    result = load(db, folder, "c.xlsx", [["id", "amount", "new"], [8, "z", 1], [9, "z", None], [10, "z", "late"]])
    assert (result["status"], result["rejected"]) == ("imported", 0)
    assert types(db)["new"] == "text"


def test_a_column_without_values_so_far_is_new(db, folder, lane):
    configure(folder, on_type_conflict="reject_cell")
    load(db, folder, "a.xlsx", [["id", "amount"], [1, None]])
    assert load(db, folder, "b.xlsx", [["id", "amount"], [2, 5]])["rejected"] == 0
    assert types(db)["amount"] == "bigint"


def test_the_setting_is_inherited_and_kept_with_the_import(db, folder):
    folder.write("etl_config.yaml", "on_type_conflict: reject_cell\nsub:\n  on_type_conflict: reject_row\n")
    folder.workbook("a.xlsx", FIRST)
    folder.workbook("sub/a.xlsx", FIRST)
    folder.workbook("sub/deep/a.xlsx", FIRST)
    db.import_folder(folder)
    kept = db.rows("SELECT source_file, settings ->> 'on_type_conflict' AS s FROM pgdatahub.imports ORDER BY source_file")
    assert [row["s"] for row in kept] == ["reject_cell", "reject_row", "reject_row"]
    folder.write("etl_config.yaml", "on_type_conflict: reject_file\n")
    assert all("settings changed since" in row["message"] for row in db.import_folder(folder))


@pytest.mark.parametrize(
    ("text", "said"),
    [("on_type_conflict: reject_cells", 'perhaps "reject_cell" is meant'), ("max_rejects: -1", "not a number"), ("max_reject_percent: 101", "not a percentage")],
)
def test_bad_settings_are_named(db, folder, text, said):
    folder.write("etl_config.yaml", text + "\n")
    folder.workbook("a.xlsx", FIRST)
    with pytest.raises(Exception) as caught:
        db.import_folder(folder)
    assert caught.value.sqlstate == "F0000"
    assert said in str(caught.value)


# Types that pgdatahub does not make ---------------------------------------------------------------------------------

LONG = "x" * 300

# column type, good value, bad value, SQLSTATE
TYPES = [
    ("numeric(12,2)", 1.5, "twelve", "42804"),
    ("numeric(4,2)", 1.5, 12345, "42804"),
    ("varchar(255)", "short", LONG, "22001"),
    ("varchar255", "short", LONG, "22001"),
    ("char(3)", "abc", "abcd", "22001"),
    ("mood", "happy", "bored", "22P02"),
    ("positive", 5, -5, "23514"),
    ("uuid", "6ecd8c99-4036-403d-bf84-cf8400f67836", "no uuid", "22P02"),
    ("jsonb", '{"a": 1}', "{", "22P02"),
    ("bit(3)", "101", "10101", "22026"),
    ("integer", 1, 3_000_000_000, "42804"),
    ("varchar(3)[]", "{abc}", "{abcd}", "22001"),
    ("pair", "(1,b)", "(a,b)", "22P02"),
]


@pytest.fixture
def typed(db, lane):
    db.execute("CREATE TYPE mood AS ENUM ('happy', 'sad')")
    db.execute("CREATE TYPE pair AS (a int, b text)")
    db.execute("CREATE DOMAIN positive AS numeric CHECK (VALUE > 0)")
    db.execute("CREATE DOMAIN varchar255 AS varchar(255)")
    return lambda sql_type: adopt(db, f"id bigint, v {sql_type}")


def rows_of(good, bad):
    return [["id", "v"], [1, good], [2, bad], [3, good], [4, None], [5, bad], [6, good]]


@pytest.mark.parametrize(("sql_type", "good", "bad", "sqlstate"), TYPES)
@pytest.mark.parametrize("policy", ["widen", "reject_file"])
def test_a_type_refuses_and_the_file_fails(db, folder, typed, sql_type, good, bad, sqlstate, policy):
    typed(sql_type)
    configure(folder, on_type_conflict=policy)
    assert load(db, folder, "a.xlsx", [["id", "v"], [0, good]])["status"] == "imported"
    before = traces(db)
    result = load(db, folder, "b.xlsx", rows_of(good, bad))
    assert (result["status"], result["sqlstate"]) == ("failed", sqlstate), result
    assert f'Sheet "Sheet1", cell B3 holds "{str(bad)[:200]}' in result["detail"], result["detail"]
    assert "reject_cell" in result["hint"]
    assert traces(db) == before


@pytest.mark.parametrize(("sql_type", "good", "bad", "sqlstate"), TYPES)
def test_a_type_refuses_and_the_cell_is_rejected(db, folder, typed, sql_type, good, bad, sqlstate):
    typed(sql_type)
    configure(folder, on_type_conflict="reject_cell")
    result = load(db, folder, "b.xlsx", rows_of(good, bad))
    assert (result["status"], result["row_count"], result["rejected"]) == ("imported", 6, 2), result
    assert [r["id"] for r in db.rows("SELECT id FROM t WHERE v IS NULL ORDER BY id")] == [2, 4, 5]
    raw = str(bad)
    assert rejects(db, "cell", "raw_value", "sqlstate", "scope") == [(cell, raw, sqlstate, "cell") for cell in ("B3", "B6")]
    assert all(raw not in reason for (reason,) in rejects(db, "reason")), "pg_monitor may read reasons"


@pytest.mark.parametrize(("sql_type", "good", "bad", "sqlstate"), TYPES)
def test_a_type_refuses_and_the_row_is_rejected(db, folder, typed, sql_type, good, bad, sqlstate):
    typed(sql_type)
    configure(folder, on_type_conflict="reject_row")
    result = load(db, folder, "b.xlsx", rows_of(good, bad))
    assert (result["status"], result["row_count"], result["rejected"]) == ("imported", 4, 2), result
    assert ids(db) == [1, 3, 4, 6]
    assert rejects(db, "cell", "raw_value", "sqlstate", "scope") == [(cell, str(bad), sqlstate, "row") for cell in ("B3", "B6")]


def test_all_cells_of_a_row(db, folder, lane):
    adopt(db, "id bigint, a varchar(3), b date, c varchar(3)")
    configure(folder, on_type_conflict="reject_cell")
    load(db, folder, "a.xlsx", [["id", "a", "b", "c"], [1, "long one", "no date", "é\t\\N\nlong"], [2, "ok", None, "\\N"]])
    assert rejects(db, "cell", "raw_value") == [("B2", "long one"), ("C2", "no date"), ("D2", "é\t\\N\nlong")]
    (first, second) = db.rows("SELECT a, b, c FROM t ORDER BY id")
    assert first == {"a": None, "b": None, "c": None}
    assert second == {"a": "ok", "b": None, "c": "\\N"}


def test_many_refused_values_far_apart(db, folder, lane):
    adopt(db, "id bigint, v varchar(5)")
    configure(folder, on_type_conflict="reject_row")
    bad = {17, 18, 5_000, 12_345, 12_346, 19_999}
    rows = [["id", "v"], *([n, "too long" if n in bad else "ok"] for n in range(20_000))]
    result = load(db, folder, "a.xlsx", rows)
    assert (result["row_count"], result["rejected"]) == (20_000 - len(bad), len(bad))
    assert {row for (row,) in rejects(db, "sheet_row")} == {n + 2 for n in bad}
    assert set(range(20_000)) - set(ids(db)) == bad


def test_errors_stay_rejected_cells(db, folder, lane):
    """#N/A is no conflict of types: its row stays, whatever becomes of conflicting ones."""
    configure(folder, on_type_conflict="reject_row")
    adopt(db, "id bigint, amount bigint")
    import xlsxwriter

    path = folder / "e.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["id", "amount"])
        page.write(1, 0, 1)
        page.write_formula(1, 1, "=NA()", None, "#N/A")
        page.write_row(2, 0, [2, "x"])
    path.chmod(0o644)
    (result,) = db.import_file(path, table_name="t")
    assert (result["row_count"], result["rejected"]) == (1, 2)
    assert rejects(db, "cell", "scope") == [("B2", "cell"), ("B3", "row")]


# Limits -------------------------------------------------------------------------------------------------------------


def conflicting(count, of):
    return [["id", "amount"], *([n, f"bad {n}" if n < count else n] for n in range(of))]


@pytest.mark.parametrize("policy", ["reject_cell", "reject_row"])
def test_max_rejects(db, folder, lane, policy):
    configure(folder, on_type_conflict=policy, max_rejects=30)
    load(db, folder, "a.xlsx", FIRST)
    before = traces(db)
    result = load(db, folder, "b.xlsx", conflicting(31, 100))
    assert (result["status"], result["sqlstate"]) == ("failed", "22000")
    assert result["message"] == "more than 30 rows and cells of the file were rejected"
    assert 'Sheet "Sheet1": ' in result["detail"] and "31 " in result["detail"]
    assert 'B2 "bad 0": a value of type text' in result["detail"] and 'B21 "bad 19"' in result["detail"]
    assert "bad 20" not in result["detail"] and "and 11 more" in result["detail"]
    assert "pgdatahub.rejects" in result["hint"] and "max_rejects" in result["hint"]
    assert traces(db) == before
    assert load(db, folder, "c.xlsx", conflicting(30, 100))["rejected"] == 30


def test_a_rejected_row_counts_once(db, folder, lane):
    configure(folder, on_type_conflict="reject_row", max_rejects=1)
    load(db, folder, "a.xlsx", FIRST)
    assert load(db, folder, "b.xlsx", [["id", "amount"], ["x", "y"], [7, 7]])["rejected"] == 2


@pytest.mark.parametrize("policy", ["reject_cell", "reject_row"])
def test_max_reject_percent(db, folder, lane, policy):
    configure(folder, on_type_conflict=policy, max_reject_percent=2.5)
    load(db, folder, "a.xlsx", FIRST)
    before = traces(db)
    result = load(db, folder, "b.xlsx", conflicting(6, 200))
    assert (result["status"], result["sqlstate"]) == ("failed", "22000")
    assert result["message"] == "6 of the file's 200 rows have rejects, more than 2.5 percent"
    assert traces(db) == before
    assert load(db, folder, "c.xlsx", conflicting(5, 200))["rejected"] == 5


def test_none_lifts_an_inherited_limit(db, folder):
    folder.write("etl_config.yaml", "on_type_conflict: reject_cell\nmax_rejects: 0\nmax_reject_percent: 0\nsub: {max_rejects: none, max_reject_percent: none}\n")
    adopt(db, "id bigint, amount bigint", name="sub")
    folder.workbook("sub/a.xlsx", conflicting(3, 10))
    (result,) = db.import_folder(folder)
    assert (result["status"], result["rejected"]) == ("imported", 3), result


# Who may see it -----------------------------------------------------------------------------------------------------


def test_pg_monitor_sees_no_values(db, folder):
    adopt(db, "id bigint PRIMARY KEY, v varchar(3)")
    configure(folder, on_type_conflict="reject_row")
    load(db, folder, "a.xlsx", [["id", "v"], [1, "secret"], [2, "a"], [2, "b"]])
    monitor, other = db.role("monitor", "pg_monitor"), db.role("other")
    query = "SELECT cell, raw_value, reason FROM pgdatahub.rejects ORDER BY sheet_row"
    seen = db.rows(query, role=monitor)
    assert [(row["cell"], row["raw_value"]) for row in seen] == [("B2", None), (None, None)]
    assert not any("secret" in row["reason"] or "=(2)" in row["reason"] for row in seen)
    assert db.rows(query, role=other) == []
    assert db.rows(query)[1]["raw_value"] == "Key (id)=(2) already exists."
