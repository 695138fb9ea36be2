"""The best script a user would write: polars.read_excel, then COPY through psycopg. Arguments: workbook, conninfo, table."""

import sys
import time

import fastexcel  # noqa: F401
import polars
import psycopg

path, conninfo, table = sys.argv[1:]
with psycopg.connect(conninfo, autocommit=True) as session:
    session.execute(f"DROP TABLE IF EXISTS {table}")
    began = time.monotonic()
    frame = polars.read_excel(path)
    types = {
        polars.Int64: "bigint",
        polars.Float64: "double precision",
        polars.Boolean: "boolean",
        polars.Date: "date",
        polars.String: "text",
    }
    columns = ", ".join(f'"{name}" {types.get(kind, "timestamp")}' for name, kind in frame.schema.items())
    session.execute(f"CREATE TABLE {table} ({columns})")
    with session.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:
        copy.write(frame.write_csv(include_header=False))
    print(time.monotonic() - began)
