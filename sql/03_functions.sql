-- The functions that a DBA calls, and text_form, which ALTER … USING calls.
-- Declared here rather than by attributes in Rust: argument names, defaults and
-- types such as regclass are the manual that \df prints.

CREATE FUNCTION pgdatahub.import_folder(
  path          text,
  files         text DEFAULT NULL,
  target_schema text DEFAULT NULL,
  on_error      text DEFAULT 'continue',
  reimport      boolean DEFAULT false,
  dry_run       boolean DEFAULT NULL
) RETURNS TABLE (
  source_file     text,
  sheet_name      text,
  table_schema    text,
  table_name      text,
  status          text,
  row_count       bigint,
  rows_removed    bigint,
  rejected        bigint,
  schema_changes  text[],
  missing_columns text[],
  seconds         double precision,
  message         text,
  sqlstate        text,
  detail          text,
  hint            text
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_folder_wrapper';
COMMENT ON FUNCTION pgdatahub.import_folder(text, text, text, text, boolean, boolean) IS
'Imports every workbook below a folder of the server, one folder into one table, in this transaction; files is a glob below path; on_error is continue, stop or raise; dry_run says what would happen and does nothing';

CREATE FUNCTION pgdatahub.import_file(
  path          text,
  table_name    text DEFAULT NULL,
  sheet         text DEFAULT NULL,
  target_schema text DEFAULT NULL,
  reimport      boolean DEFAULT false,
  dry_run       boolean DEFAULT NULL,
  range         text DEFAULT NULL,
  header_row    "any" DEFAULT NULL,
  skip_footer   integer DEFAULT NULL
) RETURNS TABLE (
  source_file     text,
  sheet_name      text,
  table_schema    text,
  table_name      text,
  status          text,
  row_count       bigint,
  rows_removed    bigint,
  rejected        bigint,
  schema_changes  text[],
  missing_columns text[],
  seconds         double precision,
  message         text,
  sqlstate        text,
  detail          text,
  hint            text
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_file_wrapper';
COMMENT ON FUNCTION pgdatahub.import_file(text, text, text, text, boolean, boolean, text, "any", integer) IS
'Imports one workbook of the server; without table_name into the table that its folder feeds or is named for. sheet, range (B3:H), header_row (4, ''none'', ''4,5'') and skip_footer override the configuration';

CREATE PROCEDURE pgdatahub.run_import(
  path          text,
  files         text DEFAULT NULL,
  target_schema text DEFAULT NULL,
  on_error      text DEFAULT 'continue',
  reimport      boolean DEFAULT false,
  dry_run       boolean DEFAULT NULL
) LANGUAGE c AS 'MODULE_PATHNAME', 'run_import_wrapper';
COMMENT ON PROCEDURE pgdatahub.run_import(text, text, text, text, boolean, boolean) IS
'Imports a folder and commits after each file, for schedules and large folders; raises PD001 at the end if files failed';

CREATE FUNCTION pgdatahub.revert(
  table_name  regclass,
  source_file text,
  dry_run     boolean DEFAULT false,
  hold        boolean DEFAULT true,
  cascade     boolean DEFAULT false
) RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'revert_wrapper';
COMMENT ON FUNCTION pgdatahub.revert(regclass, text, boolean, boolean, boolean) IS
'Removes the rows that a file brought into a table and marks its imports reverted; source_file may be any unique ending of the path; returns the rows removed';

CREATE FUNCTION pgdatahub.revert_hash(
  table_name regclass,
  sha256     text,
  dry_run    boolean DEFAULT false,
  hold       boolean DEFAULT true,
  cascade    boolean DEFAULT false
) RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'revert_hash_wrapper';
COMMENT ON FUNCTION pgdatahub.revert_hash(regclass, text, boolean, boolean, boolean) IS
'Removes the rows that a content (by its SHA-256) brought into a table; returns the rows removed';

CREATE FUNCTION pgdatahub.revert_import(
  import_id bigint,
  dry_run   boolean DEFAULT false,
  hold      boolean DEFAULT true,
  cascade   boolean DEFAULT false
) RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'revert_import_wrapper';
COMMENT ON FUNCTION pgdatahub.revert_import(bigint, boolean, boolean, boolean) IS
'Removes the rows of one import; returns the rows removed';

CREATE FUNCTION pgdatahub.retry_rejects(import_id bigint) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'retry_rejects_wrapper';
COMMENT ON FUNCTION pgdatahub.retry_rejects(bigint) IS
'Reads the file of an import again, if it holds the same bytes, and brings in those of its rejected rows that fit by now; returns the rows brought in; rejected cells need reimport => true';

CREATE FUNCTION pgdatahub.adopt_table(table_name regclass) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adopt_table_wrapper';
COMMENT ON FUNCTION pgdatahub.adopt_table(regclass) IS
'Lets imports fill and evolve a table that they did not create; adds source_file and load_timestamp; returns the table''s name';

CREATE FUNCTION pgdatahub.sheets(path text) RETURNS TABLE (
  sheet_no   integer,
  sheet_name text,
  visibility text,
  importable boolean
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sheets_of_wrapper';
COMMENT ON FUNCTION pgdatahub.sheets(text) IS 'The sheets of a workbook of the server, hidden ones too';

CREATE FUNCTION pgdatahub.verify_setup(path text DEFAULT NULL) RETURNS TABLE (
  check_name text,
  ok         boolean,
  detail     text,
  hint       text
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'verify_setup_wrapper';
COMMENT ON FUNCTION pgdatahub.verify_setup(text) IS 'Checks the installation, and a folder or file if one is given: what is in place, what is not, and what helps';

CREATE FUNCTION pgdatahub.text_form(boolean) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_form_bool_wrapper';
COMMENT ON FUNCTION pgdatahub.text_form(boolean) IS 'The text form of a value, as a text column holds it: what widening a column to text gives';

CREATE FUNCTION pgdatahub.text_form(bigint) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_form_int8_wrapper';
COMMENT ON FUNCTION pgdatahub.text_form(bigint) IS 'The text form of a value, as a text column holds it: what widening a column to text gives';

CREATE FUNCTION pgdatahub.text_form(double precision) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_form_float8_wrapper';
COMMENT ON FUNCTION pgdatahub.text_form(double precision) IS 'The text form of a value, as a text column holds it: what widening a column to text gives';

CREATE FUNCTION pgdatahub.text_form(numeric) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_form_numeric_wrapper';
COMMENT ON FUNCTION pgdatahub.text_form(numeric) IS 'The text form of a value, as a text column holds it: what widening a column to text gives';

CREATE FUNCTION pgdatahub.text_form(date) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_form_date_wrapper';
COMMENT ON FUNCTION pgdatahub.text_form(date) IS 'The text form of a value, as a text column holds it: what widening a column to text gives';

CREATE FUNCTION pgdatahub.text_form(timestamp) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_form_timestamp_wrapper';
COMMENT ON FUNCTION pgdatahub.text_form(timestamp) IS 'The text form of a value, as a text column holds it: what widening a column to text gives';

CREATE FUNCTION pgdatahub.text_form(time) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_form_time_wrapper';
COMMENT ON FUNCTION pgdatahub.text_form(time) IS 'The text form of a value, as a text column holds it: what widening a column to text gives';

CREATE FUNCTION pgdatahub.text_form(interval) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_form_interval_wrapper';
COMMENT ON FUNCTION pgdatahub.text_form(interval) IS 'The text form of a value, as a text column holds it: what widening a column to text gives';

CREATE FUNCTION pgdatahub.text_form(text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_form_text_wrapper';
COMMENT ON FUNCTION pgdatahub.text_form(text) IS 'The text form of a value, as a text column holds it: what widening a column to text gives';
