-- The page about a run. It shows what the views show the calling role, so PUBLIC may call it.

CREATE FUNCTION pgdatahub.report_html(run_id bigint DEFAULT NULL) RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'report_html_wrapper';
COMMENT ON FUNCTION pgdatahub.report_html(bigint) IS
'A run as a page to look at: files, failures, rejects, schema changes and times; HTML without scripts or other files, to be saved with psql -AtX; without run_id the latest run that the role may see';
