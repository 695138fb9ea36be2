-- What makes ALTER COLUMN … TYPE fail, as PostgreSQL itself looks for it (tablecmds.c, RememberAllDependentForRebuilding,
-- ATPrepAlterColumnType, find_composite_type_dependencies). $1 the table, $2 columns to be retyped, $3 their new types.
-- "expression" is SQL over the table that must still be valid with the new types; NULL: it stands in the way whatever they are.
WITH RECURSIVE tree(relid) AS (
  SELECT $1::oid
   UNION
  SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.relid
), cols AS (
  SELECT a.attrelid, a.attnum, a.attname, a.attidentity, a.attinhcount, w.new_type::regtype::oid AS new_type
    FROM tree t
    JOIN pg_attribute a ON a.attrelid = t.relid AND NOT a.attisdropped
    JOIN unnest($2::text[], $3::text[]) AS w(column_name, new_type) ON a.attname = w.column_name
), row_types(typid) AS (
  -- A table's row type, arrays, domains and ranges of it, and composite types that hold it.
  SELECT c.reltype FROM tree t JOIN pg_class c ON c.oid = t.relid WHERE c.reltype <> 0 AND EXISTS (SELECT FROM cols)
   UNION
  SELECT CASE WHEN d.classid = 'pg_type'::regclass THEN d.objid ELSE c.reltype END
    FROM row_types r
    JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = r.typid
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'c'
   WHERE d.classid = 'pg_type'::regclass OR c.oid IS NOT NULL
), dependents AS (
  SELECT c.attrelid, c.attname, c.attnum, d.classid, d.objid, d.objsubid, d.deptype
    FROM cols c
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.attrelid AND d.refobjsubid = c.attnum
), keys AS (
  SELECT k.oid, k.conname, k.conrelid,
         coalesce(f.new_type, fa.atttypid) AS fk_type, coalesce(p.new_type, pa.atttypid) AS pk_type,
         coalesce(f.attname, p.attname) AS attname
    FROM pg_constraint k
   CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS n(fk, pk)
    JOIN pg_attribute fa ON fa.attrelid = k.conrelid AND fa.attnum = n.fk
    JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = n.pk
    LEFT JOIN cols f ON f.attrelid = k.conrelid AND f.attnum = n.fk
    LEFT JOIN cols p ON p.attrelid = k.confrelid AND p.attnum = n.pk
   WHERE k.contype = 'f' AND k.conparentid = 0 AND (f.attnum IS NOT NULL OR p.attnum IS NOT NULL)
)
SELECT DISTINCT b.column_name::text, b.blocker, b.relid, b.expression FROM (
  -- Views and materialized views by their own names, not by their rules'.
  SELECT d.attname AS column_name,
         CASE WHEN r.rulename = '_RETURN' THEN pg_describe_object('pg_class'::regclass, r.ev_class, 0)
              ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END AS blocker,
         NULL::oid AS relid, NULL::text AS expression
    FROM dependents d
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
   WHERE d.deptype IN ('n', 'a')
     AND d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass, 'pg_proc'::regclass, 'pg_publication_rel'::regclass)
  UNION ALL
  SELECT d.attname, format('generated column %I of table %s', a.attname, a.attrelid::regclass), NULL, NULL
    FROM dependents d
    JOIN pg_attrdef g ON d.classid = 'pg_attrdef'::regclass AND g.oid = d.objid
    JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum AND a.attgenerated <> ''
   WHERE a.attnum <> d.attnum
  UNION ALL
  -- In PostgreSQL 17 and before a generated column depends on the others by itself too.
  SELECT d.attname, format('generated column %I of table %s', a.attname, a.attrelid::regclass), NULL, NULL
    FROM dependents d
    JOIN pg_attribute a ON d.classid = 'pg_class'::regclass AND a.attrelid = d.objid AND a.attnum = d.objsubid AND a.attgenerated <> ''
   WHERE a.attrelid = d.attrelid AND a.attnum <> d.attnum
  UNION ALL
  -- A column of the partition key depends internally on its table.
  SELECT c.attname, format('partition key of table %s', c.attrelid::regclass), NULL, NULL
    FROM cols c
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.attrelid AND d.objsubid = c.attnum
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.attrelid AND d.refobjsubid = 0 AND d.deptype = 'i'
  UNION ALL
  -- The column must be retyped where it comes from. Below the table, all its parents must be within the tree.
  SELECT c.attname, format('inheritance from table %s', i.inhparent::regclass), NULL, NULL
    FROM cols c
    JOIN pg_inherits i ON i.inhrelid = c.attrelid
    JOIN pg_attribute a ON a.attrelid = i.inhparent AND a.attname = c.attname AND NOT a.attisdropped
   WHERE c.attinhcount > 0 AND NOT EXISTS (SELECT FROM tree t WHERE t.relid = i.inhparent)
  UNION ALL
  SELECT c.attname, format('identity of column %I of table %s', c.attname, c.attrelid::regclass), NULL, NULL
    FROM cols c WHERE c.attidentity <> '' AND c.new_type NOT IN (20, 21, 23)
  UNION ALL
  SELECT c.attname, format('type %s, which table %s is made of', r.reloftype::regtype, r.oid::regclass), NULL, NULL
    FROM cols c JOIN pg_class r ON r.oid = c.attrelid WHERE r.reloftype <> 0
  UNION ALL
  SELECT c.attname, format('foreign table %s', r.oid::regclass), NULL, NULL
    FROM cols c JOIN pg_class r ON r.oid = c.attrelid AND r.relkind = 'f'
  UNION ALL
  SELECT NULL, CASE WHEN d.classid = 'pg_rewrite'::regclass THEN format('%s (uses the row type)', pg_describe_object('pg_class'::regclass, w.ev_class, 0))
                    ELSE format('column %I of table %s (of the row type)', a.attname, c.oid::regclass) END, NULL, NULL
    FROM row_types r
    JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = r.typid
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'm', 'p', 'i', 't')
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                            AND (a.attnum = d.objsubid OR (d.objsubid = 0 AND a.atttypid = r.typid))
    LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
   WHERE a.attnum IS NOT NULL OR w.oid IS NOT NULL
  UNION ALL
  -- As transformFkeyCheckAttrs and ATAddForeignKeyConstraint do: an equality of the key's operator family, or an implicit cast to its type.
  SELECT k.attname, format('foreign key constraint %I of table %s', k.conname, k.conrelid::regclass), NULL, NULL
    FROM keys k
   WHERE k.fk_type <> k.pk_type
     AND NOT EXISTS (SELECT FROM pg_opclass o
                       JOIN pg_amop e ON e.amopfamily = o.opcfamily AND e.amopstrategy = 3 AND e.amoplefttype = o.opcintype AND e.amoprighttype = k.fk_type
                      WHERE o.opcmethod = 403 AND o.opcdefault AND o.opcintype = k.pk_type)
     AND NOT EXISTS (SELECT FROM pg_cast t WHERE t.castsource = k.fk_type AND t.casttarget = k.pk_type AND t.castcontext = 'i')
  UNION ALL
  -- A plain index is rebuilt, if its access method knows the new type.
  SELECT c.attname, pg_describe_object('pg_class'::regclass, x.indexrelid, 0), NULL, NULL
    FROM cols c
    JOIN pg_index x ON x.indrelid = c.attrelid
   CROSS JOIN LATERAL unnest(x.indkey::int2[], x.indclass::oid[]) AS n(attnum, opclass)
    JOIN pg_opclass o ON o.oid = n.opclass
   WHERE n.attnum = c.attnum
     AND NOT CASE WHEN o.opcdefault THEN EXISTS (SELECT FROM pg_opclass w WHERE w.opcmethod = o.opcmethod AND w.opcdefault AND w.opcintype = c.new_type)
                  ELSE o.opcintype = c.new_type END
  UNION ALL
  SELECT d.attname, format('%s (on an expression)', pg_describe_object(d.classid, d.objid, 0)), x.indrelid, pg_get_expr(x.indexprs, x.indrelid)
    FROM dependents d JOIN pg_index x ON d.classid = 'pg_class'::regclass AND x.indexrelid = d.objid
   WHERE x.indexprs IS NOT NULL
  UNION ALL
  SELECT d.attname, format('%s (its WHERE clause)', pg_describe_object(d.classid, d.objid, 0)), x.indrelid, pg_get_expr(x.indpred, x.indrelid)
    FROM dependents d JOIN pg_index x ON d.classid = 'pg_class'::regclass AND x.indexrelid = d.objid
   WHERE x.indpred IS NOT NULL
  UNION ALL
  SELECT d.attname, format('check constraint %I of table %s', k.conname, k.conrelid::regclass), k.conrelid, pg_get_expr(k.conbin, k.conrelid)
    FROM dependents d JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
   WHERE k.contype = 'c'
  UNION ALL
  SELECT d.attname, pg_describe_object(d.classid, d.objid, 0), s.stxrelid, e.expression
    FROM dependents d JOIN pg_statistic_ext s ON d.classid = 'pg_statistic_ext'::regclass AND s.oid = d.objid
   CROSS JOIN LATERAL unnest(pg_get_statisticsobjdef_expressions(s.oid)) AS e(expression)
) b
ORDER BY 2, 1
