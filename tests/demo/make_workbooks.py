#!/usr/bin/env python3
"""Writes the demo's workbooks; the results are committed. Needs XlsxWriter and msoffcrypto-tool (tests/fixtures/requirements.txt).

The company, its branches, policies and amounts are made up; a fixed seed makes every run write the same rows.
"""

import random
import shutil
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "january", HERE / "later"
BRANCHES = ["Hamburg", "Lyon", "Kraków", "Porto"]
CAUSES = ["water pipe", "storm", "theft", "fire", "hail"]


def write(path, sheet, rows, widths):
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": datetime(2024, 1, 1)})
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        page = book.add_worksheet(sheet)
        page.write_row(0, 0, rows[0], bold)
        for number, row in enumerate(rows[1:], start=1):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    page.write_datetime(number, column, value, day)
                elif value is not None:
                    page.write(number, column, value)
        for column, width in enumerate(widths):
            page.set_column(column, column, width)
        page.freeze_panes(1, 0)


def claims(month, count, seed, first=1):
    """Claim, Policy, Branch, Reported, Cause, Paid: whole euros, as January's template had it."""
    draw = random.Random(seed)
    rows = [["Claim", "Policy", "Branch", "Reported", "Cause", "Paid"]]
    for number in range(first, first + count):
        reported = date(2024, month, 1) + timedelta(days=draw.randrange(28))
        paid = draw.randrange(2, 90) * 100
        rows.append([f"C-24{month:02d}-{number:03d}", f"P-{draw.randrange(1000, 1080)}", draw.choice(BRANCHES), reported])
        rows[-1] += [draw.choice(CAUSES), paid]
    return rows


def february():
    """The template gains a column, and amounts have cents from now on."""
    draw = random.Random(22)
    rows = claims(2, 140, 2)
    rows[0].append("Adjuster fee")
    for row in rows[1:]:
        row[5] = row[5] + draw.randrange(100) / 100
        row.append(draw.randrange(50, 400) if draw.random() < 0.4 else None)
    return rows


def march():
    """Somebody types words into the fee's column."""
    draw = random.Random(33)
    rows = claims(3, 90, 3)
    rows[0].append("Adjuster fee")
    for number, row in enumerate(rows[1:], start=1):
        row[5] = row[5] + draw.randrange(100) / 100
        row.append("waived" if number in (70, 81) else draw.randrange(50, 400))
    return rows


def policies():
    draw = random.Random(5)
    rows = [["Policy", "Holder since", "Product", "Sum insured", "Paper mail"]]
    for number in range(1000, 1080):
        since = date(2009, 1, 1) + timedelta(days=draw.randrange(5400))
        rows.append([f"P-{number}", since, draw.choice(["household", "building", "travel"]), draw.randrange(10, 90) * 5000])
        rows[-1].append(draw.random() < 0.3)
    return rows


def report(path):
    """What people send around: a title, headers in two rows, a total below, and notes on a sheet of their own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = random.Random(7)
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": datetime(2024, 1, 1)})
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        page = book.add_worksheet("Report")
        page.write(0, 0, "Large claims, first quarter of 2024", bold)
        page.merge_range("A3:B3", "Policy", bold)
        page.merge_range("C3:D3", "Claim", bold)
        page.write_row("A4", ["No", "Branch", "Reported", "Paid"], bold)
        total = 0
        for row in range(4, 28):
            paid = draw.randrange(200, 900) * 100 + 0.5
            total += paid
            page.write_row(row, 0, [f"P-{draw.randrange(1000, 1080)}", draw.choice(BRANCHES)])
            page.write_datetime(row, 2, date(2024, 1, 1) + timedelta(days=draw.randrange(90)), day)
            page.write(row, 3, paid)
        page.write_row(28, 0, ["Total", None, None, total], bold)
        page.set_column(0, 3, 12)
        book.add_worksheet("Notes").write(0, 0, "Figures are preliminary.")


def encrypt(source, target):
    with source.open("rb") as plain, target.open("wb") as sealed:
        OOXMLFile(plain).encrypt("not told", sealed)


def main():
    first, later = FOLDER
    for folder in FOLDER:
        shutil.rmtree(folder, ignore_errors=True)
    widths = [12, 10, 10, 12, 12, 10, 12]
    write(first / "claims" / "2024-01.xlsx", "Claims", claims(1, 120, 1), widths)
    write(first / "policies" / "register.xlsx", "Policies", policies(), [10, 12, 12, 12, 10])
    write(later / "claims" / "2024-02.xlsx", "Claims", february(), widths)
    write(later / "claims" / "2024-03.xlsx", "Claims", march(), widths)
    shutil.copyfile(first / "claims" / "2024-01.xlsx", later / "claims" / "2024-01 copy for audit.xlsx")
    broken = later / "claims" / "2024-04.xlsx"
    write(broken, "Claims", claims(4, 60, 4), widths)
    broken.write_bytes(broken.read_bytes()[:4000])
    with tempfile.TemporaryDirectory() as work:
        plain = Path(work, "plain.xlsx")
        write(plain, "Policies", policies()[:10], [10])
        (later / "policies").mkdir()
        encrypt(plain, later / "policies" / "board only.xlsx")
    # The branch in Lyon corrects January: two claims fewer, one amount mended.
    corrected = claims(1, 120, 1)
    del corrected[57:59]
    corrected[10][5] = 4711
    report(HERE / "report" / "2024-q1.xlsx")
    write(HERE / "corrected" / "claims" / "2024-01.xlsx", "Claims", corrected, widths)


if __name__ == "__main__":
    main()
