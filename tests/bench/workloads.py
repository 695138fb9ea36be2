"""The workbooks that the benchmark reads, written once into the scratch directory's cache."""

import shutil
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import big  # noqa: E402

FILES = 1_000


def letters(column):
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def wide(path, rows=50_000, columns=100):
    """Numbers, integers beside decimals."""
    names = [letters(n) for n in range(columns)]

    def lines():
        yield f'<row r="1">{"".join(f"""<c r="{name}1" t="s"><v>{n}</v></c>""" for n, name in enumerate(names))}</row>'
        for r in range(2, rows + 2):
            cells = (f'<c r="{name}{r}"><v>{r * 31 + n}{".25" if n % 2 else ""}</v></c>' for n, name in enumerate(names))
            yield f'<row r="{r}">{"".join(cells)}</row>'

    big.write_xlsx(path, lines(), [f"n{n}" for n in range(columns)])


def texts(path, rows=20_000, columns=40):
    """Mostly text: shared strings of 20 to 40 characters, a third of them unique."""
    names = [letters(n) for n in range(columns)]
    common = 20_000

    def lines():
        yield f'<row r="1">{"".join(f"""<c r="{name}1" t="s"><v>{n}</v></c>""" for n, name in enumerate(names))}</row>'
        unique = columns + common
        for r in range(2, rows + 2):
            cells = []
            for n, name in enumerate(names):
                if n % 10 == 0:
                    cells.append(f'<c r="{name}{r}"><v>{r + n}</v></c>')
                elif n % 3 == 0:
                    cells.append(f'<c r="{name}{r}" t="s"><v>{unique}</v></c>')
                    unique += 1
                else:
                    cells.append(f'<c r="{name}{r}" t="s"><v>{columns + (r * 7919 + n * 31) % common}</v></c>')
            yield f'<row r="{r}">{"".join(cells)}</row>'

    def strings():
        yield from (f"t{n}" for n in range(columns))
        yield from (f"a common remark, number {n}" for n in range(common))
        yield from (f"said once, in row and column {n}" for n in range(rows * columns // 3 + columns))

    big.write_xlsx(path, lines(), strings())


def inline(path, rows=300_000):
    """The mixed workload's shape with inline strings, as streaming writers emit it."""

    def lines():
        header = "".join(f'<c r="{letters(n)}1" t="inlineStr"><is><t>{name}</t></is></c>' for n, name in enumerate(big.HEADERS))
        yield f'<row r="1">{header}</row>'
        for n in range(rows):
            r = n + 2
            text = lambda column, value, r=r: f'<c r="{column}{r}" t="inlineStr"><is><t>{value}</t></is></c>'  # noqa: E731
            yield (
                f'<row r="{r}"><c r="A{r}"><v>{n}</v></c>{text("B", f"Customer {n * 7919 % big.CUSTOMERS}")}'
                f'<c r="C{r}" s="3"><v>{n % 100_000}.{n % 99 + 1:02d}</v></c><c r="D{r}" s="1"><v>{40_000 + n % 5_000}</v></c>'
                f'{text("E", big.CITIES[n % len(big.CITIES)])}<c r="F{r}"><v>{n % 500}</v></c>'
                f'<c r="G{r}" s="2"><v>{44_000 + n % 1_000}.5</v></c>{text("H", f"C-{n:07d}")}'
                f'<c r="I{r}"><v>{n / 7!r}</v></c><c r="J{r}" t="b"><v>{n % 2}</v></c></row>'
            )

    big.write_xlsx(path, lines(), [])


def unusual(path, rows=100_000):
    """Prefixed names, single quotes, white space between the tags: nothing that a template recognises."""
    big.mixed(path, rows)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    name = "xl/worksheets/sheet1.xml"
    sheet = parts[name].replace(b"</", b"</x:").replace(b'"', b"'")
    for tag in (b"worksheet", b"sheetData", b"row", b"c ", b"v"):
        sheet = sheet.replace(b"<" + tag, b"<x:" + tag)
    parts[name] = sheet.replace(b"xmlns=", b"xmlns:x=").replace(b"<x:c", b"\n <x:c")
    write(path, parts)


def small(path, rows=60_000):
    """The mixed workload for the slowest way, whose openpyxl wants every fill of the styles filled in."""
    big.mixed(path, rows)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(b"<fill/>", b"<fill><patternFill/></fill>")
    write(path, parts)


def write(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    path.chmod(0o644)


def many(folder):
    """A thousand workbooks of a thousand rows each, no two alike."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o755)
    first = folder / "0000.xlsx"
    big.mixed(first, 1_000)
    with zipfile.ZipFile(first) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    name = "xl/worksheets/sheet1.xml"
    sheet = parts[name]
    for n in range(FILES):
        parts[name] = sheet.replace(b"<v>40123</v>", b"<v>%d</v>" % (20_000 + n))
        write(folder / f"{n:04d}.xlsx", parts)


def halves(many, folder):
    """The workbooks of `many`, half of them in each of two folders."""
    for number, path in enumerate(sorted(many.iterdir())):
        half = folder / f"half_{number % 2}"
        half.mkdir(mode=0o755, parents=True, exist_ok=True)
        (half / path.name).hardlink_to(path)
    folder.chmod(0o755)


def binary(path, rows=300_000):
    """The mixed rows as .xlsb."""
    from pyxlsbwriter import XlsbWriter

    def lines():
        yield big.HEADERS
        for n in range(rows):
            yield [
                n, f"Customer {n * 7919 % big.CUSTOMERS}", n % 100_000 + (n % 99 + 1) / 100, 40_000 + n % 5_000, big.CITIES[n % 7],
                n % 500, 44_000.5 + n % 1_000, f"C-{n:07d}", n / 7, bool(n % 2),
            ]

    with XlsbWriter(str(path)) as book:
        book.add_sheet("Sheet1")
        book.write_sheet(lines())
    path.chmod(0o644)


def old(path, rows=65_535):
    """As many of the mixed rows as an .xls holds."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for column, name in enumerate(big.HEADERS):
        sheet.write(0, column, name)
    for n in range(rows):
        values = [n, f"Customer {n * 7919 % big.CUSTOMERS}", n % 1000 + 0.25, 40_000 + n % 5_000, "Lyon", n % 500, n + 0.5, f"C-{n:07d}", n / 7, bool(n % 2)]
        for column, value in enumerate(values):
            sheet.write(n + 1, column, value)
    book.save(str(path))
    path.chmod(0o644)
