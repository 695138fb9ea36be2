"""drop_table: a managed table goes with its imports, never what depends on it, and its history stays."""

import pytest
from harness.results import imported, refused


def load(db, folder, **files):
    for name, values in files.items():
        imported(db.import_file(folder.workbook(f"t/{name}.xlsx", [["n"], *([v] for v in values)]), table_name="t"))


def drop(db, dry_run=False, table="t", role="postgres"):
    return db.rows("SELECT * FROM pgdatahub.drop_table(%s, dry_run => %s)", [table, dry_run], role=role)


def exists(db):
    return db.value("SELECT to_regclass('t') IS NOT NULL")


def test_drop(db, folder):
    load(db, folder, a=[1, 2], b=[3])
    (would,) = [row for row in db.rows("SELECT * FROM pgdatahub.drop_table('t')") if row["action"] == "drop"]
    assert (would["outcome"], would["statement"]) == ("would be done", "DROP TABLE public.t")
    assert exists(db)
    rows = drop(db)
    assert [(row["action"], row["source_file"], row["rows_removed"], row["outcome"]) for row in rows] == [
        ("revert", str(folder / "t/a.xlsx"), 2, "done"),
        ("revert", str(folder / "t/b.xlsx"), 1, "done"),
        ("drop", None, 0, "done"),
    ]
    assert not exists(db)
    assert {(row["reverted_why"], row["reverted_by"]) for row in db.rows("SELECT * FROM pgdatahub.etl_imports")} == {("table dropped", "postgres")}
    changes = db.rows("SELECT change_type, reverted_at IS NULL AS in_force FROM pgdatahub.etl_schema_changes ORDER BY change_id")
    assert changes == [
        {"change_type": "CREATE TABLE", "in_force": False},
        {"change_type": "ADD COLUMN", "in_force": False},
        {"change_type": "DROP TABLE", "in_force": True},
    ]
    assert db.value("SELECT dropped_at IS NOT NULL FROM pgdatahub.etl_tables")
    assert db.value("SELECT count(*) FROM pgdatahub.etl_columns") == 0


def test_the_folder_makes_it_anew(db, folder):
    load(db, folder, a=[1, 2])
    drop(db)
    (row,) = imported(db.import_folder(folder))
    assert row["row_count"] == 2
    assert db.value("SELECT count(*) FROM t") == 2
    assert db.rows("SELECT * FROM pgdatahub.check_table('t') WHERE difference <> 0") == []


DEPENDANTS = {
    "view": ("CREATE VIEW v AS SELECT n FROM t", "view v"),
    "foreign key": ("ALTER TABLE t ADD UNIQUE (n); CREATE TABLE child (n bigint CONSTRAINT fk REFERENCES t (n))", "constraint fk on table child"),
    "function": ("CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT 1'", "function f(t)"),
    "column of its type": ("CREATE TABLE other (x t)", "column x of table other"),
    "child table": ("CREATE TABLE child () INHERITS (t)", "table child"),
}


@pytest.mark.parametrize("what", DEPENDANTS)
@pytest.mark.parametrize("dry_run", [True, False])
def test_dependants_are_named_and_kept(db, folder, what, dry_run):
    load(db, folder, a=[1])
    statement, name = DEPENDANTS[what]
    db.execute(statement)
    with refused("2BP01", "needed by other objects", name):
        drop(db, dry_run)
    assert exists(db)
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE reverted_at IS NULL") == 1


def test_its_own_parts_go_along(db, folder):
    load(db, folder, a=[1])
    db.execute(
        """ALTER TABLE t ADD id bigint GENERATED ALWAYS AS IDENTITY, ADD UNIQUE (n), ADD twice bigint GENERATED ALWAYS AS (n * 2) STORED,
                         ADD parent bigint REFERENCES t (n), ADD CHECK (n > 0);
           CREATE INDEX ON t ((n + 1)); CREATE STATISTICS s ON n, id FROM t; CREATE POLICY p ON t USING (n > 0);
           CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
           CREATE TRIGGER g BEFORE UPDATE OF n ON t FOR EACH ROW WHEN (NEW.n > 3) EXECUTE FUNCTION f();
           CREATE RULE r AS ON UPDATE TO t DO ALSO SELECT 1; CREATE PUBLICATION pub FOR TABLE t"""
    )
    assert drop(db)[-1]["outcome"] == "done"
    assert not exists(db)


def test_rows_that_no_import_brought_are_kept(db, folder):
    db.execute("CREATE TABLE t (n bigint); INSERT INTO t VALUES (5), (6)")
    db.value("SELECT pgdatahub.adopt_table('t')")
    load(db, folder, a=[1])
    for dry_run in (True, False):
        with refused("55000", "2 rows that no import brought", "check_table"):
            drop(db, dry_run)
    db.execute("DELETE FROM t WHERE n > 1; INSERT INTO t VALUES (7, 'by hand', now())")
    with refused("55000", "1 row that no import brought"):
        drop(db)
    db.execute("DELETE FROM t WHERE n = 7")
    assert [row["rows_removed"] for row in drop(db)] == [1, 0]


def test_a_view_is_not_dropped(db):
    db.execute("CREATE TABLE base (n bigint, source_file text, load_timestamp timestamptz); CREATE VIEW t AS SELECT * FROM base")
    db.value("SELECT pgdatahub.adopt_table('t')")
    with refused("42809", "not a table"):
        drop(db)


def test_a_partitioned_table_goes_with_its_partitions(db, folder):
    db.execute("CREATE TABLE t (n bigint) PARTITION BY LIST (n); CREATE TABLE t1 PARTITION OF t DEFAULT")
    db.value("SELECT pgdatahub.adopt_table('t')")
    load(db, folder, a=[1])
    drop(db)
    assert db.value("SELECT to_regclass('t1') IS NULL")


def test_only_the_owner(db, folder):
    load(db, folder, a=[1])
    role = db.role("clerk")
    with refused("42501"):
        drop(db, role=role)
    db.execute(f"GRANT ALL ON t TO {role}; GRANT USAGE ON SCHEMA pgdatahub TO {role}; GRANT EXECUTE ON FUNCTION pgdatahub.drop_table TO {role}")
    with refused("42501", "must be owner"):
        drop(db, role=role)
    db.execute(f"ALTER TABLE t OWNER TO {role}")
    assert drop(db, role=role)[-1]["outcome"] == "done"


def test_a_busy_table(db, folder):
    load(db, folder, a=[1])
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lock_timeout = '50ms'; ALTER DATABASE {db.name} SET pgdatahub.lock_retries = 1")
    with db.connect(autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM t")
        with refused("55P03", "in use"):
            drop(db)
        assert drop(db, dry_run=True)[-1]["outcome"] == "would be done"
    assert exists(db)


def test_not_managed(db, folder):
    db.execute("CREATE TABLE mine (n int)")
    with refused("42P01", "not managed"):
        drop(db, table="mine")
    with refused("22004", "must not be null"):
        db.rows("SELECT * FROM pgdatahub.drop_table(NULL)")


def test_a_table_with_another_managed_tables_former_name(db, folder):
    """t was renamed to u, and somebody made a new t: dropping that one must not drop u."""
    load(db, folder, a=[1])
    db.execute("ALTER TABLE t RENAME TO u; CREATE TABLE t (n int)")
    with refused("42P01", "not managed"):
        drop(db)
    assert db.value("SELECT count(*) FROM u") == 1


def test_rolled_back(db, folder):
    load(db, folder, a=[1])
    with db.connect(autocommit=False) as connection:
        connection.execute("SELECT * FROM pgdatahub.drop_table('t', dry_run => false)")
        connection.rollback()
    assert exists(db)
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE reverted_at IS NULL") == 1
