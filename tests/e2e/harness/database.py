"""A database of one test, with the extension in it."""

import itertools

from psycopg import sql
from psycopg.rows import dict_row

_numbers = itertools.count(1)


class Database:
    def __init__(self, cluster, extension=True):
        self.cluster = cluster
        self.number = next(_numbers)
        self.name = f"t{self.number}"
        self._roles = []
        with cluster.connect() as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)))
        if extension:
            self.execute("CREATE EXTENSION pgdatahub")

    def connect(self, role="postgres", client_encoding=None, autocommit=True, **more):
        return self.cluster.connect(self.name, role, client_encoding, autocommit, **more)

    def psql(self, text, **more):
        return self.cluster.psql(text, dbname=self.name, **more)

    def execute(self, query, params=None, role="postgres"):
        with self.connect(role) as connection:
            connection.execute(query, params)

    def rows(self, query, params=None, role="postgres", **more):
        """The result as a list of dicts."""
        with self.connect(role, **more) as connection:
            return connection.cursor(row_factory=dict_row).execute(query, params).fetchall()

    def value(self, query, params=None, role="postgres", **more):
        """The first column of the only row."""
        (row,) = self.rows(query, params, role, **more)
        return next(iter(row.values()))

    def import_file(self, path, **arguments):
        return self._import("import_file", path, arguments)

    def import_folder(self, path, **arguments):
        return self._import("import_folder", path, arguments)

    def _import(self, function, path, arguments):
        names = "".join(f", {name} => %({name})s" for name in arguments)
        return self.rows(f"SELECT * FROM pgdatahub.{function}(%(path)s{names})", {"path": str(path), **arguments})

    def role(self, name, *grants):
        """Creates a role that may log in, named for this test, and grants it each of `grants` (role names)."""
        full = f"{name}_{self.number}"
        with self.connect() as admin:
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(full)))
            for grant in grants:
                admin.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(grant), sql.Identifier(full)))
        self._roles.append(full)
        return full

    def drop(self):
        with self.cluster.connect() as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name)))
            for role in self._roles:
                admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
