"""Makes a failing case small: takes away what the failure does not need."""

import copy
import time

from . import draw

AT_MOST_SECONDS = 90


def shrink(case, fails):
    end = time.monotonic() + AT_MOST_SECONDS
    smaller = True
    while smaller:
        smaller = False
        for candidate in _candidates(case):
            if time.monotonic() > end:
                return case
            if _size(candidate) < _size(case) and draw.comparable(candidate) and fails(candidate):
                case, smaller = candidate, True
                break
    return case


def _candidates(case):
    """Each way to make the case smaller, the largest steps first."""
    for number in range(len(case["files"])):
        if len(case["files"]) > 1:
            yield _without_file(case, number)
    if case["runs"][0] != case["runs"][1]:
        for run in case["runs"]:
            yield {**case, "runs": [run, run]}
    for number, file in enumerate(case["files"]):
        half = len(file["rows"]) // 2
        yield _with(case, number, rows=file["rows"][:half])
        yield _with(case, number, rows=file["rows"][half:])
        for at in range(len(file["rows"])):
            yield _with(case, number, rows=file["rows"][:at] + file["rows"][at + 1 :])
        for column in range(max(len(row) for row in [file["header"], *file["rows"]])):
            header, *rows = [row[:column] + row[column + 1 :] for row in [file["header"], *file["rows"]]]
            yield _with(case, number, header=header, rows=rows)
        yield _with(case, number, date1904=False)
        for at, row in enumerate(file["rows"]):
            for column in range(len(row)):
                for plain in (None, ("n", 1, "General")):
                    cells = row[:column] + [plain] + row[column + 1 :]
                    yield _with(case, number, rows=file["rows"][:at] + [cells] + file["rows"][at + 1 :])
    for r, run in enumerate(case["runs"]):
        for c, call in enumerate(run):
            for change in ({"chunk": 1000}, {"lane": "copy"}, {"how": "import_folder"}):
                changed = copy.deepcopy(case)
                changed["runs"][r][c] = {**call, **change}
                yield changed


def _with(case, number, **changes):
    files = list(case["files"])
    files[number] = {**files[number], **changes}
    return {**case, "files": files}


def _without_file(case, number):
    def renumbered(call):
        return {**call, "files": [file - (file > number) for file in call["files"] if file != number]}

    runs = [[call for call in map(renumbered, run) if call["files"]] for run in case["runs"]]
    return {"files": case["files"][:number] + case["files"][number + 1 :], "runs": runs}


def _size(case):
    def cell(cell):
        return 1 if cell is None else 2 if cell == ("n", 1, "General") else 3

    size = 1000 * len(case["files"]) + (case["runs"][0] != case["runs"][1])
    for file in case["files"]:
        size += sum(2 + sum(map(cell, row)) for row in [file["header"], *file["rows"]]) + file["date1904"]
    for call in case["runs"][0] + case["runs"][1]:
        size += (call["chunk"] != 1000) + (call["lane"] != "copy") + (call["how"] != "import_folder")
    return size
