"""The slow, obvious model: what the final table must be, all files at once."""

from dataclasses import dataclass, field

from . import columns, values
from .values import NOTHING, REJECTED, UNCOMPUTED


@dataclass
class Outcome:
    """What is left of the imports; files by their number."""

    columns: dict = field(default_factory=dict)
    rows: dict = field(default_factory=dict)
    rejects: dict = field(default_factory=dict)
    # ("imported", rows, rejected cells) or ("failed", SQLSTATE)
    statuses: dict = field(default_factory=dict)
    # False where another row than the first may be taken for the header: no case to compare.
    header_is_certain: bool = True


def outcome(files, order):
    out, memory = Outcome(), columns.Memory()
    types, cells = {}, []
    for number in order:
        sheet = Sheet(files[number])
        out.header_is_certain &= sheet.header_is_certain(memory)
        assigned, fresh = memory.assign(sheet.headers, {index for index in range(sheet.width) if sheet.values(index)})
        if assigned is None or sheet.is_never_computed():
            out.statuses[number] = ("failed", "42701" if assigned is None else "22000")
            continue
        memory.remember(fresh)
        for index, column in assigned.items():
            types.setdefault(column, set()).update(kind for _, kind, _ in sheet.values(index))
            cells += [(number, row, column, kind, value) for row, kind, value in sheet.values(index)]
        out.rejects[number] = [
            (f"{columns.letters(index)}{row}", assigned.get(index), raw)
            for row, found in sheet.rows
            for index, (kind, raw) in enumerate(found)
            if kind == REJECTED
        ]
        out.rows[number] = {row: {} for row, _ in sheet.rows}
        out.statuses[number] = ("imported", len(sheet.rows), len(out.rejects[number]))
    out.columns = {column: values.join(kinds) for column, kinds in types.items()}
    for number, row, column, kind, value in cells:
        out.rows[number][row][column] = values.stored(kind, value, out.columns[column])
    for number, rows in out.rows.items():
        out.rows[number] = [tuple(row.get(column) for column in sorted(out.columns)) for _, row in sorted(rows.items())]
    return out


class Sheet:
    """A file as a person sees it: header texts, and the rows that are not blank as (number, what each cell comes to)."""

    def __init__(self, file):
        written = {"xlsxwriter": "{:.16G}", "openpyxl": "{:.16g}"}[file["writer"]].format

        def seen(row):
            return [values.look(cell, written, file["date1904"]) for cell in row]

        rows = [(number, seen(row)) for number, row in enumerate(file["rows"], start=2)]
        self.rows = [(number, row) for number, row in rows if any(kind != NOTHING for kind, _ in row)]
        self.width = max(len(row) for row in [file["header"], *file["rows"]])
        self.headers = [shown(*found) for found in seen(file["header"])]
        self.headers += [""] * (self.width - len(self.headers))
        self.formulas = {(n, i) for n, row in enumerate(file["rows"], start=2) for i, cell in enumerate(row) if cell and cell[0] == "f"}

    def cells(self, index):
        return [(number, *row[index]) for number, row in self.rows if index < len(row)]

    def values(self, index):
        return [cell for cell in self.cells(index) if cell[1] not in (NOTHING, REJECTED, UNCOMPUTED)]

    def is_never_computed(self):
        """A column of formulas without a single cached value."""
        for index in range(self.width):
            cells = self.cells(index)
            computed = any(kind == NOTHING and (number, index) in self.formulas for number, kind, _ in cells)
            if any(kind == UNCOMPUTED for _, kind, _ in cells) and not computed:
                if all(kind in (NOTHING, UNCOMPUTED) for _, kind, _ in cells):
                    return True
        return False

    def header_is_certain(self, memory):
        own = [header for header in self.headers if header]
        early = [[text for found in row if (text := shown(*found))] for number, row in self.rows if number <= 50]
        if not memory.origins:
            return bool(own) and all(len(own) * 2 >= len(row) for row in early)
        known = memory.known() | set(memory.origins)

        def matches(text):
            return text in known or ((text.isascii() or text in columns.FOREIGN) and columns.clean(text) in known)

        own_known = sum(map(matches, own))
        return own_known * 2 >= len(own) > 0 and not any(matches(text) for row in early for text in row)


def shown(kind, value):
    """A header cell's text, as the sheet shows it; empty for a blank one."""
    if kind in (NOTHING, UNCOMPUTED):
        return ""
    return value if kind == REJECTED else values.text_form(kind, value)
