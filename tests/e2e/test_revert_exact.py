"""A revert removes exactly the rows of its imports, whatever became of the table since, and reads it once at most."""

import shutil

import pytest
from harness.results import content, imported, refused, types


def load(db, folder, **files):
    """One workbook of table t per keyword, in order: {header: values}."""
    for name, columns in files.items():
        lines = [list(columns), *zip(*columns.values(), strict=True)]
        imported(db.import_file(folder.workbook(f"t/{name}.xlsx", lines), table_name="t"))


def revert(db, file="b.xlsx", role="postgres"):
    return db.value("SELECT pgdatahub.revert('t', %s)", [file], role=role)


def three(db, folder):
    load(db, folder, a={"n": [1, 2], "x": ["a", "b"]}, b={"n": [3, 4, 5], "x": ["c", "d", "e"]}, c={"n": [6], "x": ["f"]})


SINCE = {
    "widened": ["ALTER TABLE t ALTER n TYPE numeric"],
    "a column more": ["ALTER TABLE t ADD y int DEFAULT 7"],
    "a column less": ["ALTER TABLE t DROP x"],
    "vacuum full": ["VACUUM FULL t"],
    "cluster": ["CREATE INDEX i ON t (x DESC)", "CLUSTER t USING i"],
    "updated": ["UPDATE t SET x = 'z' WHERE n IN (2, 3, 4)", "UPDATE t SET n = n + 100"],
    "rewritten": ["CREATE TABLE u AS SELECT * FROM t", "TRUNCATE t", "INSERT INTO t SELECT * FROM u"],
    "renamed column": ["ALTER TABLE t RENAME n TO m"],
    "analyze and index": ["CREATE INDEX i ON t (source_file, load_timestamp)", "ANALYZE t", "VACUUM t"],
    "another time zone": ["SET timezone = 'Asia/Tokyo'", "UPDATE t SET x = x"],
}


@pytest.mark.parametrize("what", SINCE)
def test_whatever_became_of_the_table(db, folder, what):
    three(db, folder)
    with db.connect() as connection:
        for statement in SINCE[what]:
            connection.execute(statement)
    assert revert(db) == 3
    left = db.rows("SELECT source_file, count(*) AS rows FROM t GROUP BY 1 ORDER BY 1")
    assert left == [{"source_file": str(folder / "t/a.xlsx"), "rows": 2}, {"source_file": str(folder / "t/c.xlsx"), "rows": 1}]


def test_after_widening_by_a_later_file(db, folder):
    load(db, folder, a={"n": [1], "x": [1]}, b={"n": [2], "x": [2]}, c={"n": [3.5], "x": ["three"]})
    assert types(db, "t") == {"n": "double precision", "x": "text"}
    assert revert(db) == 1
    assert content(db, "t") == [(1.0, "1"), (3.5, "three")]


@pytest.mark.parametrize(
    "key",
    [
        "LIST (n); CREATE TABLE p1 PARTITION OF t FOR VALUES IN (1, 3, 6); CREATE TABLE p2 PARTITION OF t DEFAULT",
        "RANGE (load_timestamp); CREATE TABLE p1 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2500-01-01'); CREATE TABLE p2 PARTITION OF t DEFAULT",
        "HASH (source_file); CREATE TABLE p1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        " CREATE TABLE p2 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    ],
)
def test_partitioned(db, folder, key):
    db.execute(f"CREATE TABLE t (n bigint, x text, source_file text, load_timestamp timestamptz) PARTITION BY {key}")
    db.value("SELECT pgdatahub.adopt_table('t')")
    three(db, folder)
    assert revert(db) == 3
    assert content(db, "t") == [(1, "a"), (2, "b"), (6, "f")]


def test_the_same_load_timestamp_in_another_file_is_another_import(db, folder):
    three(db, folder)
    db.execute("UPDATE t SET load_timestamp = (SELECT min(load_timestamp) FROM t WHERE n = 3) WHERE n = 1")
    db.execute("UPDATE t SET source_file = (SELECT min(source_file) FROM t WHERE n = 3) WHERE n = 2")
    assert revert(db) == 3
    assert content(db, "t", "n") == [(1,), (2,), (6,)]


def two_files_of_one_content(db, folder):
    """Two sheets of the same bytes, each imported under a path of its own, and a third file."""
    first = folder.workbook_of_sheets("x/a.xlsx", {"One": [["n"], [1], [2]], "Two": [["n"], [3]]})
    second = folder / "x/b.xlsx"
    shutil.copyfile(first, second)
    second.chmod(0o644)
    imported(db.import_file(first, table_name="t", sheet="One"))
    imported(db.import_file(second, table_name="t", sheet="Two"))
    imported(db.import_file(folder.workbook("x/c.xlsx", [["n"], [4]]), table_name="t"))
    return db.value("SELECT file_sha256 FROM pgdatahub.imports LIMIT 1")


def test_several_files_of_one_content(db, folder):
    sha256 = two_files_of_one_content(db, folder)
    # Neither file's name goes with the other's timestamp.
    db.execute(
        """INSERT INTO t SELECT 50, a.source_file, b.load_timestamp FROM t a, t b WHERE a.n = 1 AND b.n = 3;
           INSERT INTO t SELECT 51, b.source_file, a.load_timestamp FROM t a, t b WHERE a.n = 1 AND b.n = 3"""
    )
    assert db.value("SELECT pgdatahub.revert_hash('t', %s, dry_run => true)", [sha256]) == 3
    assert db.value("SELECT pgdatahub.revert_hash('t', %s)", [sha256]) == 3
    assert content(db, "t") == [(4,), (50,), (51,)]


def scans(connection):
    """(sequential scans of t, index scans of its indexes) so far."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    query = "SELECT seq_scan, coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 't'"
    return connection.execute(query).fetchone()


def sheets_of_one_file(db, folder):
    """Three imports of one file, and 60,000 rows of others."""
    path = folder.workbook_of_sheets("t/b.xlsx", {name: [["n"], [1], [2]] for name in ("One", "Two", "Three")})
    for sheet in ("One", "Two", "Three"):
        imported(db.import_file(path, table_name="t", sheet=sheet))
    db.execute("INSERT INTO t SELECT g, '/other/' || g % 60, now() - g % 60 * '1 day'::interval FROM generate_series(1, 60000) g")
    db.execute("ANALYZE t")


def test_the_table_is_read_once(db, folder):
    sheets_of_one_file(db, folder)
    with db.connect() as connection:
        connection.execute("SET max_parallel_workers_per_gather = 0")
        before = scans(connection)
        assert connection.execute("SELECT pgdatahub.revert('t', 'b.xlsx', dry_run => true)").fetchone() == (6,)
        between = scans(connection)
        assert connection.execute("SELECT pgdatahub.revert('t', 'b.xlsx')").fetchone() == (6,)
        after = scans(connection)
    assert (between[0] - before[0], after[0] - between[0]) == (1, 1)
    assert db.value("SELECT count(*) FROM t") == 60000


@pytest.mark.parametrize("columns", ["source_file, load_timestamp", "load_timestamp", "source_file", "load_timestamp, source_file, n"])
def test_an_index_is_used(db, folder, columns):
    sheets_of_one_file(db, folder)
    db.execute(f"CREATE INDEX by_import ON t ({columns})")
    db.execute("VACUUM ANALYZE t")
    with db.connect() as connection:
        before = scans(connection)
        assert connection.execute("SELECT pgdatahub.revert('t', 'b.xlsx')").fetchone() == (6,)
        after = scans(connection)
    assert after[0] == before[0], "no sequential scan"
    assert after[1] > before[1], "the index was read"
    assert db.value("SELECT count(*) FROM t") == 60000


def test_a_small_index_of_block_ranges_is_used(db, folder):
    """The index that the README recommends: files lie one after the other in the table."""
    sheets_of_one_file(db, folder)
    db.execute("INSERT INTO t SELECT g, '/later/' || g / 1000, now() + g / 1000 * '1 minute'::interval FROM generate_series(1, 400000) g")
    db.execute("CREATE INDEX by_import ON t USING brin (load_timestamp)")
    db.execute("VACUUM ANALYZE t")
    with db.connect() as connection:
        before = scans(connection)
        assert connection.execute("SELECT pgdatahub.revert('t', 'b.xlsx')").fetchone() == (6,)
        after = scans(connection)
    assert (after[0], after[1] > before[1]) == (before[0], True)


def test_an_index_is_used_for_several_files(db, folder):
    sha256 = two_files_of_one_content(db, folder)
    db.execute("INSERT INTO t SELECT g, '/other/' || g % 60, now() - g % 60 * '1 day'::interval FROM generate_series(1, 60000) g")
    db.execute("CREATE INDEX by_import ON t (source_file, load_timestamp)")
    db.execute("VACUUM ANALYZE t")
    with db.connect() as connection:
        before = scans(connection)
        assert connection.execute("SELECT pgdatahub.revert_hash('t', %s)", [sha256]).fetchone() == (3,)
        after = scans(connection)
    assert (after[0], after[1] > before[1]) == (before[0], True)


@pytest.fixture
def clerk(db, folder):
    """A role that may delete from t and sees even numbers only."""
    three(db, folder)
    role = db.role("clerk")
    db.execute(
        f"""GRANT SELECT, DELETE ON t TO {role}; GRANT USAGE ON SCHEMA pgdatahub TO {role};
            GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {role};
            ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY even ON t USING (n % 2 = 0)"""
    )
    return role


def test_hidden_rows_are_an_error(db, clerk):
    for dry_run in ("true", "false"):
        with refused("42501", "row-level security", "3 rows were imported, this role can remove 1", "BYPASSRLS"):
            db.value(f"SELECT pgdatahub.revert('t', 'b.xlsx', dry_run => {dry_run})", role=clerk)
    assert db.value("SELECT count(*) FROM t") == 6
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE reverted_at IS NOT NULL") == 0


def test_an_import_that_is_seen_whole_is_reverted_under_row_security(db, clerk):
    assert revert(db, "c.xlsx", role=clerk) == 1
    db.execute("DROP POLICY even ON t; CREATE POLICY every ON t USING (true)")
    assert revert(db, role=clerk) == 3


def test_rows_that_may_not_be_deleted_are_an_error(db, clerk):
    """Seen, but not to be deleted: the policy for DELETE is narrower."""
    db.execute("DROP POLICY even ON t; CREATE POLICY see ON t FOR SELECT USING (true); CREATE POLICY del ON t FOR DELETE USING (n % 2 = 0)")
    with refused("42501", "this role can remove 1"):
        revert(db, role=clerk)
    assert db.value("SELECT count(*) FROM t") == 6


def test_a_replacement_under_row_security_is_whole_too(db, folder, clerk):
    db.execute(f"GRANT pg_read_server_files TO {clerk}; GRANT INSERT ON t TO {clerk}")
    path = folder.workbook("t/b.xlsx", [["n", "x"], [8, "new"], [10, "new"]])
    (row,) = db.rows("SELECT * FROM pgdatahub.import_file(%s, table_name => 't')", [str(path)], role=clerk)
    assert (row["status"], row["sqlstate"]) == ("failed", "42501"), row
    assert db.value("SELECT count(*) FROM t") == 6
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE reverted_at IS NOT NULL") == 0


def test_a_trigger_that_keeps_rows_is_an_error(db, folder):
    three(db, folder)
    db.execute(
        """CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.n = 4 THEN RETURN NULL; END IF; RETURN OLD; END';
           CREATE TRIGGER keep BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION keep()"""
    )
    with refused("55000", "were not removed", "trigger"):
        revert(db)
    assert db.value("SELECT count(*) FROM t") == 6
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE reverted_at IS NOT NULL") == 0
    assert revert(db, "a.xlsx") == 2


def test_a_trigger_that_moves_rows_elsewhere_is_none(db, folder):
    """Rows deleted by hand before, and a trigger that could keep rows but does not: a warning, no error."""
    three(db, folder)
    db.execute(
        """CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
           CREATE TRIGGER pass BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION pass()"""
    )
    db.execute("DELETE FROM t WHERE n = 4")
    with db.connect() as connection:
        said = []
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
        assert connection.execute("SELECT pgdatahub.revert('t', 'b.xlsx', dry_run => true)").fetchone() == (2,)
        assert connection.execute("SELECT pgdatahub.revert('t', 'b.xlsx')").fetchone() == (2,)
    assert said == ["2 rows would be removed where 3 were imported", "2 rows removed where 3 were imported"]


def test_a_rule_that_keeps_rows_is_an_error(db, folder):
    three(db, folder)
    db.execute("CREATE RULE keep AS ON DELETE TO t WHERE OLD.n = 4 DO INSTEAD NOTHING")
    with refused("55000", "were not removed"):
        revert(db)
    assert db.value("SELECT count(*) FROM t") == 6


def test_a_table_with_another_managed_tables_former_name(db, folder):
    """t was renamed to u, and somebody made a new t: a revert in that one is not a revert in u."""
    three(db, folder)
    db.execute("ALTER TABLE t RENAME TO u; CREATE TABLE t (n int)")
    with refused("42P01", "not managed"):
        revert(db)
    assert db.value("SELECT count(*) FROM u") == 6
    assert db.value("SELECT pgdatahub.revert('u', 'b.xlsx')") == 3
