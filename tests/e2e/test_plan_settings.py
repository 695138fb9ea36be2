"""Plans under schema_policy, missing_columns, infer_text and columns: what they say, the import that follows does."""

import json

import pytest
from harness.conflicts import adopt
from harness.trace import brief, plan, state


@pytest.fixture(scope="module")
def cluster(still_cluster):
    return still_cluster


def told(db, folder):
    """The plan's rows, nothing changed by it; and the same as a dry run's results."""
    before = state(db)
    planned = plan(db, folder)
    dry = db.import_folder(folder, dry_run=True)
    assert state(db) == before
    failed = {row["source_file"] for row in planned if row["action"] == "fail"}
    assert failed == {row["source_file"] for row in dry if row["status"] == "failed"}
    return planned


def done(db, folder, planned):
    """Imports, and holds what happened against the plan."""
    first = db.value("SELECT coalesce(max(change_id), 0) FROM pgdatahub.etl_schema_changes")
    results = db.import_folder(folder)
    statements = [row["ddl"] for row in planned if row["ddl"] and row["action"] != "fail"]
    executed = db.rows("SELECT DISTINCT ON (statement) change_id, statement FROM pgdatahub.etl_schema_changes WHERE change_id > %s ORDER BY statement, change_id", [first])
    executed = [row["statement"] for row in sorted(executed, key=lambda row: row["change_id"])]
    assert executed == list(dict.fromkeys(statements))
    for result in results:
        (outcome,) = [row for row in planned if row["source_file"] == result["source_file"] and row["action"] in ("import", "fail", "skip", "replace")]
        assert (outcome["action"] == "fail") == (result["status"] == "failed"), (outcome, result)
        if result["status"] == "failed":
            assert result["message"] in outcome["reason"], (outcome, result)
    return {row["source_file"].rsplit("/", 1)[-1]: row for row in results}


def test_declared_types_and_names(db, folder):
    folder.write("etl_config.yaml", "columns:\n  Amount: {name: premium, type: 'numeric(12,2)', decimal: ','}\n  At: {time_zone: Europe/Berlin}\n  Day: {format: DD.MM.YYYY}\n")
    folder.workbook("t/1.xlsx", [["Amount", "At", "Day"], ["1.234,50", None, "31.01.2024"]])
    folder.workbook("t/2.xlsx", [["Amount", "At", "Day"], [10.75, None, "tomorrow"]])
    folder.workbook("t/3.xlsx", [["Amount", "At", "Day"], [10.755, None, None]])
    planned = told(db, folder)
    assert brief(planned) == [("1.xlsx", "create table"), ("1.xlsx", "import"), ("2.xlsx", "alter column type"), ("2.xlsx", "import"), ("3.xlsx", "fail")]
    assert "premium pg_catalog.\"numeric\"(12,2)" in planned[0]["ddl"] or "premium numeric(12,2)" in planned[0]["ddl"], planned[0]["ddl"]
    assert "timestamptz" in planned[0]["ddl"] or "timestamp with time zone" in planned[0]["ddl"]
    assert planned[2]["reason"].startswith("day date → text")
    assert "10.755" in planned[4]["reason"]
    results = done(db, folder, planned)
    assert results["3.xlsx"]["sqlstate"] == "42804"
    assert db.rows("SELECT premium::text, day FROM t ORDER BY premium DESC") == [{"premium": "1234.50", "day": "2024-01-31"}, {"premium": "10.75", "day": "tomorrow"}]


def test_a_provisional_column_is_declared(db, folder):
    folder.workbook("t/1.xlsx", [["Id", "A"], [1, None]])
    db.import_folder(folder)
    folder.write("etl_config.yaml", "columns: {A: {type: 'varchar(5)'}}\n")
    folder.workbook("t/2.xlsx", [["Id", "A"], [2, "abc"]])
    folder.workbook("t/3.xlsx", [["Id", "A"], [3, "abcdef"]])
    planned = told(db, folder)
    assert ("2.xlsx", "alter column type") in brief(planned)
    # That varchar(5) refuses "abcdef" is the type's own matter, which a plan does not ask.
    assert brief(planned)[-1] == ("3.xlsx", "import")
    results = {row["source_file"][-6:]: row for row in db.import_folder(folder)}
    assert (results["2.xlsx"]["status"], results["3.xlsx"]["sqlstate"]) == ("imported", "22001")
    ran = db.value("SELECT statement FROM pgdatahub.etl_schema_changes ORDER BY change_id DESC LIMIT 1")
    assert ran == [row["ddl"] for row in planned if row["action"] == "alter column type"][0]


def test_infer_text(db, folder):
    folder.write("etl_config.yaml", "infer_text: true\n")
    folder.workbook("t/1.xlsx", [["A", "B"], ["7", "2024-01-31"]])
    folder.workbook("t/2.xlsx", [["A", "B"], ["8.5", "2024-02-01"]])
    folder.workbook("t/3.xlsx", [["A", "B"], ["007", "2024-02-01 10:00:00"]])
    planned = told(db, folder)
    assert [row["reason"] for row in planned if row["action"] == "alter column type"] == ["a bigint → double precision", "a double precision → text", "b date → timestamp without time zone"]
    done(db, folder, planned)
    assert [row["a"] for row in db.rows("SELECT a FROM t ORDER BY source_file")] == ["7", "8.5", "007"]


@pytest.mark.parametrize("policy", ["evolve", "add_columns", "freeze"])
@pytest.mark.parametrize("rows", ["first", "far down"])
def test_schema_policy(db, folder, policy, rows):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = 5")
    folder.write("etl_config.yaml", f"schema_policy: {policy}\n")
    folder.workbook("t/1.xlsx", [["Id"], [1]])
    db.import_folder(folder)
    good = [[n, None] for n in range(1 if rows == "first" else 60)]
    folder.workbook("t/2.xlsx", [["Id", "New"], *good, [7, "x"]])
    folder.workbook("t/3.xlsx", [["Id"], *[[n] for n, _ in good], [0.5]])
    planned = told(db, folder)
    outcomes = dict(brief([row for row in planned if row["action"] in ("import", "fail")]))
    assert outcomes.pop("1.xlsx", None) is None
    wanted = {"evolve": ("import", "import"), "add_columns": ("import", "fail"), "freeze": ("fail", "fail")}[policy]
    assert (outcomes["2.xlsx"], outcomes["3.xlsx"]) == wanted
    results = done(db, folder, planned)
    assert {row["sqlstate"] for row in results.values() if row["status"] == "failed"} <= {"42P16"}


def test_missing_columns(db, folder):
    folder.write("etl_config.yaml", "missing_columns: fail\n")
    folder.workbook("t/1.xlsx", [["Id", "Premium"], [1, 2]])
    folder.workbook("t/2.xlsx", [["Id", "Premium (EUR)"], [1, 2]])
    planned = told(db, folder)
    assert brief(planned)[-1] == ("2.xlsx", "fail")
    assert "lacks premium" in planned[-1]["reason"]
    assert done(db, folder, planned)["2.xlsx"]["sqlstate"] == "42703"


@pytest.mark.parametrize("lane", ["copy", "spi"])
@pytest.mark.parametrize("policy", ["reject_cell", "reject_row"])
def test_rejects_are_counted(db, folder, lane, policy):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    adopt(db, "id bigint, a numeric(4,2)")
    folder.write("etl_config.yaml", f"on_type_conflict: {policy}\n")
    folder.workbook("t/1.xlsx", [["Id", "A"], [1, 1.5], [2, 1.555], [3, "x"], [4, 12345]])
    dry = db.import_folder(folder, dry_run=True)
    assert [(row["status"], row["row_count"], row["rejected"]) for row in dry] == [("planned", 1 if policy == "reject_row" else 4, 3)]
    (result,) = db.import_folder(folder)
    assert (result["row_count"], result["rejected"]) == (dry[0]["row_count"], dry[0]["rejected"])


def test_too_many_columns_with_dropped_ones(db, folder):
    columns = ", ".join(f"c{n} int" for n in range(1500))
    adopt(db, columns)
    db.execute("ALTER TABLE t " + ", ".join(f"DROP c{n}" for n in range(1, 1500)))
    folder.workbook("t/1.xlsx", [["c0", *(f"n{n}" for n in range(120))], [1, *range(120)]])
    planned = told(db, folder)
    assert brief(planned)[-1] == ("1.xlsx", "fail") and "columns" in planned[-1]["reason"], json.dumps(planned, default=str)
    assert done(db, folder, planned)["1.xlsx"]["sqlstate"] == "54011"
