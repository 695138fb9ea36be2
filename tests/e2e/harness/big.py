"""Large workbooks, written as Excel writes them (ECMA-376 part 1, §18.3.1): shared strings, one row element per line of
data. A hand-written writer because the tests want 300,000 rows in seconds and in constant memory."""

import os
import zipfile
from pathlib import Path

HEADERS = ["id", "customer", "amount", "booked", "city", "quantity", "changed", "code", "ratio", "open"]
CITIES = ["Lyon", "Prénom-sur-Mer", "東京", "Köln", "Oslo", "São Paulo", "Reykjavík"]
CUSTOMERS = 5_000

CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>"""
ROOT_RELS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"""
BOOK = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>"""
BOOK_RELS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"""
# Cell formats: 0 General, 1 a date (14), 2 a date with time (22), 3 two decimals (2); §18.8.30.
STYLES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="2" applyNumberFormat="1"/></cellXfs></styleSheet>"""
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write_xlsx(path, lines, strings):
    """Writes an .xlsx whose sheet's row elements are `lines` and whose shared strings are the iterable `strings`."""
    temporary = Path(f"{path}.{os.getpid()}")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as book:
        parts = {"[Content_Types].xml": CONTENT_TYPES, "_rels/.rels": ROOT_RELS, "xl/workbook.xml": BOOK}
        parts |= {"xl/_rels/workbook.xml.rels": BOOK_RELS, "xl/styles.xml": STYLES}
        for name, text in parts.items():
            book.writestr(name, text)
        with book.open("xl/worksheets/sheet1.xml", "w") as part:
            part.write(f"{XML}<worksheet {MAIN}><sheetData>".encode())
            for line in lines:
                part.write(line.encode())
            part.write(b"</sheetData></worksheet>")
        with book.open("xl/sharedStrings.xml", "w") as part:
            part.write(f"{XML}<sst {MAIN}>".encode())
            for text in strings:
                part.write(f"<si><t>{text}</t></si>".encode())
            part.write(b"</sst>")
    temporary.chmod(0o644)
    temporary.rename(path)


def mixed(path, rows, unique=True):
    """`rows` rows of ten mixed columns; with `unique`, one of them is a different string in every row."""
    base = len(HEADERS) + len(CITIES) + CUSTOMERS

    def strings():
        yield from HEADERS
        yield from CITIES
        yield from (f"Customer {n}" for n in range(CUSTOMERS))
        yield from (f"C-{n:07d}" for n in range(rows if unique else 1))

    def lines():
        yield f'<row r="1">{"".join(f"<c r={chr(34)}{chr(65 + n)}1{chr(34)} t={chr(34)}s{chr(34)}><v>{n}</v></c>" for n in range(10))}</row>'
        for n in range(rows):
            r = n + 2
            yield (
                f'<row r="{r}"><c r="A{r}"><v>{n}</v></c>'
                f'<c r="B{r}" t="s"><v>{len(HEADERS) + len(CITIES) + n * 7919 % CUSTOMERS}</v></c>'
                f'<c r="C{r}" s="3"><v>{n % 100_000}.{n % 99 + 1:02d}</v></c>'
                f'<c r="D{r}" s="1"><v>{40_000 + n % 5_000}</v></c>'
                f'<c r="E{r}" t="s"><v>{len(HEADERS) + n % len(CITIES)}</v></c>'
                f'<c r="F{r}"><v>{n % 500}</v></c>'
                f'<c r="G{r}" s="2"><v>{44_000 + n % 1_000}.5</v></c>'
                f'<c r="H{r}" t="s"><v>{base + (n if unique else 0)}</v></c>'
                f'<c r="I{r}"><v>{n / 7!r}</v></c>'
                f'<c r="J{r}" t="b"><v>{n % 2}</v></c></row>'
            )

    write_xlsx(path, lines(), strings())


def fat(path, rows, kilobytes):
    """One column of texts of `kilobytes` each, every one different, at most 32,767 characters (Excel's limit)."""
    filler = "x" * (kilobytes * 1_000 - 10)

    def lines():
        yield '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
        yield from (f'<row r="{n + 2}"><c r="A{n + 2}" t="s"><v>{n + 1}</v></c></row>' for n in range(rows))

    write_xlsx(path, lines(), ["text", *(f"{n:010d}{filler}" for n in range(rows))])


def monotonous(path, rows, columns):
    """The same numbers in every cell, without references (§18.3.1.4: `r` is optional) and in single quotes, as no common writer
    does: fast to write, work to read."""
    header = "".join(f'<c t="s"><v>{n}</v></c>' for n in range(columns))
    block = "<row>" + "<c t='n'><v>1.5</v></c>" * columns + "</row>"
    write_xlsx(path, [f"<row>{header}</row>", *[block * 1_000] * (rows // 1_000)], [f"n{n}" for n in range(columns)])


LONG_ROWS = 1_000_000


def long(scratch):
    """A workbook whose reading takes long enough to be disturbed, and its rows: LONG_ROWS of `mixed`."""
    return cached(scratch, "looking-1000000.xlsx", lambda path: mixed(path, LONG_ROWS, unique=False))


def cached(scratch, name, write):
    """The file `name` in the cache of this checkout, written by `write(path)` where it is missing."""
    home = scratch / "cache"
    home.mkdir(mode=0o755, exist_ok=True)
    path = home / name
    if not path.exists():
        write(path)
    return path
