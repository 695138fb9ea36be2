"""A reader that breaks the protocol, by defect or by malice: one failed file, a clear message, and the server as before."""

import os
import time

import pytest
from harness import fake_reader
from harness.background import Background, wait_for
from harness.results import refused

NOT_ITS_PROTOCOL = "not of its protocol"
DIED = "died while it read this file"
UNANSWERED = "does not answer as the reader of pgdatahub"

# name: (what the reader does, part of the message)
BREAKING = {
    "silent-exit": ("os._exit(0)", UNANSWERED),
    "exit-after-hello": ("hello(); os._exit(0)", DIED),
    "crash-after-open": ("hello(); opened(); os.abort()", DIED),
    "garbage": ("s.sendall(b'no such thing at all')\ntime.sleep(60)", UNANSWERED),
    "half-a-frame": ("hello(); request(); s.sendall(struct.pack('>I', 100) + b'C{')", DIED),
    "four-gigabytes": ("hello(); request(); s.sendall(b'\\xff\\xff\\xff\\xffC')\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "empty-frame": ("hello(); request(); s.sendall(b'\\0\\0\\0\\0C')\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "not-json": ("hello(); request(); raw(b'C', b'\\x80{]')\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "deep-json": ("hello(); request(); raw(b'C', b'[' * 1000000)\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "unknown-answer": ("hello(); request(); control({'response': 'hurray'})\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "rows-for-answer": ("hello(); request(); rows([(2, 1)], b'')\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "out-of-order": ("hello(); request(); done(0)\ntime.sleep(60)", "answered out of order"),
    "other-version": (
        "request(); control({'response': 'hello', 'protocol': 3, 'version': '99.1'})\ntime.sleep(60)",
        "the reader program is of version 99.1",
    ),
    "other-protocol": ("request(); control({'response': 'hello', 'protocol': 99, 'version': VERSION})\ntime.sleep(60)", "protocol"),
    "no-sheets": (
        "hello(); request(); control({'response': 'opened', 'sha256': '', 'bytes': 0, 'format': 'xlsx', 'sheets': []})\ntime.sleep(60)",
        "sheet",
    ),
    "nul-in-header": ("hello(); opened(); head('a\\0b')\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "nul-in-sheet": ("hello(); opened('a\\0b'); head()\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "nul-in-failure": (
        "hello(); request(); control({'response': 'failed', 'kind': 'corrupt', 'message': 'a\\0b'})\ntime.sleep(60)",
        NOT_ITS_PROTOCOL,
    ),
    "runs-do-not-add-up": ("until_stream(); raw(b'R', struct.pack('>IIII', 5, 1, 2, 1) + row(1))\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "more-runs-than-bytes": ("until_stream(); raw(b'R', struct.pack('>II', 5, 0xffffffff))\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "row-beyond-the-sheet": ("until_stream(); rows([(0xfffffffe, 1)], row(1))\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "rows-twice": ("until_stream(); rows([(2, 1)], row(1)); rows([(2, 1)], row(2)); done(2)\ntime.sleep(60)", NOT_ITS_PROTOCOL),
    "fewer-rows-than-said": ("until_stream(); rows([(2, 3)], row(1)); done(3)\ntime.sleep(60)", "alformed"),
    "more-rows-than-said": ("until_stream(); rows([(2, 1)], row(1) + row(2)); done(1)\ntime.sleep(60)", "alformed"),
    "rows-not-as-done-says": ("until_stream(); rows([(2, 1)], row(1)); done(7)\ntime.sleep(60)", "7 were announced"),
    "end-of-data-in-mid-stream": ("until_stream(); rows([(2, 1)], struct.pack('>h', -1)); done(1)\ntime.sleep(60)", ""),
    "row-of-noise": ("until_stream(); rows([(2, 1)], b'\\x7f\\xff' + b'x' * 100); done(1)\ntime.sleep(60)", ""),
    "field-of-two-gigabytes": ("until_stream(); rows([(2, 1)], struct.pack('>hi', 3, 0x7fffffff)); done(1)\ntime.sleep(60)", ""),
    "row-cut-short": ("until_stream(); rows([(2, 1)], row(1)[:-3]); done(1)\ntime.sleep(60)", ""),
    "misfit-of-no-column": (
        "until_stream(); control({'response': 'misfit', 'row': 2, 'column': 9999999, 'value': 'x', 'value_type': 'text', 'rest': []})\n"
        "stream(); rows([(2, 1)], row(1)); done(1)\ntime.sleep(60)",
        "",
    ),
    "misfits-without-end": (
        "until_stream()\nwhile True:\n"
        "    control({'response': 'misfit', 'row': 2, 'column': 0, 'value': 'x', 'value_type': 'bigint', 'rest': []})\n    stream()",
        "",
    ),
    "hang-up-in-mid-stream": ("until_stream(); rows([(2, 1)], row(1)); os._exit(0)", DIED),
    "hang-up-but-alive": ("until_stream(); rows([(2, 1)], row(1)); s.shutdown(2)\ntime.sleep(60)", DIED),
    "rows-without-end": (
        "until_stream()\nn = 2\nwhile True:\n    rows([(n, 5000)], row(n) * 5000)\n    n += 5000",
        NOT_ITS_PROTOCOL,
    ),
}


@pytest.fixture(scope="module")
def fake_cluster(make_cluster):
    return make_cluster("fake")


@pytest.fixture
def use_reader(fake_cluster, folder, db_of_fakes):
    def use(program):
        with fake_cluster.connect() as admin:
            admin.execute("LOAD 'pgdatahub'")
            admin.execute(f"ALTER SYSTEM SET pgdatahub.reader = '{program}'")
            admin.execute("SELECT pg_reload_conf()")
            wait_for(lambda: reads_with(db_of_fakes, program), "the reload")

    return use


def reads_with(db, program):
    """Whether a new session uses `program`."""
    with db.connect() as session:
        session.execute("LOAD 'pgdatahub'")
        return session.execute("SHOW pgdatahub.reader").fetchone()[0] == str(program)


@pytest.fixture
def db_of_fakes(fake_cluster, make_database):
    return make_database(fake_cluster)


@pytest.fixture
def version(db_of_fakes):
    return db_of_fakes.value("SELECT extversion FROM pg_extension WHERE extname = 'pgdatahub'")


def importing(path, lane):
    return (
        f"SET pgdatahub.lane = {lane}",
        f"SELECT status, sqlstate, message, detail, row_count FROM pgdatahub.import_file('{path}', table_name => 'big')",
    )


@pytest.mark.parametrize("lane", ["copy", "spi"])
@pytest.mark.parametrize("name", BREAKING)
def test_breaks_the_protocol(db_of_fakes, fake_cluster, use_reader, folder, version, name, lane):
    body, message = BREAKING[name]
    use_reader(fake_reader.install(folder.path, name, body, version))
    path = folder.workbook("real.xlsx", [["id"], [1]])
    with db_of_fakes.connect() as bystander:
        started = bystander.execute("SELECT pg_postmaster_start_time()").fetchone()
        import_ = Background(db_of_fakes.connect(), *importing(path, lane)).join(30)
        assert import_.error is None
        status, sqlstate, found, detail, _ = import_.rows[0]
        assert status == "failed", import_.rows
        assert message in f"{found} {detail}", import_.rows
        assert sqlstate in ("58000", "22P04", "22P03", "22023", "54000"), import_.rows
        assert not fake_cluster.readers()
        assert import_.connection.execute("SELECT 1").fetchone() == (1,)
        import_.close()
        assert bystander.execute("SELECT pg_postmaster_start_time()").fetchone() == started
    assert db_of_fakes.value("SELECT to_regclass('big') IS NULL")


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_well_behaved(db_of_fakes, use_reader, folder, version, lane):
    """The fakes speak the protocol where they do not break it."""
    body = "until_stream(); rows([(2, 2)], row(1) + row(2)); rows([(7, 1)], row(3)); done(3); get(1)"
    use_reader(fake_reader.install(folder.path, "good", body, version))
    path = folder.workbook("real.xlsx", [["id"], [1]])
    import_ = Background(db_of_fakes.connect(), *importing(path, lane)).join()
    assert import_.rows == [("imported", None, None, None, 3)]
    import_.close()
    assert db_of_fakes.rows("SELECT id FROM big ORDER BY id") == [{"id": 1}, {"id": 2}, {"id": 3}]


# Tells the SHA-256 of what it is given; one file is beyond it.
HASHES_BUT = """
import hashlib
def given():
    head, fds, _, _ = socket.recv_fds(s, 4, 1)
    if not head:
        os._exit(0)
    get(struct.unpack(">I", head)[0])
    return open(fds[0], "rb").read() if fds else b""
hello()
while True:
    data = given()
    if b"beyond it" in data:
        {}
    sheet = {{"name": "Sheet1", "visibility": "visible", "has_cells": True}}
    sha256 = hashlib.sha256(data).hexdigest()
    control({{"response": "opened", "sha256": sha256, "bytes": len(data), "format": "xlsx", "sheets": [sheet]}})
"""


@pytest.mark.parametrize("end", ["os.abort()", "rows([(2, 1)], row(1)); continue", "raw(b'C', b'{'); continue"])
@pytest.mark.parametrize("how", ["import_folder", "run_import"])
def test_ends_while_many_files_are_hashed(db_of_fakes, use_reader, folder, version, how, end):
    """One failed file among those asked for together: the others are passed over as without it."""
    for number in range(40):
        folder.workbook(f"data/{number:02}.xlsx", [["id"], [number]])
    use_reader("")
    db_of_fakes.import_folder(folder)
    folder.write("data/20.xlsx", "beyond it")
    use_reader(fake_reader.install(folder.path, "hashes", HASHES_BUT.format(end), version))
    with db_of_fakes.connect() as session:
        session.execute("SET pgdatahub.rehash = always")
        if how == "import_folder":
            session.execute(f"SELECT * FROM pgdatahub.import_folder('{folder}')")
        else:
            with refused("PD001", "1 file failed"):
                session.execute(f"CALL pgdatahub.run_import('{folder}')")
    rows = db_of_fakes.rows(
        "SELECT status, count(*), min(sqlstate) FROM pgdatahub.run_files WHERE run_id = (SELECT max(run_id) FROM pgdatahub.runs) GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row.values()) for row in rows] == [("failed", 1, "58000"), ("skipped", 39, None)]


@pytest.mark.parametrize("body", ["time.sleep(600)", "until_stream(); rows([(2, 1)], row(1)); time.sleep(600)"])
def test_cancel_while_it_is_silent(db_of_fakes, fake_cluster, use_reader, folder, version, body):
    use_reader(fake_reader.install(folder.path, "silent", body, version))
    path = folder.workbook("real.xlsx", [["id"], [1]])
    import_ = Background(db_of_fakes.connect(), *importing(path, "auto"))
    wait_for(lambda: fake_cluster.readers(), "the reader's start")
    time.sleep(0.3)
    began = time.monotonic()
    import_.connection.cancel_safe()
    import_.join()
    assert import_.sqlstate == "57014"
    assert import_.ended - began < 2
    assert not fake_cluster.readers()
    import_.close()


def test_silent_for_too_long(db_of_fakes, fake_cluster, use_reader, folder, version):
    """Twice reader_cpu, but not under 20 seconds."""
    use_reader(fake_reader.install(folder.path, "silent", "until_stream(); rows([(2, 1)], row(1)); time.sleep(600)", version))
    path = folder.workbook("real.xlsx", [["id"], [1]])
    began = time.monotonic()
    import_ = Background(db_of_fakes.connect(), "SET pgdatahub.reader_cpu = 1", *importing(path, "auto")).join(40)
    status, sqlstate, message, detail, _ = import_.rows[0]
    assert (status, sqlstate) == ("failed", "58000")
    assert message == "the reader process did not answer"
    assert "20 seconds" in detail
    assert 20 <= import_.ended - began < 25
    import_.close()


def test_missing_program(db_of_fakes, use_reader, folder):
    use_reader(folder / "no-such-program")
    path = folder.workbook("real.xlsx", [["id"], [1]])
    import_ = Background(db_of_fakes.connect(), *importing(path, "auto")).join()
    status, sqlstate, message, detail, _ = import_.rows[0]
    assert (status, sqlstate) == ("failed", "58000")
    assert "could not start the reader process" in message
    import_.close()


def test_program_without_execute_permission(db_of_fakes, use_reader, folder):
    program = folder.write("pgdatahub-reader-not-executable", "#!/bin/sh\n")
    use_reader(program)
    path = folder.workbook("real.xlsx", [["id"], [1]])
    import_ = Background(db_of_fakes.connect(), *importing(path, "auto")).join()
    assert import_.rows[0][:2] == ("failed", "58000")
    assert "ermission denied" in import_.rows[0][2]
    import_.close()


def test_scripts_are_seen_as_readers(fake_cluster, db_of_fakes, use_reader, folder, version):
    """What the checks for left processes rest on."""
    use_reader(fake_reader.install(folder.path, "seen", "time.sleep(600)", version))
    path = folder.workbook("real.xlsx", [["id"], [1]])
    import_ = Background(db_of_fakes.connect(), *importing(path, "auto"))
    reader = wait_for(lambda: fake_cluster.readers(), "the reader's start")[0]
    assert reader.parent == import_.pid
    assert os.readlink(f"/proc/{reader.pid}/fd/1") == "/dev/null"
    import_.connection.cancel_safe()
    import_.join().close()
