"""Writes the workbooks, with two writers that have nothing in common."""

from datetime import datetime

import openpyxl
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from .values import serial


def write(file, path, title):
    """The title makes the bytes unlike any other file's: equal ones would be skipped."""
    {"xlsxwriter": with_xlsxwriter, "openpyxl": with_openpyxl}[file["writer"]](file, path, title)
    path.chmod(0o644)


def with_xlsxwriter(file, path, title):
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "date_1904": file["date1904"]}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"title": title, "created": datetime(2024, 1, 1)})
        page, formats = book.add_worksheet(), {}

        def style(code):
            if code not in formats:
                formats[code] = book.add_format({"num_format": code})
            return formats[code]

        for r, row in enumerate([file["header"], *file["rows"]]):
            for c, cell in enumerate(row):
                match cell or ("none",):
                    case ("blank",):
                        page.write_blank(r, c, None, style("0"))
                    case ("s", text):
                        page.write_string(r, c, text)
                    case ("n", number, code):
                        page.write_number(r, c, number, style(code))
                    case ("m", millis, code):
                        page.write_number(r, c, serial(millis), style(code))
                    case ("b", boolean):
                        page.write_boolean(r, c, boolean)
                    case ("e", literal):
                        page.write_formula(r, c, "=Z99", None, literal)
                    case ("u",):
                        page.write_formula(r, c, "=Z99", None, "")
                    case ("f", ("m", millis, code)):
                        page.write_formula(r, c, "=Z99", style(code), serial(millis))
                    case ("f", (_, value, *code)):
                        page.write_formula(r, c, "=Z99", style(*code) if code else None, value)
                    case ("none",):
                        pass
                    case _:
                        raise AssertionError(cell)


def with_openpyxl(file, path, title):
    book = openpyxl.Workbook(iso_dates=True)
    book.properties.title = title
    if file["date1904"]:
        book.epoch = CALENDAR_MAC_1904
    page = book.active
    for r, row in enumerate([file["header"], *file["rows"]], start=1):
        for c, cell in enumerate(row, start=1):
            if cell is None:
                continue
            target = page.cell(r, c)
            match cell:
                case ("blank",):
                    target.number_format = "0"
                case ("s", text):
                    target.value = text
                    target.data_type = "s"
                case ("n", number, code):
                    target.value = number
                    target.number_format = code
                case ("m", millis, code):
                    target.value = serial(millis)
                    target.number_format = code
                case ("i", text):
                    target.value = datetime.fromisoformat(text)
                case ("b", boolean):
                    target.value = boolean
                case ("e", literal):
                    target.value = literal
                    target.data_type = "e"
                case ("u",):
                    target.value = "=Z99"
                case _:
                    raise AssertionError(cell)
    book.save(path)
