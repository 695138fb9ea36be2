-- Looking into a workbook before it is imported.

CREATE FUNCTION pgdatahub.columns(
  path        text,
  sheet       text DEFAULT NULL,
  range       text DEFAULT NULL,
  header_row  "any" DEFAULT NULL,
  skip_footer integer DEFAULT NULL
) RETURNS TABLE (
  header      text,
  column_name text,
  data_type   text,
  non_null    bigint,
  samples     text[],
  min_value   text,
  max_value   text
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'columns_of_wrapper';
COMMENT ON FUNCTION pgdatahub.columns(text, text, text, "any", integer) IS
'The columns of a sheet, over all its rows: header, the name and type an import would give, how many values, three of them, the least and the greatest (text by code points)';

CREATE FUNCTION pgdatahub.read_excel(
  path        text,
  sheet       text DEFAULT NULL,
  range       text DEFAULT NULL,
  header_row  "any" DEFAULT NULL,
  skip_footer integer DEFAULT NULL,
  max_rows    bigint DEFAULT NULL
) RETURNS SETOF record LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'read_excel_wrapper';
COMMENT ON FUNCTION pgdatahub.read_excel(text, text, text, "any", integer, bigint) IS
'The rows of a sheet, read and not stored; AS t(policy text, premium numeric) names columns as an import would name them; header_row is a row, ''none'', or ''2,3''; a LIMIT does not stop it, max_rows does';

CREATE FUNCTION pgdatahub.read_excel_json(
  path        text,
  sheet       text DEFAULT NULL,
  range       text DEFAULT NULL,
  header_row  "any" DEFAULT NULL,
  skip_footer integer DEFAULT NULL,
  max_rows    bigint DEFAULT NULL
) RETURNS SETOF jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'read_excel_json_wrapper';
COMMENT ON FUNCTION pgdatahub.read_excel_json(text, text, text, "any", integer, bigint) IS
'The rows of a sheet as JSON objects; in the SELECT list it reads only as far as its rows are taken: SELECT pgdatahub.read_excel_json(path) LIMIT 10';

CREATE FUNCTION pgdatahub.read_excel_query(
  path        text,
  sheet       text DEFAULT NULL,
  range       text DEFAULT NULL,
  header_row  "any" DEFAULT NULL,
  skip_footer integer DEFAULT NULL
) RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'read_excel_query_wrapper';
COMMENT ON FUNCTION pgdatahub.read_excel_query(text, text, text, "any", integer) IS
'The statement that reads a sheet through read_excel with its columns'' types, to edit or to run with \gexec';

CREATE FUNCTION pgdatahub.show_config(path text) RETURNS TABLE (
  folder         text,
  setting        text,
  setting_value  text,
  setting_source text
) LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'config_of_wrapper';
COMMENT ON FUNCTION pgdatahub.show_config(text) IS
'The settings in force for a folder and each one below it that holds workbooks, and where each comes from: file and line of the configuration, a server setting, or the default';

REVOKE EXECUTE ON FUNCTION
  pgdatahub.show_config(text),
  pgdatahub.columns(text, text, text, "any", integer),
  pgdatahub.read_excel(text, text, text, "any", integer, bigint),
  pgdatahub.read_excel_json(text, text, text, "any", integer, bigint),
  pgdatahub.read_excel_query(text, text, text, "any", integer)
FROM PUBLIC;
