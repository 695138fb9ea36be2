"""What a statement that changes nothing must leave as it was."""


def state(db):
    """Every table of pgdatahub row by row, every sequence, the catalogs' rows with their versions, and the next
    transaction id."""
    with db.connect() as connection:
        tables = connection.execute(
            """SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'pgdatahub'::regnamespace ORDER BY 1"""
        ).fetchall()
        found = {name: connection.execute(f"SELECT t.xmin, t.ctid, t::text FROM {name} t ORDER BY t.ctid").fetchall() for (name,) in tables}
        sequences = connection.execute("SELECT schemaname, sequencename FROM pg_sequences ORDER BY 1, 2").fetchall()
        for schema, name in sequences:
            found[name] = connection.execute(f'SELECT last_value, is_called FROM "{schema}"."{name}"').fetchall()
        for catalog in ("pg_class", "pg_attribute", "pg_depend", "pg_description", "pg_type"):
            found[catalog] = connection.execute(f"SELECT t.xmin, t.ctid, t::text FROM {catalog} t ORDER BY t.ctid").fetchall()
        found["next transaction"] = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())").fetchall()
    return found


def plan(db, path, role="postgres", **arguments):
    """The rows of plan_folder, which has left no trace."""
    before = state(db)
    names = "".join(f", {name} => %({name})s" for name in arguments)
    rows = db.rows(f"SELECT * FROM pgdatahub.plan_folder(%(path)s{names})", {"path": str(path), **arguments}, role)
    after = state(db)
    for name, rows_before in before.items():
        assert after[name] == rows_before, f"{name} was changed by a plan"
    return rows


def size(db, table):
    """Bytes of a table with its children and what is toasted, without indexes."""
    query = """SELECT sum(pg_relation_size(c.oid) + coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0))::bigint FROM pg_class c
               WHERE c.oid = %(table)s::regclass OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = %(table)s::regclass)"""
    return db.value(query, {"table": table})


def brief(rows):
    """File names and actions alone."""
    return [(row["source_file"].rsplit("/", 1)[1], row["action"]) for row in rows]
