"""Imports inside the caller's transaction: nested calls, exception blocks, savepoints, rollbacks, sessions side by side."""

import psycopg
import pytest
from harness.background import Background, waits_for_lock


@pytest.fixture(params=["copy", "spi"])
def lane(request):
    return request.param


NESTED = """
CREATE TABLE seen (sqlstate text, message text);
CREATE FUNCTION nested() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM * FROM pgdatahub.import_file('{path}', table_name => 'other');
    EXCEPTION WHEN OTHERS THEN
        INSERT INTO seen VALUES (SQLSTATE, SQLERRM);
    END;
    RETURN NEW;
END $$;
CREATE TRIGGER nested BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION nested();
"""


def test_nested_import_is_refused(db, folder, lane):
    """A trigger that imports gets 55000; what it caught does not disturb the rows of the import around it."""
    first = folder.workbook("first.xlsx", [["id", "text"], [0, "zero"]])
    second = folder.workbook("second.xlsx", [["id", "text"], *[[n, f"row {n}"] for n in range(1, 51)]])
    other = folder.workbook("other.xlsx", [["id"], [99]])
    with db.connect() as session:
        session.execute(f"SET pgdatahub.lane = {lane}")
        session.execute(f"SELECT pgdatahub.import_file('{first}', table_name => 'big')")
        session.execute(NESTED.format(path=other))
        query = "SELECT status, row_count, message FROM pgdatahub.import_file(%s, table_name => %s)"
        assert session.execute(query, [str(second), "big"]).fetchall() == [("imported", 50, None)]
        assert session.execute("SELECT sqlstate, count(*) FROM seen GROUP BY sqlstate").fetchall() == [("55000", 50)]
        assert session.execute("SELECT count(*), sum(id), count(DISTINCT text) FROM big").fetchone() == (51, 1275, 51)
        assert session.execute("SELECT to_regclass('other')").fetchone() == (None,)
        # The same session may import again.
        assert session.execute(query, [str(other), "other"]).fetchall() == [("imported", 1, None)]


def test_trigger_that_lets_the_refusal_through(db, folder, lane):
    """Uncaught, the refusal is the file's failure; afterwards the session's state is as new."""
    first = folder.workbook("first.xlsx", [["id"], [0]])
    second = folder.workbook("second.xlsx", [["id"], [1], [2]])
    db.import_file(first, table_name="big")
    db.execute(NESTED.format(path=first).replace("EXCEPTION WHEN OTHERS THEN", "EXCEPTION WHEN division_by_zero THEN"))
    with db.connect() as session:
        session.execute(f"SET pgdatahub.lane = {lane}")
        query = "SELECT status, sqlstate, message FROM pgdatahub.import_file(%s, table_name => 'big')"
        for _ in range(3):
            row = session.execute(query, [str(second)]).fetchone()
            assert row == ("failed", "55000", "an import of this session is already running")
        session.execute("DROP TRIGGER nested ON big")
        assert session.execute(query, [str(second)]).fetchone() == ("imported", None, None)
    assert db.value("SELECT count(*) FROM big") == 3


def test_sql_copy_still_works_after_a_failed_import(db, folder):
    """COPY's data source is static in the backend: a failed import must not leave its own there."""
    good = folder.workbook("good.xlsx", [["id"], [1]])
    bad = folder.workbook("bad.xlsx", [["id"], *[[n] for n in range(2, 2_000)]])
    with db.connect() as session:
        session.execute("SELECT pgdatahub.import_file(%s, table_name => 'big')", [str(good)])
        session.execute("ALTER TABLE big ADD CHECK (id < 1500)")
        row = session.execute("SELECT status, sqlstate, detail FROM pgdatahub.import_file(%s, table_name => 'big')", [str(bad)]).fetchone()
        assert row[:2] == ("failed", "23514")
        assert 'Sheet "Sheet1", row 1500.' in row[2]
        session.execute("CREATE TEMP TABLE mine (id bigint)")
        with session.cursor().copy("COPY mine FROM STDIN") as copy:
            copy.write_row((7,))
        assert session.execute("SELECT id FROM mine").fetchall() == [(7,)]
        assert session.execute("SELECT id FROM big").fetchall() == [(1,)]


def test_exception_blocks(db, folder, lane):
    """on_error => 'raise' in a DO block, caught, again and again: nothing of it stays, readers included."""
    folder.workbook("data/a.xlsx", [["id"], [1]])
    folder.write("data/b.xlsx", b"no workbook")
    block = f"""DO $$ BEGIN
        FOR i IN 1..20 LOOP
            BEGIN
                PERFORM * FROM pgdatahub.import_folder('{folder}', on_error => 'raise');
                RAISE EXCEPTION 'not reached';
            EXCEPTION WHEN feature_not_supported THEN NULL;
            END;
        END LOOP;
    END $$"""
    with db.connect() as session:
        session.execute(f"SET pgdatahub.lane = {lane}")
        session.execute(block)
        assert session.execute("SELECT to_regclass('data'), (SELECT count(*) FROM pgdatahub.etl_imports)").fetchone() == (None, 0)
        assert not db.cluster.readers()
        folder.workbook("data/b.xlsx", [["id"], [2]])
        rows = session.execute(f"SELECT status FROM pgdatahub.import_folder('{folder}')").fetchall()
        assert rows == [("imported",), ("imported",)]


def test_savepoints(db, folder, lane):
    paths = [folder.workbook(f"{n}.xlsx", [["id"], [n]]) for n in range(4)]
    query = "SELECT status FROM pgdatahub.import_file(%s, table_name => 'big')"
    with db.connect(autocommit=False) as session:
        session.execute(f"SET pgdatahub.lane = {lane}")
        session.execute(query, [str(paths[0])])
        session.execute("SAVEPOINT one")
        session.execute(query, [str(paths[1])])
        session.execute("ROLLBACK TO one")
        session.execute(query, [str(paths[2])])
        session.execute("SAVEPOINT two")
        session.execute(query, [str(paths[3])])
        session.execute("RELEASE two")
        session.commit()
        assert session.execute(query, [str(paths[1])]).fetchone() == ("imported",)
        session.rollback()
    assert db.rows("SELECT id FROM big ORDER BY id") == [{"id": 0}, {"id": 2}, {"id": 3}]
    assert db.value("SELECT count(*) FROM pgdatahub.etl_imports") == 3
    assert db.import_file(paths[1], table_name="big")[0]["status"] == "imported"


def test_rolled_back(db, folder, lane):
    path = folder.workbook("one.xlsx", [["id"], [1]])
    query = "SELECT status FROM pgdatahub.import_file(%s, table_name => 'big')"
    with db.connect(autocommit=False) as session:
        session.execute(f"SET pgdatahub.lane = {lane}")
        for _ in range(3):
            assert session.execute(query, [str(path)]).fetchone() == ("imported",)
            assert session.execute("SELECT count(*) FROM big").fetchone() == (1,)
            session.rollback()
            session.execute(f"SET pgdatahub.lane = {lane}")
    assert db.value("SELECT to_regclass('big') IS NULL")
    for table in ("etl_imports", "etl_tables", "etl_columns", "etl_schema_changes", "etl_runs", "etl_run_files"):
        assert db.value(f"SELECT count(*) FROM pgdatahub.{table}") == 0, table
    assert db.import_file(path, table_name="big")[0]["status"] == "imported"


def test_prepared_and_aborted_transactions(db, folder):
    """In an aborted transaction the call is refused like any other statement, and no reader is started."""
    path = folder.workbook("one.xlsx", [["id"], [1]])
    with db.connect(autocommit=False) as session:
        with pytest.raises(psycopg.errors.DivisionByZero):
            session.execute("SELECT 1 / 0")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            session.execute(f"SELECT pgdatahub.import_file('{path}', table_name => 'big')")
        session.rollback()
    assert not db.cluster.readers()


def test_read_only(db, folder):
    path = folder.workbook("one.xlsx", [["id"], [1]])
    with db.connect(autocommit=False) as session:
        session.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            session.execute(f"SELECT pgdatahub.import_file('{path}', table_name => 'big')")


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_isolation_levels(db, folder, level):
    """Another session imported the same bytes after this one's snapshot: 40001 with a hint, never a second copy."""
    path = folder.workbook("one.xlsx", [["id"], [1]])
    folder.workbook("zero.xlsx", [["id"], [0]])
    db.import_file(folder / "zero.xlsx", table_name="big")
    with db.connect(autocommit=False) as session:
        session.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        session.execute("SELECT count(*) FROM big")
        assert db.import_file(path, table_name="big")[0]["status"] == "imported"
        with pytest.raises(psycopg.errors.SerializationFailure) as error:
            session.execute("SELECT * FROM pgdatahub.import_file(%s, table_name => 'big')", [str(path)])
        assert "READ COMMITTED" in error.value.diag.message_hint
    assert db.value("SELECT count(*) FROM big") == 2


def test_sessions_side_by_side(db, folder):
    """Different tables do not wait for each other."""
    for number in range(4):
        for part in range(3):
            folder.workbook(f"root{number}/table{number}/{part}.xlsx", [["id"], *[[n] for n in range(2_000)], [part]])
    runs = [
        Background(db.connect(), f"SELECT status, row_count FROM pgdatahub.import_folder('{folder}/root{number}')") for number in range(4)
    ]
    for number, run in enumerate(runs):
        assert run.join().rows == [("imported", 2_001)] * 3, run.error
        assert db.value(f"SELECT count(*) FROM table{number}") == 6_003
        run.close()


def test_one_transaction_does_not_hold_up_other_tables(db, folder):
    one = folder.workbook("one.xlsx", [["id"], [1]])
    two = folder.workbook("two.xlsx", [["id"], [2]])
    with db.connect(autocommit=False) as holder:
        holder.execute("SELECT pgdatahub.import_file(%s, table_name => 'one')", [str(one)])
        with db.connect() as session:
            session.execute("SET lock_timeout = '2s'")
            query = "SELECT status FROM pgdatahub.import_file(%s, table_name => 'two')"
            assert session.execute(query, [str(two)]).fetchone() == ("imported",)


def test_overlapping_folders(db, folder):
    """The same tables, found in different orders: no deadlock, and each file once."""
    for table in "abcdef":
        for part in range(3):
            folder.workbook(f"root/{table}/{part}.xlsx", [["id"], *[[n] for n in range(500)], [ord(table) + part]])
    for _ in range(3):
        runs = [Background(db.connect(), f"SELECT status FROM pgdatahub.import_folder('{folder}/root')") for _ in range(4)]
        runs += [Background(db.connect(), f"CALL pgdatahub.run_import('{folder}/root')") for _ in range(2)]
        for run in runs:
            assert run.join().error is None, run.error
            run.close()
        counts = db.rows("SELECT count(*)::int AS n FROM pgdatahub.etl_imports WHERE reverted_at IS NULL")
        assert counts == [{"n": 18}]
        assert db.value("SELECT count(*) FROM a") == 1_503


def test_opposite_orders_wait_in_one_order(db, cluster, folder):
    """import_folder takes its targets' locks in one order, whatever order the files have."""
    for root, names in (("left", ("a", "b")), ("right", ("b", "a"))):
        for place, table in enumerate(names):
            folder.workbook(f"{root}/{place}/{table}.xlsx", [["id"], [root + table]])
        config = "".join(f"'{place}':\n  table: {table}\n" for place, table in enumerate(names))
        folder.write(f"{root}.yaml", config)
    with db.connect(autocommit=False) as holder:
        holder.execute("SELECT pgdatahub.import_file(%s, table_name => 'a')", [str(folder / "left/0/a.xlsx")])
        runs = [
            Background(
                db.connect(),
                f"SET pgdatahub.config_file = '{folder}/{root}.yaml'",
                f"SELECT table_name, status FROM pgdatahub.import_folder('{folder}/{root}')",
            )
            for root in ("left", "right")
        ]
        for run in runs:
            waits_for_lock(cluster, run.pid)
    assert runs[0].join().rows == [("a", "skipped"), ("b", "imported")], runs[0].error
    assert runs[1].join().rows == [("b", "imported"), ("a", "imported")], runs[1].error
    for run in runs:
        run.close()
