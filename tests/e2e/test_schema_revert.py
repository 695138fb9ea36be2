"""revert_schema: a file's schema changes undone where nothing else is lost, each refusal with its reason."""

from datetime import date, datetime

import pytest
from harness.background import Background
from harness.results import content, imported, refused, types


def load(db, folder, **files):
    """One workbook of table t per keyword, in order: {header: values}."""
    for name, columns in files.items():
        rows = [list(columns), *zip(*columns.values(), strict=True)]
        path = folder.workbook(f"t/{name}.xlsx", rows)
        imported(db.import_file(path))


def undo(db, file, dry_run=False, table="t", role="postgres"):
    query = "SELECT * FROM pgdatahub.revert_schema(%s, %s, dry_run => %s)"
    return db.rows(query, [table, file, dry_run], role=role)


def revert(db, file):
    return db.value("SELECT pgdatahub.revert('t', %s)", [file])


def outcomes(rows):
    return [(row["change_type"], row["column_name"], row["outcome"]) for row in rows]


def remembered(db):
    return {row["header"]: row["column_name"] for row in db.rows("SELECT header, column_name FROM pgdatahub.etl_columns")}


def test_an_added_column_that_nobody_else_fills(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "extra": ["x"]})
    revert(db, "b.xlsx")
    (row,) = undo(db, "b.xlsx", dry_run=True)
    assert (row["outcome"], row["statement"], row["why"]) == ("would be done", "ALTER TABLE public.t DROP COLUMN extra", None)
    assert types(db, "t") == {"n": "bigint", "extra": "text"}
    assert db.value("SELECT count(*) FROM pgdatahub.schema_changes WHERE reverted_at IS NOT NULL") == 0

    (row,) = undo(db, "b.xlsx")
    assert (row["outcome"], row["statement"]) == ("done", "ALTER TABLE public.t DROP COLUMN extra")
    assert types(db, "t") == {"n": "bigint"}
    assert content(db, "t") == [(1,)]
    assert remembered(db) == {"n": "n"}
    marked, made = db.rows("SELECT * FROM pgdatahub.schema_changes WHERE column_name = 'extra' ORDER BY change_id")
    assert (marked["change_type"], marked["reverted_by"]) == ("ADD COLUMN", "postgres")
    assert marked["reverted_at"] is not None
    assert (made["change_type"], made["old_type"], made["new_type"]) == ("DROP COLUMN", "text", None)
    assert (made["statement"], made["reverted_at"], made["changed_by"]) == (row["statement"], None, "postgres")
    assert undo(db, "b.xlsx") == []


def test_dry_run_is_the_default(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "extra": ["x"]})
    (row,) = db.rows("SELECT * FROM pgdatahub.revert_schema('t', 'b.xlsx')")
    assert row["outcome"] == "would be done"
    assert "extra" in types(db, "t")


def test_the_column_can_come_back(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "extra": ["x"]})
    revert(db, "b.xlsx")
    undo(db, "b.xlsx")
    load(db, folder, c={"n": [3], "extra": [7]})
    assert types(db, "t") == {"n": "bigint", "extra": "bigint"}
    assert content(db, "t") == [(1, None), (3, 7)]


def test_other_imports_values_are_never_lost(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "extra": ["x"]}, c={"n": [3], "extra": ["y"]}, d={"extra": ["z"]})
    revert(db, "b.xlsx")
    (row,) = undo(db, "b.xlsx")
    assert row["outcome"] == "refused"
    assert row["why"] == f"other imports have 2 values there, such as {folder / 't/c.xlsx'}"
    assert content(db, "t", "extra") == [("y",), ("z",), (None,)]
    # A widened column whose other values are NULL is nobody's.
    revert(db, "c.xlsx")
    revert(db, "d.xlsx")
    assert outcomes(undo(db, "b.xlsx")) == [("ADD COLUMN", "extra", "done")]


def test_values_written_by_hand_are_never_lost(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "extra": ["x"]})
    revert(db, "b.xlsx")
    db.execute("INSERT INTO t (n, extra, source_file, load_timestamp) VALUES (9, 'h', 'psql', now())")
    (row,) = undo(db, "b.xlsx")
    assert (row["outcome"], row["why"]) == ("refused", "other imports have 1 value there, such as psql")
    db.execute("UPDATE t SET extra = NULL WHERE n = 9; UPDATE t SET extra = 'in a''s row' WHERE n = 1")
    (row,) = undo(db, "b.xlsx")
    assert row["outcome"] == "refused" and "a.xlsx" in row["why"]
    assert "extra" in types(db, "t")


def test_rows_of_no_import_in_an_adopted_table(db, folder):
    db.execute("CREATE TABLE t (n bigint); INSERT INTO t VALUES (5)")
    db.value("SELECT pgdatahub.adopt_table('t')")
    load(db, folder, b={"n": [2], "extra": ["x"]})
    db.execute("UPDATE t SET extra = 'mine' WHERE n = 5")
    revert(db, "b.xlsx")
    (row,) = undo(db, "b.xlsx")
    assert (row["outcome"], row["why"]) == ("refused", "1 value there came by other means than an import")


def test_own_values_go_along_and_it_is_said(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2, 3], "extra": ["x", None]})
    (row,) = undo(db, "b.xlsx", dry_run=True)
    assert (row["outcome"], row["why"]) == ("would be done", "1 value of this file's own go with it")
    undo(db, "b.xlsx")
    assert content(db, "t") == [(1,), (2,), (3,)]


D, T = date(2024, 2, 29), datetime(2024, 2, 29, 13, 30)
WIDENINGS = [
    # narrow values, the wider file's value, both types
    ([1, -5], 1.5, "bigint", "double precision"),
    ([1, 2], "x", "bigint", "text"),
    ([1.25, 1e16, -0.1], "x", "double precision", "text"),
    ([True, False], "x", "boolean", "text"),
    ([True], 1, "boolean", "text"),
    ([D], T, "date", "timestamp without time zone"),
    ([D], "x", "date", "text"),
    ([T], "x", "timestamp without time zone", "text"),
]


@pytest.mark.parametrize(("narrow", "wide", "narrow_type", "wide_type"), WIDENINGS)
def test_widenings_are_undone_exactly(db, folder, narrow, wide, narrow_type, wide_type):
    load(db, folder, a={"v": narrow})
    before = content(db, "t")
    assert types(db, "t") == {"v": narrow_type}
    load(db, folder, b={"v": [wide]})
    assert types(db, "t") == {"v": wide_type}
    (row,) = undo(db, "b.xlsx")
    assert row["outcome"] == "refused" and f"as {narrow_type}" in row["why"], row
    assert types(db, "t") == {"v": wide_type}
    revert(db, "b.xlsx")
    assert outcomes(undo(db, "b.xlsx")) == [("ALTER COLUMN TYPE", "v", "done")]
    assert types(db, "t") == {"v": narrow_type}
    assert content(db, "t") == before
    marked, made = db.rows("SELECT * FROM pgdatahub.schema_changes WHERE change_type = 'ALTER COLUMN TYPE' ORDER BY change_id")
    assert (made["old_type"], made["new_type"]) == (wide_type, narrow_type)
    assert marked["reverted_at"] is not None and made["reverted_at"] is None


SURVIVORS = [
    # a value in the widened column, the narrower type, whether it survives
    ("text", "007", "bigint", False),
    ("text", " 7", "bigint", False),
    ("text", "7", "bigint", True),
    ("text", "9223372036854775808", "bigint", False),
    ("text", "TRUE", "boolean", False),
    ("text", "true", "boolean", True),
    ("text", "29.02.2024", "date", False),
    ("text", "2024-02-29", "date", True),
    ("text", "today", "date", False),
    ("text", "1e3", "double precision", False),
    ("text", "0.1", "double precision", True),
    ("text", "12:30:00", "time without time zone", True),
    ("text", "24:00:00", "interval", True),
    ("text", "1 day", "interval", False),
    ("double precision", "2.5", "bigint", False),
    ("double precision", "1e300", "bigint", False),
    ("double precision", "NaN", "bigint", False),
    ("double precision", "42", "bigint", True),
    ("timestamp without time zone", "2024-02-29 00:00:01", "date", False),
    ("timestamp without time zone", "2024-02-29", "date", True),
    ("interval", "25:00:00", "time without time zone", False),
    ("interval", "1 day", "time without time zone", False),
    ("interval", "23:59:59.5", "time without time zone", True),
    ("numeric", "9007199254740993", "bigint", True),
    ("numeric", "1.5", "bigint", False),
]


@pytest.mark.parametrize(("wide", "value", "narrow", "survives"), SURVIVORS)
@pytest.mark.parametrize("datestyle", ["ISO, DMY", "German"])
def test_what_survives_a_narrower_type(db, folder, wide, value, narrow, survives, datestyle):
    """Whatever the session's DateStyle is: the text form and the value must both come back."""
    db.execute(f"ALTER DATABASE {db.name} SET datestyle = '{datestyle}'; ALTER DATABASE {db.name} SET intervalstyle = 'sql_standard'")
    load(db, folder, a={"n": [1]}, b={"n": [2], "v": ["x"]})
    # The history of a widening, made by hand so that each pair of types is reached.
    db.execute(f"ALTER TABLE t ALTER v TYPE {wide} USING NULL::{wide}")
    db.execute(
        """UPDATE pgdatahub.etl_schema_changes SET change_type = 'ALTER COLUMN TYPE', old_type = %s, new_type = %s WHERE column_name = 'v'""",
        [narrow, wide],
    )
    db.execute(f"UPDATE t SET v = '{value}'::{wide}")
    before = db.value("SELECT min(pgdatahub.text_form(v)) FROM t")
    (row,) = undo(db, "b.xlsx")
    assert row["outcome"] == ("done" if survives else "refused"), row
    assert types(db, "t")["v"] == (narrow if survives else wide)
    assert db.value("SELECT min(pgdatahub.text_form(v)) FROM t") == before


def test_provisional_columns_become_provisional_again(db, folder):
    load(db, folder, a={"n": [1], "v": [None]}, b={"n": [2], "v": [7]})
    assert types(db, "t")["v"] == "bigint"
    (row,) = undo(db, "b.xlsx")
    assert row["outcome"] == "refused" and "for want of a value" in row["why"]
    revert(db, "b.xlsx")
    (row,) = undo(db, "b.xlsx")
    assert (row["outcome"], row["column_name"]) == ("done", "v")
    assert types(db, "t")["v"] == "text"
    load(db, folder, c={"n": [3], "v": [D]})
    assert types(db, "t")["v"] == "date"
    assert content(db, "t") == [(1, None), (3, D)]


def test_another_files_later_widening_is_named(db, folder):
    load(db, folder, a={"v": [1]}, b={"v": [1.5]}, c={"v": ["x"]})
    revert(db, "b.xlsx")
    (row,) = undo(db, "b.xlsx")
    assert (row["outcome"], row["why"]) == ("refused", f"the column was altered to text since, for {folder / 't/c.xlsx'}")
    revert(db, "c.xlsx")
    assert outcomes(undo(db, "c.xlsx")) == [("ALTER COLUMN TYPE", "v", "done")]
    assert types(db, "t") == {"v": "double precision"}
    assert outcomes(undo(db, "b.xlsx")) == [("ALTER COLUMN TYPE", "v", "done")]
    assert types(db, "t") == {"v": "bigint"}


def test_all_imports_of_the_file_the_latest_first(db, folder):
    """The file was replaced: its first import added a column, its second widened it and added another."""
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7]})
    path = folder.workbook("t/b.xlsx", [["n", "x", "y"], [2, 7.5, "z"]])
    (row,) = db.import_file(path)
    assert row["status"] == "replaced"
    revert(db, "b.xlsx")
    assert outcomes(undo(db, "b.xlsx", dry_run=True)) == [
        ("ADD COLUMN", "y", "would be done"),
        ("ALTER COLUMN TYPE", "x", "would be done"),
        ("ADD COLUMN", "x", "would be done"),
    ]
    undo(db, "b.xlsx")
    assert types(db, "t") == {"n": "bigint"}
    dropped = db.rows("SELECT column_name, old_type, statement FROM pgdatahub.schema_changes WHERE change_type = 'DROP COLUMN' ORDER BY 1")
    assert [(row["column_name"], row["old_type"]) for row in dropped] == [("x", "double precision"), ("y", "text")]
    assert len({row["statement"] for row in dropped}) == 1, "one ALTER TABLE"


def test_a_part_is_done_and_the_rest_refused(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7], "y": [8]}, c={"n": [3], "x": [9]})
    revert(db, "b.xlsx")
    assert sorted(outcomes(undo(db, "b.xlsx"))) == [("ADD COLUMN", "x", "refused"), ("ADD COLUMN", "y", "done")]
    assert types(db, "t") == {"n": "bigint", "x": "bigint"}


def test_create_table_only_when_empty(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2]})
    revert(db, "a.xlsx")
    rows = undo(db, "a.xlsx")
    assert outcomes(rows) == [("ADD COLUMN", "n", "refused"), ("CREATE TABLE", None, "refused")]
    assert rows[1]["why"] == "the table has rows"
    revert(db, "b.xlsx")
    rows = undo(db, "a.xlsx")
    assert outcomes(rows) == [("ADD COLUMN", "n", "done"), ("CREATE TABLE", None, "done")]
    assert {row["statement"] for row in rows} == {"DROP TABLE public.t"}
    assert db.value("SELECT to_regclass('t')") is None
    last = db.rows("SELECT change_type, statement, reverted_at FROM pgdatahub.etl_schema_changes ORDER BY change_id DESC LIMIT 1")
    assert last == [{"change_type": "DROP TABLE", "statement": "DROP TABLE public.t", "reverted_at": None}]
    assert db.value("SELECT count(*) FROM pgdatahub.etl_schema_changes WHERE reverted_at IS NULL") == 1
    # The table is made anew by the next import; what was reverted on purpose stays out.
    load(db, folder, c={"m": ["x"]})
    assert types(db, "t") == {"m": "text"}


def test_create_table_stays_while_an_import_without_rows_is_in(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": []})
    revert(db, "a.xlsx")
    rows = undo(db, "a.xlsx")
    assert rows[-1]["outcome"] == "refused" and "b.xlsx" in rows[-1]["why"]


def test_create_table_stays_while_something_depends_on_it(db, folder):
    load(db, folder, a={"n": [1]})
    db.execute("CREATE VIEW v AS SELECT source_file FROM t; CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    revert(db, "a.xlsx")
    rows = undo(db, "a.xlsx")
    assert rows[-1]["outcome"] == "refused"
    assert rows[-1]["why"] == "needed by function f(t), view v"
    # Its columns nobody needs.
    assert rows[0]["outcome"] == "done"


DEPENDANTS = {
    "view": ("CREATE VIEW v AS SELECT x FROM t", "view v"),
    "materialized view": ("CREATE MATERIALIZED VIEW v AS SELECT x FROM t", "materialized view v"),
    "index": ("CREATE INDEX i ON t (x)", "index i"),
    "unique": ("ALTER TABLE t ADD CONSTRAINT u UNIQUE (n, x)", "constraint u on table t"),
    "check": ("ALTER TABLE t ADD CONSTRAINT c CHECK (x > 0 OR x IS NULL)", "constraint c on table t"),
    "generated": ("ALTER TABLE t ADD twice bigint GENERATED ALWAYS AS (x * 2) STORED", "column twice of table t"),
    "trigger": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER g BEFORE UPDATE OF x ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "trigger g on table t",
    ),
    "policy": ("CREATE POLICY p ON t USING (x > 0)", "policy p on table t"),
    "foreign key": (
        "ALTER TABLE t ADD UNIQUE (x); CREATE TABLE child (x bigint CONSTRAINT fk REFERENCES t (x))",
        "constraint fk on table child",
    ),
    "statistics": ("CREATE STATISTICS s ON n, x FROM t", "statistics object s"),
}


@pytest.mark.parametrize("what", DEPENDANTS)
def test_what_depends_on_a_column_is_named(db, folder, what):
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7]})
    revert(db, "b.xlsx")
    statement, name = DEPENDANTS[what]
    db.execute(statement)
    (row,) = undo(db, "b.xlsx")
    assert row["outcome"] == "refused", row
    assert name in row["why"] and row["why"].startswith("needed by "), row
    assert "x" in types(db, "t")


def qualified(name):
    """The object as errors of imports name it too."""
    kind, _, last = name.rpartition(" ")
    return f"{kind} public.{last}"


@pytest.mark.parametrize("what", ["view", "materialized view", "generated", "trigger", "policy"])
def test_what_blocks_a_narrower_type_is_named(db, folder, what):
    load(db, folder, a={"n": [1], "x": [7]}, b={"n": [2], "x": [7.5]})
    revert(db, "b.xlsx")
    statement, name = DEPENDANTS[what]
    db.execute(statement.replace("bigint", "double precision"))
    (row,) = undo(db, "b.xlsx")
    assert row["outcome"] == "refused" and qualified(name) in row["why"], row
    assert types(db, "t")["x"] == "double precision"


@pytest.mark.parametrize(("expression", "holds"), [("lower(x)", False), ("(x || '!')", True)])
def test_an_expression_must_hold_for_the_narrower_type(db, folder, expression, holds):
    load(db, folder, a={"n": [1], "x": [7]}, b={"n": [2], "x": ["seven"]})
    revert(db, "b.xlsx")
    db.execute(f"CREATE INDEX i ON t ({expression})")
    (row,) = undo(db, "b.xlsx")
    assert row["outcome"] == ("done" if holds else "refused"), row
    if not holds:
        assert row["why"] == "needed by index public.i (on an expression)"
    assert types(db, "t")["x"] == ("bigint" if holds else "text")


def test_a_large_table_is_not_rewritten_unasked(db, folder):
    load(db, folder, a={"n": [1], "x": [7]}, b={"n": [2], "x": [7.5]})
    revert(db, "b.xlsx")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.max_rewrite = 0")
    with db.connect() as connection:
        said = []
        connection.add_notice_handler(lambda notice: said.append((notice.severity, notice.message_primary)))
        rows = connection.execute("SELECT outcome FROM pgdatahub.revert_schema('t', 'b.xlsx')").fetchall()
    assert rows == [("would be done",)]
    assert said == [("WARNING", "table public.t is too large to be rewritten unasked: 8192 bytes")]
    with refused("54000", "too large to be rewritten", "ALTER TABLE public.t ALTER COLUMN x TYPE pg_catalog.int8", "max_rewrite is 0 bytes") as caught:
        undo(db, "b.xlsx")
    assert types(db, "t")["x"] == "double precision"
    hint = caught.value.diag.message_hint.removeprefix("When the table may be locked: ")
    assert hint.startswith("SET pgdatahub.max_rewrite = -1; SELECT * FROM pgdatahub.revert_schema('public.t', '/")
    db.execute(hint)
    assert types(db, "t")["x"] == "bigint"
    # Dropping a column rewrites nothing.
    load(db, folder, c={"n": [3], "z": [1]})
    revert(db, "c.xlsx")
    assert outcomes(undo(db, "c.xlsx")) == [("ADD COLUMN", "z", "done")]


@pytest.mark.parametrize("what", ["index", "unique", "statistics", "check"])
def test_what_is_rebuilt_does_not_block_a_narrower_type(db, folder, what):
    load(db, folder, a={"n": [1], "x": [7]}, b={"n": [2], "x": [7.5]})
    revert(db, "b.xlsx")
    db.execute(DEPENDANTS[what][0])
    assert outcomes(undo(db, "b.xlsx")) == [("ALTER COLUMN TYPE", "x", "done")]
    assert types(db, "t")["x"] == "bigint"


def test_a_default_and_not_null_are_the_columns_own(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7]})
    db.execute("ALTER TABLE t ALTER x SET DEFAULT 3")
    revert(db, "b.xlsx")
    assert outcomes(undo(db, "b.xlsx")) == [("ADD COLUMN", "x", "done")]


def test_partition_key_and_inherited_columns(db, folder):
    db.execute("CREATE TABLE t (n bigint) PARTITION BY LIST (n); CREATE TABLE t1 PARTITION OF t DEFAULT")
    db.value("SELECT pgdatahub.adopt_table('t')")
    load(db, folder, b={"n": [2], "x": [7]})
    revert(db, "b.xlsx")
    assert outcomes(undo(db, "b.xlsx")) == [("ADD COLUMN", "x", "done")]
    assert "x" not in types(db, "t1")
    # As if an import had added the key.
    db.execute(
        """INSERT INTO pgdatahub.etl_schema_changes (table_schema, table_name, change_type, column_name, new_type, changed_by, source_file, statement)
           VALUES ('public', 't', 'ADD COLUMN', 'n', 'bigint', 'x', %s, '')""",
        [str(folder / "t/b.xlsx")],
    )
    (row,) = undo(db, "b.xlsx")
    assert (row["outcome"], row["why"]) == ("refused", "needed by the partition key")


def test_altered_or_dropped_by_hand(db, folder):
    load(db, folder, a={"n": [1], "m": [1]}, b={"n": [1.5], "x": [7]})
    revert(db, "b.xlsx")
    db.execute("ALTER TABLE t ALTER n TYPE numeric(12,2), DROP x")
    rows = {row["column_name"]: row for row in undo(db, "b.xlsx")}
    assert rows["n"]["why"] == "the column is not double precision any more, it was altered since"
    assert rows["x"]["why"] == "the column is not there any more"
    assert {row["outcome"] for row in rows.values()} == {"refused"}


def test_all_or_nothing_when_a_statement_fails(db, folder):
    """What no check foresees: an event trigger's own objection."""
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7], "y": [8]})
    revert(db, "b.xlsx")
    db.execute(
        """CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = 'ZZ001'; END $$;
           CREATE EVENT TRIGGER no ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION no()"""
    )
    before = db.rows("SELECT * FROM pgdatahub.etl_schema_changes ORDER BY change_id")
    with refused("ZZ001", "not today"):
        undo(db, "b.xlsx")
    assert types(db, "t") == {"n": "bigint", "x": "bigint", "y": "bigint"}
    assert db.rows("SELECT * FROM pgdatahub.etl_schema_changes ORDER BY change_id") == before
    assert set(remembered(db)) == {"n", "x", "y"}


def test_a_busy_table(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7]})
    revert(db, "b.xlsx")
    db.execute(f"ALTER DATABASE {db.name} SET pgdatahub.lock_timeout = '50ms'; ALTER DATABASE {db.name} SET pgdatahub.lock_retries = 1")
    with db.connect(autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM t")
        with refused("55P03", "in use", "pgdatahub.lock_timeout"):
            undo(db, "b.xlsx")
        # A dry run waits for nobody.
        assert outcomes(undo(db, "b.xlsx", dry_run=True)) == [("ADD COLUMN", "x", "would be done")]
    assert "x" in types(db, "t")
    assert outcomes(undo(db, "b.xlsx")) == [("ADD COLUMN", "x", "done")]


def test_a_value_written_meanwhile_is_seen(db, folder):
    """A writer that is at work when revert_schema comes: it is waited for, and its value counts."""
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7]})
    revert(db, "b.xlsx")
    with db.connect(autocommit=False) as writer:
        writer.execute("UPDATE t SET x = 1")
        waiting = Background(db.connect(), "SELECT outcome, why FROM pgdatahub.revert_schema('t', 'b.xlsx', dry_run => false)")
        waiting._thread.join(1)
        assert waiting.running, waiting.error
        writer.commit()
        waiting.join()
    assert waiting.rows[0][0] == "refused" and "1 value" in waiting.rows[0][1]
    waiting.close()
    assert content(db, "t") == [(1, 1)]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_old_snapshot_is_no_ground_to_drop(db, folder, level):
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7]})
    with db.connect(autocommit=False) as connection:
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        with refused("55000", "isolation level", "READ COMMITTED"):
            connection.execute("SELECT * FROM pgdatahub.revert_schema('t', 'b.xlsx', dry_run => false)")


def test_hidden_rows_are_no_ground_to_drop(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7]}, c={"n": [3], "x": [8]})
    role = db.role("clerk")
    db.execute(f"ALTER TABLE t OWNER TO {role}; GRANT USAGE ON SCHEMA pgdatahub TO {role}")
    db.execute(f"GRANT EXECUTE ON FUNCTION pgdatahub.revert_schema TO {role}")
    db.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY none ON t USING (false)")
    with refused("42501", "row-level security", "NO FORCE ROW LEVEL SECURITY"):
        undo(db, "b.xlsx", role=role)
    assert "x" in types(db, "t")


def test_only_the_owner(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7]})
    role = db.role("clerk")
    with refused("42501"):
        undo(db, "b.xlsx", role=role)
    db.execute(f"GRANT ALL ON t TO {role}; GRANT USAGE ON SCHEMA pgdatahub TO {role}; GRANT EXECUTE ON FUNCTION pgdatahub.revert_schema TO {role}")
    with refused("42501", "must be owner of table"):
        undo(db, "b.xlsx", role=role)
    db.execute(f"ALTER TABLE t OWNER TO {role}")
    assert outcomes(undo(db, "b.xlsx", role=role)) == [("ADD COLUMN", "x", "done")]
    assert db.value("SELECT reverted_by FROM pgdatahub.schema_changes WHERE reverted_at IS NOT NULL") == role


def test_unknown_files_and_tables(db, folder):
    load(db, folder, april={"n": [1]})
    with refused("22023", "never imported", "april.xlsx"):
        undo(db, "aprl.xlsx")
    db.execute("CREATE TABLE mine (n int)")
    with refused("42P01", "not managed"):
        undo(db, "april.xlsx", table="mine")
    for call in ("NULL, 'a'", "'t', NULL"):
        with refused("22004", "must not be null"):
            db.rows(f"SELECT * FROM pgdatahub.revert_schema({call})")


def test_a_file_that_changed_nothing(db, folder):
    load(db, folder, a={"n": [1]}, b={"n": [2]})
    assert undo(db, "b.xlsx") == []


def test_a_table_with_another_managed_tables_former_name(db, folder):
    """t was renamed; a new table t is not what its imports are undone in."""
    load(db, folder, a={"n": [1]}, b={"n": [2], "x": [7]})
    db.execute("ALTER TABLE t RENAME TO u; CREATE TABLE t (n int)")
    with refused("42P01", "not managed"):
        undo(db, "b.xlsx")
    revert_rows = undo(db, "b.xlsx", table="u")
    assert outcomes(revert_rows) == [("ADD COLUMN", "x", "done")]


def test_dropped_by_hand_and_made_anew(db, folder):
    """Changes of the table that was are history: they are not undone in the new one."""
    load(db, folder, a={"n": [1], "x": [1]})
    db.execute("DROP TABLE t")
    load(db, folder, b={"n": [2], "x": [2]})
    revert(db, "b.xlsx")
    assert undo(db, "a.xlsx") == []
    assert types(db, "t") == {"n": "bigint", "x": "bigint"}


def test_odd_names(db, folder):
    path = folder.workbook('Qu"ote\'s/a.xlsx', [["n"], [1]])
    imported(db.import_file(path, table_name='"My ""T"""'))
    path = folder.workbook('Qu"ote\'s/b.xlsx', [["n", "Größe; DROP TABLE x --"], [1, 2]])
    imported(db.import_file(path, table_name='"My ""T"""'))
    db.value("SELECT pgdatahub.revert('\"My \"\"T\"\"\"', 'b.xlsx')")
    assert [row["outcome"] for row in undo(db, "b.xlsx", table='"My ""T"""')] == ["done"]
    assert types(db, '"My ""T"""') == {"n": "bigint"}
