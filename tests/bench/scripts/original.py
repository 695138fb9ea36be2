"""What the Python system did: openpyxl rows in chunks through pandas into SQLAlchemy's executemany. Arguments: workbook, URL, table."""

import sys
import time

import openpyxl
import pandas
import sqlalchemy

path, url, table = sys.argv[1:]
engine = sqlalchemy.create_engine(url)
CHUNK = 10_000

began = time.monotonic()
rows = openpyxl.load_workbook(path, read_only=True, data_only=True).active.iter_rows(values_only=True)
headers = list(next(rows))


def store(chunk, how):
    frame = pandas.DataFrame(chunk, columns=headers)
    with engine.begin() as connection:
        if how == "replace":
            frame.head(0).to_sql(table, connection, if_exists="replace", index=False)
        names = ", ".join(f'"{name}"' for name in headers)
        values = ", ".join(f":c{n}" for n in range(len(headers)))
        records = [{f"c{n}": None if pandas.isna(v) else v for n, v in enumerate(row)} for row in frame.itertuples(index=False)]
        connection.execute(sqlalchemy.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), records)


chunk, how = [], "replace"
for row in rows:
    chunk.append(row)
    if len(chunk) == CHUNK:
        store(chunk, how)
        chunk, how = [], "append"
if chunk:
    store(chunk, how)
print(time.monotonic() - began)
