"""A database in which a good deal has happened, and whether it is whole elsewhere: restored, promoted, upgraded."""

from . import jobs
from .results import content, imported, statuses


def lived_in(db, folder):
    """A database in which each table of pgdatahub that a session fills has rows."""
    folder.write("etl_config.yaml", "on_type_conflict: reject_row\n")
    folder.workbook("claims/a.xlsx", [["Id", "Premium", "Later"], [1, 2.5, None], [2, None, None]])
    folder.workbook("claims/b.xlsx", [["Id", "Premium", "Extra"], [3, 1, "x"], [0, "none", "y"]])
    folder.workbook("policies/p.xlsx", [["No", "Holder"], ["P1", "Ann"], ["P2", "Bob"]])
    folder.workbook("policies/q.xlsx", [["No", "Holder"], ["P3", "Cid"]])
    db.import_folder(folder)
    db.execute("CREATE SCHEMA sales; ALTER TABLE claims SET SCHEMA sales; ALTER TABLE sales.claims RENAME TO requests")
    folder.workbook("claims/c.xlsx", [["Id"], [4]])
    db.execute(f"CALL pgdatahub.run_import('{folder}')")
    db.execute("SELECT pgdatahub.revert('policies', 'q.xlsx'); SELECT pgdatahub.map_column('policies', 'Owner', 'holder')")
    (folder / "no.xlsx").write_bytes(b"no workbook")
    db.import_folder(folder)
    jobs.wait(db, jobs.start(db, folder / "claims"))
    # A column that is without a value is dumped as provisional, too.
    assert db.value("SELECT count(*) FROM pgdatahub.etl_columns WHERE provisional") == 1
    return content(db, "sales.requests"), content(db, "policies")


def is_whole(db, folder, data):
    """What was imported is skipped, by folder, file and job; what is new goes on from there."""
    assert (content(db, "sales.requests"), content(db, "policies")) == data
    again = {"a.xlsx": "skipped", "b.xlsx": "skipped", "c.xlsx": "skipped", "p.xlsx": "skipped", "q.xlsx": "skipped", "no.xlsx": "failed"}
    assert statuses(db.import_folder(folder)) == again
    latest = db.value("SELECT max(import_id) FROM pgdatahub.imports")
    # The column that was provisional takes its type from the first value, in the table that was renamed long ago.
    (row,) = imported(db.import_file(folder.workbook("claims/d.xlsx", [["Id", "Later"], [5, True]])))
    assert row["table_name"] == "requests" and row["schema_changes"] == ["later text (no value yet) → boolean"]
    # A promoted standby leaves up to 32 numbers out.
    assert latest < db.value("SELECT max(import_id) FROM pgdatahub.imports") <= latest + 33
    (row,) = imported(db.import_file(folder.workbook("policies/r.xlsx", [["No", "Owner"], ["P4", "Dan"]])))
    assert content(db, "policies", "no", "holder")[-1] == ("P4", "Dan")
    assert db.value("SELECT pgdatahub.revert('policies', 'p.xlsx')") == 2
    assert db.rows("SELECT * FROM pgdatahub.check_table('sales.requests') WHERE difference <> 0") == []
