"""An import costs what the parse costs: the backend's own work is small enough to disappear behind the reader's. Asserted on
processor time, which a busy machine does not distort as it does the clock; tests/bench/overlap.py measures by the clock."""

import sys
from pathlib import Path

import pytest
from harness import big
from harness.background import cpu_seconds

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
import overlap  # noqa: E402

# Against the reader alone: by the clock it is 1.35 that must hold on two free processors.
CLOCK, BACKEND, READER = 2.5, 0.8, 1.35


@pytest.mark.timeout(300)
def test_overlap(db, scratch, bin_dir):
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
            backend.append((after[0] - before[0]) / alone.processor)
            reader.append((after[1] - before[1]) / alone.processor)
    print(f"clock {min(clock):.2f}, backend {min(backend):.2f}, reader {min(reader):.2f}")
    assert min(clock) < CLOCK
    assert min(backend) < BACKEND
    assert min(reader) < READER
