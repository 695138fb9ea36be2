"""Which table is the managed one: through renames, restores and tables made anew by hand."""

import threading
import time

from harness.results import content, failed, imported, statuses


def load(db, folder, *values, name="a"):
    folder.workbook(f"t/{name}.xlsx", [["n"], *([value] for value in values)])
    return db.import_folder(folder)


def test_table_made_anew_by_hand_is_a_strangers(db, folder):
    imported(load(db, folder, 1))
    db.execute("DROP TABLE t; CREATE TABLE t (n bigint)")
    (row,) = db.import_folder(folder)
    failed(row, "55000", "not managed", "adopt_table")
    assert content(db, "t") == []
    db.value("SELECT pgdatahub.adopt_table('t')")
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "imported"}
    assert content(db, "t") == [(1,)]


def test_table_rebuilt_with_its_rows_stays_managed(db, folder):
    """As a dump restored with --clean does, or a reorganisation by hand; and a later rename is followed again."""
    imported(load(db, folder, 1))
    db.execute("CREATE TABLE copy AS SELECT * FROM t; DROP TABLE t; ALTER TABLE copy RENAME TO t")
    assert statuses(db.import_folder(folder)) == {"a.xlsx": "skipped"}
    db.execute("ALTER TABLE t RENAME TO renamed")
    assert [row["status"] for row in load(db, folder, 2, name="b")] == ["skipped", "imported"]
    assert content(db, "renamed") == [(1,), (2,)]


def test_recorded_oid_of_another_table_is_not_followed(db, cluster, make_database, folder):
    """A dump restored into a database of the same name: a recorded oid may be another table's there."""
    imported(load(db, folder, 1))
    db.execute("CREATE TABLE victim (n bigint, source_file text, load_timestamp timestamptz)")
    with cluster.connect() as admin:
        admin.execute(f"CREATE DATABASE restored_{db.number} TEMPLATE {db.name}")
        admin.execute(f"ALTER DATABASE {db.name} RENAME TO before_{db.number}")
        admin.execute(f"ALTER DATABASE restored_{db.number} RENAME TO {db.name}")
    try:
        db.execute("UPDATE pgdatahub.etl_tables SET cached_oid = 'victim'::regclass::oid::bigint")
        assert [row["status"] for row in load(db, folder, 2, name="b")] == ["skipped", "imported"]
        assert content(db, "t") == [(1,), (2,)]
        assert content(db, "victim") == []
    finally:
        with cluster.connect() as admin:
            admin.execute(f"DROP DATABASE before_{db.number} WITH (FORCE)")


def test_renamed_table_has_one_lock(db, folder):
    """By its old name (its folder's) and by its new one an import takes the same lock as a revert."""
    imported(load(db, folder, 1))
    db.execute("ALTER TABLE t RENAME TO renamed")
    folder.workbook("t/b.xlsx", [["n"], [2]])
    path = folder.workbook("elsewhere/c.xlsx", [["n"], [3]])
    calls = [
        ("SELECT status FROM pgdatahub.import_folder(%s, files => 't/*')", str(folder)),
        ("SELECT status FROM pgdatahub.import_file(%s, table_name => 'renamed')", str(path)),
        ("SELECT status FROM pgdatahub.import_file(%s, table_name => 't')", str(path)),
    ]
    for query, argument in calls:
        with db.connect(autocommit=False) as first, db.connect() as second:
            first.execute("SELECT pgdatahub.revert('renamed', 'a.xlsx')")
            thread = threading.Thread(target=second.execute, args=(query, [argument]))
            thread.start()
            time.sleep(0.4)
            assert thread.is_alive(), query
            first.rollback()
            thread.join(10)
    assert content(db, "renamed") == [(1,), (2,), (3,)]


def test_dump_and_restore(db, cluster, make_database, folder):
    """pg_dump takes the audit along: in the restored database the files are skipped and can be reverted."""
    imported(load(db, folder, 1, 2))
    copy = make_database(cluster, extension=False)
    args = [f"--{option}={value}" for option, value in {"host": cluster.home, "port": 5432, "username": "postgres"}.items()]
    dump = cluster._run("pg_dump", *args, db.name).stdout
    copy.psql(dump, args=("-q",))
    assert statuses(copy.import_folder(folder)) == {"a.xlsx": "skipped"}
    copy.execute("ALTER TABLE t RENAME TO renamed")
    assert copy.value("SELECT pgdatahub.revert('renamed', 'a.xlsx')") == 2
    folder.workbook("t/b.xlsx", [["n"], [5]])
    imported(copy.import_file(folder / "t/b.xlsx"))
    assert content(copy, "renamed") == [(5,)]
