-- A view's column that is a table's, or an earlier view's, is described as it is there.

DO $$
DECLARE
  described record;
BEGIN
  -- Twice, as views stand on views.
  FOR depth IN 1..2 LOOP
    FOR described IN
      SELECT v.oid::pg_catalog.regclass AS view_name, a.attname, pg_catalog.min(d.description) AS description
        FROM pg_catalog.pg_class v
        JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) v.oid AND a.attnum OPERATOR(pg_catalog.>) 0
        JOIN pg_catalog.pg_rewrite r ON r.ev_class OPERATOR(pg_catalog.=) v.oid
        JOIN pg_catalog.pg_depend p ON p.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          AND p.objid OPERATOR(pg_catalog.=) r.oid
          AND p.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        JOIN pg_catalog.pg_attribute b ON b.attrelid OPERATOR(pg_catalog.=) p.refobjid
          AND b.attnum OPERATOR(pg_catalog.=) p.refobjsubid AND b.attname OPERATOR(pg_catalog.=) a.attname
          AND b.attrelid OPERATOR(pg_catalog.<>) v.oid
        JOIN pg_catalog.pg_description d ON d.objoid OPERATOR(pg_catalog.=) b.attrelid AND d.objsubid OPERATOR(pg_catalog.=) b.attnum
          AND d.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
       WHERE v.relnamespace OPERATOR(pg_catalog.=) 'pgdatahub'::pg_catalog.regnamespace AND v.relkind OPERATOR(pg_catalog.=) 'v'
         AND pg_catalog.col_description(v.oid, a.attnum) IS NULL
       GROUP BY v.oid, a.attnum, a.attname
       ORDER BY v.oid, a.attnum
    LOOP
      EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', described.view_name, described.attname, described.description);
    END LOOP;
  END LOOP;
END $$;
