"""Holds what a plan and a dry run say of a call against what the call then does."""

OUTCOME = ("status", "row_count", "rows_removed", "rejected", "sqlstate", "schema_changes", "missing_columns")
ENDS = {"imported": "import", "replaced": "replace", "skipped": "skip", "failed": "fail"}
DDL = {"create table": "CREATE TABLE", "add column": "ADD COLUMN", "alter column type": "ALTER COLUMN TYPE"}


def before(connection, how, arguments):
    """What is said of a call that is not made yet."""
    folder = {name: arguments[name] for name in ("path", "files", "schema")}
    if how == "import_file":
        dry = "pgdatahub.import_file(%(path)s, table_name => 't', target_schema => %(schema)s, dry_run => true)"
        planned = None
    else:
        dry = "pgdatahub.import_folder(%(path)s, files => %(files)s, target_schema => %(schema)s, dry_run => true)"
        query = "SELECT source_file, action, ddl FROM pgdatahub.plan_folder(%(path)s, files => %(files)s, target_schema => %(schema)s)"
        planned = connection.execute(query, folder).fetchall()
    last = connection.execute("SELECT coalesce(max(change_id), 0) FROM pgdatahub.etl_schema_changes").fetchone()[0]
    outcome = connection.execute(f"SELECT source_file, {', '.join(OUTCOME)} FROM {dry}", folder).fetchall()
    return planned, outcome, last


def difference(connection, said):
    """None, or where the call just made did something else."""
    planned, outcome, last = said
    files = [row[0] for row in outcome]
    done = connection.execute(
        f"SELECT source_file, {', '.join(OUTCOME)} FROM pgdatahub.etl_run_files WHERE source_file = ANY (%s) ORDER BY source_file", [files]
    ).fetchall()
    as_done = [(file, {"planned": "imported"}.get(status, status), *more) for file, status, *more in outcome]
    if sorted(as_done) != done:
        return f"the dry run\n  said {sorted(as_done)}\n  done {done}"
    if planned is None:
        return None
    ends = [(file, action) for file, action, _ in planned if action not in DDL]
    if sorted(ends) != [(file, ENDS[status]) for file, status, *_ in done]:
        return f"the plan\n  said {ends}\n  done {done}"
    statements = [(file, DDL[action], ddl) for file, action, ddl in planned if action in DDL]
    executed = executed_since(connection, last)
    if statements != executed:
        return f"the plan's statements\n  said {statements}\n  done {executed}"
    return None


def executed_since(connection, last):
    """The changes on record; the columns of a new table are in its own statement."""
    query = "SELECT source_file, change_type, statement FROM pgdatahub.etl_schema_changes WHERE change_id > %s ORDER BY change_id"
    rows = connection.execute(query, [last]).fetchall()
    created = {(file, statement) for file, change, statement in rows if change == "CREATE TABLE"}
    return [row for row in rows if row[1] == "CREATE TABLE" or (row[0], row[2]) not in created]
