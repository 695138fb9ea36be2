"""A path is overwritten with bytes that are in already under another one: its older rows go, and the bytes stay in once,
whatever the order of the files."""

import itertools
import os
import shutil
from datetime import datetime

import pytest
from harness.results import by_name, content, failed, imported
from harness.trace import brief, plan

X, Y, Z = ([["n"], *([n] for n in range(first, first + 4))] for first in (10, 20, 30))


@pytest.fixture(scope="module")
def cluster(still_cluster):
    return still_cluster


def put(folder, **files):
    """Writes each file's rows: the same rows are the same bytes."""
    for name, rows in files.items():
        folder.workbook(f"t/{name}.xlsx", rows)


def copy(folder, source, target, keep_times=False):
    (shutil.copy2 if keep_times else shutil.copyfile)(folder / f"t/{source}.xlsx", folder / f"t/{target}.xlsx")
    (folder / f"t/{target}.xlsx").chmod(0o644)


def rows_of(*sheets):
    return sorted((n,) for sheet in sheets for (n,) in sheet[1:])


def run(db, folder):
    """Imports the folder, which does what its plan says; {name: (status, row_count, rows_removed)} of the files there."""
    planned = dict(brief(row for row in plan(db, folder) if row["action"] in ("import", "replace", "skip", "fail")))
    dry = by_name(db.import_folder(folder, dry_run=True))
    done = by_name(row for row in db.import_folder(folder) if row["status"] != "gone")
    for name, row in done.items():
        assert planned[name] == {"imported": "import", "replaced": "replace", "skipped": "skip", "failed": "fail"}[row["status"]], name
        for column in ("row_count", "rows_removed", "sqlstate"):
            assert dry[name][column] == row[column], (name, column)
    return {name.removesuffix(".xlsx"): (row["status"], row["row_count"], row["rows_removed"]) for name, row in done.items()}


def messages(db):
    rows = db.rows("SELECT source_file, message FROM pgdatahub.etl_run_files WHERE run_id = (SELECT max(run_id) FROM pgdatahub.etl_runs)")
    return {os.path.basename(row["source_file"]).removesuffix(".xlsx"): row["message"] for row in rows}


def sound(db):
    """Every row belongs to one import that is in."""
    assert db.rows("SELECT * FROM pgdatahub.check_table('t') WHERE difference IS DISTINCT FROM 0") == []


@pytest.mark.parametrize(("old", "new"), [("a", "b"), ("b", "a")])
def test_the_older_rows_go(db, folder, old, new):
    put(folder, **{old: X, new: Y})
    imported(db.import_folder(folder))
    copy(folder, new, old)
    assert run(db, folder) == {old: ("replaced", 0, 4), new: ("skipped", None, None)}
    assert f"already imported as {folder / f't/{new}.xlsx'}" in messages(db)[old]
    assert content(db, "t") == rows_of(Y)
    assert db.rows("SELECT reverted_why, held FROM pgdatahub.etl_imports WHERE reverted_at IS NOT NULL") == [{"reverted_why": "replaced", "held": False}]
    assert {row["file_state"] for row in db.rows("SELECT file_state FROM pgdatahub.file_status")} == {"imported"}
    assert set(run(db, folder).values()) == {("skipped", None, None)}
    sound(db)
    # The earlier content is not held.
    put(folder, **{old: X})
    assert run(db, folder)[old] == ("imported", 4, None)
    assert content(db, "t") == rows_of(X, Y)


def test_import_file_too(db, folder):
    put(folder, a=X, b=Y)
    imported(db.import_folder(folder))
    copy(folder, "b", "a")
    (row,) = db.import_file(folder / "t/a.xlsx", table_name="t")
    assert (row["status"], row["row_count"], row["rows_removed"]) == ("replaced", 0, 4)
    assert content(db, "t") == rows_of(Y)


def test_a_file_that_was_renamed_over_another(db, folder):
    put(folder, a=X, b=Y)
    imported(db.import_folder(folder))
    os.replace(folder / "t/b.xlsx", folder / "t/a.xlsx")
    done = run(db, folder)
    assert done["a"] == ("replaced", 0, 4)
    # The rows stay under the name that is gone, as of any file that disappeared.
    assert content(db, "t") == rows_of(Y)
    sound(db)


@pytest.mark.parametrize("names", list(itertools.permutations("abc")))
def test_contents_that_went_round(db, folder, names):
    """Each file has the content that another one had: at the end all are in, whatever the order."""
    first, second, third = names
    put(folder, **{first: X, second: Y, third: Z})
    imported(db.import_folder(folder))
    for name in names:
        shutil.move(folder / f"t/{name}.xlsx", folder / f"{name}.old")
    for source, target in ((first, second), (second, third), (third, first)):
        shutil.move(folder / f"{source}.old", folder / f"t/{target}.xlsx")
        later(folder / f"t/{target}.xlsx", names.index(source))
    run(db, folder)
    assert content(db, "t") == rows_of(X, Y, Z)
    sound(db)
    assert {status for status, _, _ in run(db, folder).values()} == {"skipped"}
    assert content(db, "t") == rows_of(X, Y, Z)


def later(path, number):
    """Files written one after the other have times of their own; here they are written too fast for every clock."""
    stamp = datetime(2030, 1, 1 + number).timestamp()
    os.utime(path, (stamp, stamp))


@pytest.mark.parametrize(("archive", "latest"), [("archive", "latest"), ("old", "latest"), ("x", "a")])
def test_an_archived_copy_and_new_content(db, folder, archive, latest):
    """latest.xlsx is copied away and gets the next month's content: both months are in after one run, in either order."""
    put(folder, **{latest: X})
    imported(db.import_folder(folder))
    copy(folder, latest, archive, keep_times=True)
    put(folder, **{latest: Y[:1] + Y[1:] + [[99]]})
    run(db, folder)
    assert content(db, "t") == rows_of(X, Y) + [(99,)]
    sound(db)
    assert {status for status, _, _ in run(db, folder).values()} == {"skipped"}


def test_append_keeps_them(db, folder):
    put(folder, a=X, b=Y)
    folder.write("etl_config.yaml", "on_change: append\n")
    imported(db.import_folder(folder))
    copy(folder, "b", "a")
    assert run(db, folder) == {"a": ("skipped", None, None), "b": ("skipped", None, None)}
    assert content(db, "t") == rows_of(X, Y)


def test_error_fails_the_file(db, folder):
    put(folder, a=X, b=Y)
    folder.write("etl_config.yaml", "on_change: error\n")
    imported(db.import_folder(folder))
    copy(folder, "b", "a")
    failed(by_name(db.import_folder(folder))["a.xlsx"], "55000", "changed since it was imported")
    assert content(db, "t") == rows_of(X, Y)


def test_a_copy_of_less_than_half_of_the_rows_fails(db, folder):
    put(folder, a=X, b=[["n"], [20]])
    imported(db.import_folder(folder))
    copy(folder, "b", "a")
    assert run(db, folder)["a"] == ("failed", None, None)
    assert content(db, "t") == rows_of(X, [["n"], [20]])


def test_a_touched_duplicate_moves_nothing_lost(db, folder):
    """A newer time alone may move the rows to the other name, once."""
    put(folder, b=Y)
    copy(folder, "b", "a")
    run(db, folder)
    later(folder / "t/a.xlsx", 1)
    run(db, folder)
    assert content(db, "t") == rows_of(Y)
    sound(db)
    assert {status for status, _, _ in run(db, folder).values()} == {"skipped"}
