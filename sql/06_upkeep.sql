-- Undoing what imports did to a table, mending it, and keeping the books short.

CREATE FUNCTION pgdatahub.revert_schema(
  table_name  regclass,
  source_file text,
  dry_run     boolean DEFAULT true
) RETURNS TABLE (
  change_id   bigint,
  change_type text,
  column_name text,
  statement   text,
  outcome     text,
  why         text
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'revert_schema_wrapper';
COMMENT ON FUNCTION pgdatahub.revert_schema(regclass, text, boolean) IS
'Undoes the schema changes that a file''s imports made to a table, where no other value is lost; one row per change: done, would be done, or refused and why; dry_run => false does it, all of it or nothing';

CREATE FUNCTION pgdatahub.map_column(
  table_name  regclass,
  header      text,
  column_name text,
  occurrence  integer DEFAULT NULL
) RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'map_column_wrapper';
COMMENT ON FUNCTION pgdatahub.map_column(regclass, text, text, integer) IS
'Sends a header to a column from now on; values that went to a column of its own move to where the column has none, and that column is dropped; occurrence says which of several equal headers of one sheet, from the left; returns the values moved';

CREATE FUNCTION pgdatahub.drop_table(
  table_name regclass,
  dry_run    boolean DEFAULT true
) RETURNS TABLE (
  action       text,
  import_id    bigint,
  source_file  text,
  rows_removed bigint,
  statement    text,
  outcome      text
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'drop_table_wrapper';
COMMENT ON FUNCTION pgdatahub.drop_table(regclass, boolean) IS
'Reverts all imports of a table and drops it, never what depends on it; its history stays on record; dry_run => false does it';

CREATE FUNCTION pgdatahub.check_table(table_name regclass) RETURNS TABLE (
  import_id      bigint,
  source_file    text,
  sheet_name     text,
  row_count      bigint,
  rows_found     bigint,
  difference     bigint,
  load_timestamp timestamptz,
  note           text
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'check_table_wrapper';
COMMENT ON FUNCTION pgdatahub.check_table(regclass) IS
'Holds each import of a table against the rows that are there, and shows rows that belong to no import; difference is not 0 where something was removed or added by other means';

CREATE FUNCTION pgdatahub.prune(older_than interval) RETURNS TABLE (
  table_name   text,
  rows_removed bigint
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'prune_wrapper';
COMMENT ON FUNCTION pgdatahub.prune(interval) IS
'Removes runs that ended that long ago, with their files, and rejected cells of imports that old; imports and schema changes are never removed';
