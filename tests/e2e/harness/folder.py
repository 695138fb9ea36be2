"""Folders of workbooks that the server may read."""

import shutil
from pathlib import Path

import xlsxwriter

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


class Folder:
    """A directory outside the checkout, readable by everybody; paths given to it are relative."""

    def __init__(self, path: Path):
        self.path = path
        path.mkdir(mode=0o755, parents=True)

    def __str__(self):
        return str(self.path)

    def __truediv__(self, name):
        return self.path / name

    def _place(self, name):
        target = self.path / name
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        return target

    def fixture(self, name, to=None):
        """Copies tests/fixtures/<name> here and returns its path."""
        target = self._place(to or Path(name).name)
        shutil.copyfile(FIXTURES / name, target)
        target.chmod(0o644)
        return target

    def write(self, name, data):
        target = self._place(name)
        target.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
        target.chmod(0o644)
        return target

    def workbook(self, name, rows, sheet="Sheet1", **options):
        """Writes an .xlsx of one sheet."""
        return self.workbook_of_sheets(name, {sheet: rows}, **options)

    def workbook_of_sheets(self, name, sheets, **options):
        """Writes an .xlsx; `sheets` is {name: rows}, dates come as datetime objects, strings stay strings."""
        target = self._place(name)
        defaults = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        formats = {"default_date_format": "yyyy-mm-dd hh:mm:ss.000"}
        with xlsxwriter.Workbook(target, {**defaults, **formats, **options}) as book:
            for title, rows in sheets.items():
                page = book.add_worksheet(title)
                for number, row in enumerate(rows):
                    page.write_row(number, 0, row)
        target.chmod(0o644)
        return target

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
