-- The reference page, from what the extension says of itself: run by `make reference` with psql -AtX.
-- Every line of it comes from a COMMENT, from the catalogs or from a setting's own description.
\pset format unaligned
\pset tuples_only on
LOAD 'pgdatahub';

SELECT format(E'# pgdatahub %s, reference\n\nMade from the extension''s own descriptions. `\\df+ pgdatahub.*` and `\\d+ pgdatahub.<view>` show the same in psql.', extversion)
  FROM pg_extension WHERE extname = 'pgdatahub';

SELECT E'\n## Functions and procedures';
SELECT format(
         E'\n### %s\n\n```sql\n%s pgdatahub.%s(%s)%s\n```\n\n%s.%s',
         p.proname,
         CASE WHEN p.prokind = 'p' THEN 'CALL' WHEN p.proretset THEN 'SELECT * FROM' ELSE 'SELECT' END,
         p.proname,
         pg_get_function_arguments(p.oid),
         CASE p.prokind WHEN 'p' THEN '' ELSE E'\nRETURNS ' || pg_get_function_result(p.oid) END,
         rtrim(d.description, '.'),
         CASE WHEN has_function_privilege('public', p.oid, 'EXECUTE') THEN '' ELSE E'\n\nNeeds a GRANT EXECUTE.' END)
  FROM pg_proc p JOIN pg_depend e ON e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
  LEFT JOIN pg_description d ON d.classoid = 'pg_proc'::regclass AND d.objoid = p.oid
 WHERE p.pronamespace = 'pgdatahub'::regnamespace
 ORDER BY p.proname, p.oid;

SELECT E'\n## Views and tables';
SELECT format(
         E'\n### %s\n\n%s.\n\n| column | type | is |\n|---|---|---|\n%s',
         c.relname, rtrim(d.description, '.'),
         string_agg(format('| %s | %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod), replace(t.description, '|', '\|')), E'\n' ORDER BY a.attnum))
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
  LEFT JOIN pg_description t ON t.classoid = 'pg_class'::regclass AND t.objoid = c.oid AND t.objsubid = a.attnum
 WHERE c.relnamespace = 'pgdatahub'::regnamespace AND c.relkind IN ('r', 'v')
 GROUP BY c.relkind, c.relname, d.description
 ORDER BY c.relkind DESC, c.relname;

SELECT E'\n## Settings\n\n| setting | default | who may set it | is |\n|---|---|---|---|';
SELECT format(
         '| %s | %s | %s | %s |',
         s.name,
         CASE WHEN s.boot_val = '' OR s.boot_val IS NULL THEN 'none' ELSE concat_ws(' ', s.boot_val, s.unit) END,
         CASE s.context WHEN 'user' THEN 'anybody' WHEN 'superuser' THEN 'superuser' WHEN 'sighup' THEN 'the configuration, by a reload' ELSE 'the configuration, at the start' END,
         replace(concat_ws(' ', rtrim(s.short_desc, '.') || '.', s.extra_desc), '|', '\|'))
  FROM pg_settings s WHERE s.name LIKE 'pgdatahub.%' ORDER BY s.name;
