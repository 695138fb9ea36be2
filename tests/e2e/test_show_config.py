"""show_config: which settings hold for each folder, and where each comes from; and configurations that are refused."""

from pathlib import Path

import psycopg
import pytest

TOP = Path(__file__).resolve().parents[2]


def shown(db, path, **more):
    rows = db.rows("SELECT * FROM pgdatahub.show_config(%s)", [str(path)], **more)
    return {(row["folder"].removeprefix(str(path)), row["setting"]): (row["setting_value"], row["setting_source"]) for row in rows}


def test_everything_has_a_source(db, folder):
    folder.workbook("in/claims/2024/a.xlsx", [["a"], [1]])
    config = folder.write("c.yaml", "default_sheet: Sheet1\nclaims:\n  sheet: [A, 'Q*']\n  2024:\n    table: raw.c\n    skip_footer: 2\n")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.config_file = '{config}'")
    found = shown(db, folder / "in")
    assert found[("", "default_sheet")] == ("Sheet1", f"{config}:1")
    assert found[("/claims/2024", "default_sheet")] == ("Sheet1", f"{config}:1")
    assert found[("/claims/2024", "sheet")] == ("A, Q*", f"{config}:3")
    assert found[("/claims/2024", "table")] == ("c", f"{config}:5")
    assert found[("/claims/2024", "schema")] == ("raw", f"{config}:5")
    assert found[("/claims/2024", "skip_footer")] == ("2", f"{config}:6")
    assert found[("", "table")] == ("in", "name of the folder")
    assert found[("", "schema")] == ("public", "search_path")
    assert found[("", "header_row")] == ("auto", "default")
    assert found[("", "columns")] == (None, "default")
    assert found[("", "pgdatahub.chunk_size")] == ("10000", "default")
    assert found[("", "pgdatahub.config_file")] == (str(config), "database")
    assert ("/claims", "sheet") not in found, "no workbook lies there"


def test_columns_and_policies(db, folder):
    folder.workbook("in/claims/a.xlsx", [["a"], [1]])
    text = "schema_policy: freeze\nmissing_columns: fail\ninfer_text: true\ncolumns:\n  A: {type: bigint}\n  B: {name: b}\n"
    own = folder.write("in/etl_config.yaml", text + "claims:\n  columns:\n    A: {decimal: ','}\n")
    found = shown(db, folder / "in")
    assert found[("", "schema_policy")] == ("freeze", f"{own}:1")
    assert found[("", "missing_columns")] == ("fail", f"{own}:2")
    assert found[("", "infer_text")] == ("true", f"{own}:3")
    assert found[("", "columns.A")] == ('{"type":"bigint"}', f"{own}:5")
    assert found[("/claims", "columns.A")] == ('{"decimal":","}', f"{own}:9")
    assert found[("/claims", "columns.B")] == ('{"name":"b"}', f"{own}:6")


def test_a_configured_folder_that_is_not_there_is_named(db, folder):
    folder.workbook("in/Claims/2024/a.xlsx", [["a"], [1]])
    own = folder.write("in/etl_config.yaml", "claims:\n  2042:\n    sheet: A\nclaimss:\n  sheet: B\n  2024: {sheet: C}\nelsewhere: {sheet: D}\n")
    found = shown(db, folder / "in")
    assert {key: value for key, value in found.items() if key[1] == "folder"} == {
        ("/claims/2042", "folder"): ("holds no workbooks; perhaps 2024 is meant", f"{own}:2"),
        ("/claimss", "folder"): ("holds no workbooks; perhaps Claims is meant", f"{own}:4"),
        ("/elsewhere", "folder"): ("holds no workbooks", f"{own}:7"),
    }


def test_without_any_configuration(db, folder):
    folder.workbook("in/a.xlsx", [["a"], [1]])
    found = shown(db, folder / "in")
    assert {source for _, source in found.values()} == {"default", "name of the folder", "search_path"}
    assert found[("", "table")][0] == "in" and found[("", "on_change")][0] == "replace"


def test_a_setting_of_the_imported_folder(db, folder):
    folder.workbook("in/a.xlsx", [["a"], [1]])
    own = folder.write("in/etl_config.yaml", "# ours\nrange: A1:B\n")
    assert shown(db, folder / "in")[("", "range")] == ("A1:B", f"{own}:2")


def test_rights(db, folder):
    role = db.role("looker")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        shown(db, folder, role=role)


BAD = [
    (b"claims:\n\tsheet: A\n", 2, "a tab in the indentation"),
    (b"sheet: Pr\xe9nom\n", 1, "0xe9 is not UTF-8"),
    ("sheet: A\n".encode("utf-16"), 1, "UTF-16"),
    (b"sheeet: A\n", 1, 'unknown setting "sheeet"'),
    (b"sheet: A\nsheet: B\n", 2, "given twice"),
    (b"range: B3\n", 1, "single cell"),
    (b"header_row: zero\n", 1, "not auto, none or a row"),
    (b"a: &x [1, 1]\nb: *x\n", 2, "aliases"),
]


@pytest.mark.parametrize(("text", "line", "message"), BAD, ids=[message for *_, message in BAD])
def test_bad_configurations_are_refused_before_anything(db, folder, text, line, message):
    folder.workbook("in/a.xlsx", [["a"], [1]])
    path = folder.write("in/etl_config.yaml", text)
    for function in ("show_config", "import_folder"):
        with pytest.raises(psycopg.Error) as caught:
            db.rows(f"SELECT * FROM pgdatahub.{function}(%s)", [str(folder / "in")])
        assert caught.value.sqlstate == "F0000" and message in str(caught.value)
        detail = caught.value.diag.message_detail
        assert f"Line {line}," in detail and str(path) in detail
    assert db.value("SELECT count(*) FROM pgdatahub.etl_runs") == 0


def test_a_byte_order_mark_is_fine(db, folder):
    folder.workbook("in/a.xlsx", [["a"], [1]])
    folder.write("in/etl_config.yaml", b"\xef\xbb\xbftrim: false\n")
    assert shown(db, folder / "in")[("", "trim")][0] == "false"


def test_a_key_that_is_a_folder_and_a_setting(db, folder):
    """A mapping is the folder, a value the setting; both at once is said to be possible through folders:."""
    folder.workbook("in/range/a.xlsx", [["a"], [1]])
    folder.write("in/etl_config.yaml", "range: A1:C\nfolders:\n  range:\n    range: A1:B\n")
    found = shown(db, folder / "in")
    assert found[("", "range")][0] == "A1:C" and found[("/range", "range")][0] == "A1:B"
    folder.write("in/etl_config.yaml", "range:\n  range: A1:B\n")
    found = shown(db, folder / "in")
    assert found[("", "range")][0] is None and found[("/range", "range")][0] == "A1:B"
    folder.write("in/etl_config.yaml", "range:\n")
    with pytest.raises(psycopg.Error, match="has no value"):
        shown(db, folder / "in")


def test_the_sample_configuration_is_valid(db, folder):
    folder.workbook("in/claims/2024/a.xlsx", [["a"], [1]])
    config = folder.write("sample.yaml", (TOP / "config" / "etl_config.yaml").read_bytes())
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.config_file = '{config}'")
    found = shown(db, folder / "in")
    assert found[("", "default_sheet")][0] == "Sheet1" and found[("/claims/2024", "table")][0] == "claims_2024"


def test_the_sample_shows_every_setting(db, folder):
    folder.workbook("in/a.xlsx", [["a"], [1]])
    sample = (TOP / "config" / "etl_config.yaml").read_text(encoding="utf-8")
    settings = {setting for _, setting in shown(db, folder / "in") if not setting.startswith("pgdatahub.")}
    assert [setting for setting in sorted(settings) if f"{setting}:" not in sample] == []


def test_the_sample_of_server_settings_is_valid(make_cluster, make_database):
    """Every line of postgresql.conf.sample, its comment sign taken away, is accepted by a starting server, and is the default."""
    sample = (TOP / "config" / "postgresql.conf.sample").read_text(encoding="utf-8")
    lines = [line[1:] for line in sample.splitlines() if line.startswith("#pgdatahub.")]
    assert len(lines) > 10
    cluster = make_cluster("sample")
    with open(cluster.data / "postgresql.conf", "a", encoding="utf-8") as conf:
        conf.write("\n".join(lines) + "\n")
    cluster.restart()
    db = make_database(cluster)
    db.value("SELECT count(*) FROM pgdatahub.verify_setup()")
    with db.connect() as connection:
        connection.execute("LOAD 'pgdatahub'")
        query = "SELECT name, setting, boot_val, sourcefile FROM pg_settings WHERE name LIKE 'pgdatahub.%'"
        for name, setting, default, source in connection.execute(query).fetchall():
            assert source is not None, f"{name} is missing in the sample"
            assert (setting or "") == (default or ""), name
