"""A plan holds what the reader rejects against max_rejects and max_reject_percent, as the import does."""

import pytest
from harness.conflicts import LANES, configure, load, use_lane
from harness.trace import brief, plan

FIRST = [["id", "amount"], [1, 10], [2, 20]]


@pytest.fixture(scope="module")
def cluster(still_cluster):
    return still_cluster


@pytest.fixture(params=LANES)
def lane(db, request):
    use_lane(db, request.param)
    return request.param


def conflicting(count, of):
    return [["id", "amount"], *([n, f"bad {n}" if n < count else n] for n in range(of))]


def both(db, folder, name):
    """The file's last row of the plan and its row of a dry run, which say what the import then does; the latter's row."""
    planned = plan(db, folder, files=name)[-1]
    dry = db.import_folder(folder, files=name, dry_run=True)[0]
    done = db.import_folder(folder, files=name)[0]
    assert planned["action"] == {"imported": "import", "failed": "fail"}[done["status"]], planned
    for column in ("row_count", "rejected", "sqlstate", "message", "detail", "hint", "schema_changes"):
        assert dry[column] == done[column], column
    if done["status"] == "failed":
        for part in ("message", "detail", "hint"):
            assert done[part] in planned["reason"]
    return done


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
@pytest.mark.parametrize("policy", ["reject_cell", "reject_row"])
def test_max_rejects(db, folder, lane, policy, chunk):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = {chunk}")
    configure(folder, on_type_conflict=policy, max_rejects=30)
    load(db, folder, "t/a.xlsx", FIRST)
    folder.workbook("t/b.xlsx", conflicting(31, 100))
    failed = both(db, folder, "t/b.xlsx")
    assert (failed["status"], failed["sqlstate"]) == ("failed", "22000")
    assert failed["message"] == "more than 30 rows and cells of the file were rejected"
    assert 'B2 "bad 0": a value of type text' in failed["detail"] and "and 11 more" in failed["detail"]
    folder.workbook("t/c.xlsx", conflicting(30, 100))
    done = both(db, folder, "t/c.xlsx")
    assert (done["status"], done["rejected"]) == ("imported", 30)


@pytest.mark.parametrize("policy", ["reject_cell", "reject_row"])
def test_max_reject_percent(db, folder, lane, policy):
    configure(folder, on_type_conflict=policy, max_reject_percent=2.5)
    load(db, folder, "t/a.xlsx", FIRST)
    folder.workbook("t/b.xlsx", conflicting(6, 200))
    failed = both(db, folder, "t/b.xlsx")
    assert (failed["sqlstate"], failed["message"]) == ("22000", "6 of the file's 200 rows have rejects, more than 2.5 percent")
    folder.workbook("t/c.xlsx", conflicting(5, 200))
    assert both(db, folder, "t/c.xlsx")["rejected"] == 5


def test_a_rejected_row_counts_once(db, folder, lane):
    configure(folder, on_type_conflict="reject_row", max_rejects=1)
    load(db, folder, "t/a.xlsx", FIRST)
    folder.workbook("t/b.xlsx", [["id", "amount"], ["x", "y"], [7, 7]])
    done = both(db, folder, "t/b.xlsx")
    assert (done["status"], done["rejected"]) == ("imported", 2)


def test_reject_file(db, folder, lane):
    configure(folder, on_type_conflict="reject_file", max_rejects=30)
    load(db, folder, "t/a.xlsx", FIRST)
    folder.workbook("t/b.xlsx", conflicting(1, 3))
    failed = both(db, folder, "t/b.xlsx")
    assert failed["sqlstate"] == "42804" and 'cell B2 holds "bad 0"' in failed["detail"]


@pytest.mark.parametrize("chunk", [1, 2, 10_000])
@pytest.mark.parametrize("there_before", [False, True])
def test_rejects_above_a_change_of_type_count_once(db, folder, lane, chunk, there_before):
    """The stream stops at a value that widens a column, and goes on, or begins anew where the table was there before."""
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.chunk_size = {chunk}")
    configure(folder, max_rejects=3)
    if there_before:
        load(db, folder, "t/a.xlsx", [["id", "v"], [1, 1]])
    error = float("nan")
    rows = [["id", "v"], [1, 1], [2, error], [3, 2.5], [4, error, error], [5, "x"], [6, error, "a column without a header"]]
    folder.workbook("t/b.xlsx", rows, nan_inf_to_errors=True)
    failed = both(db, folder, "t/b.xlsx")
    assert failed["message"] == "more than 3 rows and cells of the file were rejected", failed
    configure(folder, max_rejects=4)
    done = both(db, folder, "t/b.xlsx")
    assert (done["status"], done["rejected"], done["row_count"]) == ("imported", 4, 6)
    assert brief(plan(db, folder, files="t/b.xlsx")) == [("b.xlsx", "skip")]
