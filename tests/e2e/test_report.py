"""report_html: a page that is whole HTML, says what the views say, and in which nothing of a file is more than text."""

import os
import re
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from harness import jobs
from harness.background import wait_for
from harness.results import refused

TOP = Path(__file__).resolve().parents[2]
VOID = {"meta"}
KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "h1", "h2", "p", "div", "dl", "dt", "dd", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td", "span", "small", "b", "i", "bdi", "code", "progress", "svg", "desc", "g", "rect", "text"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "id", "scope", "colspan", "max", "value", "aria-label", "aria-labelledby"),
    *("role", "x", "y", "width", "height", "rx", "text-anchor"),
}


class Page(HTMLParser):
    """The page as a browser has it: its elements, its tables and its text. Fails where an element is not closed, and
    where there is one, or an attribute, that the report does not write."""

    def __init__(self, html):
        super().__init__()
        assert html.startswith("<!DOCTYPE html>") and html.isascii()
        self.open, self.texts, self.tables, self.ids = [], [], {}, []
        self.html = html
        self.feed(html)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag, attrs):
        assert tag in KNOWN, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.table = self.tables.setdefault(attrs["class"], [])
        elif tag == "tr" and "tbody" in self.open:
            self.table.append([])
        elif tag == "td":
            self.table[-1].append("")

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID | {"rect"}, tag
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            assert "url(" not in data and "@import" not in data
            return
        self.texts.append(data)
        if "td" in self.open:
            self.table[-1][-1] += data

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def rows(self, table):
        return [[cell.strip() for cell in row] for row in self.tables.get(table, [])]

    def tile(self, what):
        return re.search(rf"<b>([^<]*)</b> <span>{what}</span>", self.html).group(1)


def report(db, run=None, role="postgres", **more):
    return Page(db.value("SELECT pgdatahub.report_html(%s)", [run], role=role, **more))


def latest(db):
    return db.value("SELECT max(run_id) FROM pgdatahub.runs")


@pytest.fixture
def imported(db, folder):
    """A run in which files went in, one with rejects, one with a widened column, and one failed."""
    folder.write("in/etl_config.yaml", "sales: {on_type_conflict: reject_cell}\n")
    folder.workbook("in/claims/a.xlsx", [["n", "paid"], [1, 10], [2, 20]])
    folder.workbook("in/claims/b.xlsx", [["n", "paid", "note"], [3, 10.5, "x"]])
    folder.write("in/claims/c.xlsx", b"no workbook")
    folder.workbook("in/sales/a.xlsx", [["q"], [1], [2]])
    db.import_folder(folder / "in", files="sales/*")
    folder.workbook("in/sales/b.xlsx", [["q"], [3], *[[f"many {n}"] for n in range(5)]])
    db.import_folder(folder / "in")
    return db


def test_says_what_the_views_say(imported, folder):
    db, run = imported, latest(imported)
    page = report(db, run)
    (seen,) = db.rows("SELECT * FROM pgdatahub.runs WHERE run_id = %s", [run])
    assert seen["state"] == "done with failures" and seen["failed"] == 1
    assert f"Run {run}" in page.text and seen["state"] in page.text and str(folder / "in") in page.text
    assert (page.tile("files"), page.tile("files failed")) == (str(seen["files"]), "1")
    assert page.tile("rows loaded") == str(seen["row_count"])
    assert (page.tile("rejects"), db.value("SELECT count(*) FROM pgdatahub.rejects")) == ("5", 5)
    for status in ("imported", "skipped", "failed"):
        assert f"{seen[status]} {status}" in page.text
    files = {row[0]: row for row in page.rows("files") if len(row) == 8}
    lines = db.rows("SELECT * FROM pgdatahub.run_files WHERE run_id = %s", [run])
    assert len(files) == len(lines) == 5
    for line in lines:
        name = line["source_file"].removeprefix(f"{folder}/in/")
        row = next(row for file, row in files.items() if file.startswith(name))
        figures = ["–" if line[column] is None else str(line[column]) for column in ("row_count", "rejected")]
        assert row[2:6] == [line["table_name"] or "–", line["status"], *figures]
    (change,) = [row for row in page.rows("changes") if row[2] == "paid" and "ALTER" in row[1]]
    assert change == ["claims", "ALTER COLUMN TYPE", "paid", "bigint → double precision", "claims/b.xlsx"]
    changes = db.value("SELECT count(*) FROM pgdatahub.schema_changes s JOIN pgdatahub.run_files f USING (import_id) WHERE f.run_id = %s", [run])
    assert changes == int(page.tile("schema changes"))
    # A new table is one row, with its columns.
    (made,) = [row for row in page.rows("changes") if row[:2] == ["claims", "CREATE TABLE"]]
    assert made[3:] == ["n bigint, paid bigint", "claims/a.xlsx"] and len(page.rows("changes")) == changes - 2


def test_failures_come_first_with_all_that_was_said(imported):
    page = report(imported)
    first, why = page.rows("files")[:2]
    assert first[0] == "claims/c.xlsx" and first[3] == "failed"
    (failure,) = imported.rows("SELECT * FROM pgdatahub.failures")
    assert f"ERROR {failure['sqlstate']}: {failure['message']}" in why[0]
    for part, said in (("DETAIL", failure["detail"]), ("HINT", failure["hint"])):
        assert said is None or f"{part}: {said}" in why[0]


def test_rejects_with_the_first_of_each_reason(imported):
    page = report(imported)
    (row,) = page.rows("rejects")
    (reject, *_) = imported.rows("SELECT * FROM pgdatahub.rejects ORDER BY reject_id")
    assert row[0].startswith("sales/b.xlsx") and row[1] == "q" and row[3] == "5"
    assert reject["reason"] in row[2] and reject["sqlstate"] in row[2] and "NULL stored" in row[2]
    assert [f"A{n} many {n - 3}" in row[4] for n in range(3, 8)] == [True, True, True, False, False]


def test_chart(imported):
    page = report(imported)
    assert page.html.count('class="track"') == 4  # the skipped file took no time
    assert {"times-title", "times-desc"} <= set(page.ids)
    assert "claims/a.xlsx" in page.html.split('id="times-desc"')[1].split("</desc>")[0]


def test_the_latest_run_and_times_of_the_session(imported):
    run = latest(imported)
    with imported.connect() as session:
        session.execute("SET TimeZone = 'Asia/Kolkata'")
        page = Page(session.execute("SELECT pgdatahub.report_html()").fetchone()[0])
        started = session.execute("SELECT to_char(started_at, 'YYYY-MM-DD HH24:MI:SS') FROM pgdatahub.runs WHERE run_id = %s", [run]).fetchone()[0]
    assert f"Run {run}" in page.text and f"{started}+05:30" in page.text and "Asia/Kolkata" in page.text


def test_no_such_run(db):
    with refused("42704", "there is no run 7", "pgdatahub.runs"):
        report(db, 7)
    with refused("42704", "there is no run to report on", "import_folder"):
        report(db)


def test_a_run_of_no_files(db, folder):
    folder.write("in/notes.txt", "x")
    db.import_folder(folder / "in")
    page = report(db)
    assert "No workbook was found there." in page.text and "1 other file ignored" in page.text
    assert page.tables == {} and page.tile("files") == "0"


def test_a_run_that_was_reverted(db, folder):
    folder.workbook("in/t/a.xlsx", [["n"], [1]])
    db.import_folder(folder / "in")
    db.execute("SELECT pgdatahub.revert('t', 'a.xlsx')")
    page = report(db)
    assert "The rows of 1 import of this run were removed since" in page.text
    assert re.search(r"its rows were removed at [-0-9: +]* by postgres \(revert\)", page.rows("files")[0][0])


def test_in_the_transaction_of_the_import_and_read_only(db, folder):
    folder.workbook("in/t/a.xlsx", [["n"], [1]])
    with db.connect(autocommit=False) as session:
        session.execute("SELECT FROM pgdatahub.import_folder(%s)", [f"{folder}/in"])
        assert Page(session.execute("SELECT pgdatahub.report_html()").fetchone()[0]).tile("rows loaded") == "1"
    with db.connect(autocommit=False) as session:
        session.execute("SET TRANSACTION READ ONLY")
        assert Page(session.execute("SELECT pgdatahub.report_html()").fetchone()[0]).tile("rows loaded") == "1"
        assert session.execute("SELECT pg_current_xact_id_if_assigned()").fetchone()[0] is None


def test_a_job_at_work_and_done(db, folder):
    """The second file is held up in the middle."""
    jobs.slow_table(db, folder, "a", seconds=0)
    db.execute("CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END $$")
    db.execute("CREATE TRIGGER held BEFORE INSERT ON a FOR EACH ROW WHEN (NEW.id = -1) EXECUTE FUNCTION held()")
    for part in range(3):
        folder.workbook(f"in/a/{part}.xlsx", [["id"], *[[n] for n in range(20)], [-part]])
    with db.connect() as holder:
        holder.execute("SELECT pg_advisory_lock(7)")
        run = jobs.start(db, folder / "in")
        wait_for(lambda: db.rows("SELECT FROM pgdatahub.progress WHERE files_done = 1 AND current_rows > 0"), "rows of the second file")
        page = report(db, run)
    assert "running" in page.text and re.search(r"1 of 3 files done, (2|3|4)\d rows so far", page.text), page.text
    assert page.tile("files") == "1 of 3" and "in hand: a/1.xlsx" in re.sub(r"\s+", " ", "".join(page.texts))
    assert page.rows("files")[0][3:5] == ["imported", "21"]
    jobs.wait(db, run)
    page = report(db, run)
    assert [row[1] for row in page.rows("states")] == ["queued", "running", "done"]
    assert page.tile("rows loaded") == "63" and "Now" not in page.text


HOSTILE = [
    "<script>alert(1)<",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "</style></title></td></table>",
    "&lt;b&gt; &#60; &amp",
    "<!-- <![CDATA[",
    "a\nb\tc\x01\x1b[31m",
    "\u202egnp.exe\u2066",
    "]]>${{7*7}}{{x}}",
    "Prämie (€) 日期 \U0001f4a3",
]


def test_hostile_names(db, folder):
    """As folders, files, sheets, headers, tables, values and in messages: each is text, and the page has the elements that it has always."""
    folder.write("in/etl_config.yaml", "vals: {on_type_conflict: reject_cell}\n")
    folder.workbook("in/vals/a.xlsx", [HOSTILE, list(range(len(HOSTILE)))])
    for number, name in enumerate(HOSTILE):
        name = name.replace("/", "∕")
        folder.workbook(f"in/{name}/{name}.xlsx", [["n", *HOSTILE], [number] * (len(HOSTILE) + 1)], sheet=re.sub(r"[\[\]:*?/\\\x00-\x1f']", "_", name)[:31])
        folder.write(f"in/{name}/{name} broken.xlsx", b"no workbook")
    db.import_folder(folder / "in", files="vals/*")
    folder.workbook("in/vals/b.xlsx", [HOSTILE, HOSTILE])
    db.import_folder(folder / "in")
    assert db.value("SELECT count(*) FROM pgdatahub.rejects") == len(HOSTILE)
    page = report(db)  # which knows no other elements
    assert len(page.rows("rejects")) == len(HOSTILE) and len([row for row in page.rows("files") if len(row) == 8]) >= 2 * len(HOSTILE)
    for name in ("<script>alert(1)<", '"><img src=x onerror=alert(1)>', "' onload='alert(1)", "&lt;b&gt; &#60; &amp", "Prämie (€) 日期 \U0001f4a3"):
        assert name in page.text, name
    assert "a␊b␉c" in page.text and "␛[31m" in page.text and "\\u{202e}gnp.exe\\u{2066}" in page.text
    assert not set(page.text) & set("\x01\x1b\u202e\u2066")


def test_a_file_whose_name_is_no_text(db, folder):
    path = folder.workbook("in/t/a.xlsx", [["n"], [1]])
    os.rename(path, bytes(path.parent) + b"/\xff<b>.xlsx")
    db.import_folder(folder / "in")
    assert "<b>.xlsx" in report(db).text


def test_the_page_is_the_same_in_every_encoding(db, folder):
    """psql saves it as it comes: a client in another encoding must get the same page, and no error."""
    folder.workbook("in/t/日期 → €.xlsx", [["日期"], ["x"]])
    db.import_folder(folder / "in")
    query = "SELECT pgdatahub.report_html()"
    pages = [db.value(query, client_encoding=encoding) for encoding in ("utf8", "win1252", "latin1")]
    assert len({re.sub("Made at.*", "", page) for page in pages}) == 1 and "日期 → €" in Page(pages[0]).text


def test_saved_as_the_readme_says(imported, bin_dir, tmp_path):
    """From the shell: what the file holds is the page, to its last line."""
    (line,) = re.findall(r"^psql .*report_html.*$", (TOP / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    server = {"PGHOST": str(imported.cluster.home), "PGPORT": "5432", "PGDATABASE": imported.name, "PGUSER": "postgres"}
    path = f"{bin_dir}:{os.environ['PATH']}"
    subprocess.run(["bash", "-c", line], cwd=tmp_path, env={**os.environ, **server, "PATH": path}, check=True)
    saved = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert Page(saved).tile("files failed") == "1" and saved.rstrip().endswith("</html>")


def test_who_may_see_what(imported):
    db, run = imported, latest(imported)
    nobody, monitor = db.role("nobody"), db.role("monitor", "pg_monitor")
    with refused("42704", f"there is no run {run}"):
        report(db, run, role=nobody)
    with refused("42704", "there is no run to report on"):
        report(db, role=nobody)
    # The right to a table shows its files in run_files, not the run.
    db.execute(f"GRANT SELECT ON claims TO {nobody}")
    assert {row["table_name"] for row in db.rows("SELECT * FROM pgdatahub.run_files", role=nobody)} == {"claims"}
    with refused("42704"):
        report(db, run, role=nobody)
    page = report(db, run, role=monitor)
    (row,) = page.rows("rejects")
    assert row[3] == "5" and "many" not in row[4] and "no value to show" in row[4]
    db.execute(f"GRANT SELECT ON sales TO {monitor}")
    assert "many 0" in report(db, run, role=monitor).rows("rejects")[0][4]


def test_rejects_of_tables_that_one_may_not_read(db, folder):
    """Who runs an import, but may only INSERT, sees how many there were."""
    role = db.role("loader", "pg_read_server_files")
    db.execute(f"GRANT EXECUTE ON ALL ROUTINES IN SCHEMA pgdatahub TO {role}; GRANT CREATE ON SCHEMA public TO {role}")
    folder.write("in/etl_config.yaml", "t: {on_type_conflict: reject_cell, columns: {n: {type: integer}}}\n")
    folder.workbook("in/t/a.xlsx", [["n"], [1], ["secret"]])
    db.rows("SELECT * FROM pgdatahub.import_folder(%s)", [f"{folder}/in"], role=role)
    assert "secret" in report(db, role=role).text
    db.execute(f"ALTER TABLE t OWNER TO postgres; REVOKE ALL ON t FROM {role}")
    page = report(db, role=role)
    assert page.tile("rejects") == "1" and "secret" not in page.text and "not shown: 1 of 1." in page.text


def test_search_path_cannot_lead_it_astray(imported):
    """A role's own function of a name that the report uses is not called."""
    role = imported.role("trick", "pg_monitor")
    imported.execute(f"CREATE SCHEMA trick AUTHORIZATION {role}")
    trick = "CREATE FUNCTION trick.{}({}) RETURNS {} LANGUAGE plpgsql AS $$ BEGIN RAISE 'called'; END $$"
    for name, arguments, result in (("to_char", "timestamptz, text", "text"), ("max", "bigint", "bigint"), ("eq", "bigint, bigint", "boolean")):
        imported.execute(trick.format(name, arguments, result), role=role)
    imported.execute("CREATE OPERATOR trick.= (FUNCTION = trick.eq, LEFTARG = bigint, RIGHTARG = bigint)", role=role)
    with imported.connect(role) as session:
        session.execute("SET search_path = trick, pg_catalog, public")
        Page(session.execute("SELECT pgdatahub.report_html()").fetchone()[0])


def test_ten_thousand_files(db):
    """The page of a large run stays one that a browser shows at once, and says what it leaves out."""
    db.execute("INSERT INTO pgdatahub.etl_runs (kind, path, state, started_by, finished_at, files, imported, failed, row_count) "
               "VALUES ('import_folder', '/srv/excel', 'done with failures', 'postgres', clock_timestamp(), 10000, 9000, 1000, 9000)")  # fmt: skip
    run = latest(db)
    db.execute(
        "INSERT INTO pgdatahub.etl_imports (table_schema, table_name, source_file, sheet_name, file_sha256, row_count, rejected, load_timestamp, "
        "imported_by, run_id, format, file_bytes, file_device, file_inode, file_mtime, file_ctime) "
        "SELECT 'public', 'claims', format('/srv/excel/claims/%%s.xlsx', n), 'Sheet1', md5(n::text), 1, 20, now() + n * interval '1 us', 'postgres', %s, "
        "'xlsx', 1000, 1, n, 1, 1 FROM generate_series(1, 9000) n",
        [run],
    )
    db.execute(
        "INSERT INTO pgdatahub.etl_run_files (run_id, file_no, source_file, sheet_name, table_schema, table_name, status, row_count, rejected, seconds, import_id) "
        "SELECT run_id, import_id, source_file, sheet_name, table_schema, table_name, 'imported', 1, 20, 0.01 * (import_id % 100), import_id FROM pgdatahub.etl_imports"
    )
    db.execute(
        "INSERT INTO pgdatahub.etl_run_files (run_id, file_no, source_file, status, seconds, message, sqlstate, detail, hint) "
        "SELECT %s, 9000 + n, format('/srv/excel/bad/%%s.xlsx', n), 'failed', 0.1, 'it is no workbook', '0A000', 'A detail.', 'A hint.' FROM generate_series(1, 1000) n",
        [run],
    )
    db.execute(
        "INSERT INTO pgdatahub.etl_rejects (import_id, sheet_name, sheet_row, cell, column_name, raw_value, reason, sqlstate, scope) "
        "SELECT import_id, 'Sheet1', k, 'A' || k, 'n', 'x', 'it does not fit', '42804', 'cell' FROM pgdatahub.etl_imports, generate_series(1, 20) k"
    )
    began = time.monotonic()
    page = report(db, run)
    assert time.monotonic() - began < 10
    assert len(page.html) < 400_000
    assert page.tile("files") == "10,000" and page.tile("rows loaded") == "9,000" and page.tile("rejects") == "180,000"
    assert len(page.rows("files")) == 2 * 300 and page.rows("files")[0][0] == "bad/1.xlsx"
    assert f"and 9,700 more: SELECT * FROM pgdatahub.run_files WHERE run_id = {run}" in page.text
    assert page.html.count('class="track"') == 20 and "9,980 more files that took less" in page.text
    (query,) = re.findall(r"more: (SELECT r\..*?run_id = \d+)", page.text)
    assert len(db.rows(query)) == 180_000
