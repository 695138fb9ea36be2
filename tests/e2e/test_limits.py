"""Limits are settings: their defaults, and the error that names the one that was met."""

import pytest
from harness.hostile import workbook
from harness.results import failed, imported, refused

# setting: (default in its unit, unit)
DEFAULTS = {
    "chunk_size": ("10000", None),
    "max_file_size": ("2097152", "kB"),
    "max_cells": ("500000000", None),
    "reader_memory": ("1048576", "kB"),
    "reader_cpu": ("600", "s"),
    "max_rewrite": ("10485760", "kB"),
    "lock_timeout": ("5000", "ms"),
    "lock_retries": ("12", None),
}


def test_defaults(db):
    with db.connect() as session:
        session.execute("LOAD 'pgdatahub'")
        query = "SELECT substr(name, 11), boot_val, unit, context FROM pg_settings WHERE name LIKE 'pgdatahub.%'"
        found = {name: (value, unit, context) for name, value, unit, context in session.execute(query)}
    assert {name: found[name][:2] for name in DEFAULTS} == DEFAULTS
    for name in ("max_file_size", "max_cells", "reader_memory", "reader_cpu"):
        assert found[name][2] == "superuser", name
    for name in ("data_roots", "reader"):
        assert found[name][2] == "sighup", name


def test_the_defaults_hold_an_ordinary_file(db, folder):
    imported(db.import_file(folder.workbook("a.xlsx", [["n", "s"], [1, "x"]]), table_name="t"))


def under(db, settings, path):
    with db.connect() as session:
        for setting in settings:
            session.execute(f"SET pgdatahub.{setting}")
        columns = "status, sqlstate, message, detail, hint, row_count, schema_changes"
        row = session.execute(f"SELECT {columns} FROM pgdatahub.import_file(%s, table_name => 't')", [str(path)]).fetchone()
        return dict(zip(columns.split(", "), row, strict=True))


def test_max_file_size(db, folder):
    path = folder.workbook("a.xlsx", [["n"], *([f"{number:08x}" * 20] for number in range(200))])
    size = path.stat().st_size
    assert size > 4096
    failed(under(db, ["max_file_size = '2kB'"], path), "54000", str(size), "2048", "pgdatahub.max_file_size")
    assert under(db, [f"max_file_size = '{size // 1024 + 1}kB'"], path)["status"] == "imported"


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_max_cells(db, folder, lane):
    path = folder.workbook("a.xlsx", [["n", "s"], *([number, "x"] for number in range(50))])
    failed(under(db, ["max_cells = 99", f"lane = {lane}"], path), "54000", "99", "pgdatahub.max_cells")
    assert db.value("SELECT to_regclass('t')") is None
    assert under(db, ["max_cells = 102", f"lane = {lane}"], path)["status"] == "imported"


def test_reader_memory(db, folder):
    """Shared strings are all that a sheet needs in memory: more of them than allowed is one failed file."""
    strings = "".join(f"<si><t>{number:050}</t></si>" for number in range(1_500_000))
    rows = '<row><c t="inlineStr"><is><t>n</t></is></c></row><row><c t="s"><v>0</v></c></row>'
    path = folder.write("a.xlsx", workbook(rows, sharedStrings=f"<sst>{strings}</sst>"))
    row = under(db, ["reader_memory = '64MB'"], path)
    # It may be any allocation that is refused, and not each can be said by the reader itself.
    assert row["sqlstate"] in ("54000", "58000"), row
    failed(row, row["sqlstate"], "pgdatahub.reader_memory")
    assert under(db, [], path)["status"] == "imported"


def test_bounds_of_the_settings(db):
    with db.connect() as session:
        session.execute("LOAD 'pgdatahub'")
        for setting in ("reader_memory = '63MB'", "max_cells = 0", "max_file_size = 0", "reader_cpu = 0", "chunk_size = 0", "chunk_size = 1048577"):
            with refused("22023", setting.split()[0]):
                session.execute(f"SET pgdatahub.{setting}")
