#!/usr/bin/env python3
"""Measures imports beside what else could load the same workbooks, and writes tests/bench/RESULTS.md: `tests/bench/run.sh [--runs 5]
[--only WORKLOAD,…] [--print]`.

Each workload's ways are measured in turn, so that what else the machine does falls on all of them alike; the tables give medians,
and ratios of measurements of the same turn.
"""

import argparse
import datetime
import os
import shutil
import statistics
from pathlib import Path

import ways
import workloads
from harness import big
from harness.cluster import Cluster
from workloads import FILES

READ_ALONE = os.environ["PGDATAHUB_READ_ALONE"]
# The original is so slow that it gets a fifth of the rows and is scaled.
SMALL = 60_000


class Bench:
    def __init__(self, cluster, scratch, runs):
        self.cluster, self.scratch, self.runs = cluster, scratch, runs
        self.lines, self.verdicts = [], []
        self.session = cluster.connect()
        self.session.execute("CREATE EXTENSION pgdatahub")

    def workbook(self, name, write):
        return big.cached(self.scratch, name, write)

    # The ways.

    def imported(self, path):
        with self.cluster.connect() as session:
            session.execute("DROP TABLE IF EXISTS loaded")
            session.execute("SELECT 1 FROM pgdatahub.status() LIMIT 1")
            return ways.statement(session, "SELECT pgdatahub.import_file(%s, table_name => 'loaded')", [str(path)])

    def floor(self):
        """COPY BINARY of the rows that the last import left."""
        ready = self.cluster.home / "rows"
        with self.cluster.connect() as session:
            session.execute("DROP TABLE IF EXISTS floor")
            session.execute("CREATE TABLE floor (LIKE loaded)")
            session.execute(f"COPY loaded TO '{ready}' (FORMAT binary)")
            return ways.statement(session, f"COPY floor FROM '{ready}' (FORMAT binary)")

    def reader(self, path):
        return ways.program(READ_ALONE, "reader", path)

    def reader_on_one(self, path):
        """Both its threads on one processor: what they cost each other there is no part of one thread's work."""
        return ways.program("taskset", "--cpu-list", min(os.sched_getaffinity(0)), READ_ALONE, "reader", path)

    def calamine(self, path):
        return ways.program(READ_ALONE, "calamine", path)

    def polars(self, path):
        return ways.script("polars_copy", path, f"host={self.cluster.home} user=postgres dbname=postgres", "by_polars")

    def ogr(self, path):
        target = f"PG:host={self.cluster.home} user=postgres dbname=postgres"
        with self.cluster.connect() as session:
            session.execute("DROP TABLE IF EXISTS by_ogr")
        return ways.clocked("ogr2ogr", "-f", "PostgreSQL", target, path, "-nln", "by_ogr", environment={"PG_USE_COPY": "YES"})

    def original(self, path):
        url = f"postgresql+psycopg://postgres@/postgres?host={self.cluster.home}"
        return ways.script("original", path, url, "by_pandas")

    # The tables.

    def turns(self, measures):
        """{name: [Cost]}, measured in turn."""
        costs = {name: [] for name in measures}
        for _ in range(self.runs):
            for name, measure in measures.items():
                costs[name].append(measure())
        return costs

    def section(self, title, costs):
        print(f"\n{title}", flush=True)
        self.lines += ["", f"## {title}", "", "| way | wall s | processor s | backend MB | other process MB |", "|---|---|---|---|---|"]
        for name, measured in costs.items():
            wall, processor, backend, other = (statistics.median(column) for column in zip(*measured, strict=True))
            line = f"| {name} | {wall:.3f} | {processor:.3f} | {f'+{backend:.0f}' if backend else '–'} | {f'{other:.0f}' if other else '–'} |"
            self.lines.append(line)
            print(line, flush=True)

    def ratio(self, what, above, below, bound, at_least=False, field="wall", factor=1.0):
        ratios = [factor * getattr(a, field) / getattr(b, field) for a, b in zip(above, below, strict=False)]
        self.judge(what, statistics.median(ratios), bound, at_least)

    def judge(self, what, found, bound, at_least=False, unit=""):
        reached = found >= bound if at_least else found <= bound
        self.verdicts.append(f"| {what} | {'≥' if at_least else '≤'} {bound:g}{unit} | {found:.2f}{unit} | {'yes' if reached else '**no**'} |")
        print(self.verdicts[-1], flush=True)

    # The workloads.

    def mixed(self):
        path = self.workbook("mixed-300000.xlsx", lambda path: big.mixed(path, 300_000))
        measures = {
            "import_file": lambda: self.imported(path),
            "COPY BINARY (floor)": self.floor,
            "reader alone": lambda: self.reader(path),
            "reader alone, one processor": lambda: self.reader_on_one(path),
            "calamine alone": lambda: self.calamine(path),
            "polars + COPY": lambda: self.polars(path),
        }
        if shutil.which("ogr2ogr"):
            measures["ogr2ogr, PG_USE_COPY"] = lambda: self.ogr(path)
        costs = self.turns(measures)
        small = self.workbook("bench-small.xlsx", lambda path: workloads.small(path, SMALL))
        costs[f"openpyxl, pandas, executemany ({SMALL:,} rows)"] = original = [self.original(small)]
        self.section("300,000 × 10 mixed", costs)
        ours = costs["import_file"]
        self.ratio("import_file / COPY BINARY, 300,000 × 10", ours, costs["COPY BINARY (floor)"], 1.7)
        self.ratio("calamine / reader alone, two threads", costs["calamine alone"], costs["reader alone"], 7, True)
        self.ratio("calamine / reader alone, one processor", costs["calamine alone"], costs["reader alone, one processor"], 5, True)
        self.ratio("polars + COPY / import_file", costs["polars + COPY"], ours, 4, True)
        if shutil.which("ogr2ogr"):
            self.ratio("ogr2ogr / import_file", costs["ogr2ogr, PG_USE_COPY"], ours, 6, True)
        self.ratio("the original's way / import_file (scaled)", original, ours, 50, True, factor=300_000 / SMALL)
        self.quarter = ways.Cost(*(statistics.median(column) for column in zip(*ours, strict=True)))

    def full(self):
        path = self.workbook("mixed-1048575.xlsx", lambda path: big.mixed(path, 1_048_575))
        part = self.workbook("mixed-262143.xlsx", lambda path: big.mixed(path, 262_143))
        costs = self.turns(
            {
                "import_file": lambda: self.imported(path),
                "COPY BINARY (floor)": self.floor,
                "reader alone": lambda: self.reader(path),
                "calamine alone": lambda: self.calamine(path),
                "import_file of a quarter": lambda: self.imported(part),
            }
        )
        self.section("1,048,575 × 10 mixed", costs)
        ours = costs["import_file"]
        self.ratio("import_file / COPY BINARY, 1,048,575 × 10", ours, costs["COPY BINARY (floor)"], 1.7)
        self.ratio("4 times the rows", ours, costs["import_file of a quarter"], 4.2)
        self.judge("reader memory at 1,048,575 × 10", statistics.median(cost.other_mb for cost in ours), 64, unit=" MB")
        self.judge("backend growth at 1,048,575 × 10", statistics.median(cost.backend_mb for cost in ours), 16, unit=" MB")

    def other_shapes(self):
        shapes = [
            ("50,000 × 100 numbers", "bench-wide.xlsx", workloads.wide),
            ("20,000 × 40 mostly text", "bench-texts.xlsx", workloads.texts),
            ("300,000 × 10, inline strings", "bench-inline.xlsx", workloads.inline),
            ("100,000 × 10, unusual XML", "bench-unusual.xlsx", workloads.unusual),
            ("300,000 × 10, .xlsb", "bench-binary.xlsb", workloads.binary),
            ("65,535 × 10, .xls", "bench-old.xls", workloads.old),
        ]
        for title, name, write in shapes:
            path = self.workbook(name, write)
            costs = self.turns(
                {
                    "import_file": lambda: self.imported(path),  # noqa: B023
                    "COPY BINARY (floor)": self.floor,
                    "reader alone": lambda: self.reader(path),  # noqa: B023
                    "calamine alone": lambda: self.calamine(path),  # noqa: B023
                }
            )
            self.section(title, costs)
            if name == "bench-unusual.xlsx":
                self.ratio("calamine / reader alone, unusual XML", costs["calamine alone"], costs["reader alone"], 2, True)

    def many(self):
        folder = self.workbook("bench-many", workloads.many)
        ready = self.cluster.home / "thousand"
        size = sum(file.stat().st_size for file in folder.iterdir()) >> 20

        def run():
            return ways.statement(self.session, f"CALL pgdatahub.run_import('{folder}', target_schema => 'public')")

        def fresh():
            self.session.execute("SET client_min_messages = error")
            if self.session.execute("SELECT to_regclass('bench_many')").fetchone()[0]:
                self.session.execute("SELECT pgdatahub.drop_table('bench_many', dry_run => false)")
            return run()

        def copies():
            self.session.execute("DROP TABLE IF EXISTS floor")
            self.session.execute("CREATE TABLE floor (LIKE bench_many)")
            self.session.execute(f"COPY (SELECT * FROM bench_many LIMIT 1000) TO '{ready}' (FORMAT binary)")
            return ways.statement(self.session, f"DO $$BEGIN FOR n IN 1..{FILES} LOOP COPY floor FROM '{ready}' (FORMAT binary); COMMIT; END LOOP; END$$")

        def always():
            self.session.execute("SET pgdatahub.rehash = always")
            cost = run()
            self.session.execute("RESET pgdatahub.rehash")
            return cost

        costs = self.turns(
            {
                "run_import": fresh,
                "1,000 committed COPY BINARY": copies,
                "re-run": run,
                "re-run, rehash = always": always,
                "sha256sum": lambda: ways.clocked("sh", "-c", f"sha256sum '{folder}'/*"),
            }
        )
        costs |= {f"start_import, {n} worker{'s' * (n > 1)}": [self.job(folder, n)] for n in (1, 2)}
        self.section(f"1,000 files of 1,000 × 10 ({size} MB), fsync on", costs)
        self.ratio("1,000 files / 1,000 committed COPY BINARY", costs["run_import"], costs["1,000 committed COPY BINARY"], 2.0)
        self.ratio("re-run with rehash / sha256sum", costs["re-run, rehash = always"], costs["sha256sum"], 2.0)
        self.judge("re-run, files/s", FILES / statistics.median(cost.wall for cost in costs["re-run"]), 5_000, True)

    def job(self, folder, workers):
        """The same files by background workers, half of them into each of two tables: one table is one worker's at a time."""
        halves = self.workbook("bench-halves", lambda path: workloads.halves(folder, path))
        tables = "SELECT format('%I.%I', table_schema, table_name)::regclass FROM pgdatahub.etl_tables WHERE dropped_at IS NULL"
        self.session.execute(f"SELECT pgdatahub.drop_table(t, dry_run => false) FROM ({tables}) AS managed (t)")
        (run_id,) = self.session.execute(f"SELECT pgdatahub.start_import('{halves}', workers => {workers})").fetchone()
        return ways.statement(self.session, f"CALL pgdatahub.wait_import({run_id})")

    def report(self, machine):
        return "\n".join(
            [
                "# Results of `make bench`",
                "",
                f"{datetime.date.today()}, {machine}. Medians of {self.runs} turns, ratios of measurements of the same turn. Wall time includes the",
                "commit; processor time is that of the backend and its reader, or of the program. Backend memory is growth, other memory a peak.",
                "",
                "## Targets",
                "",
                "| what | target | found | reached |",
                "|---|---|---|---|",
                *self.verdicts,
                *self.lines,
                "",
            ]
        )


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="ascii") if line.startswith("model name")), "unknown")
    load = os.getloadavg()[1]
    return f"{os.cpu_count()} × {model}, load average {load:.1f}"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--only", default="mixed,full,other_shapes,many")
    arguments.add_argument("--print", action="store_true", help="do not write RESULTS.md")
    chosen = arguments.parse_args()
    scratch = Path(os.environ["PGDATAHUB_SCRATCH"])
    settings = {"shared_buffers": "256MB", "max_wal_size": "4GB", "fsync": "on", "full_page_writes": "on"}
    cluster = Cluster(Path(os.environ["PGDATAHUB_BIN"]), scratch / "compare", settings).create().start()
    on = machine()
    try:
        bench = Bench(cluster, scratch, chosen.runs)
        for name in chosen.only.split(","):
            getattr(bench, name)()
    finally:
        cluster.remove()
    if not chosen.print:
        Path(__file__).with_name("RESULTS.md").write_text(bench.report(on), encoding="utf-8")


if __name__ == "__main__":
    main()
