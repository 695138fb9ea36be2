"""Short ways to look at an import's result rows and at the tables that came of it."""

from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from .compare import data_columns

ENDED_WELL = {"imported", "replaced", "skipped"}


def by_name(rows):
    """The result rows by the file's name, which must be unique."""
    rows = list(rows)
    found = {Path(row["source_file"]).name: row for row in rows}
    assert len(found) == len(rows), rows
    return found


def statuses(rows):
    return {name: row["status"] for name, row in by_name(rows).items()}


def imported(rows):
    """Fails, with what the server said, unless each row's status is imported."""
    for row in rows:
        assert row["status"] == "imported", row
    return rows


def failed(row, sqlstate, *texts):
    """Fails unless the row is a failure of that SQLSTATE that says each of `texts` in message, detail or hint."""
    said = "\n".join(str(row[part]) for part in ("message", "detail", "hint"))
    assert (row["status"], row["sqlstate"]) == ("failed", sqlstate), row
    for text in texts:
        assert text in said, said
    assert row["row_count"] is None and row["schema_changes"] == []
    return row


@contextmanager
def refused(sqlstate, *texts):
    """Expects a PostgreSQL error of that SQLSTATE that says each of `texts`."""
    with pytest.raises(psycopg.Error) as caught:
        yield caught
    error = caught.value
    said = "\n".join(str(part) for part in (error.diag.message_primary, error.diag.message_detail, error.diag.message_hint))
    assert error.sqlstate == sqlstate, f"{error.sqlstate}: {said}"
    for text in texts:
        assert text in said, said


def content(db, table, *columns, order=None):
    """The table's data columns (or those named) as tuples in a fixed order."""
    names = columns or [name for name, _ in data_columns(db, table)]
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    with db.connect() as connection:
        return connection.execute(f"SELECT {quoted} FROM {table} ORDER BY {order or quoted}").fetchall()


def types(db, table):
    """{column: type} of the data columns."""
    return dict(data_columns(db, table))
