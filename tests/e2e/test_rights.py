"""Who may do what: nobody reads a file, a table or an audit row that is not theirs."""

import os

import pytest
from harness.results import content, failed, imported, refused

FUNCTIONS = [
    "import_folder('/srv/excel')",
    "import_file('/srv/excel/a.xlsx')",
    "revert('pg_class', 'a.xlsx')",
    "revert_hash('pg_class', 'ab')",
    "revert_import(1)",
    "adopt_table('pg_class')",
    "revert_schema('pg_class', 'a.xlsx')",
    "map_column('pg_class', 'Header', 'relname')",
    "drop_table('pg_class')",
    "check_table('pg_class')",
    "prune('1 year')",
    "sheets('/srv/excel/a.xlsx')",
    "verify_setup()",
]
AUDIT = ["etl_imports", "etl_schema_changes", "etl_rejects", "etl_runs", "etl_run_files", "etl_tables", "etl_columns"]
VIEWS = ["imports", "schema_changes", "rejects", "runs", "run_files", "failures", "file_status", "managed_tables"]


def execute_all(db, role):
    db.execute(f"GRANT EXECUTE ON ALL ROUTINES IN SCHEMA pgdatahub TO {role}; GRANT CREATE ON SCHEMA public TO {role}")


def set_roots(cluster, *roots):
    with cluster.connect() as connection:
        connection.execute("LOAD 'pgdatahub'")
        connection.execute(f"ALTER SYSTEM SET pgdatahub.data_roots = '{', '.join(map(str, roots))}'")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def roots_cluster(make_cluster):
    """A cluster of its own, since data_roots holds for a whole server."""
    return make_cluster("roots")


def test_role_with_nothing(db):
    role = db.role("nobody")
    for function in FUNCTIONS:
        with refused("42501", "permission denied for function"):
            db.rows(f"SELECT * FROM pgdatahub.{function}", role=role)
    with refused("42501", "permission denied for procedure"):
        db.execute("CALL pgdatahub.run_import('/srv/excel')", role=role)
    for table in AUDIT:
        with refused("42501", table):
            db.rows(f"SELECT * FROM pgdatahub.{table}", role=role)
        with refused("42501", table):
            db.rows(f"DELETE FROM pgdatahub.{table} RETURNING 1", role=role)
    for view in VIEWS:
        assert db.rows(f"SELECT * FROM pgdatahub.{view}", role=role) == []
    assert db.rows("SELECT * FROM pgdatahub.status()", role=role) == []
    with refused("42501"):
        db.execute("CREATE TABLE pgdatahub.mine (n int)", role=role)


def test_execute_alone_is_no_oracle(db, folder):
    """Without the right to a path the answer is the same whether it exists or not."""
    role = db.role("clerk")
    execute_all(db, role)
    path = folder.workbook("a.xlsx", [["n"], [1]])
    said = []
    for target in (folder, path, folder / "missing", "/root/secret", "/etc/passwd", "/proc/self/environ"):
        for call in ("import_folder", "import_file", "sheets", "verify_setup"):
            try:
                rows = db.rows(f"SELECT * FROM pgdatahub.{call}(%s)", [str(target)], role=role)
                assert call == "verify_setup"
                (check,) = [row for row in rows if row["check_name"] == "path"]
                assert not check["ok"]
                said.append((call, check["detail"].replace(str(target), "PATH"), check["hint"]))
            except Exception as error:
                assert error.sqlstate == "42501"
                diag = error.diag
                said.append((call, diag.message_primary.replace(str(target), "PATH"), diag.message_hint))
    assert len(set(said)) == 4, set(said)
    with refused("42501", "pg_read_server_files", "data_roots"):
        db.execute("CALL pgdatahub.run_import(%s)", [str(folder)], role=role)
    with refused("42501"):
        with db.connect(role) as connection:
            connection.execute(f"SET pgdatahub.config_file = '{folder}/c.yaml'")
            connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])


def test_member_of_pg_read_server_files_owns_what_it_creates(db, folder):
    role = db.role("loader", "pg_read_server_files")
    execute_all(db, role)
    folder.workbook("t/a.xlsx", [["n", "e"], [1, None]])
    imported(db.rows("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)], role=role))
    assert db.value("SELECT tableowner FROM pg_tables WHERE tablename = 't'") == role
    assert db.value("SELECT imported_by FROM pgdatahub.imports") == role
    assert db.value("SELECT pgdatahub.revert('t', 'a.xlsx')", role=role) == 1


def test_data_roots(roots_cluster, make_database, folder):
    db = make_database(roots_cluster)
    role = db.role("clerk")
    execute_all(db, role)
    inside, outside = folder / "inside", folder / "outside"
    book = [["n"], [1]]
    folder.workbook("inside/t/a.xlsx", book)
    folder.workbook("outside/u/b.xlsx", [["n"], [2]])
    (inside / "t" / "out").symlink_to(outside / "u")
    (inside / "t" / "out.xlsx").symlink_to(outside / "u" / "b.xlsx")
    (inside / "t" / "up.xlsx").symlink_to("../../outside/u/b.xlsx")
    folder.workbook("inside/real/c.xlsx", [["n"], [3]])
    (inside / "link").symlink_to("real")
    set_roots(roots_cluster, "/nonexistent", inside)
    query = "SELECT * FROM pgdatahub.import_folder(%s)"

    rows = db.rows(query, [str(inside / "t")], role=role)
    by = {os.path.basename(row["source_file"]): row for row in rows}
    assert by["a.xlsx"]["status"] == "imported"
    for name in ("out.xlsx", "up.xlsx"):
        failed(by[name], "42501", "leads out of pgdatahub.data_roots")
    assert "b.xlsx" not in by
    imported(db.rows(query, [str(inside / "link")], role=role))
    (row,) = db.rows("SELECT * FROM pgdatahub.import_file(%s)", [str(inside / "link/c.xlsx")], role=role)
    assert row["status"] == "skipped" and row["source_file"] == str(inside / "real/c.xlsx")

    for path in (outside, outside / "u", inside / "../outside", f"{inside}/t/../../outside", f"{inside}2", "/", "/etc", folder):
        with refused("42501", "permission denied to read"):
            db.rows(query, [str(path)], role=role)
    with refused("42501", "leads out"):
        db.rows(query, [str(inside / "t/out")], role=role)
    with refused("58P01"):
        db.rows(query, [str(inside / "missing")], role=role)
    # Neither visible to the role itself, nor its to set, before or after the library is loaded.
    with db.connect(role) as connection:
        connection.execute("SET pgdatahub.data_roots = '/'")
        with refused("42501", "permission denied to read"):
            connection.execute(query, [str(outside)])
        with refused("42501"):
            connection.execute("SHOW pgdatahub.data_roots")
        with refused("55P02"):
            connection.execute("SET pgdatahub.data_roots = '/'")


def test_limits_set_before_the_library_is_loaded(db, folder):
    """Until then any role may set any name; what it may not set must not hold afterwards."""
    role = db.role("clerk", "pg_read_server_files")
    execute_all(db, role)
    folder.workbook("t/a.xlsx", [["n"], [1]])
    with db.connect(role) as connection:
        connection.execute("SET pgdatahub.reader = '/bin/sh'; SET pgdatahub.max_cells = 1; SET pgdatahub.chunk_size = 7")
        assert connection.execute("SELECT status FROM pgdatahub.import_folder(%s)", [str(folder)]).fetchall() == [("imported",)]
        assert connection.execute("SHOW pgdatahub.max_cells").fetchone() != ("1",)
        assert connection.execute("SHOW pgdatahub.chunk_size").fetchone() == ("7",)


def test_configuration_is_a_file_like_any_other(roots_cluster, make_database, folder):
    db = make_database(roots_cluster)
    role = db.role("clerk")
    execute_all(db, role)
    folder.workbook("in/t/a.xlsx", [["n"], [1]])
    folder.write("secret.yaml", "password: hunter2\n")
    set_roots(roots_cluster, folder / "in")
    with db.connect(role) as connection:
        connection.execute(f"SET pgdatahub.config_file = '{folder}/secret.yaml'")
        with refused("42501", "permission denied to read") as caught:
            connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder / "in")])
        assert "hunter2" not in str(caught.value)
    # Below the imported folder it may say what is read, not where that goes.
    folder.write("in/etl_config.yaml", "t:\n  table: users\n")
    with refused("F0000", "not allowed", "Line 2"):
        db.rows("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder / "in")], role=role)
    (folder / "in/etl_config.yaml").unlink()
    (folder / "in/etl_config.yaml").symlink_to(folder / "secret.yaml")
    with refused("42501", "leads out") as caught:
        db.rows("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder / "in")], role=role)
    assert "hunter2" not in str(caught.value)


def test_views_show_own_tables_only(db, folder):
    owner, other, monitor = db.role("owner", "pg_read_server_files"), db.role("other"), db.role("monitor", "pg_monitor")
    execute_all(db, owner)
    path = folder.write("t/a.xlsx", b"")
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["n", "m"])
        sheet.write(1, 0, 1)
        sheet.write_formula(1, 1, "=NA()", None, "#N/A")
    folder.write("t/bad.xlsx", b"")
    with db.connect(owner) as connection:
        connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])
    count = {}
    for role in (owner, other, monitor):
        count[role] = {view: db.value(f"SELECT count(*) FROM pgdatahub.{view}", role=role) for view in VIEWS}
    assert all(count[owner].values()), count[owner]
    assert not any(count[other].values()), count[other]
    assert count[monitor] == count[owner]
    raw = "SELECT raw_value FROM pgdatahub.rejects"
    assert db.value(raw, role=owner) == "#N/A"
    assert db.value(raw, role=monitor) is None
    db.execute(f"GRANT SELECT ON t TO {other}")
    assert db.value(raw, role=other) == "#N/A"
    assert db.value("SELECT count(*) FROM pgdatahub.runs", role=other) == 0


def test_view_is_a_security_barrier(db, folder):
    role = db.role("spy")
    folder.workbook("t/a.xlsx", [["n"], [1]])
    imported(db.import_folder(folder))
    db.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    with db.connect(role) as connection:
        said = []
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
        connection.execute("CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$")
        for view in VIEWS:
            column = "path" if view == "runs" else "table_name"
            assert connection.execute(f"SELECT * FROM pgdatahub.{view} WHERE leak({column})").fetchall() == []
    assert said == []


def test_caller_without_rights_on_the_table(db, folder):
    owner, other = db.role("owner", "pg_read_server_files"), db.role("other", "pg_read_server_files")
    execute_all(db, owner)
    execute_all(db, other)
    query = "SELECT * FROM pgdatahub.import_folder(%s)"
    folder.workbook("t/a.xlsx", [["n"], [1]])
    imported(db.rows(query, [str(folder)], role=owner))
    folder.workbook("t/b.xlsx", [["n"], [2]])
    for lane in ("copy", "spi"):
        db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
        row = db.rows(query, [str(folder)], role=other)[1]
        failed(row, "42501", "permission denied for table t")
    db.execute(f"GRANT INSERT ON t TO {other}")
    folder.workbook("t/c.xlsx", [["n", "extra"], [3, 4]])
    rows = db.rows(query, [str(folder)], role=other)
    assert [row["status"] for row in rows] == ["skipped", "imported", "failed"], rows
    failed(rows[2], "42501", "must be owner of table t", "owner may alter")
    with refused("42501", "DELETE"):
        db.rows("SELECT pgdatahub.revert('t', 'a.xlsx')", role=other)
    with refused("42501", "DELETE"):
        db.rows("SELECT pgdatahub.revert_import(1)", role=other)
    assert content(db, "t") == [(1,), (2,)]


def test_caller_without_create_on_the_schema(db, folder):
    role = db.role("loader", "pg_read_server_files")
    db.execute(f"GRANT EXECUTE ON ALL ROUTINES IN SCHEMA pgdatahub TO {role}")
    folder.workbook("t/a.xlsx", [["n"], [1]])
    (row,) = db.rows("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)], role=role)
    failed(row, "42501", "schema public")
    (row,) = db.rows("SELECT * FROM pgdatahub.import_folder(%s, target_schema => 'nope')", [str(folder)], role=role)
    failed(row, "3F000", "nope")
    with refused("3F000", "target_schema"), db.connect(role) as connection:
        connection.execute("SET search_path = nowhere")
        connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])


def test_planted_objects_are_not_called(db, folder):
    """Functions, operators and casts of a stranger in the caller's search_path change nothing."""
    db.execute("CREATE SCHEMA trap")
    db.execute(
        """
        CREATE TABLE trap.hits (what text);
        GRANT ALL ON SCHEMA trap TO PUBLIC; GRANT ALL ON trap.hits TO PUBLIC;
        CREATE FUNCTION trap.eq(text, text) RETURNS boolean LANGUAGE sql AS $$ INSERT INTO trap.hits VALUES ('='); SELECT true $$;
        CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.eq);
        CREATE FUNCTION trap.gt(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ INSERT INTO trap.hits VALUES ('>'); SELECT true $$;
        CREATE OPERATOR trap.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.gt);
        CREATE FUNCTION trap.text_form(bigint) RETURNS text LANGUAGE sql AS $$ INSERT INTO trap.hits VALUES ('text_form'); SELECT 'x' $$;
        """
    )
    for name in ("count(text)", "md5(text)", "current_schema()", "clock_timestamp()", "format_type(oid, integer)", "has_table_privilege(oid, text)", "parse_ident(text)"):
        result = "timestamptz" if "clock" in name else "boolean" if "has" in name else "text"
        db.execute(f"CREATE FUNCTION trap.{name} RETURNS {result} LANGUAGE sql AS $$ INSERT INTO trap.hits VALUES ('{name}'); SELECT NULL::{result} $$")
    db.execute("CREATE FUNCTION trap.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE sql AS $$ INSERT INTO trap.hits VALUES ('unnest'); SELECT pg_catalog.unnest($1) $$")
    folder.workbook("t/a.xlsx", [["n"], [1]])
    for lane in ("copy", "spi"):
        with db.connect() as connection:
            connection.execute(f"SET search_path = trap, pg_catalog; SET pgdatahub.lane = '{lane}'")
            call = "SELECT status FROM pgdatahub.import_folder(%s, target_schema => 'public', reimport => true)"
            connection.execute(call, [str(folder)])
            folder.workbook("t/b.xlsx", [["n"], [1.5]])
            connection.execute(call, [str(folder)])
            folder.workbook("t/c.xlsx", [["n"], [lane]])
            connection.execute(call, [str(folder)])
            connection.execute("SELECT pgdatahub.revert('public.t', 'c.xlsx'::text)")
            connection.execute("SELECT * FROM pgdatahub.status()")
            for view in VIEWS:
                connection.execute(f"SELECT * FROM pgdatahub.{view}").fetchall()
    assert db.rows("SELECT * FROM trap.hits") == []


def test_trigger_of_a_stranger_runs_as_the_caller_not_the_owner(db, folder):
    role = db.role("loader", "pg_read_server_files")
    execute_all(db, role)
    query = "SELECT * FROM pgdatahub.import_folder(%s)"
    folder.workbook("t/a.xlsx", [["n"], [1]])
    imported(db.rows(query, [str(folder)], role=role))
    db.execute(
        """CREATE FUNCTION who() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN NEW.who := current_user || ' ' || current_setting('search_path'); RETURN NEW; END $$;
           ALTER TABLE t ADD COLUMN who text; CREATE TRIGGER who BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION who()"""
    )
    folder.workbook("t/b.xlsx", [["n"], [2]])
    db.rows(query, [str(folder)], role=role)
    assert db.value("SELECT who FROM t WHERE n = 2") == f'{role} "$user", public'


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_nested_import_is_refused(db, folder, lane):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    inner = folder.workbook("other/b.xlsx", [["n"], [2]])
    db.execute("CREATE TABLE t (n bigint)")
    db.value("SELECT pgdatahub.adopt_table('t')")
    db.execute(
        f"""CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM * FROM pgdatahub.import_file('{inner}'); RETURN NEW; END $$;
            CREATE TRIGGER nest BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION nest()"""
    )
    (row,) = db.import_file(folder.workbook("a.xlsx", [["n"], [1]]), table_name="t")
    failed(row, "55000", "already running", "do not nest", "statement of its own")
    # The session is none the worse.
    db.execute("DROP TRIGGER nest ON t")
    imported(db.import_file(folder / "a.xlsx", table_name="t"))


def test_nested_import_that_the_trigger_catches(db, folder):
    """A trigger that swallows the refusal lets the outer import go on, with its own rows."""
    inner = folder.workbook("other/b.xlsx", [["n"], [2]])
    db.execute("CREATE TABLE t (n bigint)")
    db.value("SELECT pgdatahub.adopt_table('t')")
    db.execute(
        f"""CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN BEGIN PERFORM * FROM pgdatahub.import_file('{inner}'); EXCEPTION WHEN OTHERS THEN NULL; END; RETURN NEW; END $$;
            CREATE TRIGGER nest BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION nest()"""
    )
    imported(db.import_file(folder.workbook("a.xlsx", [["n"], [1], [3], [5]]), table_name="t"))
    assert content(db, "t") == [(1,), (3,), (5,)]
    assert db.value("SELECT to_regclass('other')") is None


def test_schema_prepared_by_a_stranger(cluster, make_database):
    db = make_database(cluster, extension=False)
    role = db.role("planter")
    db.execute(f"GRANT CREATE ON DATABASE {db.name} TO {role}")
    db.execute("CREATE SCHEMA pgdatahub", role=role)
    with refused("42501", "schema pgdatahub belongs to another role"):
        db.execute("CREATE EXTENSION pgdatahub")
    db.execute("ALTER SCHEMA pgdatahub OWNER TO CURRENT_USER; CREATE TABLE pgdatahub.etl_runs (n int)")
    with refused("42P06", "not empty"):
        db.execute("CREATE EXTENSION pgdatahub")
    db.execute("DROP TABLE pgdatahub.etl_runs")
    db.execute("CREATE EXTENSION pgdatahub")


def test_only_superusers_install(cluster, make_database):
    db = make_database(cluster, extension=False)
    role = db.role("planter")
    db.execute(f"GRANT CREATE ON DATABASE {db.name} TO {role}")
    with refused("42501", "superuser"):
        db.execute("CREATE EXTENSION pgdatahub", role=role)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_database_in_another_encoding(cluster, encoding):
    name = f"enc_{encoding.lower()}_{os.getpid()}"
    with cluster.connect() as admin:
        admin.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    try:
        with refused("0A000", "UTF8", encoding), cluster.connect(name, client_encoding="UTF8") as connection:
            connection.execute("CREATE EXTENSION pgdatahub")
    finally:
        with cluster.connect() as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_who_may_set_what(db):
    role = db.role("clerk")
    with db.connect(role) as connection:
        connection.execute("SELECT pgdatahub.text_form(1::bigint)")  # loads the library
        for name, value in [("lane", "spi"), ("chunk_size", "5"), ("sectional_commit", "on"), ("rehash", "always"), ("config_file", "/x"), ("pause_every", "1"), ("lock_timeout", "1s"), ("lock_retries", "0")]:
            connection.execute(f"SET pgdatahub.{name} = '{value}'")
        for name in ("max_file_size", "max_cells", "reader_memory", "reader_cpu"):
            with refused("42501", name):
                connection.execute(f"SET pgdatahub.{name} = 1000000")
        for name in ("data_roots", "reader"):
            with refused("55P02", name):
                connection.execute(f"SET pgdatahub.{name} = '/'")
            with refused("42501"):
                connection.execute(f"SHOW pgdatahub.{name}")
        with refused("22023", "lane"):
            connection.execute("SET pgdatahub.lane = 'fast'")


def test_library_without_its_extension(cluster, make_database):
    db = make_database(cluster, extension=False)
    db.execute("LOAD 'pgdatahub'")


def test_standby_and_read_only(db, folder):
    folder.workbook("t/a.xlsx", [["n"], [1]])
    with db.connect() as connection:
        connection.execute("SET default_transaction_read_only = on")
        with refused("25006", "read-only"):
            connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])
        with refused("25006", "read-only"):
            connection.execute("SELECT pgdatahub.revert('pg_class', 'x')")
