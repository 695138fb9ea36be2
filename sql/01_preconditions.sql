-- Runs first. A schema that a stranger prepared could hold look-alikes of our
-- objects; a database in another encoding cannot hold what workbooks say.
DO LANGUAGE plpgsql $$
BEGIN
  IF (SELECT n.nspowner FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) 'pgdatahub')
     OPERATOR(pg_catalog.<>) (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) CURRENT_USER) THEN
    RAISE EXCEPTION 'schema pgdatahub belongs to another role'
      USING ERRCODE = '42501',
            DETAIL = 'The extension would trust what that role put there.',
            HINT = 'Drop the schema, or make it yours with ALTER SCHEMA pgdatahub OWNER TO CURRENT_USER after looking into it.';
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
              WHERE n.nspname OPERATOR(pg_catalog.=) 'pgdatahub')
     OR EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
                 WHERE n.nspname OPERATOR(pg_catalog.=) 'pgdatahub') THEN
    RAISE EXCEPTION 'schema pgdatahub is not empty'
      USING ERRCODE = '42P06',
            HINT = 'Move or drop what is in it, then run CREATE EXTENSION pgdatahub again.';
  END IF;
  IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
    RAISE EXCEPTION 'pgdatahub needs a database in encoding UTF8, this one is %', pg_catalog.getdatabaseencoding()
      USING ERRCODE = '0A000',
            DETAIL = 'Workbooks hold Unicode text, and another encoding cannot hold all of it.',
            HINT = 'CREATE DATABASE … ENCODING ''UTF8'' TEMPLATE template0, and install pgdatahub there.';
  END IF;
END
$$;

GRANT USAGE ON SCHEMA pgdatahub TO PUBLIC;
