"""Every kind of cell, in each format, from at least two independent writers: the table equals what an independent
reader sees, through both lanes."""

import pytest
from harness.compare import assert_same, errors
from harness.folder import FIXTURES

WORKBOOKS = sorted(path.name.removesuffix(".expected.json") for path in (FIXTURES / "cells").glob("*.expected.json"))


def test_two_writers_per_format():
    for extension in ("xlsx", "xls", "xlsb", "ods"):
        assert sum(name.endswith("." + extension) for name in WORKBOOKS) >= 2


@pytest.mark.parametrize("lane", ["copy", "spi"])
@pytest.mark.parametrize("name", WORKBOOKS)
def test_cells(db, folder, name, lane):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    path = folder.fixture(f"cells/{name}")
    (result,) = db.import_file(path, table_name="t")
    assert result["status"] == "imported", result
    assert_same(db, "t", name)
    assert result["rejected"] == len(errors(name))
    rejects = db.rows("SELECT cell, raw_value FROM pgdatahub.rejects ORDER BY cell")
    assert {row["cell"]: row["raw_value"] for row in rejects} == errors(name)
