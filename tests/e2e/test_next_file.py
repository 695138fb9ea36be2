"""The file behind the one under way is asked for before its turn: whatever it is at its turn is what counts."""

import os
import signal
import zipfile

import pytest
from harness import big
from harness.background import Background, reader_in_midstream

LONG = "b.xlsx"


@pytest.fixture
def three_files(db, folder, scratch):
    """A table that is there, a long workbook for it and a short one behind that."""
    folder.workbook("data/a.xlsx", [["id", "name"], [1, "first"]])
    db.import_folder(folder)
    (folder / "data" / LONG).hardlink_to(big.long(scratch))
    folder.workbook("data/c.xlsx", [["id", "name"], [-1, "as it was"]])
    return folder


def run(db, folder):
    return Background(db.connect(), f"CALL pgdatahub.run_import('{folder}')")


def open_files(pid):
    names = []
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            names.append(os.path.basename(os.readlink(entry.path)).removesuffix(" (deleted)"))
        except FileNotFoundError:
            continue
    return names


def last_run(db):
    return {
        os.path.basename(row["source_file"]): row
        for row in db.rows(
            """SELECT source_file, status, row_count, file_sha256, message FROM pgdatahub.etl_run_files
               WHERE run_id = (SELECT max(run_id) FROM pgdatahub.etl_runs)"""
        )
    }


def in_midstream(cluster, import_):
    """The reader, once the long file's rows come and the one behind it was asked for."""
    reader = reader_in_midstream(cluster, import_)
    assert "c.xlsx" in open_files(import_.pid)
    return reader


def test_as_it_was(db, cluster, three_files):
    import_ = run(db, three_files)
    in_midstream(cluster, import_)
    import_.join()
    assert import_.error is None
    assert last_run(db)["c.xlsx"]["status"] == "imported"
    assert db.value("SELECT name FROM data WHERE id = -1") == "as it was"
    import_.close()


def test_replaced_before_its_turn(db, cluster, three_files):
    import_ = run(db, three_files)
    in_midstream(cluster, import_)
    three_files.workbook("data/.new.xlsx", [["id", "name"], [-2, "another"]])
    os.rename(three_files / "data/.new.xlsx", three_files / "data/c.xlsx")
    import_.join()
    assert import_.error is None
    assert db.rows("SELECT id, name FROM data WHERE id < 0") == [{"id": -2, "name": "another"}]
    again = db.import_folder(three_files)
    assert {row["status"] for row in again} == {"skipped"}
    import_.close()


def test_gone_before_its_turn(db, cluster, three_files):
    import_ = run(db, three_files)
    in_midstream(cluster, import_)
    (three_files / "data/c.xlsx").unlink()
    import_.join()
    assert import_.sqlstate == "PD001"
    assert last_run(db)["c.xlsx"]["status"] == "failed"
    assert last_run(db)[LONG]["status"] == "imported"
    import_.close()


def test_the_reader_dies_in_between(db, cluster, three_files):
    import_ = run(db, three_files)
    os.kill(in_midstream(cluster, import_).pid, signal.SIGKILL)
    import_.join()
    assert import_.sqlstate == "PD001"
    found = last_run(db)
    assert (found[LONG]["status"], found["c.xlsx"]["status"]) == ("failed", "imported")
    assert db.value("SELECT count(*) FROM data") == 2
    import_.close()


def test_a_cancel_leaves_no_descriptor(db, cluster, three_files):
    import_ = run(db, three_files)
    in_midstream(cluster, import_)
    import_.connection.cancel_safe()
    assert import_.join().sqlstate == "57014"
    assert not [name for name in open_files(import_.pid) if name.endswith(".xlsx")]
    import_.close()


def files_of_all_kinds(folder):
    """Files that follow each other in ways that spoil what was asked for ahead."""

    def workbook(name, *rows):
        folder.workbook(f"data/{name}.xlsx", [["id", "amount"], *rows])

    workbook("01_plain", [1, 10])
    workbook("02_plain", [2, 20])
    folder.write("data/03_no_workbook.xlsx", "no workbook")
    workbook("04_plain", [4, 40])
    workbook("05_widens_late", *[[number, number] for number in range(500, 4_000)], [5, 0.5])
    workbook("06_plain", [6, 60])
    folder.workbook("data/07_more_columns.xlsx", [["id", "amount", "note"], [7, 70, "more"]])
    workbook("08_plain", [8, 80])
    folder.workbook("data/09_empty.xlsx", [])
    workbook("10_plain", [10, 100])
    folder.workbook("data/11_other_header.xlsx", [["a title"], [], ["amount", "id"], [110, 11]])
    workbook("12_text", [12, "not a number"])
    workbook("13_plain", [13, 130])
    (folder / "data/14_damaged.xlsx").write_bytes(damaged(folder / "data/13_plain.xlsx"))
    workbook("15_plain", [15, 150])
    (folder / "data/16_same_bytes.xlsx").write_bytes((folder / "data/15_plain.xlsx").read_bytes())
    workbook("17_plain", [17, 170])


def damaged(workbook):
    """The workbook with its sheet cut short inside its entry."""
    with zipfile.ZipFile(workbook) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = next(name for name in parts if name.startswith("xl/worksheets/"))
    parts[sheet] = parts[sheet][: len(parts[sheet]) // 2]
    out = workbook.with_suffix(".damaged")
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    content = out.read_bytes()
    out.unlink()
    return content


def test_files_of_all_kinds(db, folder):
    """One run over all files leaves what as many runs over one file each leave."""
    files_of_all_kinds(folder)
    names = sorted(path.name for path in (folder / "data").iterdir())
    one_by_one = {}
    for name in names:
        [row] = db.import_folder(folder, files=f"data/{name}", on_error="continue")
        one_by_one[name] = (row["status"], row["row_count"])
    rows = db.rows("SELECT to_jsonb(d) - 'load_timestamp' AS row FROM data d ORDER BY d.source_file, d.id")
    db.execute("SELECT pgdatahub.drop_table('data', dry_run => false)")
    with pytest.raises(Exception, match="files? failed"):
        db.execute(f"CALL pgdatahub.run_import('{folder}')")
    together = {name: (row["status"], row["row_count"]) for name, row in last_run(db).items()}
    assert together == one_by_one
    assert {status for status, _ in together.values()} == {"imported", "failed", "skipped"}
    assert rows == db.rows("SELECT to_jsonb(d) - 'load_timestamp' AS row FROM data d ORDER BY d.source_file, d.id")
