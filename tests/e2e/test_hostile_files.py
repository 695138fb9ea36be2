"""Workbooks made to harm, through PostgreSQL: each is an import or one failed row, and the server does not notice."""

import pytest
from harness.hostile import CORPUS
from harness.results import by_name, content, failed

LIMITS = ["pgdatahub.reader_memory = '256MB'", "pgdatahub.reader_cpu = 60", "pgdatahub.max_cells = 1000000"]


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_each_ends_alone(db, folder, lane):
    for name, (data, _) in CORPUS.items():
        folder.write(f"{name.replace('.', '_')}/{name}", data)
    folder.workbook("z/good.xlsx", [["n"], [7]])
    for limit in [*LIMITS, f"pgdatahub.lane = '{lane}'"]:
        setting, value = limit.split(" = ")
        db.execute(f"ALTER DATABASE {db.name} SET {setting} = {value}")
    started = db.value("SELECT pg_postmaster_start_time()")
    rows = by_name(db.import_folder(folder))
    assert db.value("SELECT pg_postmaster_start_time()") == started
    for name, (_, states) in CORPUS.items():
        row = rows[name]
        if states:
            assert row["sqlstate"] in states, row
            failed(row, row["sqlstate"])
            assert row["message"] and row["hint"], row
            assert db.value("SELECT to_regclass(%s)", [name.replace(".", "_")]) is None
        else:
            assert row["status"] == "imported", row
    assert rows["good.xlsx"]["status"] == "imported"
    assert content(db, "z") == [(7,)]


def test_part_names_are_told_without_nul(db, folder):
    """A name with U+0000 is the workbook's fault and said so, not a broken protocol."""
    path = folder.write("a.xlsx", CORPUS["nul_in_name.xlsx"][0])
    (row,) = db.import_file(path, table_name="t")
    failed(row, "22000", "a\ufffdb.xml", "missing")


def test_truncated_at_every_few_percent(db, folder):
    """What a broken transfer leaves: one failed row each, at whatever length."""
    whole = folder.workbook("whole.xlsx", [["n", "s"], *([number, f"text {number}"] for number in range(200))]).read_bytes()
    (folder / "whole.xlsx").unlink()
    for percent in range(4, 100, 8):
        folder.write(f"t/{percent:02}.xlsx", whole[: len(whole) * percent // 100])
    rows = db.import_folder(folder)
    assert len(rows) == 12
    for row in rows:
        failed(row, "22000", "damaged")
    assert db.value("SELECT to_regclass('t')") is None
