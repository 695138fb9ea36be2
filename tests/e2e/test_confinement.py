"""What a reader process may do and see, and that nothing of it stays."""

import os
import stat
from pathlib import Path

import pytest
from harness import big, processes
from harness.background import Background, reader_in_midstream

READER_MEMORY = 300 << 20


@pytest.fixture
def midway(db, cluster, scratch):
    """A reader in mid-stream, held there."""
    workbook = big.long(scratch)
    statement = f"SELECT status FROM pgdatahub.import_file('{workbook}', table_name => 'big')"
    import_ = Background(db.connect(), f"SET pgdatahub.reader_memory = '{READER_MEMORY >> 20}MB'", "SET application_name = 'secret'", statement)
    reader = reader_in_midstream(cluster, import_)
    os.kill(reader.pid, 19)  # SIGSTOP
    yield reader, workbook
    os.kill(reader.pid, 18)  # SIGCONT
    assert import_.join().rows == [("imported",)]
    import_.close()


def proc(reader, name):
    return Path(f"/proc/{reader.pid}/{name}").read_text(encoding="utf-8", errors="replace")


def test_descriptors(midway):
    """Its socket, /dev/null twice, and the workbook, which was opened for reading only: nothing of the backend's."""
    reader, workbook = midway
    home = Path(f"/proc/{reader.pid}/fd")
    open_ = {int(entry.name): os.readlink(entry) for entry in home.iterdir()}
    assert stat.S_ISSOCK(os.stat(home / "0").st_mode)
    assert (open_[1], open_[2]) == ("/dev/null", "/dev/null")
    others = {target for number, target in open_.items() if number > 2}
    assert others == {str(workbook)}
    for number in open_:
        if number > 2:
            flags = int(proc(reader, f"fdinfo/{number}").split("flags:")[1].split()[0], 8)
            assert flags & os.O_ACCMODE == os.O_RDONLY


@pytest.mark.parametrize("processors", [1, 2])
def test_threads(db, cluster, scratch, processors):
    """A second thread inflates ahead where a second processor can run it."""
    have = sorted(os.sched_getaffinity(0))
    if processors > len(have):
        pytest.skip("a machine of one processor")
    connection = db.connect()
    os.sched_setaffinity(connection.info.backend_pid, have[:processors])
    import_ = Background(connection, f"SELECT status FROM pgdatahub.import_file('{big.long(scratch)}', table_name => 'big')")
    reader = reader_in_midstream(cluster, import_)
    assert len(list(Path(f"/proc/{reader.pid}/task").iterdir())) == processors
    assert import_.join().rows == [("imported",)]
    import_.close()


def test_limits(midway):
    reader, _ = midway
    limits = {line[:25].strip(): line[25:].split()[:2] for line in proc(reader, "limits").splitlines()}
    assert limits["Max address space"] == [str(READER_MEMORY)] * 2
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["16", "16"]
    assert 600 <= int(limits["Max cpu time"][0]) <= 603
    status = dict(line.split(":\t", 1) for line in proc(reader, "status").splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2", "a filter of system calls is in force"
    assert int(status["Uid"].split()[0]) != 0
    assert proc(reader, "oom_score_adj").strip() == "1000"


def test_tells_nothing(midway):
    """What `ps` shows to everybody: no file, no table, no role; and no environment."""
    reader, _ = midway
    program, *arguments = proc(reader, "cmdline").rstrip("\0").split("\0")
    assert Path(program).name.startswith("pgdatahub-reader-")
    assert arguments == ["--parent", str(reader.parent), "--memory", str(READER_MEMORY)]
    assert proc(reader, "environ") == ""


def test_same_process_group(midway):
    """An immediate stop signals each backend's group: the reader must be in it."""
    reader, _ = midway
    assert os.getpgid(reader.pid) == os.getpgid(reader.parent)


def test_nothing_stays(db, cluster, folder):
    """Descriptors, children and temporary files are the same before and after fifty imports, half of which fail."""
    with db.connect() as session:
        pid = session.info.backend_pid
        descriptors = []
        for number in range(54):
            path = folder.workbook(f"{number}.xlsx", [["id"], [number]]) if number % 2 else folder.write(f"{number}.xlsx", b"no workbook")
            (status,) = session.execute("SELECT status FROM pgdatahub.import_file(%s, table_name => 'big')", [str(path)]).fetchone()
            assert status == ("imported" if number % 2 else "failed")
            if number in (3, 53):  # after what is opened once and kept: catalogs, the table
                descriptors.append(sorted(os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.exists()))
        sockets = [[name for name in names if name.startswith("socket:")] for names in descriptors]
        assert sockets[0] == sockets[1]
        files = [[name for name in names if not name.startswith(str(cluster.data))] for names in descriptors]
        assert files[0] == files[1]
        assert len(descriptors[1]) - len(descriptors[0]) < 8, "the server's own files, opened as it sees fit"
        assert [p for p in processes.descendants(pid).values()] == []
        assert session.execute("SELECT count(*) FROM pg_ls_tmpdir()").fetchone() == (0,)
    assert db.value("SELECT count(*) FROM big") == 27
