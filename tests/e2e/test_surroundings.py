"""The same tour of the whole product where the client or the server is set up unlike most: other client encodings, a server
started under LANG=C, the postmaster as PID 1."""

import os

import pytest
from harness import jobs
from harness.results import content, types

TEXT = "Prénom œ € 日期 ñ"
PLACES = ["utf8", "latin1", "win1252", "sjis", "lang=c", "pid1"]


@pytest.fixture(scope="module")
def lang_c_cluster(make_cluster):
    return make_cluster("langc", environment={"LANG": "C", "LC_ALL": "C", "LANGUAGE": "", "LC_MESSAGES": "C"})


@pytest.fixture(params=PLACES)
def place(request, make_database):
    """(database, client_encoding)"""
    name = {"lang=c": "lang_c_cluster", "pid1": "pid1_cluster"}.get(request.param, "cluster")
    database = make_database(request.getfixturevalue(name))
    return database, None if name != "cluster" else request.param


def run(place, query, *params):
    database, encoding = place
    with database.connect(client_encoding=encoding) as session:
        cursor = session.execute(query, params)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_tour(place, folder, lane):
    db, _ = place
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    tour = folder / "tour"
    # The client sends only what its encoding has; names that it lacks come from the folder itself.
    folder.workbook(f"tour/t/{TEXT}.xlsx", [[TEXT, "n"], [TEXT, 1], ["plain", 2]])
    folder.workbook("tour/t/z wider.xlsx", [[TEXT, "n"], [TEXT * 100, 1.5], ["more", "text"]])
    folder.write("tour/t/bad.xlsx", b"no workbook")
    statuses = run(place, "SELECT status FROM pgdatahub.import_folder(%s)", str(tour))
    assert sorted(statuses) == [("failed",), ("imported",), ("imported",)]
    column = next(iter(types(db, "t")))
    assert types(db, "t") == {column: "text", "n": "text"}
    assert db.value("SELECT col_description('t'::regclass, 1)") == TEXT
    expected = sorted([(TEXT, "1"), ("plain", "2"), (TEXT * 100, "1.5"), ("more", "text")])
    assert sorted(content(db, "t")) == expected
    assert sorted(run(place, "SELECT status FROM pgdatahub.import_folder(%s)", str(tour))) == [("failed",), ("skipped",), ("skipped",)]
    assert ("replaced",) in run(place, "SELECT status FROM pgdatahub.import_folder(%s, reimport => true)", str(tour))
    assert sorted(content(db, "t")) == expected
    run(place, "SELECT count(*) FROM pgdatahub.plan_folder(%s)", str(tour))
    (counted,) = run(place, "SELECT count(*) FROM pgdatahub.imports")
    assert counted[0] >= 2
    run(place, "SELECT pgdatahub.revert('t', 'z wider.xlsx')")
    assert sorted(content(db, "t")) == sorted([(TEXT, "1"), ("plain", "2")])


def test_job(place, folder):
    """The worker has no client: its encoding is the database's, whatever the submitter's was."""
    db, encoding = place
    folder.workbook(f"t/{TEXT}.xlsx", [[TEXT, "n"], [TEXT, 1]])
    with db.connect(client_encoding=encoding) as session:
        (job,) = session.execute("SELECT pgdatahub.start_import(%s)", [str(folder)]).fetchone()
        session.execute("CALL pgdatahub.wait_import(%s, '60 s')", [job])
    assert jobs.state(db, job) == "done"
    assert content(db, "t") == [(TEXT, 1)]


def test_server_is_set_up_as_said(lang_c_cluster):
    environment = open(f"/proc/{lang_c_cluster.postmaster}/environ", "rb").read()
    assert b"LC_ALL=C\0" in environment, os.environ.get("LANG")
