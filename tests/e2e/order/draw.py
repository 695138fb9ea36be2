"""Draws cases: months of one template, each with its own slips, and two ways of importing them."""

import random

from . import model
from .columns import FOREIGN
from .values import DATE, ELAPSED, FORMATS, NUMBER, TIME

# Headers that want each other's names stand in one line.
FAMILIES = [
    ["Policy No", "Policy No.", "policy_no", "POLICY  NO", " Policy-No "],
    ["Amount", "amount", "AMOUNT.", "Amount 2", "amount_2"],
    ["ctid", "ctid_", "CTID"],
    ["Source File", "source_file", "Load Timestamp"],
    ["Column A", "column b", "Column C"],
    ["***", "--"],
    ["2019", "2020", "_2019"],
    ["Premium (EUR)", "premium eur"],
    ["Date", "Start", "Note", "Sum %", "order", "user"],
    ["The Total Sum Insured Of All Policies In Force At The End Of The Period, In EUR"],
    list(FOREIGN),
]
TEXTS = ["plain", "00123", "1e5", "50%", "NA", "TRUE", "2024-01-01", "12:30", "-", " padded ", "\u00a0nbsp\u00a0", "two\nlines", "tab\tinside"]
TEXTS += ["\u200b\ufeffzero width\u200d", "back\\slash", "\\N", "\\.", "quote\"'", "snake_x_case", "é日😀", "e\u0301", "שלום", '{"a": 1}']
# openpyxl refuses control characters and does not escape what looks like an escape.
ODD_TEXTS = ["nul\0inside", "_x0041_", "a\rb", "\vvertical\f", "\x01\x1f", "#N/A"]
BLANK_TEXTS = [" ", "\u00a0", "\u200b\u2060", "\t\n"]
NUMBERS = [0, 1, -1, 42, 0.1, 0.30000000000000004, 12.5, -12.75, 66.66666666666667, 2.0**53, 2.0**53 + 2, -(2.0**53), 1e15, 1e20, 1e21]
NUMBERS += [-1.5e21, 1.797693134862315e308, 0.000001, 0.0000012345, 1e-7, -1.25e-10, 123456789012345.6, 999999999999999.9, 100000000000000.5]
ERRORS = ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#NUM!"]
ISO = ["2024-02-29", "2024-03-31 12:30:05.678", "1999-12-31 00:00:00", "9999-12-31 23:59:59"]
EDGES = [0, 1, 2, 59, 60, 61, -1, 2_957_003, 2_957_004, 2_958_465, 2_958_466]
TOPICS = ["nothing", "integer", "integer", "number", "date", "date", "timestamp", "time", "elapsed", "boolean", "text", "anything"]


def case(seed):
    """A case whose header rows can only be the first rows, whatever the order."""
    rng = random.Random(seed)
    while True:
        template = [(rng.randrange(len(FAMILIES)), rng.choice(TOPICS)) for _ in range(rng.randint(2, 5))]
        headers = [header(rng, family) for family, _ in template]
        count = rng.choice([1, 2, 2, 3, 3, 4])
        files = [month(rng, template, headers) for _ in range(count)]
        drawn = {"files": files, "runs": [calls(rng, count), calls(rng, count)]}
        if comparable(drawn):
            return drawn


def comparable(drawn):
    """Whether no row but the first can be taken for a header, and all fits within A to Z."""
    narrow = all(len(row) <= 26 for file in drawn["files"] for row in [file["header"], *file["rows"]])
    return narrow and all(model.outcome(drawn["files"], order(run)).header_is_certain for run in drawn["runs"])


def order(run):
    return [number for call in run for number in call["files"]]


def calls(rng, count):
    """Every file once, in some order, over some calls."""
    left = rng.sample(range(count), count)
    made = []
    while left:
        take = rng.randint(1, len(left))
        how = rng.choice(["import_folder", "import_folder", "run_import", "import_file"])
        take = 1 if how == "import_file" else take
        setting = {"lane": rng.choice(["copy", "spi"]), "chunk": rng.choice([1, 1, 2, 3, 5, 10, 49, 50, 51, 1000])}
        made.append({"how": how, "files": left[:take], **setting})
        left = left[take:]
    return made


def header(rng, family):
    roll = rng.randrange(100)
    if roll < 4:
        return None
    if roll < 6:
        return ("s", rng.choice(BLANK_TEXTS))
    if roll < 7:
        return ("n", rng.choice([2019, 2020, 1.5]), "General")
    return ("s", rng.choice(FAMILIES[family]))


def month(rng, template, headers):
    """The template with headers renamed, dropped, added, repeated and moved."""
    columns = [[cell, family, topic] for cell, (family, topic) in zip(headers, template, strict=True)]
    for column in columns:
        if rng.random() < 0.2:
            column[0] = header(rng, column[1])
        if rng.random() < 0.15:
            column[2] = rng.choice(TOPICS)
    if rng.random() < 0.15:
        columns.pop(rng.randrange(len(columns)))
    if rng.random() < 0.2:
        family = rng.randrange(len(FAMILIES))
        columns.insert(rng.randint(0, len(columns)), [header(rng, family), family, rng.choice(TOPICS)])
    if rng.random() < 0.15:
        columns.insert(rng.randint(0, len(columns)), list(rng.choice(columns)))
    if rng.random() < 0.3:
        rng.shuffle(columns)
    writer = rng.choice(["xlsxwriter", "xlsxwriter", "openpyxl"])
    topics = [topic for _, _, topic in columns]
    rows = [row(rng, topics, writer, plain=True) for _ in range(rng.randint(20, 70) if rng.random() < 0.08 else 0)]
    rows += [row(rng, topics, writer, plain=False) for _ in range(rng.randint(0, 7))]
    cells = [cell for cell, _, _ in columns]
    return {"writer": writer, "date1904": rng.random() < 0.1, "header": cells, "rows": rows}


def row(rng, topics, writer, plain):
    match rng.randrange(400 if plain else 20):
        case 0:
            return []
        case 1:
            return [nothing(rng) for _ in topics]
    cells = [cell(rng, topic, writer, plain) for topic in topics]
    if not plain and rng.random() < 0.04:
        cells += [None] * rng.randrange(3) + [cell(rng, "anything", writer, plain)]
    return cells


def nothing(rng):
    return rng.choice([None, None, ("blank",), ("s", rng.choice(BLANK_TEXTS))])


def cell(rng, topic, writer, plain):
    if not plain:
        roll = rng.randrange(100)
        if roll < 6:
            return nothing(rng)
        if roll < 9:
            return ("e", rng.choice(ERRORS))
        if roll < 11:
            return ("u",)
        if roll < 18:
            return cell(rng, "anything", writer, plain=True)
    if topic == "anything":
        topic = rng.choice(TOPICS[:-1])
    if topic == "nothing":
        return nothing(rng)
    made = value(rng, topic, writer)
    # The writer escapes nothing in a formula's result, and takes an error's name for the error.
    if writer == "xlsxwriter" and made[1] not in ODD_TEXTS and rng.random() < 0.1:
        return ("f", made)
    return made


def value(rng, topic, writer):
    match topic:
        case "integer":
            return ("n", rng.randint(-1000, 1000), formats(rng, NUMBER))
        case "number":
            number = rng.choice(NUMBERS) if rng.random() < 0.7 else rng.randint(-999_999, 999_999) / 7
            # What a writer's 16 digits leave of it.
            return ("n", float(f"{number:.16g}"), formats(rng, NUMBER))
        case "date":
            return ("m", day(rng) * 86_400_000, formats(rng, DATE))
        case "timestamp" if writer == "openpyxl" and rng.random() < 0.3:
            return ("i", rng.choice(ISO))
        case "timestamp":
            return ("m", day(rng) * 86_400_000 + clock(rng), formats(rng, DATE))
        case "time":
            whole = day(rng) if rng.random() < 0.1 else 0
            return ("m", whole * 86_400_000 + clock(rng), formats(rng, TIME))
        case "elapsed":
            return ("m", rng.randint(0, 40) * 86_400_000 + clock(rng), formats(rng, ELAPSED))
        case "boolean":
            return ("b", rng.random() < 0.5)
        case "text":
            return ("s", rng.choice(TEXTS + ODD_TEXTS if writer == "xlsxwriter" else TEXTS))
    raise AssertionError(topic)


def formats(rng, shows):
    return rng.choice([code for code, classes in FORMATS.items() if classes[0] == shows])


def day(rng):
    return rng.choice(EDGES) if rng.random() < 0.1 else rng.randint(36_000, 46_000)


def clock(rng):
    return rng.choice([0, 1, 500, 43_200_000, 86_399_999, rng.randrange(86_400) * 1000, rng.randrange(86_400_000)])
