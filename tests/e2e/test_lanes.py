"""COPY or INSERT: which tables get which, that both keep to the table's rules, and what a refused row says."""

import pytest
from harness.folder import FIXTURES
from harness.results import content, failed, imported, refused, types

TEXT = "Prénom 日期 €"
SHAPES = sorted(path.name for path in (FIXTURES / "shapes").glob("*.xls*") if path.name != "empty_sheet.xlsx")


def setting(db, name, value):
    db.execute(f"ALTER DATABASE {db.name} SET {name} = '{value}'")


def lane(db, table="t"):
    return db.value("SELECT lane FROM pgdatahub.imports WHERE table_name = %s AND reverted_at IS NULL ORDER BY import_id DESC LIMIT 1", [table])


def adopted(db, *statements):
    for statement in statements:
        db.execute(statement)
    db.value("SELECT pgdatahub.adopt_table('t')")


def book(folder, *values, name="a.xlsx"):
    return folder.workbook(name, [["n", "s"], *([value, f"s{value}"] for value in values)])


@pytest.mark.parametrize("name", SHAPES)
def test_both_lanes_give_the_same_table(db, folder, name):
    path = folder.fixture(f"shapes/{name}")
    sheet = {"several_sheets.xlsx": "Claims", "hidden.xlsx": "Shown"}.get(name)
    outcome = []
    for kind in ("copy", "spi"):
        setting(db, "pgdatahub.lane", kind)
        (row,) = db.import_file(path, table_name=f"t_{kind}", sheet=sheet)
        outcome.append((row["status"], row["row_count"], row["rejected"], row["message"], row["sqlstate"]))
        if row["status"] == "imported":
            assert lane(db, f"t_{kind}") == kind
            outcome[-1] += (types(db, f"t_{kind}"), content(db, f"t_{kind}"))
    assert outcome[0] == outcome[1]


def test_plain_and_partitioned_tables_take_copy(db, folder):
    db.execute("CREATE TABLE t (n bigint, s text) PARTITION BY RANGE (n)")
    adopted(db, "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10)", "CREATE TABLE t2 PARTITION OF t DEFAULT")
    imported(db.import_file(book(folder, 1, 20), table_name="t"))
    assert lane(db) == "copy"
    assert (db.value("SELECT count(*) FROM t1"), db.value("SELECT count(*) FROM t2")) == (1, 1)
    assert db.value("SELECT pgdatahub.revert('t', 'a.xlsx')") == 2


def test_row_security_takes_inserts_and_is_kept_to(db, folder):
    role = db.role("clerk", "pg_read_server_files")
    db.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgdatahub TO {role}; GRANT CREATE ON SCHEMA public TO {role}")
    db.execute("CREATE TABLE t (n bigint, s text)")
    adopted(db, "ALTER TABLE t ENABLE ROW LEVEL SECURITY", "CREATE POLICY small ON t USING (n < 10) WITH CHECK (n < 10)", f"GRANT ALL ON t TO {role}")
    names = ("path", "table_name")
    query = f"SELECT * FROM pgdatahub.import_file({', '.join(f'{name} => %s' for name in names)})"
    (row,) = imported(db.rows(query, [str(book(folder, 1, 2)), "t"], role=role))
    assert lane(db) == "spi" and row["row_count"] == 2
    (row,) = db.rows(query, [str(book(folder, 3, 40, name="b.xlsx")), "t"], role=role)
    failed(row, "42501", "row-level security")
    assert db.value("SELECT count(*) FROM t") == 2


def test_view_with_instead_of_trigger(db, folder):
    adopted(
        db,
        "CREATE TABLE base (n bigint, s text, source_file text, load_timestamp timestamptz)",
        "CREATE VIEW t AS SELECT * FROM base",
        """CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN INSERT INTO base VALUES (NEW.n * 10, NEW.s, NEW.source_file, NEW.load_timestamp); RETURN NEW; END $$""",
        "CREATE TRIGGER put INSTEAD OF INSERT ON t FOR EACH ROW EXECUTE FUNCTION put()",
    )
    (row,) = imported(db.import_file(book(folder, 1, 2), table_name="t"))
    assert (lane(db), row["row_count"]) == ("spi", 2)
    assert content(db, "base") == [(10, "s1"), (20, "s2")]


def test_rule_takes_inserts(db, folder):
    adopted(
        db,
        "CREATE TABLE t (n bigint, s text)",
        "CREATE TABLE log (n bigint)",
        "CREATE RULE also AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (NEW.n)",
    )
    imported(db.import_file(book(folder, 1, 2), table_name="t"))
    assert lane(db) == "spi"
    assert content(db, "t") == [(1, "s1"), (2, "s2")]
    assert db.value("SELECT count(*) FROM log") == 2


def test_simple_view_is_filled(db, folder):
    adopted(db, "CREATE TABLE base (n bigint, s text, source_file text, load_timestamp timestamptz)", "CREATE VIEW t AS SELECT * FROM base")
    imported(db.import_file(book(folder, 1), table_name="t"))
    assert content(db, "base") == [(1, "s1")]
    assert db.value("SELECT pgdatahub.revert('t', 'a.xlsx')") == 1


def test_copy_lane_is_refused_where_it_would_be_wrong(db, folder):
    setting(db, "pgdatahub.lane", "copy")
    adopted(db, "CREATE TABLE t (n bigint, s text)", "CREATE RULE nothing AS ON INSERT TO t WHERE NEW.n = 0 DO INSTEAD NOTHING")
    (row,) = db.import_file(book(folder, 1), table_name="t")
    failed(row, "0A000", "it has rules", "pgdatahub.lane = auto")


@pytest.mark.parametrize("kind", ["copy", "spi"])
def test_before_trigger_that_drops_rows(db, folder, kind):
    setting(db, "pgdatahub.lane", kind)
    adopted(
        db,
        "CREATE TABLE t (n bigint, s text)",
        "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.n % 2 = 1 THEN NEW END; END $$",
        "CREATE TRIGGER odd BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION odd()",
    )
    (row,) = imported(db.import_file(book(folder, 1, 2, 3), table_name="t"))
    assert row["row_count"] == 2
    assert content(db, "t") == [(1, "s1"), (3, "s3")]
    assert db.value("SELECT row_count FROM pgdatahub.imports") == 2


@pytest.mark.parametrize("kind", ["copy", "spi"])
def test_trigger_with_its_own_sqlstate(db, folder, kind):
    setting(db, "pgdatahub.lane", kind)
    adopted(
        db,
        "CREATE TABLE t (n bigint, s text)",
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.n = 3 THEN RAISE EXCEPTION 'three is closed' USING ERRCODE = 'UE001', DETAIL = 'since 2019', HINT = 'use four'; END IF;
           RETURN NEW; END $$""",
        "CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    (row,) = db.import_file(book(folder, 1, 2, 3), table_name="t")
    failed(row, "UE001", "three is closed", "since 2019", "use four", 'Sheet "Sheet1", row 4.')
    with refused("UE001", "three is closed"):
        folder.workbook("f/a.xlsx", [["n", "s"], [3, "x"]])
        config = folder.write("c.yaml", "f: {table: t}\n")
        with db.connect() as connection:
            connection.execute(f"SET pgdatahub.config_file = '{config}'")
            connection.execute("SELECT * FROM pgdatahub.import_folder(%s, on_error => 'raise', files => 'f/*')", [str(folder)])


CONSTRAINTS = [
    ("CHECK (n < 100)", "23514", "t_n_check"),
    ("UNIQUE (n)", "23505", "t_n_key"),
    ("EXCLUDE (n WITH =)", "23P01", "t_n_excl"),
]


@pytest.mark.parametrize("kind", ["copy", "spi"])
@pytest.mark.parametrize(("constraint", "sqlstate", "name"), CONSTRAINTS)
def test_constraint_and_row_are_named(db, folder, kind, constraint, sqlstate, name):
    setting(db, "pgdatahub.lane", kind)
    adopted(db, f"CREATE TABLE t (n bigint, s text, {constraint})")
    (row,) = db.import_file(book(folder, 1, 500, 2, 500), table_name="t")
    failed(row, sqlstate, name, f'Sheet "Sheet1", row {3 if sqlstate == "23514" else 5}.')


@pytest.mark.parametrize("kind", ["copy", "spi"])
def test_not_null_and_foreign_key(db, folder, kind):
    setting(db, "pgdatahub.lane", kind)
    adopted(db, "CREATE TABLE parent (n bigint PRIMARY KEY)", "CREATE TABLE t (n bigint REFERENCES parent, s text NOT NULL)")
    (row,) = db.import_file(folder.workbook("a.xlsx", [["n", "s"], [None, "x"], [None, None], [None, "y"], [1, None]]), table_name="t")
    failed(row, "23502", '"s"', 'Sheet "Sheet1", row 5.')
    (row,) = db.import_file(folder.workbook("b.xlsx", [["n", "s"], [7, "x"]]), table_name="t")
    failed(row, "23503", "t_n_fkey", 'Sheet "Sheet1", row 2.')


def test_deferred_constraint_fails_at_commit_whole(db, folder):
    adopted(db, "CREATE TABLE parent (n bigint PRIMARY KEY)", "CREATE TABLE t (n bigint REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    with refused("23503", "t_n_fkey"):
        db.import_file(folder.workbook("a.xlsx", [["n"], [1]]), table_name="t")
    assert db.value("SELECT count(*) FROM pgdatahub.imports") == 0


@pytest.mark.parametrize("kind", ["auto", "spi"])
@pytest.mark.parametrize("encoding", ["UTF8", "LATIN1", "WIN1252", "SJIS"])
def test_text_is_right_under_any_client_encoding(db, folder, encoding, kind):
    setting(db, "pgdatahub.lane", kind)
    folder.workbook("t/a.xlsx", [[TEXT, "n"], [TEXT, 1], ["plain", 2]])
    script = f"SELECT status FROM pgdatahub.import_folder('{folder}');\nSELECT status FROM pgdatahub.import_folder('{folder}', reimport => true);"
    done = db.psql(script, client_encoding=encoding, args=("-At",))
    assert done.stdout == b"imported\nreplaced\n", done.stderr
    assert types(db, "t") == {"prenom_日期": "text", "n": "bigint"}
    assert content(db, "t") == sorted([(TEXT, 1), ("plain", 2)])
    assert db.value("SELECT col_description('t'::regclass, 1)") == TEXT


def test_session_settings_do_not_matter(db, folder):
    from datetime import date, datetime, time, timedelta

    import xlsxwriter

    path = folder.write("a.xlsx", b"")
    values = [(date(2024, 2, 3), "yyyy-mm-dd"), (datetime(2024, 2, 3, 4, 5, 6), "yyyy-mm-dd hh:mm"), (timedelta(hours=50), "[h]:mm"), (time(1, 2), "hh:mm")]
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for column, (value, form) in enumerate(values):
            sheet.write(0, column, f"c{column}")
            sheet.write(1, column, value, workbook.add_format({"num_format": form}))
    found = set()
    plain = [("DateStyle", "ISO"), ("IntervalStyle", "postgres")]
    odd = [("DateStyle", "SQL, DMY"), ("IntervalStyle", "sql_standard"), ("TimeZone", "Asia/Kolkata"), ("extra_float_digits", "-15"), ("standard_conforming_strings", "off"), ("bytea_output", "escape"), ("quote_all_identifiers", "on"), ("search_path", '"$user", public'), ("check_function_bodies", "off")]
    for number, settings in enumerate((plain, odd)):
        for kind in ("copy", "spi"):
            with db.connect() as connection:
                for name, value in [*settings, ("pgdatahub.lane", kind)]:
                    connection.execute("SELECT set_config(%s, %s, false)", [name, value])
                table = f"t{number}_{kind}"
                (row,) = connection.execute("SELECT status FROM pgdatahub.import_file(%s, table_name => %s)", [str(path), table]).fetchall()
                assert row == ("imported",)
            # As text, too: the widening must not depend on the session either.
            text = folder.workbook(f"{table}.xlsx", [["c0", "c1", "c2", "c3"], ["x", "x", "x", "x"]])
            before = tuple(content(db, table))
            with db.connect() as connection:
                for name, value in settings:
                    connection.execute("SELECT set_config(%s, %s, false)", [name, value])
                connection.execute("SELECT * FROM pgdatahub.import_file(%s, table_name => %s)", [str(text), table])
            found.add((before, tuple(content(db, table))))
    ((_, texts),) = found
    assert texts[0] == ("2024-02-03", "2024-02-03 04:05:06", "50:00:00", "01:02:00")


def test_foreign_and_odd_storage_is_refused_for_copy(db, folder):
    adopted(db, "CREATE TABLE base (n bigint, s text, source_file text, load_timestamp timestamptz)", "CREATE VIEW t AS SELECT * FROM base WHERE n < 10 WITH CHECK OPTION")
    (row,) = db.import_file(book(folder, 1, 50), table_name="t")
    failed(row, "44000", "t", 'Sheet "Sheet1", row 3.')


def test_unlogged_and_tablespace_and_statement_triggers(db, folder):
    adopted(
        db,
        "CREATE UNLOGGED TABLE t (n bigint, s text)",
        "CREATE TABLE seen (rows bigint)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen SELECT count(*) FROM new_rows; RETURN NULL; END $$",
        "CREATE TRIGGER note AFTER INSERT ON t REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note()",
    )
    imported(db.import_file(book(folder, 1, 2, 3), table_name="t"))
    assert db.value("SELECT sum(rows) FROM seen") == 3


@pytest.mark.parametrize("encoding", ["win1252", "latin1", "sjis"])
def test_result_rows_fit_the_client(db, folder, encoding):
    """What the client's encoding lacks must not end the statement that returns it, and the import with it."""
    folder.workbook("t/1.xlsx", [["日期 n"], [1]])
    folder.workbook("t/2.xlsx", [["日期 n", "партнер"], [1.5, "€"]])
    found = db.rows("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)], client_encoding=encoding)
    assert [row["status"] for row in found] == ["imported", "imported"]
    assert any(" -> " in change or " → " in change for change in found[1]["schema_changes"])
    assert db.value("SELECT count(*) FROM t") == 2
