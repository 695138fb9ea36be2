"""The reference page holds everything that the extension shows, and says something of each."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def page(db):
    done = db.psql((TOP / ".ci" / "reference.sql").read_text(encoding="utf-8"), args=("-qAtX", "-v", "ON_ERROR_STOP=1"))
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8")


def names(db, query):
    return {row["name"] for row in db.rows(query)}


def test_nothing_public_is_missing(db, page):
    functions = names(db, "SELECT proname AS name FROM pg_proc WHERE pronamespace = 'pgdatahub'::regnamespace")
    relations = names(db, "SELECT relname AS name FROM pg_class WHERE relnamespace = 'pgdatahub'::regnamespace AND relkind IN ('r', 'v')")
    assert {"import_folder", "run_import", "start_import"} <= functions and "imports" in relations
    assert set(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == functions | relations
    with db.connect() as session:
        session.execute("LOAD 'pgdatahub'")
        settings = {name for (name,) in session.execute("SELECT name FROM pg_settings WHERE name LIKE 'pgdatahub.%'")}
    assert "pgdatahub.lane" in settings
    assert set(re.findall(r"^\| (pgdatahub\.\w+) \|", page, re.MULTILINE)) == settings


def test_each_is_described(page):
    rows = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in page.splitlines() if line.startswith("| ")]
    assert [row for row in rows if len(row[-1].strip()) < 4 and row[-1] != "is"] == []
    sections = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    without = [name for name, _, text in (part.partition("\n") for part in sections) if not re.search(r"^[^`|#\n].{10,}\.$", text, re.MULTILINE)]
    assert without == []
