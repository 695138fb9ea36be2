-- The extension drops without leaving an object behind (the schema stays, as Postgres has it) and installs again.
CREATE EXTENSION pgdatahub;
SELECT extname, extversion, nspname, extrelocatable
  FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
 WHERE extname = 'pgdatahub';
DROP EXTENSION pgdatahub;
SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'pgdatahub'::regnamespace;
CREATE EXTENSION pgdatahub;
-- Whoever reads the catalog finds a sentence on everything.
SELECT p.oid::regprocedure FROM pg_proc p
 WHERE pronamespace = 'pgdatahub'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
 ORDER BY 1;
SELECT c.relname FROM pg_class c
 WHERE relnamespace = 'pgdatahub'::regnamespace AND relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
 ORDER BY 1;
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
 WHERE relnamespace = 'pgdatahub'::regnamespace AND relkind IN ('r', 'v') AND col_description(c.oid, attnum) IS NULL
 ORDER BY 1, 2;
DROP EXTENSION pgdatahub;
