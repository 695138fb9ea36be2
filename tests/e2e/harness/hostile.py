"""Workbooks made to harm, one of each kind. The whole corpus goes through the reader's own tests (tests/reader/corpus)."""

import io
import struct
import zipfile

from .folder import FIXTURES

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ROWS = '<row r="1"><c r="A1" t="inlineStr"><is><t>n</t></is></c></row><row r="2"><c r="A2"><v>1</v></c></row>'


def parts(rows=ROWS, **changed):
    """The parts of a small .xlsx; `changed` replaces those whose file name (without ending) it bears."""
    found = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships><Relationship Id="r1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="r1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>a</t></si></sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    for name, content in changed.items():
        (path,) = [path for path in found if path.endswith(f"/{name}.xml")]
        found[path] = content
    return found


def zipped(contents):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in contents.items():
            book.writestr(name, content)
    return out.getvalue()


def workbook(rows=ROWS, **changed):
    return zipped(parts(rows, **changed))


def claims_to_unpack_to(data, size):
    """The central directory says of every entry that it holds `size` bytes."""
    data, at = bytearray(data), 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        struct.pack_into("<I", data, at + 24, size)
        at += 4
    return bytes(data)


def ods(rows):
    content = (
        '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet>'
        f'<table:table table:name="One">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    return zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


def ods_bomb():
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/>'
    head = '<table:table-row><table:table-cell office:value-type="string"><text:p>n</text:p></table:table-cell></table:table-row>'
    return ods(f'{head}<table:table-row table:number-rows-repeated="1048575">{cell}</table:table-row>')


def looping_compound_file():
    """Every sector of the .xls is its own successor."""
    data = bytearray((FIXTURES / "cells/xlwt.xls").read_bytes())
    fat = (struct.unpack_from("<I", data, 76)[0] + 1) * 512
    for sector in range(128):
        if struct.unpack_from("<I", data, fat + sector * 4)[0] < 0xFFFFFFF0:
            struct.pack_into("<I", data, fat + sector * 4, sector)
    return bytes(data)


def far_away_xls():
    """Each number of the .xls in row and column 65,535: as a grid 100 GB."""
    data, at = bytearray((FIXTURES / "cells/xlwt.xls").read_bytes()), 0
    while (at := data.find(b"\x03\x02\x0e\x00", at)) >= 0:
        data[at + 4 : at + 8] = b"\xff" * 4
        at += 4
    return bytes(data)


def xlsb_with_a_long_record():
    out = io.BytesIO()
    with zipfile.ZipFile(FIXTURES / "cells/biff12.xlsb") as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.bin"):
                content = b"\x07\xff\xff\xff\x7f" + content
            new.writestr(name, content)
    return out.getvalue()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

# name: (content, SQLSTATEs it may fail with; none: it is imported)
CORPUS = {
    "bomb.xlsx": (claims_to_unpack_to(workbook(), 0xF0000000), ["54000"]),
    "lying_size.xlsx": (claims_to_unpack_to(workbook(), 10), ["22000"]),
    "laughs.xlsx": (
        workbook(sheet1=f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><worksheet><sheetData><row><c t="str"><v>&l9;</v></c></row></sheetData></worksheet>'),
        ["22000"],
    ),
    "external_entity.xlsx": (
        workbook(sheet1='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet><sheetData><row><c t="str"><v>&e;</v></c></row></sheetData></worksheet>'),
        ["22000"],
    ),
    "utf16.xlsx": (workbook(sheet1=f'\ufeff<worksheet xmlns="{MAIN}"><sheetData/></worksheet>'.encode("utf-16-le")), ["22000"]),
    "deep.xlsx": (workbook(sheet1="<worksheet>" + "<a>" * 500_000), ["22000"]),
    "cell_of_32_mb.xlsx": (workbook(f'<row><c t="inlineStr"><is><t>{"x" * (32 << 20)}</t></is></c></row>'), ["22000"]),
    "unique_count.xlsx": (workbook('<row><c t="s"><v>0</v></c></row>', sharedStrings='<sst uniqueCount="9223372036854775807"/>'), ["22000"]),
    "wrapped.xlsx": (workbook('<row><c r="ZZZZZZZZZZ99999999999"><v>1</v></c></row>'), ["22000"]),
    "own_workbook.xlsx": (
        zipped({**parts(), "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="r1" Type="{REL}/worksheet" Target="workbook.xml"/></Relationships>'}),
        ["22000"],
    ),
    "nul_in_name.xlsx": (
        zipped({**parts(), "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="r1" Type="{REL}/worksheet" Target="a\0b.xml"/></Relationships>'}),
        ["22000"],
    ),
    "path_upwards.xlsx": (zipped({**parts(), "../../../../etc/passwd": "root::0:0"}), []),
    "merged.xlsx": (
        workbook(sheet1=f'<worksheet xmlns="{MAIN}"><sheetData>{ROWS}</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'),
        [],
    ),
    "repeats.ods": (ods_bomb(), ["54000"]),
    "sectors.xls": (looping_compound_file(), ["22000", "0A000", "58000"]),
    "far_away.xls": (far_away_xls(), ["22000", "58000"]),
    "record.xlsb": (xlsb_with_a_long_record(), ["22000", "54000"]),
}
