"""The extension as the catalogs describe it, without anything that differs from one database to the next."""

QUERIES = {
    "version": "SELECT extversion FROM pg_extension WHERE extname = 'pgdatahub'",
    "configuration": """
        SELECT c.oid::regclass::text, x.condition FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS x(oid, condition)
          JOIN pg_class c ON c.oid = x.oid WHERE e.extname = 'pgdatahub'""",
    "relations": """
        SELECT c.relname, c.relkind, c.relpersistence, c.reloptions, c.relacl::text, c.relrowsecurity, am.amname, obj_description(c.oid, 'pg_class'),
               CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END
          FROM {members} JOIN pg_class c ON (d.classid, d.objid) = ('pg_class'::regclass, c.oid) LEFT JOIN pg_am am ON am.oid = c.relam""",
    "columns": """
        SELECT c.relname, a.attname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attidentity, a.attgenerated, a.attacl::text, pg_get_expr(f.adbin, f.adrelid), col_description(c.oid, a.attnum)
          FROM {members} JOIN pg_class c ON (d.classid, d.objid) = ('pg_class'::regclass, c.oid)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_attrdef f ON (f.adrelid, f.adnum) = (a.attrelid, a.attnum)""",
    "constraints": """
        SELECT k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), k.convalidated
          FROM pg_constraint k WHERE k.connamespace = 'pgdatahub'::regnamespace""",
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'pgdatahub'",
    "sequences": "SELECT sequencename, data_type::text, start_value, increment_by, cycle, cache_size FROM pg_sequences WHERE schemaname = 'pgdatahub'",
    "functions": """
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proacl::text, obj_description(p.oid, 'pg_proc')
          FROM {members} JOIN pg_proc p ON (d.classid, d.objid) = ('pg_proc'::regclass, p.oid)""",
    "other": """
        SELECT d.classid::regclass::text, pg_describe_object(d.classid, d.objid, 0)
          FROM {members} WHERE d.classid NOT IN ('pg_class'::regclass, 'pg_proc'::regclass)""",
}

MEMBERS = """pg_extension e JOIN pg_depend d ON (d.refclassid, d.refobjid, d.deptype) = ('pg_extension'::regclass, e.oid, 'e') AND e.extname = 'pgdatahub'"""


def description(db):
    """{what: sorted rows}."""
    with db.connect() as session:
        return {what: sorted(map(repr, session.execute(query.format(members=MEMBERS)).fetchall())) for what, query in QUERIES.items()}
