"""schema_policy, missing_columns, one ALTER per file, limits before any DDL, likely renames."""

from datetime import date

import pytest
from harness.compare import data_columns


def configure(folder, text):
    folder.write("etl_config.yaml", text)


def run(db, folder, **arguments):
    """The results of importing the folder, by file name."""
    rows = db.import_folder(folder, **arguments)
    return {row["source_file"].rsplit("/", 1)[-1]: row for row in rows}


def changes(db):
    return db.rows(
        "SELECT change_type, column_name, old_type, new_type, statement FROM pgdatahub.etl_schema_changes"
        " WHERE change_type <> 'CREATE TABLE' ORDER BY change_id"
    )


FIRST = [["Id", "Amount"], [1, 10], [2, 20]]
WIDER = [["Id", "Amount", "Note"], [3, 10.5, "x"]]


@pytest.mark.parametrize("lane", ["copy", "spi"])
@pytest.mark.parametrize(
    ("policy", "refused"),
    [("evolve", None), ("add_columns", ["amount bigint → double precision"]), ("freeze", ["+ note text", "amount bigint → double precision"])],
)
def test_schema_policy(db, folder, policy, refused, lane):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    configure(folder, f"table_x: {{schema_policy: {policy}}}\n")
    folder.workbook("table_x/a.xlsx", FIRST)
    assert run(db, folder)["a.xlsx"]["status"] == "imported", "a new table is no violation"
    before = data_columns(db, "table_x")
    folder.workbook("table_x/b.xlsx", WIDER)
    result = run(db, folder)["b.xlsx"]
    if refused is None:
        assert result["status"] == "imported"
        return
    assert (result["status"], result["sqlstate"]) == ("failed", "42P16")
    for wanted in refused:
        assert wanted in result["detail"]
    assert "schema_policy" in result["hint"]
    assert data_columns(db, "table_x") == before
    assert changes(db) == [c for c in changes(db) if c["column_name"] in ("id", "amount") and c["change_type"] == "ADD COLUMN"]


def test_add_columns_adds(db, folder):
    configure(folder, "schema_policy: add_columns\n")
    folder.workbook("t/a.xlsx", [["Id", "Blank"], [1, None]])
    run(db, folder)
    folder.workbook("t/b.xlsx", [["Id", "Blank", "New"], [2, 7, date(2024, 1, 31)]])
    assert run(db, folder)["b.xlsx"]["status"] == "imported"
    assert data_columns(db, "t") == [("id", "bigint"), ("blank", "bigint"), ("new", "date")]


def test_freeze_fails_in_mid_stream_too(db, folder):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = 5")
    configure(folder, "schema_policy: freeze\n")
    rows = [["N", "M"]] + [[n, n] for n in range(50)]
    folder.workbook("t/a.xlsx", rows)
    assert run(db, folder)["a.xlsx"]["status"] == "imported"
    folder.workbook("t/b.xlsx", rows[:40] + [["x", 0.5]])
    result = run(db, folder)["b.xlsx"]
    assert result["sqlstate"] == "42P16"
    assert "n bigint → text" in result["detail"] and "m bigint → double precision" in result["detail"]
    assert "cell A41" in result["detail"], "the first value that did not fit"
    assert db.value("SELECT count(*) FROM t") == 50


def test_freeze_lets_the_creating_file_widen(db, folder):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = 5")
    configure(folder, "schema_policy: freeze\n")
    folder.workbook("t/a.xlsx", [["N"]] + [[n] for n in range(20)] + [["x"]])
    assert run(db, folder)["a.xlsx"]["status"] == "imported"
    assert data_columns(db, "t") == [("n", "text")]


def test_missing_columns_fail(db, folder):
    configure(folder, "missing_columns: fail\n")
    folder.workbook("t/a.xlsx", [["Id", "Premium"], [1, 10.5]])
    run(db, folder)
    folder.workbook("t/b.xlsx", [["Id", "Premium (EUR)"], [2, 11.5]])
    result = run(db, folder)["b.xlsx"]
    assert (result["status"], result["sqlstate"]) == ("failed", "42703")
    assert result["message"] == "the file lacks premium"
    assert 'columns: {"Premium (EUR)": {name: "premium"}}' in result["detail"]
    assert data_columns(db, "t") == [("id", "bigint"), ("premium", "double precision")]
    configure(folder, "missing_columns: allow\n")
    result = run(db, folder)["b.xlsx"]
    assert (result["status"], result["missing_columns"]) == ("imported", ["premium"])


def test_a_likely_rename_is_said_and_the_line_mends_it(db, folder):
    folder.workbook("t/a.xlsx", [["Id", "Premium"], [1, 10.5]])
    run(db, folder)
    folder.workbook("t/b.xlsx", [["Id", "Premium (EUR)"], [2, 11.5]])
    with db.connect() as connection:
        notices = []
        connection.add_notice_handler(lambda said: notices.append(f"{said.message_primary}; {said.message_detail}"))
        rows = connection.execute("SELECT status, message FROM pgdatahub.import_folder(%s) WHERE status = 'imported'", [str(folder)])
        ((_, message),) = rows.fetchall()
    line = 'columns: {"Premium (EUR)": {name: "premium"}}'
    assert line in message
    assert any(line in notice for notice in notices)
    db.execute("SELECT pgdatahub.revert('t', 'b.xlsx', hold => false)")
    db.execute("ALTER TABLE t DROP COLUMN premium_eur")
    configure(folder, line + "\n")
    assert run(db, folder)["b.xlsx"]["status"] == "imported"
    assert [r["premium"] for r in db.rows("SELECT premium FROM t ORDER BY id")] == [10.5, 11.5]
    assert data_columns(db, "t") == [("id", "bigint"), ("premium", "double precision")]


def test_no_rename_is_guessed_between_several(db, folder):
    folder.workbook("t/a.xlsx", [["Id", "A", "B"], [1, "x", "y"]])
    run(db, folder)
    folder.workbook("t/b.xlsx", [["Id", "C"], [2, "z"]])
    assert "renamed" not in (run(db, folder)["b.xlsx"]["message"] or "")


def test_one_alter_per_file(db, folder):
    """The head adds a column, a value in mid-sheet widens another: one ALTER TABLE all the same."""
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = 5")
    folder.workbook("t/a.xlsx", [["N", "M"], [1, 1]])
    run(db, folder)
    created = len(changes(db))
    rows = [["N", "M", "New"]] + [[n, n, n] for n in range(3000)] + [["x", 0.5, 7.5]]
    folder.workbook("t/b.xlsx", rows)
    assert run(db, folder)["b.xlsx"]["row_count"] == 3001
    made = changes(db)[created:]
    assert {c["column_name"] for c in made} == {"n", "m", "new"}
    assert len({c["statement"] for c in made}) == 1, made
    assert data_columns(db, "t") == [("n", "text"), ("m", "double precision"), ("new", "double precision")]
    assert db.value("SELECT count(*) FROM t") == 3002


def test_a_narrower_file_changes_and_audits_nothing(db, folder):
    folder.workbook("t/a.xlsx", [["N", "D", "S"], [0.5, "x", "y"]])
    run(db, folder)
    before = changes(db)
    folder.workbook("t/b.xlsx", [["N", "D", "S"], [1, date(2024, 1, 1), None]])
    assert run(db, folder)["b.xlsx"]["schema_changes"] in ([], None)
    assert changes(db) == before


def test_dropped_columns_count(db, folder):
    columns = ", ".join(f"n{n} int" for n in reversed(range(1590)))
    db.execute(f"CREATE TABLE t ({columns})")
    drops = ", ".join(f"DROP COLUMN n{n}" for n in range(1, 1590))
    db.execute(f"ALTER TABLE t {drops}")
    db.execute("SELECT pgdatahub.adopt_table('t')")
    folder.workbook("t/a.xlsx", [[f"N{n}" for n in range(10)], list(range(10))])
    result = run(db, folder)["a.xlsx"]
    assert (result["status"], result["sqlstate"]) == ("failed", "54011")
    assert "1592" in result["detail"]
    folder.workbook("t/a.xlsx", [[f"N{n}" for n in range(9)], list(range(9))])
    assert run(db, folder)["a.xlsx"]["status"] == "imported"


def test_rows_too_wide_are_refused_before_any_ddl(db, folder):
    folder.workbook("wide/a.xlsx", [[f"N{n}" for n in range(1200)], [n + 0.5 for n in range(1200)]])
    result = run(db, folder)["a.xlsx"]
    assert (result["status"], result["sqlstate"]) == ("failed", "54000")
    assert "8160 bytes" in result["detail"]
    assert db.value("SELECT to_regclass('wide')") is None
    sparse = [[f"N{n}" for n in range(1200)], [n + 0.5 if n % 2 else None for n in range(1200)]]
    folder.workbook("wide/a.xlsx", [*sparse, [n + 0.5 if n % 2 == 0 else None for n in range(1200)]])
    assert run(db, folder)["a.xlsx"]["status"] == "imported", "each row by itself fits"


def test_settings_are_kept_with_the_import(db, folder):
    configure(folder, "schema_policy: add_columns\ninfer_text: true\ncolumns: {A: {name: b, type: 'numeric(12,2)', decimal: ','}}\n")
    folder.workbook("t/a.xlsx", [["A"], ["1,5"]])
    run(db, folder)
    kept = db.value("SELECT settings FROM pgdatahub.etl_imports")
    assert kept == {
        "schema_policy": "add_columns",
        "infer_text": "true",
        "columns": {"A": {"name": "b", "type": "numeric(12,2)", "decimal": ","}},
    }
    configure(folder, "columns: {A: {name: b, type: 'numeric(14,2)', decimal: ','}}\n")
    result = run(db, folder)["a.xlsx"]
    assert result["status"] == "skipped" and "settings changed since" in result["message"]


def test_policies_are_no_reason_to_load_anew(db, folder):
    configure(folder, "schema_policy: freeze\nmax_rejects: 3\n")
    folder.workbook("t/a.xlsx", [["A"], [1]])
    run(db, folder)
    configure(folder, "missing_columns: fail\n")
    for rehash in ("changed", "always"):
        db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.rehash = '{rehash}'")
        result = run(db, folder)["a.xlsx"]
        assert result["status"] == "skipped" and "settings changed" not in result["message"]


def test_a_mistake_in_the_configuration_has_its_place(db, folder):
    folder.workbook("t/a.xlsx", [["A"], [1]])
    configure(folder, "t:\n  schema_policy: frozen\n")
    with pytest.raises(Exception, match='"frozen", not one of evolve, add_columns, freeze') as error:
        db.import_folder(folder)
    assert error.value.sqlstate == "F0000"
    assert "Line 2, column 18" in error.value.diag.message_detail
