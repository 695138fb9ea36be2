"""Triggers and event triggers that change the role or the settings: they act as the caller, and get nothing by it."""

import pytest
from harness import jobs
from harness.results import content, imported
from test_rights import execute_all

IMPORT = "SELECT status, sqlstate, message FROM pgdatahub.import_folder(%s)"

# What a trigger tries, and the SQLSTATE it must meet when a role without rights runs it.
TRIES = {
    "reset": ("RESET ROLE; CREATE ROLE {role}_made SUPERUSER", "42501"),
    "authorization": ("RESET SESSION AUTHORIZATION; CREATE ROLE {role}_made SUPERUSER", "42501"),
    "set": ("SET ROLE postgres; CREATE ROLE {role}_made SUPERUSER", "42501"),
    "audit": ("DELETE FROM pgdatahub.etl_imports", "42501"),
    "forge": ("UPDATE pgdatahub.etl_imports SET source_file = 'x'", "42501"),
}


def plant(db, role, body, timing="BEFORE INSERT", table="t"):
    """A trigger of the table's owner that notes who runs it and what becomes of its try."""
    db.execute(
        f"""
        CREATE TABLE IF NOT EXISTS public.noted (who text, path text, sqlstate text);
        GRANT ALL ON public.noted TO PUBLIC;
        CREATE OR REPLACE FUNCTION public.try() RETURNS trigger LANGUAGE plpgsql AS $f$
        DECLARE met text := '00000';
        BEGIN
            BEGIN {body}; EXCEPTION WHEN OTHERS THEN met := SQLSTATE; END;
            INSERT INTO public.noted VALUES (current_user, current_setting('search_path'), met);
            RETURN NEW;
        END $f$;
        CREATE TRIGGER try {timing} ON {table} FOR EACH ROW EXECUTE FUNCTION public.try()
        """
    )


@pytest.fixture
def loader(db, folder):
    role = db.role("loader", "pg_read_server_files")
    execute_all(db, role)
    folder.workbook("t/a.xlsx", [["n"], [1]])
    assert db.rows(IMPORT, [str(folder)], role=role)[0]["status"] == "imported"
    folder.workbook("t/b.xlsx", [["n"], [2]])
    return role


@pytest.mark.parametrize("lane", ["copy", "spi"])
@pytest.mark.parametrize("what", TRIES)
def test_trigger(db, folder, loader, what, lane):
    body, sqlstate = TRIES[what]
    body = "; ".join(f"EXECUTE $x${part.format(role=loader)}$x$" for part in body.split("; "))
    plant(db, loader, body)
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")
    db.rows(IMPORT, [str(folder)], role=loader)
    noted = db.rows("SELECT who, sqlstate FROM noted")
    assert noted == [{"who": loader, "sqlstate": sqlstate}]
    assert content(db, "t") == [(1,), (2,)]
    assert db.value("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%%_made'") == 0
    assert db.value("SELECT count(*) FROM pgdatahub.imports WHERE imported_by = %s", [loader]) == 2


def test_a_job_is_no_way_up(db, folder, loader):
    """A job's worker is connected as the role that submitted it, so there is no other role to go back to."""
    body, sqlstate = TRIES["reset"]
    plant(db, loader, "; ".join(f"EXECUTE $x${part.format(role=loader)}$x$" for part in body.split("; ")))
    run = jobs.start(db, folder, role=loader)
    jobs.wait(db, run, role=loader)
    assert db.rows("SELECT DISTINCT who, sqlstate FROM noted") == [{"who": loader, "sqlstate": sqlstate}]
    assert content(db, "t") == [(1,), (2,)]


def test_event_trigger(db, folder, loader):
    """It fires for an import's DDL, as the caller and with the caller's search_path, and may reset what it likes."""
    db.execute(
        """
        CREATE TABLE noted (who text, path text, tag text); GRANT ALL ON noted TO PUBLIC;
        CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN
            RESET ROLE; RESET search_path; SET LOCAL check_function_bodies = off;
            INSERT INTO public.noted VALUES (current_user, current_setting('search_path'), tg_tag);
        END $$;
        CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch()
        """
    )
    folder.workbook("t/c.xlsx", [["n", "more"], ["x", 1]])
    folder.workbook("u/d.xlsx", [["n"], [1]])
    rows = db.rows(IMPORT, [str(folder)], role=loader)
    assert [row["status"] for row in rows] == ["skipped", "imported", "imported", "imported"], rows
    noted = db.rows("SELECT DISTINCT who, path FROM noted")
    assert noted == [{"who": loader, "path": '"$user", public'}]
    assert db.value("SELECT count(*) FROM noted WHERE tag IN ('ALTER TABLE', 'CREATE TABLE')") >= 2
    assert db.value("SELECT tableowner FROM pg_tables WHERE tablename = 'u'") == loader


def test_superuser_under_another_role(db, folder):
    """SET ROLE in a superuser's session: the trigger may go back, as PostgreSQL lets it; the audit is written all the same
    and says who the import ran as when it began."""
    role = db.role("loader", "pg_read_server_files")
    execute_all(db, role)
    db.execute(f"CREATE TABLE t (n bigint, source_file text, load_timestamp timestamptz); ALTER TABLE t OWNER TO {role}")
    plant(db, role, "EXECUTE 'RESET ROLE'")
    path = folder.workbook("a.xlsx", [["n"], [1], [2]])
    with db.connect() as session:
        session.execute(f"SET ROLE {role}")
        session.execute("SELECT pgdatahub.adopt_table('t')")
        (row,) = session.execute("SELECT status, message FROM pgdatahub.import_file(%s, table_name => 't')", [str(path)]).fetchall()
        assert row[0] == "imported", row
    assert content(db, "t") == [(1,), (2,)]
    assert db.value("SELECT count(*) FROM pgdatahub.imports") == 1
    assert imported(db.import_file(folder.workbook("b.xlsx", [["n"], [3]]), table_name="t"))
