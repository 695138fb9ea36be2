#!/usr/bin/env python3
"""How much longer an import takes than the reader alone takes to parse the same file: 1.0 is a perfect overlap.

    PGDATAHUB_BIN=$(.ci/private-pg) PGDATAHUB_SCRATCH=/var/tmp/bench target/venv/bin/python tests/bench/overlap.py [runs]

Alternates three measurements of 300,000 rows of ten mixed columns and prints their medians: the reader alone (its rows are
received and dropped), the import, and COPY BINARY of the same rows from a ready file, which is the least the server needs.
"""

import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import big  # noqa: E402
from harness.cluster import Cluster  # noqa: E402

ROWS = 300_000


class Seconds(NamedTuple):
    clock: float
    processor: float


class Reader:
    """The reader program, driven over its socket as the backend drives it (the core crate's module `protocol`)."""

    def __init__(self, program):
        self.ours, theirs = socket.socketpair()
        for end in (self.ours, theirs):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.setsockopt(socket.SOL_SOCKET, option, 1 << 20)
        command = [str(program), "--parent", str(os.getpid())]
        self.process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        theirs.close()
        self.buffer = bytearray(1 << 20)

    def ask(self, request, descriptor=None):
        payload = json.dumps(request).encode()
        frame = struct.pack(">I", len(payload) + 1) + b"C" + payload
        if descriptor is None:
            self.ours.sendall(frame)
        else:
            socket.send_fds(self.ours, [frame], [descriptor])

    def _receive(self, count):
        got = 0
        while got < count:
            more = self.ours.recv_into(memoryview(self.buffer)[: min(count - got, len(self.buffer))])
            if not more:
                raise RuntimeError("the reader hung up")
            got += more

    def answer(self):
        """The next control message; rows before it are dropped."""
        while True:
            self._receive(5)
            length, kind = struct.unpack(">Ic", self.buffer[:5])
            self._receive(length - 1)
            if kind == b"C":
                return json.loads(self.buffer[: length - 1])

    def close(self):
        self.ours.close()
        self.process.wait()


def reader_alone(program, workbook, version):
    """From the start of the process to the last row."""
    before = os.times()
    began = time.monotonic()
    reader = Reader(program)
    reader.ask({"request": "hello", "protocol": 1, "version": version})
    reader.answer()
    with open(workbook, "rb") as file:
        limits = {"max_file_bytes": 1 << 40, "max_cells": 1 << 40, "cpu_seconds": 600}
        reader.ask({"request": "open", "limits": limits}, file.fileno())
        reader.answer()
    reader.ask({"request": "head", "sheet": 0, "header": {"auto": {"known": []}}, "sample_rows": 10_000})
    columns = [{"index": header["index"], "wire": {"native": header["found"]}} for header in reader.answer()["headers"]]
    stream = {"columns": columns, "encoding": "binary", "source_file": str(workbook), "load_timestamp": 0, "resume": False}
    reader.ask({"request": "stream", **stream})
    done = reader.answer()
    reader.close()
    if done.get("response") != "done" or done["rows"] != ROWS:
        raise RuntimeError(f"the reader answered {done}")
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Seconds(time.monotonic() - began, processor)


def import_once(session, workbook):
    """Seconds of one import into a table that is not there, commit included."""
    session.execute("DROP TABLE IF EXISTS big")
    began = time.monotonic()
    row = session.execute("SELECT status, row_count, detail FROM pgdatahub.import_file(%s, table_name => 'big')", [str(workbook)]).fetchone()
    seconds = time.monotonic() - began
    if row[:2] != ("imported", ROWS):
        raise RuntimeError(f"the import said {row}")
    return seconds


def copy_binary(session, file):
    """Seconds of COPY BINARY from a ready file of the rows that the last import left."""
    session.execute("DROP TABLE IF EXISTS floor")
    session.execute("CREATE TABLE floor (LIKE big)")
    session.execute(f"COPY big TO '{file}' (FORMAT binary)")
    began = time.monotonic()
    session.execute(f"COPY floor FROM '{file}' (FORMAT binary)")
    return time.monotonic() - began


def program_of(session, bin_dir):
    (version,) = session.execute("SELECT extversion FROM pg_extension WHERE extname = 'pgdatahub'").fetchone()
    return Path(bin_dir) / f"pgdatahub-reader-{version}", version


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    bin_dir, scratch = Path(os.environ["PGDATAHUB_BIN"]), Path(os.environ["PGDATAHUB_SCRATCH"])
    workbook = big.cached(scratch, f"mixed-{ROWS}.xlsx", lambda path: big.mixed(path, ROWS))
    cluster = Cluster(bin_dir, scratch / "bench", {"shared_buffers": "256MB", "max_wal_size": "4GB"}).create().start()
    try:
        with cluster.connect() as session:
            session.execute("CREATE EXTENSION pgdatahub")
            program, version = program_of(session, bin_dir)
            figures = {"reader alone": [], "import": [], "COPY BINARY": []}
            for _ in range(runs):
                figures["reader alone"].append(reader_alone(program, workbook, version).clock)
                figures["import"].append(import_once(session, workbook))
                figures["COPY BINARY"].append(copy_binary(session, cluster.home / "rows"))
    finally:
        cluster.remove()
    for name, seconds in figures.items():
        print(f"{name:13} {statistics.median(seconds):6.3f} s   {' '.join(f'{s:.3f}' for s in seconds)}")
    ratios = [whole / alone for whole, alone in zip(figures["import"], figures["reader alone"], strict=True)]
    print(f"import / reader alone: {statistics.median(ratios):.2f}   {' '.join(f'{r:.2f}' for r in ratios)}")


if __name__ == "__main__":
    main()
