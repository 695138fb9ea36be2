"""Imports a case as its calls say, and compares what the server made of it with the model."""

import itertools

import psycopg

from . import books, columns, draw, model

_schemas = itertools.count(1)


def check(connection, home, case):
    """None, or how the server's table differs from the model's."""
    for run in case["runs"]:
        difference = _check(connection, home, case["files"], run)
        if difference:
            return difference
    if columns.undisputed([model.Sheet(file) for file in case["files"]]):
        one, other = (model.outcome(case["files"], draw.order(run)) for run in case["runs"])
        assert one == other, "the model itself depends on the order"
    return None


def _check(connection, home, files, run):
    number = next(_schemas)
    schema, folder = f"s{number}", home / f"s{number}"
    (folder / "t").mkdir(parents=True)
    (folder / "t").chmod(0o755)
    folder.chmod(0o755)
    names = {}
    for at, call in enumerate(run):
        for place, file in enumerate(call["files"]):
            names[file] = folder / "t" / f"{at:02d}_{place:02d}.xlsx"
            books.write(files[file], names[file], f"{schema} {file}")
    connection.execute(f"CREATE SCHEMA {schema}")
    expected = model.outcome(files, draw.order(run))
    for at, call in enumerate(run):
        _call(connection, folder, schema, at, call, names)
    found = _read(connection, folder, schema, names)
    for path in names.values():
        path.unlink()
    for what in ("statuses", "columns", "rejects", "rows"):
        want, got = getattr(expected, what), getattr(found, what)
        if what == "rows":
            # A table has no order: what a file left when it began again may be vacuumed and filled while its rows come.
            want, got = ({file: sorted(rows, key=repr) for file, rows in side.items()} for side in (want, got))
        if want != got:
            return f"{what}, files in order {draw.order(run)}\n  expected {want}\n  found    {got}"
    return None


def _call(connection, folder, schema, at, call, names):
    connection.execute(f"SET pgdatahub.lane = '{call['lane']}'")
    connection.execute(f"SET pgdatahub.chunk_size = {call['chunk']}")
    arguments = {"path": str(folder), "files": f"t/{at:02d}_*.xlsx", "schema": schema}
    match call["how"]:
        case "import_folder":
            query = "SELECT count(*) FROM pgdatahub.import_folder(%(path)s, files => %(files)s, target_schema => %(schema)s)"
        case "run_import":
            query = "CALL pgdatahub.run_import(%(path)s, files => %(files)s, target_schema => %(schema)s)"
        case "import_file":
            query = "SELECT count(*) FROM pgdatahub.import_file(%(path)s, table_name => 't', target_schema => %(schema)s)"
            arguments["path"] = str(names[call["files"][0]])
    try:
        connection.execute(query, arguments)
    except psycopg.Error as error:
        # run_import's last word where files failed.
        if (call["how"], error.sqlstate) != ("run_import", "PD001"):
            raise


def _read(connection, folder, schema, names):
    found = model.Outcome()
    numbers = {str(path): file for file, path in names.items()}
    statuses = connection.execute(
        """SELECT source_file, status, row_count, rejected, sqlstate FROM pgdatahub.etl_run_files
           WHERE starts_with(source_file, %s)""",
        [f"{folder}/"],
    ).fetchall()
    for path, status, rows, rejected, sqlstate in statuses:
        assert numbers[path] not in found.statuses, f"{path} was tried twice"
        found.statuses[numbers[path]] = (status, sqlstate) if status == "failed" else (status, rows, rejected)
        if status == "imported":
            found.rows[numbers[path]], found.rejects[numbers[path]] = [], []
    types = connection.execute(
        """SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
           WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped""",
        [f"{schema}.t"],
    ).fetchall()
    found.columns = {name: kind for name, kind in types if name not in columns.RESERVED}
    if types:
        assert {name for name, _ in types} >= columns.RESERVED
        quoted = ", ".join(["source_file", *(f'"{name}"' for name in sorted(found.columns))])
        for path, *row in connection.execute(f"SELECT {quoted} FROM {schema}.t"):
            found.rows[numbers[path]].append(tuple(row))
    rejects = connection.execute(
        """SELECT i.source_file, r.cell, r.column_name, r.raw_value FROM pgdatahub.etl_rejects r
           JOIN pgdatahub.etl_imports i USING (import_id) WHERE i.table_schema = %s ORDER BY r.reject_id""",
        [schema],
    ).fetchall()
    for path, *reject in rejects:
        found.rejects[numbers[path]].append(tuple(reject))
    return found
