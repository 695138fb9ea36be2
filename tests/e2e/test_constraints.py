"""Rows that a table refuses: constraints, triggers, partitions, generated columns, and tables changed by hand."""

import pytest
from harness.conflicts import LANES, adopt, configure, ids, load, rejects, traces, use_lane


@pytest.fixture(params=LANES)
def lane(db, request):
    use_lane(db, request.param)
    return request.param


RAISES = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.v < 0 THEN RAISE EXCEPTION 'no negative v' USING ERRCODE = '{}'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse {} INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse();
"""

# name: columns of t, statements after adopting it, SQLSTATE, constraint
CASES = {
    "check": ("id bigint, v bigint CHECK (v >= 0)", "", "23514", "t_v_check"),
    "not_null": ("id bigint, v bigint, n bigint NOT NULL", "", "23502", None),
    "unique": ("id bigint, v bigint, u bigint UNIQUE", "", "23505", "t_u_key"),
    "deferrable unique": ("id bigint, v bigint, u bigint UNIQUE DEFERRABLE", "", "23505", "t_u_key"),
    "foreign key": ("id bigint, v bigint, p bigint REFERENCES parent", "", "23503", "t_p_fkey"),
    "exclusion": ("id bigint, v bigint, u bigint, CONSTRAINT t_ex EXCLUDE (u WITH =)", "", "23P01", "t_ex"),
    "domain": ("id bigint, v bigint, d required", "", "23502", None),
    "before trigger": ("id bigint, v bigint", RAISES.format("P0001", "BEFORE"), "P0001", None),
    "trigger's own SQLSTATE": ("id bigint, v bigint", RAISES.format("ABC12", "BEFORE"), "ABC12", None),
    "after trigger": ("id bigint, v bigint", RAISES.format("ABC12", "AFTER"), "ABC12", None),
    "row too large": ("id bigint, v bigint, w text", "ALTER TABLE t ALTER w SET STORAGE PLAIN", "54000", None),
}
FIELDS = ["id", "v", "n", "u", "p", "d", "w"]
GOOD, BAD = [1, 2, 4, 6], [3, 5]


def sheet(case):
    def row(n):
        bad = n in BAD
        values = {
            "id": n,
            "v": -n if bad else n,
            "n": None if bad else n,
            "u": 1 if bad else n,
            "p": 99 if bad else 1,
            "d": None if bad else "x",
            "w": "w" * (9_000 if bad else 9),
        }
        return [values[field] for field in fields]

    columns = CASES[case][0]
    fields = [field for field in FIELDS if f"{field} " in columns.replace("(v ", "(")]
    return [fields, *(row(n) for n in range(1, 7))]


@pytest.fixture(params=CASES)
def case(db, lane, request):
    columns, statements, _, _ = CASES[request.param]
    db.execute("CREATE TABLE parent (id bigint PRIMARY KEY)")
    db.execute("INSERT INTO parent VALUES (1)")
    db.execute("CREATE DOMAIN required AS text NOT NULL")
    adopt(db, columns)
    if statements:
        db.execute(statements)
    return request.param


@pytest.mark.parametrize("policy", ["widen", "reject_cell", "reject_file"])
def test_the_file_fails_and_names_the_row(db, folder, case, policy):
    _, _, sqlstate, constraint = CASES[case]
    configure(folder, on_type_conflict=policy)
    rows = sheet(case)
    assert load(db, folder, "a.xlsx", rows[:3])["status"] == "imported"
    before = traces(db)
    result = load(db, folder, "b.xlsx", [rows[0], *rows[3:]])
    assert (result["status"], result["sqlstate"]) == ("failed", sqlstate), result
    assert 'Sheet "Sheet1", row 2.' in result["detail"], result["detail"]
    if constraint:
        assert f'Constraint "{constraint}".' in result["detail"]
    assert "reject_row" in result["hint"]
    assert traces(db) == before


def test_the_row_is_rejected(db, folder, case):
    _, _, sqlstate, constraint = CASES[case]
    configure(folder, on_type_conflict="reject_row")
    result = load(db, folder, "a.xlsx", sheet(case))
    assert (result["status"], result["row_count"], result["rejected"]) == ("imported", 4, 2), result
    assert ids(db) == GOOD
    assert rejects(db, "sheet_row", "cell", "sqlstate", "scope") == [(n + 1, None, sqlstate, "row") for n in BAD]
    if constraint:
        assert constraint in rejects(db, "reason")[0][0]
    assert db.value("SELECT pgdatahub.revert('t', 'a.xlsx')") == 4


def test_another_files_rows_stay(db, folder, lane):
    """The second file breaks a unique constraint against the first one's rows."""
    adopt(db, "id bigint PRIMARY KEY, v text")
    load(db, folder, "a.xlsx", [["id", "v"], [1, "a"], [2, "a"]])
    configure(folder, on_type_conflict="reject_row")
    result = load(db, folder, "b.xlsx", [["id", "v"], [2, "b"], [3, "b"]])
    assert (result["row_count"], result["rejected"]) == (1, 1)
    assert db.rows("SELECT id, v FROM t ORDER BY id") == [{"id": 1, "v": "a"}, {"id": 2, "v": "a"}, {"id": 3, "v": "b"}]
    assert rejects(db, "reason", "raw_value") == [('duplicate key value violates unique constraint "t_pkey"', "Key (id)=(2) already exists.")]


def test_in_another_client_encoding(db, folder, lane):
    adopt(db, "id bigint CHECK (id > 1), v varchar(8)")
    configure(folder, on_type_conflict="reject_row")
    path = folder.workbook("a.xlsx", [["id", "v"], [1, "Prénom €"], [2, "Prénom €"], [3, "日期日期日期日期日期"]])
    query = "SELECT row_count, rejected FROM pgdatahub.import_file(%s, table_name => 't')"
    assert db.rows(query, [str(path)], client_encoding="win1252") == [{"row_count": 1, "rejected": 2}]
    assert db.rows("SELECT id, v FROM t") == [{"id": 2, "v": "Prénom €"}]
    assert rejects(db, "cell", "raw_value")[1] == ("B4", "日期日期日期日期日期")


def test_what_is_said_is_said_once(db, folder, lane):
    """The second attempt repeats what the first did, and no warning."""
    adopt(db, "id bigint CHECK (id > 1)")
    load(db, folder, "a.xlsx", [["id"], [2], [3]])
    db.execute("DELETE FROM t")
    configure(folder, on_type_conflict="reject_row")
    path = folder.workbook("a.xlsx", [["id"], [1], [2], [3]])
    said = db.psql(f"SELECT FROM pgdatahub.import_file('{path}', table_name => 't');").stderr.decode()
    assert said.count("0 rows removed where 2 were imported") == 1, said
    assert "2 rows, 0 removed, 1 rejected" in said


def test_types_and_constraints_in_one_file(db, folder, lane):
    adopt(db, "id bigint PRIMARY KEY, v varchar(3), n bigint CHECK (n > 0)")
    configure(folder, on_type_conflict="reject_row")
    rows = [["id", "v", "n"], [1, "ok", 1], [2, "long", 1], [3, "ok", -1], [4, "long", -1], [1, "ok", 1], [6, "ok", "x"], [7, "ok", 1]]
    result = load(db, folder, "a.xlsx", rows)
    assert (result["row_count"], result["rejected"]) == (2, 5)
    assert ids(db) == [1, 7]
    assert rejects(db, "sheet_row", "cell", "sqlstate") == [
        (3, "B3", "22001"),
        (4, None, "23514"),
        (5, "B5", "22001"),
        (6, None, "23505"),
        (7, "C7", "42804"),
    ]


def test_a_cell_that_becomes_null_may_break_a_constraint(db, folder, lane):
    adopt(db, "id bigint, v varchar(3) NOT NULL")
    configure(folder, on_type_conflict="reject_cell")
    before = traces(db)
    result = load(db, folder, "a.xlsx", [["id", "v"], [1, "ok"], [2, "long"]])
    assert (result["status"], result["sqlstate"]) == ("failed", "23502")
    assert "row 3." in result["detail"]
    assert traces(db) == before


@pytest.mark.parametrize("bad", [1, 40_000])
def test_few_attempts_per_bad_row(db, folder, lane, bad):
    """All rows bad or one of them: the work grows with their number, not with its square."""
    adopt(db, "id bigint, v bigint CHECK (v > 0)")
    configure(folder, on_type_conflict="reject_row")
    rows = [["id", "v"], *([n, -1 if n >= 40_000 - bad else 1] for n in range(40_000))]
    result = load(db, folder, "a.xlsx", rows)
    assert (result["row_count"], result["rejected"]) == (40_000 - bad, bad)
    assert result["seconds"] < (5 if bad == 1 else 60)


def test_a_deferred_constraint_is_said(db, folder, lane):
    """It is checked at commit, where no row can be told any more."""
    db.execute("CREATE TABLE parent (id bigint PRIMARY KEY)")
    adopt(db, "id bigint, p bigint CONSTRAINT late REFERENCES parent DEFERRABLE INITIALLY DEFERRED")
    configure(folder, on_type_conflict="reject_row")
    path = folder.workbook("a.xlsx", [["id", "p"], [1, 99]])
    query = f"SELECT * FROM pgdatahub.import_file('{path}', table_name => 't')"
    done = db.psql(query + ";", check=False)
    said = done.stderr.decode()
    assert done.returncode != 0 and "late: a row that breaks one is not rejected, it fails the commit" in said
    assert "SET CONSTRAINTS" in said and 'violates foreign key constraint "late"' in said
    assert db.value("SELECT count(*) FROM t") == 0
    db.psql(f"BEGIN; SET CONSTRAINTS ALL IMMEDIATE; {query}; COMMIT;")
    assert rejects(db, "sheet_row", "sqlstate") == [(2, "23503")]


# Generated columns, partitions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("definition", ["bigint GENERATED ALWAYS AS (id * 2) STORED", "bigint GENERATED ALWAYS AS IDENTITY"])
@pytest.mark.parametrize("policy", ["widen", "reject_cell", "reject_file", "reject_row"])
def test_a_generated_column_bears_a_header(db, folder, lane, definition, policy):
    adopt(db, f"id bigint, g {definition}")
    configure(folder, on_type_conflict=policy)
    before = traces(db)
    result = load(db, folder, "a.xlsx", [["id", "g"], [1, None], [2, 7], [3, None]])
    if policy == "reject_row":
        assert (result["row_count"], result["rejected"]) == (2, 1), result
        assert ids(db) == [1, 3]
        assert rejects(db, "cell", "raw_value", "sqlstate", "scope") == [("B3", "7", "428C9", "row")]
        return
    assert (result["status"], result["sqlstate"]) == ("failed", "428C9")
    assert 'Sheet "Sheet1", cell B3 holds "7".' in result["detail"]
    assert traces(db) == before
    assert load(db, folder, "b.xlsx", [["id", "g"], [1, None]])["status"] == "imported", "an empty column is no conflict"


def partitioned(db):
    db.execute("CREATE TABLE t (id bigint, source_file text, load_timestamp timestamptz) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10)")
    db.execute("SELECT pgdatahub.adopt_table('t')")


@pytest.mark.parametrize("policy", ["widen", "reject_row"])
def test_no_partition(db, folder, lane, policy):
    partitioned(db)
    configure(folder, on_type_conflict=policy)
    result = load(db, folder, "a.xlsx", [["id"], [5], [50], [6]])
    if policy == "reject_row":
        assert (result["row_count"], result["rejected"]) == (2, 1)
        assert rejects(db, "sheet_row", "sqlstate", "scope") == [(3, "23514", "row")]
    else:
        assert (result["status"], result["sqlstate"]) == ("failed", "23514")
        assert 'Sheet "Sheet1", row 3.' in result["detail"]
        assert db.value("SELECT count(*) FROM t") == 0


# What ends the statement is never a reject --------------------------------------------------------------------------


def test_a_cancel_is_no_reject(db, folder, lane):
    adopt(db, "id bigint, v bigint")
    db.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.v < 0 THEN RAISE EXCEPTION 'negative'; END IF; IF NEW.v = 5 THEN PERFORM pg_sleep(30); END IF; RETURN NEW; END $$"
    )
    db.execute("CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION slow()")
    configure(folder, on_type_conflict="reject_row")
    path = folder.workbook("a.xlsx", [["id", "v"], [1, 1], [2, -1], [3, 5]])
    with pytest.raises(Exception) as caught:
        db.execute(f"SET statement_timeout = '1s'; SELECT * FROM pgdatahub.import_file('{path}', table_name => 't')")
    assert caught.value.sqlstate == "57014"
    assert db.value("SELECT count(*) FROM t") == 0 and rejects(db, "reason") == []


@pytest.mark.parametrize("sqlstate", ["40001", "53400"])
def test_what_ends_the_statement_ends_it(db, folder, lane, sqlstate):
    adopt(db, "id bigint, v bigint")
    db.execute(RAISES.format(sqlstate, "BEFORE"))
    configure(folder, on_type_conflict="reject_row")
    path = folder.workbook("a.xlsx", [["id", "v"], [1, 1], [2, -1]])
    with pytest.raises(Exception) as caught:
        db.import_file(path, table_name="t")
    assert caught.value.sqlstate == sqlstate


@pytest.mark.parametrize("sqlstate", ["42501", "55P03"])
def test_what_is_not_about_a_row_fails_the_file(db, folder, lane, sqlstate):
    adopt(db, "id bigint, v bigint")
    db.execute(RAISES.format(sqlstate, "BEFORE"))
    configure(folder, on_type_conflict="reject_row")
    result = load(db, folder, "a.xlsx", [["id", "v"], [1, 1], [2, -1]])
    assert (result["status"], result["sqlstate"]) == ("failed", sqlstate)
    assert rejects(db, "reason") == []


def test_a_role_without_insert(db, folder, lane):
    adopt(db, "id bigint, v bigint")
    configure(folder, on_type_conflict="reject_row")
    folder.workbook("a.xlsx", [["id", "v"], [1, 1]])
    role = db.role("reader", "pg_read_server_files")
    db.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {role}")
    (result,) = db.rows("SELECT * FROM pgdatahub.import_file(%s, table_name => 't')", [str(folder / "a.xlsx")], role=role)
    assert (result["status"], result["sqlstate"]) == ("failed", "42501")
    assert rejects(db, "reason") == []


# on_error -----------------------------------------------------------------------------------------------------------

FILES = {"1": [1, 2], "2": [3, -1], "3": [4, 5]}


@pytest.fixture
def three(db, folder, lane):
    adopt(db, "v bigint CHECK (v > 0)")
    folder.write("etl_config.yaml", "")
    for name, values in FILES.items():
        folder.workbook(f"t/{name}.xlsx", [["v"], *([v] for v in values)])


@pytest.mark.parametrize(("on_error", "statuses", "left"), [("continue", ["imported", "failed", "imported"], [1, 2, 4, 5]), ("stop", ["imported", "failed", "not_tried"], [1, 2])])
def test_on_error(db, folder, three, on_error, statuses, left):
    results = db.import_folder(folder, on_error=on_error)
    assert [row["status"] for row in results] == statuses
    assert ids(db, "v") == left


def test_on_error_raise(db, folder, three):
    with pytest.raises(Exception) as caught:
        db.import_folder(folder, on_error="raise")
    assert caught.value.sqlstate == "23514"
    assert 'row 3.' in caught.value.diag.message_detail and "2.xlsx" in caught.value.diag.message_detail
    assert ids(db, "v") == []


def test_on_error_with_rejects(db, folder, three):
    configure(folder, on_type_conflict="reject_row")
    assert [row["status"] for row in db.import_folder(folder, on_error="raise")] == ["imported"] * 3
    assert ids(db, "v") == [1, 2, 3, 4, 5]


# Tables changed by hand ---------------------------------------------------------------------------------------------

FIRST = [["id", "name"], [1, "a"], [2, "b"]]
SECOND = [["id", "name"], [3, "c"]]


def test_a_column_dropped_by_hand_comes_back(db, folder, lane):
    load(db, folder, "a.xlsx", FIRST)
    db.execute("ALTER TABLE t DROP COLUMN name")
    result = load(db, folder, "b.xlsx", SECOND)
    assert (result["status"], result["schema_changes"]) == ("imported", ["+ name text"])
    assert db.rows("SELECT id, name FROM t ORDER BY id") == [{"id": 1, "name": None}, {"id": 2, "name": None}, {"id": 3, "name": "c"}]


def test_a_renamed_and_moved_table_is_followed(db, folder, lane):
    load(db, folder, "a.xlsx", FIRST)
    db.execute("CREATE SCHEMA archive")
    db.execute("ALTER TABLE t RENAME TO renamed")
    db.execute("ALTER TABLE renamed SET SCHEMA archive")
    configure(folder, on_type_conflict="reject_row")
    result = load(db, folder, "b.xlsx", [["id", "name"], ["x", "c"], [4, "d"]])
    assert (result["status"], result["table_schema"], result["table_name"]) == ("imported", "archive", "renamed")
    assert ids(db, table="archive.renamed") == [1, 2, 4]
    assert rejects(db, "table_schema", "table_name", "cell") == [("archive", "renamed", "A2")]


@pytest.mark.parametrize("policy", ["widen", "reject_cell", "reject_row"])
def test_a_row_that_a_policy_refuses(db, folder, policy):
    """Row-level security, WITH CHECK: 42501 as for a missing right, but about one row."""
    importer = db.role("importer", "pg_read_server_files")
    adopt(db, "id bigint")
    db.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY small ON t USING (true) WITH CHECK (id < 10)")
    db.execute(f"GRANT ALL ON t TO {importer}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {importer}")
    configure(folder, on_type_conflict=policy)
    folder.workbook("a.xlsx", [["id"], [1], [20], [3], [40]])
    (result,) = db.rows("SELECT * FROM pgdatahub.import_file(%s, table_name => 't')", [str(folder / "a.xlsx")], role=importer)
    if policy == "reject_row":
        assert (result["status"], result["row_count"], result["rejected"]) == ("imported", 2, 2), result
        assert ids(db) == [1, 3]
        assert rejects(db, "sheet_row", "sqlstate", "scope") == [(3, "42501", "row"), (5, "42501", "row")]
        return
    assert (result["status"], result["sqlstate"]) == ("failed", "42501")
    assert "row 3." in result["detail"] and "reject_row" in result["hint"]
    assert ids(db) == []


@pytest.mark.parametrize("policy", ["widen", "reject_row"])
def test_a_caller_who_may_not_alter(db, folder, lane, policy):
    """Another role owns the table by now: rows go in, changes do not."""
    load(db, folder, "a.xlsx", FIRST)
    importer = db.role("importer", "pg_read_server_files")
    db.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {importer}")
    db.execute(f"GRANT SELECT, INSERT ON t TO {importer}")
    db.execute(f"ALTER TABLE t OWNER TO {db.role('owner')}")
    configure(folder, on_type_conflict=policy)

    def load_as(name, rows):
        path = folder.workbook(name, rows)
        (result,) = db.rows("SELECT * FROM pgdatahub.import_file(%s, table_name => 't')", [str(path)], role=importer)
        return result

    assert load_as("b.xlsx", SECOND)["status"] == "imported"
    before = traces(db)
    result = load_as("c.xlsx", [["id", "name", "new"], [4, "d", 1]])
    assert (result["status"], result["sqlstate"]) == ("failed", "42501")
    assert "owner" in result["hint"]
    assert traces(db) == before
    result = load_as("d.xlsx", [["id", "name"], [5, "e"], ["six", "f"]])
    if policy == "widen":
        assert (result["status"], result["sqlstate"]) == ("failed", "42501"), "it would take an ALTER"
        assert traces(db) == before
    else:
        assert (result["status"], result["row_count"], result["rejected"]) == ("imported", 1, 1)
