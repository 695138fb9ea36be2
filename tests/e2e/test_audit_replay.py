"""The audit is complete: random histories of imports, replacements, reverts, schema reverts, mappings and drops. After
each step etl_schema_changes, replayed here by rules of its own, gives the table's columns and types; every row belongs
to exactly one import in force; and no step has changed a value that was not its own to change.

PGDATAHUB_SEED=n repeats one history, PGDATAHUB_HISTORIES=n tries that many new ones."""

import hashlib
import os
import random
import shutil
from datetime import date, datetime, time
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

HEADERS = ["Id", "Amount", "amount", "Booked", "Open", "Note", "Größe", "a b", "A_B"]
RESERVED = {"source_file": "text", "load_timestamp": "timestamp with time zone"}
VALUES = [
    lambda r: r.randrange(-5, 100),
    lambda r: r.randrange(-5, 100),
    lambda r: r.randrange(100) / 4,
    lambda r: date(2024, 1, r.randrange(1, 28)),
    lambda r: datetime(2024, 1, 5, r.randrange(24), 30),
    lambda r: time(r.randrange(24), 15),
    lambda r: bool(r.randrange(2)),
    lambda r: r.choice(["x", "7", "007", "2024-01-05", "true", "1.50"]),
]
STEPS = 30


def seeds():
    if "PGDATAHUB_SEED" in os.environ:
        return [int(os.environ["PGDATAHUB_SEED"])]
    if "PGDATAHUB_HISTORIES" in os.environ:
        return [random.SystemRandom().randrange(10**9) for _ in range(int(os.environ["PGDATAHUB_HISTORIES"]))]
    return range(1, 11)


def replay(changes):
    """The columns that the audit says the table has; None for no table."""
    columns = None
    for change in changes:
        name = change["column_name"]
        match change["change_type"]:
            case "CREATE TABLE":
                columns = dict(RESERVED)
            case "ADD COLUMN":
                assert name not in columns, change
                columns[name] = change["new_type"]
            case "ALTER COLUMN TYPE":
                assert columns[name] == change["old_type"], (change, columns)
                columns[name] = change["new_type"]
            case "DROP COLUMN":
                assert columns.pop(name) == change["old_type"], change
            case "DROP TABLE":
                assert columns is not None
                columns = None
            case "MAP COLUMN":
                assert name in columns
            case other:
                raise AssertionError(f"unknown change {other}")
    return columns


class History:
    def __init__(self, db, folder, seed):
        self.random = random.Random(seed)
        self.folder = folder
        self.connection = db.connect(row_factory=dict_row)
        self.log = []
        self.done = {}

    def rows(self, query, *parameters):
        return self.connection.execute(query, parameters).fetchall()

    def columns(self):
        """The table as the catalog has it; None for no table."""
        found = self.rows(
            """SELECT column_name::text AS name, data_type::text AS type FROM information_schema.columns
               WHERE table_schema = 'public' AND table_name = 't' ORDER BY ordinal_position"""
        )
        return {row["name"]: row["type"] for row in found} or None

    def snapshot(self):
        """Every row as {column: text form}, values that are NULL left out."""
        names = [name for name in self.columns() or [] if name not in RESERVED]
        if self.columns() is None:
            return []
        forms = "".join(f', pgdatahub.text_form("{name}") AS "{name}"' for name in names)
        found = self.rows(f"SELECT source_file, load_timestamp::text{forms} FROM t")
        return sorted(({k: v for k, v in row.items() if v is not None} for row in found), key=lambda row: sorted(row.items()))

    def try_(self, query, *parameters):
        """A step that may be refused; its SQLSTATE then."""
        try:
            return self.rows(query, *parameters), None
        except psycopg.Error as error:
            assert error.sqlstate[:2] != "XX", error
            return None, error.sqlstate

    # Steps: each returns a word for the log.

    def import_file(self):
        name = self.random.choice("abcdef")
        headers = ["Id", *self.random.sample(HEADERS[1:], self.random.randrange(1, 4))]
        if self.random.random() < 0.2:
            headers.append(self.random.choice(headers[1:]))
        kinds = [VALUES[0], *(self.random.choice([*VALUES, lambda r: None]) for _ in headers[1:])]
        lines = [headers]
        for _ in range(self.random.randrange(1, 6)):
            lines.append([kind(self.random) if self.random.random() < 0.8 else None for kind in kinds])
        if self.random.random() < 0.3:
            lines.append([self.random.choice(VALUES)(self.random) for _ in headers])
        path = self.folder.workbook(f"t/{name}.xlsx", lines)
        reimport = self.random.random() < 0.3
        chunk = self.random.choice([1, 2, 10_000])
        self.connection.execute(f"SET pgdatahub.chunk_size = {chunk}; SET pgdatahub.lane = {self.random.choice(['copy', 'spi'])}")
        (row,) = self.rows("SELECT * FROM pgdatahub.import_file(%s, table_name => 't', reimport => %s)", str(path), reimport)
        if row["status"] == "failed":
            assert row["sqlstate"][:2] in ("22", "42"), row
        return f"import {name} {headers}: {row['status']} {row['message'] or ''} {row['schema_changes']}"

    def import_folder(self):
        rows = self.rows("SELECT * FROM pgdatahub.import_folder(%s, reimport => %s)", str(self.folder), self.random.random() < 0.2)
        present = {row["file_sha256"] for row in self.rows("SELECT file_sha256 FROM pgdatahub.imports WHERE reverted_at IS NULL")}
        for row in rows:
            if row["status"] in ("imported", "replaced") or (row["status"] == "skipped" and "held" not in row["message"]):
                content = Path(row["source_file"]).read_bytes()
                assert hashlib.sha256(content).hexdigest() in present, f"{row} and its content is not in"
        return f"folder: {[(row['source_file'][-6:], row['status'], row['row_count'], row['rows_removed']) for row in rows]}"

    def copy_file(self):
        """One workbook, or what went from it to another, over another one; the folder is imported then."""
        there = sorted((self.folder / "t").glob("*.xlsx")) if (self.folder / "t").is_dir() else []
        if not there:
            return "nothing to copy"
        done = []
        for _ in range(self.random.randrange(1, 4)):
            source, target = self.random.choice(there), self.folder / f"t/{self.random.choice('abcdef')}.xlsx"
            if source != target:
                self.random.choice([shutil.copy2, shutil.copyfile])(source, target)
                target.chmod(0o644)
                done.append(f"{source.name} to {target.name}")
        return f"copy {done}; {self.import_folder()}"

    def revert(self):
        imports = self.rows("SELECT import_id, source_file, file_sha256 FROM pgdatahub.imports WHERE reverted_at IS NULL AND table_name = 't'")
        if not imports:
            return "nothing to revert"
        chosen = self.random.choice(imports)
        match self.random.randrange(3):
            case 0:
                self.rows("SELECT pgdatahub.revert('t', %s, hold => false)", chosen["source_file"])
            case 1:
                self.rows("SELECT pgdatahub.revert_hash('t', %s)", chosen["file_sha256"])
            case _:
                self.rows("SELECT pgdatahub.revert_import(%s)", chosen["import_id"])
        return f"revert {chosen['import_id']} {chosen['source_file'][-6:]}"

    def revert_schema(self):
        if self.columns() is None:
            return "no table"
        name = self.random.choice("abcdef")
        before, was = self.snapshot(), self.columns()
        would, refused = self.try_("SELECT * FROM pgdatahub.revert_schema('t', %s)", f"t/{name}.xlsx")
        if refused:
            assert refused == "22023"
            return f"revert_schema {name}: {refused}"
        assert (self.snapshot(), self.columns()) == (before, was), "a dry run changes nothing"
        did = self.rows("SELECT * FROM pgdatahub.revert_schema('t', %s, dry_run => false)", f"t/{name}.xlsx")
        for row in would:
            row["outcome"] = row["outcome"].replace("would be done", "done")
        assert did == would, "it does what the dry run said"
        now = self.columns()
        gone = set(was) - set(now or {})
        for row in before:
            if not row["source_file"].endswith(f"/{name}.xlsx"):
                assert not gone & set(row), "another file's value is gone"
        if now is None:
            assert before == []
        else:
            kept = [{k: v for k, v in row.items() if k not in gone} for row in before]
            assert self.snapshot() == sorted(kept, key=lambda row: sorted(row.items()))
        return f"revert_schema {name}: {[(row['change_type'], row['column_name'], row['outcome'], row['why']) for row in did]}"

    def map_column(self):
        if self.columns() is None:
            return "no table"
        known = self.rows("SELECT header, occurrence, column_name FROM pgdatahub.etl_columns WHERE table_name = 't' AND header <> ''")
        if not known:
            return "no header"
        old = self.random.choice(known)
        target = self.random.choice([name for name in self.columns() if name not in RESERVED])
        before, was = self.snapshot(), self.columns()
        moved, refused = self.try_("SELECT pgdatahub.map_column('t', %s, %s, %s) AS moved", old["header"], target, old["occurrence"])
        if refused:
            assert refused == "22000", refused
            assert (self.snapshot(), self.columns()) == (before, was)
            return f"map {old['header']} to {target}: {refused}"
        merged = []
        for row in before:
            value = row.pop(old["column_name"], None)
            if value is not None:
                row.setdefault(target, value)
            merged.append(row)
        assert self.snapshot() == sorted(merged, key=lambda row: sorted(row.items()))
        return f"map {old['header']} to {target}: {moved}"

    def drop_table(self):
        if self.columns() is None or self.random.random() < 0.7:
            return "no drop"
        self.rows("SELECT * FROM pgdatahub.drop_table('t', dry_run => false)")
        return "drop"

    def step(self):
        kinds = [self.import_file] * 6 + [self.import_folder, self.copy_file, self.copy_file, self.map_column, self.drop_table] + [self.revert] * 3 + [self.revert_schema] * 4
        kind = self.random.choice(kinds)
        self.log.append(kind())
        self.done[kind.__name__] = self.done.get(kind.__name__, 0) + 1
        self.check()

    def check(self):
        columns = self.columns()
        changes = self.rows("SELECT * FROM pgdatahub.etl_schema_changes WHERE table_name = 't' ORDER BY change_id")
        assert replay(changes) == columns
        assert {c["import_id"] is None for c in changes if c["source_file"]} <= {False}
        in_force = [c for c in changes if c["reverted_at"] is None]
        if columns is None:
            assert [c["change_type"] for c in in_force if c["change_type"] in ("CREATE TABLE", "ADD COLUMN")] == []
            assert self.rows("SELECT * FROM pgdatahub.imports WHERE reverted_at IS NULL") == []
            return
        added = sorted(c["column_name"] for c in in_force if c["change_type"] == "ADD COLUMN")
        assert added == sorted(set(columns) - set(RESERVED)), "each column is one addition in force"
        remembered = self.rows("SELECT column_name FROM pgdatahub.etl_columns WHERE table_name = 't'")
        assert {row["column_name"] for row in remembered} == set(added)
        self.check_rows()

    def check_rows(self):
        owners = self.rows(
            """SELECT (SELECT count(*) FROM pgdatahub.etl_imports i WHERE i.source_file = t.source_file AND i.load_timestamp = t.load_timestamp
                          AND i.reverted_at IS NULL AND i.table_name = 't') AS owners, count(*) FROM t GROUP BY 1"""
        )
        assert {row["owners"] for row in owners} <= {1}, owners
        counts = self.rows(
            """SELECT i.row_count, (SELECT count(*) FROM t WHERE i.source_file = t.source_file AND i.load_timestamp = t.load_timestamp) AS found
                 FROM pgdatahub.etl_imports i WHERE i.reverted_at IS NULL AND i.table_name = 't'"""
        )
        assert all(row["row_count"] == row["found"] for row in counts), counts
        assert self.rows("SELECT * FROM pgdatahub.check_table('t') WHERE difference IS DISTINCT FROM 0") == []

    def statements(self):
        """The DDL as it was run: rows of one statement stand together."""
        found, last = [], None
        for change in self.rows("SELECT * FROM pgdatahub.etl_schema_changes ORDER BY change_id"):
            key = (change["statement"], change["import_id"])
            if change["change_type"] != "MAP COLUMN" and key != last:
                found.append(change["statement"])
            last = key
        return found


@pytest.mark.parametrize("seed", seeds())
def test_random_history(db, folder, cluster, make_database, seed):
    history = History(db, folder, seed)
    try:
        for _ in range(STEPS):
            history.step()
        other = make_database(cluster)
        with other.connect() as connection:
            for statement in history.statements():
                connection.execute(statement)
        copy = History(other, folder, seed)
        assert copy.columns() == history.columns()
    except BaseException:
        print(f"PGDATAHUB_SEED={seed}", *history.log, sep="\n")
        raise
    finally:
        history.connection.close()
    assert history.done.get("import_file", 0) > 3


def test_replay_finds_what_is_missing():
    create = {"change_type": "CREATE TABLE", "column_name": None, "old_type": None, "new_type": None}
    add = {"change_type": "ADD COLUMN", "column_name": "x", "old_type": None, "new_type": "bigint"}
    alter = {"change_type": "ALTER COLUMN TYPE", "column_name": "x", "old_type": "bigint", "new_type": "text"}
    assert replay([create, add, alter]) == {**RESERVED, "x": "text"}
    with pytest.raises(AssertionError):
        replay([create, add, alter, alter])
    with pytest.raises(AssertionError):
        replay([create, add, add])
