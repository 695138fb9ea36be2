"""Which column a header goes to: the only rule that looks at earlier files."""

import hashlib
import re

# Headers outside ASCII, and the names they must have.
FOREIGN = {
    "Prénom": "prenom",
    "Straße": "strasse",
    "日期": "日期",
    "партнер": "партнер",
    "Menge\u00a0(m²)": "menge_m2",
    "€": "",
    "Łódź": "lodz",
}
SYSTEM = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}
RESERVED = {"source_file", "load_timestamp"}
NAME, LETTER, SUFFIX = "name", "letter", "suffix"


def clean(header):
    """A header's name at its full length; empty if it has none."""
    if header in FOREIGN:
        return FOREIGN[header]
    assert header.isascii(), header
    name = re.sub("[^a-z0-9]+", "_", header.lower()).strip("_")
    if name[:1].isdigit():
        name = "_" + name
    return name + "_" if name in SYSTEM else name


def fit(name, header, most=63):
    if len(name.encode()) <= most:
        return name
    while len(name.encode()) > most - 7:
        name = name[:-1]
    return f"{name.rstrip('_')}_{hashlib.sha256(header.encode()).hexdigest()[:6]}"


def letters(index):
    assert index < 26
    return chr(ord("A") + index)


class Memory:
    """What is known after some files: (header, occurrence) → column, and how each column came by its name."""

    def __init__(self):
        self.headers = {}
        self.origins = {}

    def known(self):
        return {clean(header) or header for header, _ in self.headers if header}

    def assign(self, headers, with_data):
        """{index: column} of a sheet; None where two headers are remembered for one column."""
        columns, fresh, taken = {}, [], set(RESERVED)
        keys = {}
        for index, header in enumerate(headers):
            before = headers[:index].count(header)
            keys[index] = (header, before if header else index)
        for index, key in keys.items():
            column = self.headers.get(key)
            if column is None or not (key[0] or index in with_data):
                continue
            if column in taken:
                return None, None
            taken.add(column)
            columns[index] = column
        left = [index for index in keys if index not in columns]
        named = [index for index in left if clean(headers[index])]
        # A blank header or one of signs alone is a column only with data, and stays out of the others' way.
        nameless = [index for index in left if not clean(headers[index]) and index in with_data]
        for group, origin in ((named, NAME), (nameless, LETTER)):
            seconds = []
            for index in group:
                header, before = keys[index]
                base = clean(header) if origin == NAME else f"column_{letters(index).lower()}"
                plain = fit(base, header)
                may = origin == LETTER or before == 0
                if may and plain not in taken and self.origins.get(plain, origin) == origin:
                    taken.add(plain)
                    columns[index] = plain
                    fresh.append((keys[index], plain, origin))
                else:
                    seconds.append((index, base))
            for index, base in seconds:
                number = 2
                while True:
                    column = fit(base, headers[index], 63 - len(f"_{number}")) + f"_{number}"
                    if column not in taken and column not in self.origins:
                        break
                    number += 1
                taken.add(column)
                columns[index] = column
                fresh.append((keys[index], column, SUFFIX))
        return columns, fresh

    def remember(self, fresh):
        for key, column, origin in fresh:
            self.headers[key] = column
            self.origins.setdefault(column, origin)


def undisputed(sheets):
    """Whether no two headers of a file want one name, and each has one: then the order of files does not matter."""
    for sheet in sheets:
        headers = [header for index, header in enumerate(sheet.headers) if header or sheet.values(index)]
        names = [fit(clean(header), header) for header in headers]
        if len(set(names)) < len(names) or set(names) & (RESERVED | {""}):
            return False
    return True
