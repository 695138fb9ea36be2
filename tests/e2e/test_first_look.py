"""A workbook with a title block, two header rows and a footer: looked at, then imported as it was looked at."""

from datetime import date

import openpyxl
import psycopg
import pytest


@pytest.fixture
def report(folder):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Report"
    sheet["A1"], sheet["A2"] = "Quarterly claims", "as of 2024-03-31"
    sheet.append([])
    sheet.append(["Policy", None, "Claim", None])
    sheet.append(["No", "Holder", "Date", "Amount"])
    sheet.merge_cells("A4:B4")
    sheet.merge_cells("C4:D4")
    for number in (1, 2, 3):
        sheet.append([f"P-{number}", f"H {number}", date(2024, 1, number), 100.5 * number])
    sheet.append(["Total", None, None, 603])
    book.create_sheet("Notes")["A1"] = "x"
    path = folder / "q1.xlsx"
    book.save(path)
    path.chmod(0o644)
    return path


AS_A_TABLE = [
    {"column_name": "policy_no", "data_type": "text", "non_null": 3},
    {"column_name": "policy_holder", "data_type": "text", "non_null": 3},
    {"column_name": "claim_date", "data_type": "date", "non_null": 3},
    {"column_name": "claim_amount", "data_type": "double precision", "non_null": 3},
]


@pytest.mark.parametrize("reading", ["header_row => '4,5', skip_footer => 1", "range => 'A4:D8', header_row => ARRAY[4, 5]"])
def test_what_was_looked_at_is_imported(db, report, reading):
    arguments = f"'{report}', sheet => 'Report', {reading}"
    looked = db.rows(f"SELECT column_name, data_type, non_null FROM pgdatahub.columns({arguments})")
    assert looked == AS_A_TABLE
    query = db.value(f"SELECT pgdatahub.read_excel_query({arguments})")
    rows = [tuple(row.values()) for row in db.rows(query)]
    assert rows == [(f"P-{n}", f"H {n}", date(2024, 1, n), 100.5 * n) for n in (1, 2, 3)]
    assert db.value(f"SELECT count(*) FROM pgdatahub.read_excel_json({arguments})") == 3
    imported = db.rows(f"SELECT status, row_count, message FROM pgdatahub.import_file({arguments}, table_name => 't')")
    assert [(row["status"], row["row_count"]) for row in imported] == [("imported", 3)]
    assert [tuple(row.values())[:4] for row in db.rows("SELECT * FROM t ORDER BY policy_no")] == rows
    again = db.rows(f"SELECT status, message FROM pgdatahub.import_file({arguments}, table_name => 't')")
    assert again[0]["status"] == "skipped" and "settings changed" not in again[0]["message"]


def test_arguments_overrule_the_configuration(db, folder, report):
    folder.write("etl_config.yaml", "sheet: Notes\nheader_row: 2\nskip_footer: 9\n")
    (row,) = db.rows(
        "SELECT status, row_count FROM pgdatahub.import_file(%s, table_name => 't', sheet => 'Report', header_row => '4,5', skip_footer => 1)",
        [str(report)],
    )
    assert row == {"status": "imported", "row_count": 3}
    assert db.value("SELECT settings FROM pgdatahub.imports") == {"sheet": "Report", "header_row": ["4", "5"], "skip_footer": "1"}


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ("header_row => 'first'", 'header_row is "first", not auto, none or a row counted from 1', "header_row => 3"),
        ("header_row => 0", 'header_row is "0"', "header_row => 3"),
        ("range => 'B3'", "range is the single cell B3", "range => 'B3:H200'"),
        ("skip_footer => -1", "skip_footer is", "rows at the end"),
        ("sheet => ' '", "sheet is blank", "sheet => 'Claims'"),
    ],
)
def test_bad_arguments(db, report, arguments, message, hint):
    for function in ("import_file(%s, table_name => 't', {})", "columns(%s, {})"):
        if function.startswith("columns") and arguments.startswith("sheet"):
            continue
        with pytest.raises(psycopg.Error) as caught:
            db.rows(f"SELECT * FROM pgdatahub.{function.format(arguments)}", [str(report)])
        diag = caught.value.diag
        assert diag.sqlstate == "22023" and message in diag.message_primary and hint in diag.message_hint
    assert db.value("SELECT count(*) FROM pgdatahub.etl_runs") == 0


def test_a_look_sees_what_the_configuration_would_make_of_it(db, folder, report):
    folder.write(
        "etl_config.yaml",
        "sheet: Report\nheader_row: [4, 5]\nskip_footer: 1\ncolumns:\n  Claim_Amount: {name: amount, type: 'numeric(12,2)'}\n  Claim_Date: {name: day}\n",
    )
    looked = db.rows("SELECT column_name, data_type FROM pgdatahub.columns(%s)", [str(report)])
    assert looked[2:] == [{"column_name": "day", "data_type": "date"}, {"column_name": "amount", "data_type": "numeric(12,2)"}]
    query = db.value("SELECT pgdatahub.read_excel_query(%s)", [str(report)])
    assert "amount numeric(12,2)" in query and "header_row" not in query
    rows = db.rows(query)
    db.import_file(report, table_name="t")
    assert rows == db.rows("SELECT policy_no, policy_holder, day, amount FROM t ORDER BY policy_no")
    types = db.rows("SELECT attname::text AS column_name, format_type(atttypid, atttypmod) AS data_type FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0")
    assert types[:4] == looked


def test_texts_are_looked_at_as_they_would_be_imported(db, folder):
    path = folder.workbook("a.xlsx", [["Day", "Paid", "Code"], ["31.12.2024", "1,50", "7"], ["01.02.2024", "2,25", "8"]])
    folder.write("etl_config.yaml", "columns:\n  Day: {format: DD.MM.YYYY}\n  Paid: {decimal: ','}\ninfer_text: true\n")
    looked = db.rows("SELECT data_type, samples FROM pgdatahub.columns(%s)", [str(path)])
    db.import_file(path, table_name="t")
    types = db.rows("SELECT format_type(atttypid, atttypmod) AS data_type FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum BETWEEN 1 AND 3 ORDER BY attnum")
    assert [{"data_type": row["data_type"]} for row in looked] == types
    assert looked[0]["samples"] == ["2024-12-31", "2024-02-01"]
    day = db.value("SELECT min(day) FROM pgdatahub.read_excel(%s) AS t(day date)", [str(path)])
    assert day == date(2024, 2, 1)


def test_several_configured_sheets_need_a_name(db, folder, report):
    folder.write("etl_config.yaml", "sheet: '*'\n")
    with pytest.raises(psycopg.Error) as caught:
        db.rows("SELECT * FROM pgdatahub.columns(%s)", [str(report)])
    assert caught.value.sqlstate == "22023" and "sheet =>" in caught.value.diag.message_hint
