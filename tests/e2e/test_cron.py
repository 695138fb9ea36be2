"""pg_cron for real: CALL pgdatahub.run_import(…), and start_import with wait_import, as scheduled commands, once per way in
which pg_cron runs commands."""

from pathlib import Path

import pytest
from harness import cron
from harness.background import wait_for
from harness.documents import blocks

MINUTE = 80.0
WAYS = ["background_workers", "connections"]


def schedule(cluster, folder):
    """Two jobs in database `postgres`, where pg_cron lives: a folder with a broken file, and one without."""
    with cluster.connect() as session:
        session.execute("CREATE EXTENSION pg_cron")
        session.execute("CREATE EXTENSION pgdatahub")
        for name in ("broken", "whole"):
            command = f"CALL pgdatahub.run_import('{folder}/{name}')"
            session.execute("SELECT cron.schedule(%s, %s, %s)", [name, cron.often(session), command])


def outcome(session, name):
    query = """SELECT d.status, d.return_message FROM cron.job_run_details d JOIN cron.job j USING (jobid)
               WHERE j.jobname = %s AND d.status IN ('succeeded', 'failed') ORDER BY d.runid"""
    return wait_for(lambda: session.execute(query, [name]).fetchone(), f"the scheduled run of {name}", MINUTE)


@pytest.mark.timeout(240)
def test_run_import(make_cluster, bin_dir, scratch, folder):
    folder.workbook("broken/claims/a.xlsx", [["id"], [1], [2]])
    folder.write("broken/claims/b.xlsx", b"no workbook at all")
    folder.workbook("broken/claims/c.xlsx", [["id"], [3]])
    folder.workbook("whole/bills/a.xlsx", [["id"], [4]])
    clusters = {way: cron.cluster(make_cluster, bin_dir, scratch, way) for way in WAYS}
    for cluster in clusters.values():  # both at once: an old pg_cron begins on the minute
        schedule(cluster, folder)
    for way, cluster in clusters.items():
        with cluster.connect() as session:
            status, message = outcome(session, "broken")
            assert status == "failed", way
            assert "1 file failed; all others are committed" in message, way
            assert f"{folder}/broken/claims/b.xlsx" in message, way
            assert session.execute("SELECT id FROM claims ORDER BY id").fetchall() == [(1,), (2,), (3,)], way
            failures = session.execute("SELECT source_file, sqlstate FROM pgdatahub.failures").fetchall()
            assert failures == [(f"{folder}/broken/claims/b.xlsx", "0A000")], way
            assert outcome(session, "whole")[0] == "succeeded", way
            assert session.execute("SELECT id FROM bills").fetchall() == [(4,)], way
            session.execute("SELECT cron.unschedule(jobid) FROM cron.job")


@pytest.fixture(scope="module")
def documents(make_cluster, bin_dir, scratch):
    return cron.cluster(make_cluster, bin_dir, scratch, WAYS[0], "documents")


@pytest.mark.parametrize(("document", "folder"), [("README.md", "/srv/inbox"), ("QUICKSTART.md", "/srv/excel")])
def test_the_nightly_entry_of_a_document(documents, document, folder):
    """It is taken as it stands there; when it runs, it runs what test_run_import runs."""
    text = (Path(__file__).resolve().parents[2] / document).read_text(encoding="utf-8")
    (entry,) = [entry for kind, entry, _ in blocks(text) if kind == "sql" and "cron." in entry]
    with documents.connect() as session:
        session.execute("DROP EXTENSION IF EXISTS pg_cron")
        if "CREATE EXTENSION" not in entry:
            session.execute("CREATE EXTENSION pg_cron")
        session.execute(entry)
        assert session.execute("SELECT schedule, command FROM cron.job").fetchall() == [("30 2 * * *", f"CALL pgdatahub.run_import('{folder}')")]


@pytest.mark.timeout(240)
def test_jobs(make_cluster, bin_dir, scratch, folder):
    """Two entries: one submits, the other waits and tells pg_cron what came of it."""
    folder.workbook("in/claims/a.xlsx", [["id"], [1], [2]])
    folder.write("in/claims/b.xlsx", b"no workbook at all")
    clusters = {way: cron.cluster(make_cluster, bin_dir, scratch, way, "cronjobs") for way in WAYS}
    for cluster in clusters.values():
        with cluster.connect() as session:
            session.execute("CREATE EXTENSION pg_cron; CREATE EXTENSION pgdatahub")
            often = cron.often(session)
            for name, command in (("submit", f"SELECT pgdatahub.start_import('{folder}/in')"), ("wait", "CALL pgdatahub.wait_import()")):
                session.execute("SELECT cron.schedule(%s, %s, %s)", [name, often, command])
    for way, cluster in clusters.items():
        with cluster.connect() as session:
            assert outcome(session, "submit")[0] == "succeeded", way
            # The one that waits may come first, and find no job: its next turn does.
            query = """SELECT d.return_message FROM cron.job_run_details d JOIN cron.job j USING (jobid)
                       WHERE j.jobname = 'wait' AND d.status = 'failed' AND d.return_message LIKE '%files failed%'"""
            message = wait_for(lambda session=session, query=query: session.execute(query).fetchone(), "the scheduled wait", 2 * MINUTE)
            assert "1 of 2 files failed; all others are committed" in message[0], way
            session.execute("SELECT cron.unschedule(jobid) FROM cron.job")
            failures = session.execute("SELECT DISTINCT source_file FROM pgdatahub.failures").fetchall()
            assert failures == [(f"{folder}/in/claims/b.xlsx",)], way
