"""An import costs what COPY BINARY costs, plus a reader beside it. Asserted on processor time, which a busy machine does not
distort as it does the clock; tests/bench measures by the clock."""

import sys
from pathlib import Path

import pytest
from harness import big
from harness.background import cpu_seconds

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
import overlap  # noqa: E402

# The whole and its reader against the reader alone; the backend against COPY BINARY of the same rows from a ready file, as
# the reader is faster than that by now.
CLOCK, BACKEND, READER = 2.5, 1.5, 1.35


def floor(session, file):
    """Processor seconds of COPY BINARY of the rows that the last import left."""
    session.execute("DROP TABLE IF EXISTS floor")
    session.execute("CREATE TABLE floor (LIKE big)")
    session.execute(f"COPY big TO '{file}' (FORMAT binary)")
    before = cpu_seconds(session.info.backend_pid)
    session.execute(f"COPY floor FROM '{file}' (FORMAT binary)")
    return cpu_seconds(session.info.backend_pid) - before


@pytest.mark.timeout(300)
def test_overlap(db, cluster, scratch, bin_dir):
    workbook = big.cached(scratch, "mixed-300000.xlsx", lambda path: big.mixed(path, overlap.ROWS))
    clock, backend, reader = [], [], []
    with db.connect() as session:
        program, version = overlap.program_of(session, bin_dir)
        pid = session.info.backend_pid
        for _ in range(4):
            before = cpu_seconds(pid), cpu_seconds(pid, children=True)
            seconds = overlap.import_once(session, workbook)
            after = cpu_seconds(pid), cpu_seconds(pid, children=True)
            alone = overlap.reader_alone(program, workbook, version)
            clock.append(seconds / alone.clock)
            backend.append((after[0] - before[0]) / floor(session, cluster.home / "rows"))
            reader.append((after[1] - before[1]) / alone.processor)
    print(f"clock {min(clock):.2f}, backend {min(backend):.2f}, reader {min(reader):.2f}")
    assert min(clock) < CLOCK
    assert min(backend) < BACKEND
    assert min(reader) < READER
