"""prune: runs and rejected cells are trimmed, imports and schema changes never."""

import pytest
from harness.results import imported, refused


def prune(db, older_than, role="postgres"):
    rows = db.rows("SELECT * FROM pgdatahub.prune(%s::interval)", [older_than], role=role)
    return {row["table_name"]: row["rows_removed"] for row in rows}


def counts(db):
    tables = ("etl_rejects", "etl_run_files", "etl_runs", "etl_imports", "etl_schema_changes")
    return {table: db.value(f"SELECT count(*) FROM pgdatahub.{table}") for table in tables}


@pytest.fixture
def history(db, folder):
    """Two runs with a rejected cell each, the first of them two years ago."""
    for name in ("a", "b"):
        path = folder.fixture("cells/xlsxwriter.xlsx", f"t/{name}.xlsx")
        imported(db.import_file(path, table_name=name))
    db.execute("UPDATE pgdatahub.etl_runs SET started_at = now() - '2 years'::interval, finished_at = now() - '2 years'::interval WHERE run_id = 1")
    db.execute("UPDATE pgdatahub.etl_imports SET imported_at = now() - '2 years'::interval WHERE run_id = 1")
    return counts(db)


def test_what_is_old_goes(db, history):
    rejects = history["etl_rejects"] // 2
    assert rejects > 0
    assert prune(db, "1 year") == {"etl_rejects": rejects, "etl_run_files": 1, "etl_runs": 1}
    assert counts(db) == history | {"etl_rejects": rejects, "etl_run_files": 1, "etl_runs": 1}
    assert db.value("SELECT run_id FROM pgdatahub.etl_runs") == 2
    assert db.value("SELECT count(*) FROM pgdatahub.rejects WHERE table_name = 'a'") == 0
    assert prune(db, "1 year") == {"etl_rejects": 0, "etl_run_files": 0, "etl_runs": 0}


def test_nothing_is_old_enough(db, history):
    assert prune(db, "3 years") == {"etl_rejects": 0, "etl_run_files": 0, "etl_runs": 0}
    assert counts(db) == history


def test_everything(db, history, folder):
    prune(db, "0")
    left = counts(db)
    assert (left["etl_rejects"], left["etl_runs"], left["etl_run_files"]) == (0, 0, 0)
    assert (left["etl_imports"], left["etl_schema_changes"]) == (history["etl_imports"], history["etl_schema_changes"])
    # What is kept still serves: files are known, reverts work.
    assert {row["status"] for row in db.import_file(folder / "t/a.xlsx", table_name="a")} == {"skipped"}
    assert db.value("SELECT pgdatahub.revert('a', 'a.xlsx')") > 0


def test_a_run_at_work_is_left_alone(db):
    db.execute("INSERT INTO pgdatahub.etl_runs (kind, path, state, started_by) VALUES ('run_import', '/x', 'running', 'x')")
    assert prune(db, "0")["etl_runs"] == 0
    # One that began before the server did has no session any more.
    db.execute("UPDATE pgdatahub.etl_runs SET started_at = pg_postmaster_start_time() - '1 s'::interval")
    assert prune(db, "0")["etl_runs"] == 1


def test_only_the_extensions_owner(db, history):
    role = db.role("clerk", "pg_monitor")
    with refused("42501", "permission denied for function"):
        prune(db, "1 year", role)
    db.execute(f"GRANT USAGE ON SCHEMA pgdatahub TO {role}; GRANT EXECUTE ON FUNCTION pgdatahub.prune TO {role}")
    with refused("42501", "owner of extension", role):
        prune(db, "1 year", role)
    assert counts(db) == history
    # Another superuser may; the owner is a role like any other to pg_has_role.
    boss = db.role("boss", "postgres")
    assert prune(db, "1 year", boss)["etl_runs"] == 1


def test_bad_intervals(db, history):
    with refused("22023", "must not be negative"):
        prune(db, "-1 day")
    with refused("22004", "must not be null"):
        prune(db, None)
    assert counts(db) == history
