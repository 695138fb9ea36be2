"""The documents' SQL does what they say: each ```sql block runs in psql, and the ```text block after it, if there is
one, is its output; each ```yaml block is the configuration in /srv/excel from there on. Times, durations and the folders'
places differ from run to run and are made equal first."""

import json
import re
import shutil
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What the README calls the folders of workbooks, and where they come from.
FOLDERS = {"/srv/excel": "january", "/srv/reports": "report"}


def sessions(document):
    """[(sql, output or None)] in the document's order; (None, text) for a configuration."""
    found = []
    for kind, text in BLOCK.findall(document):
        if kind == "sql":
            found.append((text, None))
        elif kind == "yaml":
            found.append((None, text))
        elif kind == "text" and found and found[-1][1] is None:
            found[-1] = (found[-1][0], text)
    return found


def normalise(text):
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?([+-]\d\d)?", "<time>", text)
    text = re.sub(r"\d+\.\d+ s\b", "<seconds> s", text)
    text = re.sub(r"[ ]*\|[ ]*", " | ", re.sub(r"-+(\+-+)*", "---", text))
    return [re.sub(r"\s+", " ", line).strip() for line in text.strip().splitlines()]


def test_blocks_are_found():
    text = "```sql\nSELECT 1;\n```\nwords\n```text\n 1\n```\n```yaml\na: 1\n```\n```sql\nSELECT 2;\n```\n```sh\nmake\n```\n"
    assert sessions(text) == [("SELECT 1;\n", " 1\n"), (None, "a: 1\n"), ("SELECT 2;\n", None)]


def test_normalise_keeps_differences():
    assert normalise(" a | b\n---+---\n 1 | 2\n") == normalise("  a |  b  \n-----+----\n  1 |  2\n")
    assert normalise("12 rows (0.41 s)") == normalise("12 rows (9.01 s)")
    assert normalise("12 rows") != normalise("13 rows")


DOCUMENTS = ["README.md", "QUICKSTART.md", "ARCHITECTURE.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_tests_that_it_names_are_there(document):
    text = (TOP / document).read_text(encoding="utf-8")
    tests = set(re.findall(r"tests/[\w/]+\.py", text))
    targets = set(re.findall(r"`make ([a-z][\w-]*)", text))
    assert document != "README.md" or (tests and {"test-long", "test-e2e", "test-rust"} <= targets)
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    assert [name for name in tests if not (TOP / name).is_file()] == []
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_files_that_it_names_are_there(document):
    text = (TOP / document).read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")}
    assert [link for link in links if not (TOP / link).exists()] == []
    # `pg/lock.rs` of ARCHITECTURE.md is src/pg/lock.rs.
    named = set(re.findall(r"`((?:src/|sql/|config/|tests/|core/|reader/|pg/|engine/|api/)[\w./-]+)`", text))
    assert [name for name in named if not any((TOP / where / name).exists() for where in (".", "src", "src/core"))] == []


def test_pgxn_s_description_is_of_this_version():
    meta = json.loads((TOP / "META.json").read_text(encoding="utf-8"))
    (version,) = re.findall(r'^version = "([^"]+)"', (TOP / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)
    provided = meta["provides"]["pgdatahub"]
    assert meta["version"] == provided["version"] == version
    assert (TOP / provided["file"]).is_file() and (TOP / provided["docfile"]).is_file()


@pytest.fixture(scope="module")
def documents(make_cluster):
    """A cluster of its own: documents set what holds for a whole server."""
    return make_cluster("documents")


@pytest.mark.parametrize("document", ["README.md", "QUICKSTART.md"])
def test_document(documents, make_database, folder, document):
    db = make_database(documents, extension=False)
    blocks = sessions((TOP / document).read_text(encoding="utf-8"))
    assert blocks, "no SQL in the document"
    places = {name: str(folder / Path(name).name) for name in FOLDERS}
    for name, origin in FOLDERS.items():
        for source in sorted((TOP / "tests" / "demo" / origin).rglob("*.xlsx")):
            target = Path(places[name]) / source.relative_to(TOP / "tests" / "demo" / origin)
            target.parent.mkdir(exist_ok=True, parents=True)
            shutil.copyfile(source, target)
            target.chmod(0o644)
    for sql, output in blocks:
        if sql is not None and "cron." in sql:
            continue  # test_cron.py runs it
        if sql is None:
            folder.write("excel/etl_config.yaml", output)
            continue
        for name, place in places.items():
            sql = sql.replace(name, place)
        done = db.psql("SET client_min_messages = warning;\n" + sql, args=("-q",))
        if output is not None:
            found = done.stdout.decode("utf-8")
            for name, place in places.items():
                found = found.replace(place, name)
            assert normalise(found) == normalise(output), sql
