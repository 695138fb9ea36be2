"""What the tests of rejects share: settings in the folder's configuration, both lanes, a table that was adopted."""

LANES = ["copy", "spi"]


def use_lane(db, lane):
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lane = '{lane}'")


def configure(folder, **settings):
    folder.write("etl_config.yaml", "".join(f"{name}: {value}\n" for name, value in settings.items()))


def adopt(db, columns, name="t"):
    """Creates a table as a user would and hands it over."""
    db.execute(f"CREATE TABLE {name} ({columns})")
    db.execute("SELECT pgdatahub.adopt_table(%s::regclass)", [name])


def load(db, folder, name, rows, table="t", **arguments):
    """Writes a workbook and imports it; the result row."""
    (result,) = db.import_file(folder.workbook(name, rows), table_name=table, **arguments)
    return result


def rejects(db, *columns):
    """The rejects as tuples, in the sheet's order."""
    rows = db.rows(f"SELECT {', '.join(columns)} FROM pgdatahub.rejects ORDER BY import_id, sheet_row, cell")
    return [tuple(row.values()) for row in rows]


def ids(db, column="id", table="t"):
    return [row[column] for row in db.rows(f"SELECT {column} FROM {table} ORDER BY {column}")]


def traces(db, table="t"):
    """What a failed file must not change: rows, imports, rejects, schema changes, column types."""
    return (
        db.rows(f"SELECT * FROM {table} t ORDER BY t::text"),
        db.value("SELECT count(*) FROM pgdatahub.imports"),
        db.value("SELECT count(*) FROM pgdatahub.rejects"),
        db.value("SELECT count(*) FROM pgdatahub.schema_changes"),
        db.rows(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [table],
        ),
    )
