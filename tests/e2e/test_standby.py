"""A physical standby answers and refuses, and takes over with its jobs; nothing begins by itself during pg_upgrade."""

import shutil

import pytest
from harness import jobs
from harness.background import wait_for
from harness.database import Database
from harness.dump import kept, views
from harness.lived_in import is_whole, lived_in
from harness.results import refused

LAUNCHER = {"shared_preload_libraries": "pgdatahub", "pgdatahub.launcher_naptime": "1"}

WRITES = {
    "import_folder": "SELECT * FROM pgdatahub.import_folder('{folder}')",
    "import_file": "SELECT * FROM pgdatahub.import_file('{folder}/policies/p.xlsx', reimport => true)",
    "run_import": "CALL pgdatahub.run_import('{folder}')",
    "start_import": "SELECT pgdatahub.start_import('{folder}')",
    "pause_import": "SELECT pgdatahub.pause_import({run})",
    "resume_import": "SELECT pgdatahub.resume_import({run})",
    "cancel_import": "SELECT pgdatahub.cancel_import({run})",
    "revert": "SELECT pgdatahub.revert('policies', 'p.xlsx')",
    "revert_hash": "SELECT pgdatahub.revert_hash('policies', (SELECT file_sha256 FROM pgdatahub.imports WHERE source_file LIKE '%p.xlsx'))",
    "revert_import": "SELECT pgdatahub.revert_import((SELECT import_id FROM pgdatahub.imports WHERE source_file LIKE '%p.xlsx'))",
    "revert_schema": "SELECT pgdatahub.revert_schema('policies', 'p.xlsx', dry_run => false)",
    "retry_rejects": "SELECT pgdatahub.retry_rejects((SELECT min(import_id) FROM pgdatahub.rejects))",
    "map_column": "SELECT pgdatahub.map_column('policies', 'Holding', 'holder')",
    "adopt_table": "SELECT pgdatahub.adopt_table('strange')",
    "drop_table": "SELECT pgdatahub.drop_table('policies', dry_run => false)",
    "prune": "SELECT pgdatahub.prune('1 day')",
    "watch_folder": "SELECT pgdatahub.watch_folder('{folder}')",
    "unwatch_folder": "SELECT pgdatahub.unwatch_folder('{folder}')",
}
READS = {
    "plan_folder": "SELECT count(*) FROM pgdatahub.plan_folder('{folder}')",
    "import_folder": "SELECT count(*) FROM pgdatahub.import_folder('{folder}', dry_run => true)",
    "import_file": "SELECT count(*) FROM pgdatahub.import_file('{folder}/policies/p.xlsx', dry_run => true)",
    "sheets": "SELECT count(*) FROM pgdatahub.sheets('{folder}/policies/p.xlsx')",
    "columns": "SELECT count(*) FROM pgdatahub.columns('{folder}/policies/p.xlsx')",
    "read_excel": "SELECT count(*) FROM pgdatahub.read_excel('{folder}/policies/p.xlsx') AS t(no text)",
    "read_excel_json": "SELECT pgdatahub.read_excel_json('{folder}/policies/p.xlsx')",
    "read_excel_query": "SELECT pgdatahub.read_excel_query('{folder}/policies/p.xlsx')",
    "show_config": "SELECT count(*) FROM pgdatahub.show_config('{folder}')",
    "check_table": "SELECT count(*) FROM pgdatahub.check_table('policies')",
    "verify_setup": "SELECT count(*) FROM pgdatahub.verify_setup('{folder}')",
    "wait_import": "CALL pgdatahub.wait_import({run}, '1 s')",
    "report_html": "SELECT pgdatahub.report_html({run})",
}

FUNCTIONS = "SELECT proname FROM pg_proc WHERE pronamespace = 'pgdatahub'::regnamespace"


@pytest.fixture
def primary(make_cluster):
    if not hasattr(primary, "cluster"):
        primary.cluster = make_cluster("primary", LAUNCHER)
    return primary.cluster


@pytest.fixture
def standby(make_cluster, primary):
    """A standby of its own for each test: some are promoted."""
    standby.number = getattr(standby, "number", 0) + 1
    made = make_cluster(f"standby-{standby.number}", standby_of=primary)
    yield made
    made.stop("immediate")


@pytest.fixture
def db(primary, make_database):
    return make_database(primary)


def there(db, cluster):
    """The same database on another cluster."""
    copy = Database.__new__(Database)
    copy.__dict__ = {**db.__dict__, "cluster": cluster}
    return copy


def ours(cluster):
    """The processes of pgdatahub that a cluster runs."""
    return [process.command for process in cluster.children().values() if "pgdatahub" in process.command]


def test_answers_and_refuses(db, standby, folder):
    lived_in(db, folder)
    db.execute("CREATE TABLE strange (n bigint)")
    run = db.value("SELECT run_id FROM pgdatahub.etl_jobs")
    standby.catch_up()
    copy = there(db, standby)
    before = kept(copy)
    # Sequences are up to 32 numbers ahead on a standby.
    assert (before[0], views(copy)) == (kept(db)[0], views(db))
    place = {"folder": str(folder), "run": run}
    functions = {row["proname"] for row in db.rows(FUNCTIONS)}
    with copy.connect() as session:
        for name in sorted(functions & set(READS)):
            session.execute(READS[name].format(**place))
        for name in sorted(functions & set(WRITES)):
            with refused("25006"):
                session.execute(WRITES[name].format(**place))
    # What reads files, writes or controls is not PUBLIC's.
    special = {row["proname"] for row in db.rows(f"{FUNCTIONS} AND NOT has_function_privilege('public', oid, 'EXECUTE')")}
    assert special <= set(WRITES) | set(READS), "say what it does on a standby"
    assert kept(copy) == before
    wait_for(lambda: any("launcher" in command for command in ours(db.cluster)), "the launcher of the primary")
    assert not ours(standby)


def test_takes_over(db, standby, folder):
    """The primary dies amid a job: the promoted standby goes on with it, and everything is once in."""
    jobs.slow_table(db, folder, "a")
    for part in range(4):
        folder.workbook(f"in/a/{part}.xlsx", [["id"], *[[n] for n in range(40)], [part]])
    run = jobs.start(db, folder / "in")
    wait_for(lambda: db.value("SELECT files_done > 0 AND current_rows > 0 FROM pgdatahub.progress"), "rows of the second file")
    standby.catch_up()
    db.cluster.stop("immediate")
    try:
        standby.promote()
        copy = there(db, standby)
        # Its own launcher begins once it is no standby any more.
        jobs.reaches(copy, run, "done")
        assert copy.value("SELECT count(*)::int FROM a") == 1 + 4 * 41
        assert copy.value("SELECT count(*)::int FROM pgdatahub.imports WHERE reverted_at IS NULL") == 5
        assert jobs.history(copy, run)[-3:] == ["queued", "running", "done"]
    finally:
        db.cluster.start()
        db.execute("SELECT pgdatahub.cancel_import(%s) WHERE (SELECT finished_at IS NULL FROM pgdatahub.etl_runs WHERE run_id = %s)", [run, run])
        jobs.reaches(db, run, "cancelled", "done")


def test_whole_after_promotion(db, standby, folder):
    data = lived_in(db, folder)
    standby.catch_up()
    standby.promote()
    is_whole(there(db, standby), folder, data)


def test_nothing_begins_in_binary_upgrade_mode(db, folder):
    """As pg_upgrade starts the servers (-b): no launcher, and an interrupted job stays as it is."""
    cluster = db.cluster
    jobs.slow_table(db, folder, "a")
    folder.workbook("in/a/0.xlsx", [["id"], *[[n] for n in range(100)]])
    run = jobs.start(db, folder / "in")
    wait_for(lambda: db.rows("SELECT FROM pgdatahub.progress WHERE current_rows > 0"), "rows")
    cluster.stop("fast")
    cluster.start("-b")
    try:
        with cluster.connect(db.name) as session:
            state, system = session.execute(
                "SELECT state, (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'checkpointer') FROM pgdatahub.runs WHERE run_id = %s", [run]
            ).fetchone()
        assert (state, system) == ("interrupted", 1)
        assert not ours(cluster)
    finally:
        cluster.stop("fast")
        cluster.start()
    jobs.reaches(db, run, "done")
    assert db.value("SELECT count(*)::int FROM a") == 101


def test_files_are_not_needed_to_answer(db, standby, folder):
    """A standby on another machine has no workbooks: what is on record is answered all the same."""
    data = lived_in(db, folder)
    standby.catch_up()
    shutil.rmtree(folder.path)
    copy = there(db, standby)
    assert views(copy) == views(db)
    with refused("58P01"):
        copy.value("SELECT count(*) FROM pgdatahub.plan_folder(%s)", [str(folder)])
    assert copy.value("SELECT count(*)::int FROM policies") == len(data[1])
