-- Looking before importing.

CREATE FUNCTION pgdatahub.plan_folder(
  path          text,
  files         text DEFAULT NULL,
  target_schema text DEFAULT NULL,
  reimport      boolean DEFAULT false
) RETURNS TABLE (
  source_file  text,
  sheet_name   text,
  table_schema text,
  table_name   text,
  header_row   integer,
  action       text,
  ddl          text,
  rewrites     bigint,
  blocked_by   text[],
  reason       text
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'plan_folder_wrapper';
COMMENT ON FUNCTION pgdatahub.plan_folder(text, text, text, boolean) IS
'What import_folder would do, changing nothing and blocking nobody: one row per action; ddl is the statement as it would run (one statement may be several actions), rewrites the bytes of the table that it would write anew, blocked_by what is in its way';
