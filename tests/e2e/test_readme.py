"""The documents' examples do what they say: each ```sql block runs in psql, and the ```text block after it, if there is one,
is its output; each ```console block is a session in a database of its own, errors and notices included; each ```yaml block is
the configuration that its first line names. Times, durations and the folders' places differ from run to run and are made
equal first."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from harness.documents import Places, blocks, normalise

TOP = Path(__file__).resolve().parents[2]


def test_blocks_are_found():
    text = "```sql\nSELECT 1;\n```\nwords\n```text\n 1\n```\n```yaml\na: 1\n```\n```sql\nSELECT 2;\n```\n```sh\nmake\n```\n"
    assert blocks(text) == [("sql", "SELECT 1;\n", " 1\n"), ("yaml", "a: 1\n", None), ("sql", "SELECT 2;\n", None)]


def test_a_session_is_taken_apart():
    text = "```console\nd=# SELECT 1,\nd-# 2;\n a | b\n\nd=# SET x = 1;\nSET\n```\n```text\nno output of it\n```\n"
    assert blocks(text) == [("console", "SELECT 1,\n2;\nSET x = 1;\n", " a | b\n\nSET\n")]


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


def test_no_shell_block_is_forgotten_by_make_test_documents():
    """It runs them in a bare Debian as root; here it only says which."""
    listed = subprocess.run([TOP / ".ci" / "documents", "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
    fence = re.compile(r"[\s>]*(?:`{3,}|~{3,})\s*(?:sh|bash|shell|zsh)\b")
    written = []
    for document in (path.relative_to(TOP) for path in TOP.rglob("*.md")):
        if not {"target", ".git"} & set(document.parts):
            lines = enumerate((TOP / document).read_text(encoding="utf-8").splitlines(), 1)
            written += [f"{document}:{number} sh" for number, line in lines if fence.match(line)]
    assert len(written) > 3
    assert sorted(line for line in listed if line.endswith(" sh")) == sorted(written)


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
    shared = make_database(documents, extension=False)
    examples = blocks((TOP / document).read_text(encoding="utf-8"))
    assert examples, "no SQL in the document"
    places = Places(folder)
    for kind, text, output in examples:
        if kind == "yaml":
            places.configure(text)
        elif kind == "console":
            database = make_database(documents, extension="CREATE EXTENSION" not in text)
            found = database.psql(places.real(text), check=False, together=True)
            assert normalise(places.told(found.stdout.decode("utf-8"))) == normalise(output), text
        elif "cron." not in text:  # test_cron.py runs those
            done = shared.psql("SET client_min_messages = warning;\n" + places.real(text), args=("-q",))
            if output is not None:
                assert normalise(places.told(done.stdout.decode("utf-8"))) == normalise(output), text
