"""Compares a table with what an independent reader saw in the workbook (tests/fixtures/cells/*.expected.json).

The rules are written down here a second time, in Python, so that a mistake in the product's own does not hide itself.
"""

import json
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal, localcontext

from .folder import FIXTURES

# Text is trimmed of Unicode white space, no-break space and zero-width characters.
TRIM = re.compile(r"^[\s\u00a0\u200b-\u200d\u2060\ufeff]+|[\s\u00a0\u200b-\u200d\u2060\ufeff]+$")
ORDERS = (("boolean",), ("bigint", "double precision"), ("date", "timestamp without time zone"))
ORDERS += (("time without time zone", "interval"),)
NAMES = {"b": "boolean", "d": "date", "ts": "timestamp without time zone", "t": "time without time zone", "h": "interval", "s": "text"}
EXACT = 2**53


def expected(name):
    """The header and the rows of tests/fixtures/cells/<name>, blank rows left out."""
    data = json.loads((FIXTURES / "cells" / f"{name}.expected.json").read_text(encoding="utf-8"))
    header, *rows = data["rows"]
    return [cell[1] for cell in header], [row for row in rows if any(cell is not None for cell in row)]


def cell_type(cell):
    """The SQL type of one cell; None for one without a value."""
    if cell is None or cell[0] == "e" or (cell[0] == "s" and not TRIM.sub("", cell[1])):
        return None
    if cell[0] == "n":
        return "bigint" if isinstance(cell[1], int) and abs(cell[1]) <= EXACT else "double precision"
    return NAMES[cell[0]]


def column_type(cells):
    """The join of the cells' types: the narrowest type that holds all of them."""
    types = {cell_type(cell) for cell in cells} - {None}
    if not types:
        return "text"
    for order in ORDERS:
        if types <= set(order):
            return max(types, key=order.index)
    return "text"


def _clock(seconds):
    milliseconds = round(seconds * 1000)
    rest, milliseconds = divmod(milliseconds, 1000)
    text = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{text}.{milliseconds:03d}" if milliseconds else text


def number_text(number):
    """At most 15 significant digits, as Excel shows them, without exponent below 1e21."""
    if isinstance(number, int) and abs(number) <= EXACT:
        return str(number)
    with localcontext() as context:
        context.prec = 15
        value = +Decimal(repr(float(number)))
    if abs(value) >= Decimal("1e21"):
        raise ValueError("the fixtures hold no number this large")
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_form(cell):
    kind, value = cell
    if kind == "s":
        return TRIM.sub("", value)
    if kind == "n":
        return number_text(value)
    if kind == "b":
        return "true" if value else "false"
    return _clock(value) if kind == "h" else value


def _seconds(cell):
    if cell[0] == "h":
        return cell[1]
    clock = time.fromisoformat(cell[1])
    return clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6


def value_of(cell, sql_type):
    """The value, as psycopg gives it, that `cell` must have in a column of `sql_type`."""
    if cell_type(cell) is None:
        return None
    match sql_type:
        case "text":
            return text_form(cell)
        case "bigint" | "boolean":
            return cell[1]
        case "double precision":
            return float(cell[1])
        case "date":
            return date.fromisoformat(cell[1])
        case "timestamp without time zone":
            return datetime.fromisoformat(cell[1])
        case "time without time zone":
            return time.fromisoformat(cell[1])
        case "interval":
            return timedelta(seconds=_seconds(cell))
    raise AssertionError(f"a column of type {sql_type} was not expected")


def data_columns(db, table):
    """The table's columns but the two that name the import, as (name, type) in order."""
    rows = db.rows(
        """SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
           WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum""",
        [table],
    )
    return [(row["name"], row["type"]) for row in rows if row["name"] not in ("source_file", "load_timestamp")]


def assert_same(db, table, name):
    """Fails unless `table`, loaded from tests/fixtures/cells/<name> alone, has each cell that the independent reader saw,
    and the columns' types that follow from them."""
    header, rows = expected(name)
    columns = data_columns(db, table)
    assert len(columns) == len(header), f"{columns} for {header}"
    types = [column_type(column) for column in zip(*rows, strict=True)]
    assert [kind for _, kind in columns] == types
    names = ", ".join('"' + column.replace('"', '""') + '"' for column, _ in columns)
    with db.connect() as connection:
        found = connection.execute(f"SELECT {names} FROM {table} ORDER BY ctid").fetchall()
    wanted = [tuple(value_of(cell, kind) for cell, kind in zip(row, types, strict=True)) for row in rows]
    for number, (got, want) in enumerate(zip(found, wanted), start=2):
        assert got == want, f"{name}, row {number}"
    assert len(found) == len(wanted)


def errors(name):
    """The error cells of a workbook as {cell reference: literal}."""
    data = json.loads((FIXTURES / "cells" / f"{name}.expected.json").read_text(encoding="utf-8"))
    return {
        f"{column_letters(c)}{r}": cell[1]
        for r, row in enumerate(data["rows"], start=1)
        for c, cell in enumerate(row)
        if cell is not None and cell[0] == "e"
    }


def column_letters(index):
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
